import { assertEquals, assertMatch } from "@std/assert";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ENTRIES } from "../../tools/entries.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { readSource } from "../support/sources.ts";

// What CONTRIBUTING.md tells to do, done on a copy.

/** The steps of a section of CONTRIBUTING.md. */
function steps(title: string): string[] {
  const [, rest] = readSource("CONTRIBUTING.md").split(`\n## ${title}\n`);
  const [section] = rest.split("\n## ");
  return section.split(/^\d+\. /m).slice(1);
}

/** Files that a step names. */
function filesIn(step: string): string[] {
  return Array.from(step.matchAll(/`([\w./]+\.(?:ts|md))`/g), ([, file]) => file);
}

test("Every section of CONTRIBUTING.md that says how to add something has five steps", () => {
  const titles = Array.from(
    readSource("CONTRIBUTING.md").matchAll(/^## (How to add .*)$/gm),
    ([, title]) => title,
  );
  assertEquals(titles.length, 7);
  for (const title of titles) assertEquals(steps(title).length, 5, title);
});

// Below the checkout, so that packages and the configuration are found.
const copy = join(CHECKOUT, ".tools", `contributing-${process.pid}`);
after(() => rmSync(copy, { recursive: true, force: true }));

/** Puts `added` in front of the first place of a copied file that has `before`. */
function insert(file: string, before: string, added: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  const at = text.indexOf(before);
  if (at < 0) throw new Error(`${file} has no ${before}`);
  writeFileSync(path, text.slice(0, at) + added + text.slice(at));
}

const FORMAT = `/**
 * Tree -> the names of its spans, a line each.
 *
 * @module
 */
import type { Tree } from "../tree/tree.ts";

/** The names of the spans of \`tree\`, in order of start. */
export function toNames({ snapshot, rows }: Tree): string {
  return Array.from(rows, row => snapshot.name[row]).join("\\n");
}
`;

const TEST = `import { assertEquals } from "@std/assert";
import { test } from "node:test";
import * as ci from "../../mod.ts";
import { toNames } from "../../src/formats/names.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, snapshotOf } from "../support/cases.ts";

test("toNames() gives nothing of no spans", () => {
  assertEquals(toNames(buildTree(snapshotOf([]))), "");
});

test("toNames() gives a line per span", () => {
  assertEquals(toNames(buildTree(snapshotOf(chain(3)))).split("\\n").length, 3);
});

test("trace() has the format", () => {
  ci.scope("outer", () => ci.scope("inner").end());
  const names: string = ci.trace({ format: "names" });
  assertEquals(names, "outer\\ninner");
});
`;

test("Who follows the steps for a format has one: typed, tested, and known to trace()", async () => {
  for (const name of [...ENTRIES, "src", "ffi", "tests/support", "tests/api/trace_test.ts"]) {
    cpSync(join(CHECKOUT, name), join(copy, name), { recursive: true });
  }
  mkdirSync(join(copy, "tests/formats"), { recursive: true });
  const [write, name, offer, check, tell] = steps("How to add a format");

  assertEquals(filesIn(write), ["src/formats/NAME.ts"]);
  writeFileSync(join(copy, "src/formats/names.ts"), FORMAT);

  const [options] = filesIn(name);
  insert(options, '"speedscope";', '"names" | ');

  const [trace] = filesIn(offer);
  insert(
    trace,
    "/** Whatever the format says. */",
    '/** Names. */\n  (options: TraceOptions & { format: "names" }): string;\n  ',
  );
  insert(trace, "speedscope: tree", "names: toNames,\n  ");
  insert(trace, "import { toSpeedscope }", 'import { toNames } from "../formats/names.ts";\n');

  const [own, cases, lists] = filesIn(check);
  assertEquals([own, cases], ["tests/formats/NAME_test.ts", "tests/support/cases.ts"]);
  writeFileSync(join(copy, "tests/formats/names_test.ts"), TEST);
  insert(lists, 'or "speedscope"', '"names" ');

  assertEquals(filesIn(tell).includes("CHANGELOG.md"), true);

  const path = join(copy, "tests/formats/names_test.ts");
  const args = RUNTIME === "deno"
    ? ["test", "-A", "--check", "--config", join(CHECKOUT, "deno.json"), path]
    : ["test", path];
  const { code, stdout, stderr } = await run(findRuntime(RUNTIME)!, args, { cwd: CHECKOUT });
  assertEquals(code, 0, stdout + stderr);
  assertMatch(stdout + stderr, /\b3 pass/);
});
