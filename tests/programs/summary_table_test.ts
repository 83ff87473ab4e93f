import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

test("console.log() of a TraceSummary writes the table, by itself and inside others", async () => {
  using directory = new TempDirectory();
  const mod = sourceUrl("mod.ts");
  const program = directory.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(mod)};
     for (const _ of ci.batches(3)) ci.scope("forward").end();
     const summary = ci.trace({ format: "summary" });
     console.log(summary);
     console.log("--");
     console.log([summary]);
     console.log("--");
     console.log(String(summary));`,
  );
  const { stdout, stderr } = await run(findRuntime(RUNTIME)!, ["run", program], { cwd: directory.path });
  const [alone, inside, text] = stdout.split("--\n");
  assertStrictEquals(alone, text, stderr);
  const words = (part: string) => part.trim().split(/\s+/);
  assertEquals(words(inside), ["[", ...words(text), "]"]);
});
