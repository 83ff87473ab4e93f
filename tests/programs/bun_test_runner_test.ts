import { assert, assertEquals } from "@std/assert";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const bunTest = testUnless(RUNTIME === "bun" ? null : "they are about bun test", import.meta.url);

/** What a session says on stderr that starts in a program or in a test. */
async function said(how: "program" | "test", output: string): Promise<string> {
  using directory = new TempDirectory();
  const body = `
    ci.profile({ output: ${JSON.stringify(output)}, outputDir: ${
    JSON.stringify(`${directory.path}/spool`)
  } });
    ci.scope("x").end();`;
  const path = directory.write(
    "it.test.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    ${how === "test" ? `import { test } from "bun:test"; test("it", () => {${body}});` : body}`,
  );
  const { code, stderr } = await run(findRuntime(RUNTIME)!, [...how === "test" ? ["test"] : [], path], {
    env: { NODE_ENV: how === "test" ? undefined : "test" }, // bun test sets it, and others may
  });
  assertEquals(code, 0, stderr);
  return stderr;
}

const WARNING = "[cirron] bun test tells nobody of its end";

bunTest("A session with a sink on disk warns under bun test that it has to be ended", async () => {
  assert((await said("test", "spool")).includes(WARNING));
});

bunTest("A session without a sink on disk, and one that is no test's, does not warn", async () => {
  assert(!(await said("test", "none")).includes(WARNING));
  assert(!(await said("program", "spool")).includes(WARNING));
});
