import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FILE = import.meta.url;
const denoTest = testUnless(
  RUNTIME === "deno" ? null : "JavaScriptCore has no flag that says when compiled code is thrown away",
  FILE,
);

const LOST =
  /SharedFunctionInfo ([^>]*)>\) \(opt id \d+\) for deoptimization, reason: embedded weak objects cleared/g;

/** The functions whose compiled code V8 threw away at a collection since objects of the shapes it was compiled for were gone. */
async function lostIn(file: string, name: string, self: string): Promise<string[]> {
  using folder = new TempDirectory();
  const path = folder.write(
    "program.ts",
    `
      import { snapshotOf } from ${JSON.stringify(sourceUrl("tests/support/cases.ts"))};
      import { buildTree } from ${JSON.stringify(sourceUrl("src/tree/tree.ts"))};
      import { ${name} } from ${JSON.stringify(sourceUrl(`src/formats/${file}.ts`))};
      const rows = Array.from({ length: 6000 }, (_, i) => ({
        id: i + 1,
        parent: i - i % 4,
        name: "s" + i % 4,
        startNs: i * 1000,
        endNs: (i - i % 4 + 4) * 1000,
        cpuNs: 5,
        index: i % 4 === 1 ? i : undefined,
        attrs: i % 8 === 0 ? { rate: 0.5 } : undefined,
        marks: [{ name: "loss", value: 1 / (i + 1.5) }],
      }));
      for (let round = 0; round < 25; round++) {
        ${name}(buildTree(snapshotOf(rows)), ${self});
        if (round > 9) gc();
      }
      console.log("done");
    `,
  );
  const flags = ["--no-check", "--quiet", "--v8-flags=--trace-deopt,--expose-gc"];
  const { code, stdout } = await run(findRuntime("deno")!, ["run", "-A", ...flags, path]);
  assertStrictEquals(code, 0);
  assert(stdout.includes("done") && stdout.includes("deoptimizing"), "V8 says what it throws away");
  return Array.from(stdout.matchAll(LOST), ([, name]) => name).filter(name =>
    name !== "snapshotOf" && name !== ""
  );
}

for (
  const [file, name, self] of [
    ["json", "toJson", ""],
    ["perfetto", "toTraceEvents", "{ pid: 1 }"],
    ["speedscope", "toSpeedscope", "1"],
  ]
) {
  denoTest(`${name}() keeps its compiled code through 15 collections`, async () => {
    const times = new Map<string, number>();
    for (const lost of await lostIn(file, name, self)) times.set(lost, (times.get(lost) ?? 0) + 1);
    // What was compiled before there was anything to keep may be lost once. What is made anew each time is lost again and again.
    const again = [...times].filter(([, count]) => count > 2);
    assertEquals(again, []);
  });
}
