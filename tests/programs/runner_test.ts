import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn } from "node:child_process";
import { relative } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CHECKOUT, sourceUrl } from "../support/checkout.ts";
import { missingProgram } from "../support/conditions.ts";
import { findRuntime, type Outcome, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// tools/test.ts itself, on small files of tests.

const SUPPORT = sourceUrl("tests/support/conditions.ts");
const deno = findRuntime("deno")!;

/** Writes a file of tests into a folder, and gives its path in the checkout. */
function writeTests(folder: TempDirectory, body: string): string {
  const path = folder.write(
    "small_test.ts",
    `import { test } from "node:test";
import { missingProgram, testUnless } from ${JSON.stringify(SUPPORT)};
${body}`,
  );
  return relative(CHECKOUT, path);
}

/** Runs a file of tests as `deno task test` does, with words before its path. */
async function runTests(
  body: string,
  env: Record<string, string | undefined> = {},
  ...words: string[]
): Promise<Outcome> {
  using folder = new TempDirectory();
  const args = ["run", "-A", "tools/test.ts", ...words, writeTests(folder, body)];
  return await run(deno, args, { cwd: CHECKOUT, env });
}

test("tools/test.ts says in the line before the last why tests were skipped, over both runtimes", async () => {
  const { code, stdout } = await runTests(`
test("one that runs", () => {});
testUnless(null, import.meta.url)("another that runs", () => {});
const moonTest = testUnless("the moon is new; wait", import.meta.url);
moonTest("a full moon", () => { throw new Error("was run"); });
moonTest("half a moon", () => { throw new Error("was run"); });
testUnless("there is no sun", import.meta.url)("a sunny day", () => { throw new Error("was run"); });
test.skip("no reason", () => {});`);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.slice(-2), [
    "skipped: 4 the moon is new; wait; 2 there is no sun; 2 no reason given",
    "4 passed, 0 failed, 8 skipped",
  ]);
  assertEquals(lines.filter(line => line.includes("moon")).length, 1, stdout);
  assertEquals(code, 0);
});

test("tools/test.ts says nothing of skips where there were none", async () => {
  const { code, stdout } = await runTests('test("one that runs", () => {});');
  assertEquals(stdout.trimEnd().split("\n").at(-1), "2 passed, 0 failed");
  assert(!stdout.includes("skipped"), stdout);
  assertEquals(code, 0);
});

for (const runtime of ["deno", "bun"]) {
  test(`tools/test.ts ${runtime} runs tests there alone`, async () => {
    const { stdout } = await runTests(
      `test("it is ${runtime}", () => {
        if (("Bun" in globalThis) !== ${runtime === "bun"}) throw new Error("it is not");
      });`,
      {},
      runtime,
    );
    assertEquals(stdout.trimEnd().split("\n").at(-1), "1 passed, 0 failed");
  });
}

test("tools/test.ts --quick leaves large data to the full run, and says so", async () => {
  const body = `
import { LARGE } from ${JSON.stringify(SUPPORT)};
test("a small one", () => {});
testUnless(LARGE, import.meta.url)("a large one", () => console.log("large was run"));`;
  const full = await runTests(body);
  const quick = await runTests(body, {}, "--quick");
  assertEquals(full.stdout.trimEnd().split("\n").at(-1), "4 passed, 0 failed");
  assertEquals(full.stdout.match(/large was run/g)?.length, 2);
  assertEquals(quick.stdout.trimEnd().split("\n").slice(-2), [
    "skipped: 2 large data is left to `deno task test`",
    "2 passed, 0 failed, 2 skipped",
  ]);
  assert(!quick.stdout.includes("large was run"), quick.stdout);
});

test("tools/test.ts --quick loads the files of a folder together, and fails where one cannot be", async () => {
  using folder = new TempDirectory();
  const count = "const seen = globalThis as { seen?: number };\nseen.seen = (seen.seen ?? 0) + 1;";
  for (const name of ["a_test.ts", "b_test.ts"]) {
    folder.write(name, `import { test } from "node:test";\n${count}\ntest("in ${name}", () => {});`);
  }
  folder.write(
    "c_test.ts",
    `import { test } from "node:test";
test("last", () => { if ((globalThis as { seen?: number }).seen !== 2) throw new Error("alone"); });`,
  );
  const args = ["run", "-A", "tools/test.ts", "--quick", "deno", relative(CHECKOUT, folder.path)];
  const all = await run(deno, args, { cwd: CHECKOUT });
  assertEquals(all.stdout.trimEnd().split("\n").at(-1), "3 passed, 0 failed");
  folder.write("d_test.ts", `throw new Error("no test");`);
  const broken = await run(deno, args, { cwd: CHECKOUT });
  assertEquals(broken.code, 1);
  assertMatch(broken.stdout, /no test/);
});

test("tools/test.ts --quick shows what failed on either runtime below its title", async () => {
  const { code, stdout } = await runTests(
    'test("one that fails", () => { throw new Error(`on ${"Bun" in globalThis ? "Bun" : "Deno"}`); });',
    {},
    "--quick",
  );
  const parts = stdout.split(/^== /m).slice(1);
  assertEquals(parts.map(part => part.split("\n")[0]).sort(), ["Bun", "Deno"]);
  for (const part of parts) assertMatch(part, part.startsWith("Bun") ? /on Bun/ : /on Deno/);
  assertEquals([stdout.trimEnd().split("\n").at(-1), code], ["0 passed, 2 failed", 1]);
});

test("tools/watch.ts runs tests again when their file changes", async () => {
  using folder = new TempDirectory();
  const path = writeTests(folder, 'test("one", () => {});');
  const child = spawn(deno, ["run", "-A", "tools/watch.ts", path], {
    cwd: CHECKOUT,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let shown = "";
  let isChanged = false;
  child.stdout.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.on("exit", () => reject(new Error(shown)));
    child.stdout.on("data", (text: string) => {
      shown += text;
      if (!isChanged && /^ok \| 1 passed/m.test(shown)) {
        isChanged = true;
        writeTests(folder, 'test("one", () => {}); test("another", () => {});');
      } else if (/^ok \| 2 passed/m.test(shown)) resolve();
    });
  });
  const ended = new Promise(resolve => child.once("close", resolve));
  child.kill("SIGTERM");
  await ended;
});

test("With CIRRON_REQUIRE_BROWSER=1 a test whose program is missing fails where it would be skipped", async () => {
  const body = `
import { spawnSync } from "node:child_process";
const PROGRAM = "/nowhere/browser";
testUnless(missingProgram(PROGRAM, "browser"), import.meta.url)("it opens", () => {
  const { error } = spawnSync(PROGRAM);
  if (error !== undefined) throw error;
});`;
  const skipped = await runTests(body, { CIRRON_REQUIRE_BROWSER: undefined });
  assertMatch(
    skipped.stdout,
    /\nskipped: 2 there is no \/nowhere\/browser \(apt-get install browser\)\n.*2 skipped\n$/,
  );
  const required = await runTests(body, { CIRRON_REQUIRE_BROWSER: "1" });
  assertMatch(required.stdout, /\n0 passed, 2 failed\n$/);
  assertEquals(required.code, 1);
});

test("missingProgram() is null for a program that is there", () => {
  assertEquals(missingProgram(deno, "deno"), null);
});
