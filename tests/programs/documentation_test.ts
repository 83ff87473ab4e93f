import { assert, assertEquals } from "@std/assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ENTRIES } from "../../tools/entries.ts";
import { PAGES } from "../../tools/pages.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { packageFiles, readSource } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Every example of the documentation, as a program of its own under this runtime. `deno check --doc` looks at their types.

const FILE = import.meta.url;

interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/**
 * The blocks marked `ts` in a text; in a source, those in its doc comments. What only a test runner runs is marked `ts ignore`, as
 * `deno check --doc` wants it, and is run by hosts_test.ts and testing_page_test.ts.
 */
function examplesIn(file: string): Example[] {
  const isSource = file.endsWith(".ts");
  const examples: Example[] = [];
  let block: string[] | null = null;
  let begin = 0;
  readSource(file).split("\n").forEach((whole, i) => {
    const line = isSource ? /^\s*\* ?(.*)$/.exec(whole)?.[1] ?? "" : whole;
    if (block === null && /^\s*```ts$/.test(line)) {
      block = [];
      begin = i + 1;
    } else if (block !== null && /^\s*```\s*$/.test(line)) {
      examples.push({ file, line: begin, code: block.join("\n") });
      block = null;
    } else block?.push(line);
  });
  return examples;
}

const EXAMPLES = [...PAGES, ...packageFiles()].flatMap(examplesIn);

// In the checkout, so that the package is found by its name.
const folder = join(CHECKOUT, ".tools", `documentation-${process.pid}`);
after(() => rmSync(folder, { recursive: true, force: true }));

for (const { file, line, code } of EXAMPLES) {
  test(`The example at ${file}:${line} runs`, async () => {
    using directory = new TempDirectory(); // its spool, if it has one
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${file.replace(/\W/g, "_")}_${line}.ts`);
    writeFileSync(path, `${code}\n`);
    const flags = RUNTIME === "deno"
      ? ["run", "-A", "--no-check", "--config", join(CHECKOUT, "deno.json")]
      : [];
    const { code: exit, stderr } = await run(findRuntime(RUNTIME)!, [...flags, path], {
      cwd: directory.path,
    });
    assertEquals(exit, 0, stderr);
  });
}

test("The documentation has examples in the README, in docs and in sources", () => {
  for (const file of ["README.md", ...ENTRIES, "src/api/cirron.ts"]) {
    assert(EXAMPLES.some(example => example.file === file), file);
  }
});

test("Every block of code in the documents says what language it is in", () => {
  for (const file of PAGES) {
    const fences = readSource(file).split("\n").filter(line => /^\s*```/.test(line));
    const opening = fences.filter((_, i) => i % 2 === 0);
    // The queries are run by tests/cli/fleet_test.ts.
    const known = ["docs/hosts.md", "docs/testing.md"].includes(file)
      ? /^\s*```(ts( ignore)?|sh|python|text|json)$/
      : /^\s*```(ts|sh|python|text|json|sql)$/;
    assertEquals(opening.filter(fence => !known.test(fence)), [], file);
  }
});

/** What `deno doc --json` gives. */
interface Documented {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly Exported[] }>>;
}

interface Exported {
  readonly name: string;
  /** One per overload. */
  readonly declarations: readonly {
    readonly kind: string;
    readonly declarationKind: string;
    readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly { readonly kind: string }[] };
  }[];
}

const deno = findRuntime("deno");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, FILE);

denoTest("Every exported function and class has an example", async () => {
  for (const entry of ENTRIES) {
    const { nodes } = said<Documented>(await run(deno!, ["doc", "--json", entry], { cwd: CHECKOUT }));
    const values = Object.values(nodes).flatMap(({ symbols }) => symbols).filter(({ declarations }) =>
      declarations.some(one =>
        one.declarationKind === "export" && /^(function|class|variable)$/.test(one.kind)
      )
    );
    assert(values.length > 0);
    const bare = values.filter(({ declarations }) =>
      !declarations.some(({ jsDoc }) => jsDoc?.tags?.some(tag => tag.kind === "example"))
    );
    assertEquals(bare.map(({ name }) => name), [], entry);
  }
});
