import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { readSpool, type SpoolTrace } from "../../src/api/read.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { sourceUrl } from "../support/checkout.ts";
import { testUnless } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { fileName, fileOf, spanOf, TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const deno = findRuntime("deno");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, import.meta.url);

/** Runs a program that reads a spool, in a Deno with these flags. */
async function runDeno(spool: TestSpool, flags: readonly string[], body: string) {
  using folder = new TempDirectory();
  const module = sourceUrl("src/api/read.ts");
  const path = folder.write("program.ts", `import { readSpool } from ${JSON.stringify(module)};\n${body}`);
  return await run(deno!, ["run", ...flags, path], { cwd: spool.path });
}

denoTest("readSpool() needs no permission but to read the directory", async () => {
  using spool = new TestSpool();
  spool.add(fileOf([spanOf("a")]));
  mkdirSync(spool.at(".cirron"));
  symlinkSync(spool.path, spool.at(".cirron/spool"));
  const body = 'console.log(readSpool().trace({ format: "json" }));';
  const { roots } = said<TraceDict>(await runDeno(spool, ["--allow-read=.cirron/spool"], body));
  assertEquals(roots.map(root => root.name), ["a"]);
});

denoTest("readSpool() skips and counts files that may not be read", async () => {
  using spool = new TestSpool();
  const denied = spool.at(spool.add(fileOf([spanOf("a")])));
  spool.add(fileOf([spanOf("b")]));
  const flags = [`--allow-read=${spool.path}`, `--deny-read=${denied}`];
  const counts = await runDeno(spool, flags, 'console.log(JSON.stringify(readSpool(".")));');
  const { file_count, skipped_file_count } = said<SpoolTrace>(counts);
  assertEquals([file_count, skipped_file_count], [1, 1]);
});

denoTest("readSpool() without read permission throws a CirronError and does not ask", async () => {
  using spool = new TestSpool();
  const body = `try { readSpool(); } catch (error) {
    console.log(JSON.stringify([error.name, error.message]));
  }`;
  for (const flags of [[], ["--allow-read=other"], ["--deny-read"]]) {
    const outcome = await runDeno(spool, flags, body);
    assertEquals(said(outcome), [
      "CirronError",
      'Cannot read ".cirron/journal": Deno needs --allow-read for it',
    ]);
    assertEquals(outcome.stderr, "");
  }
});

const mkfifo = spawnSync("mkfifo", ["--version"]).error === undefined;
testUnless(mkfifo ? null : "there is no mkfifo", import.meta.url)(
  "readSpool() does not wait at a pipe",
  () => {
    using spool = new TestSpool();
    assertEquals(spawnSync("mkfifo", [spool.at(fileName(90))]).status, 0);
    assertEquals(readSpool(spool.path).skipped_file_count, 1);
  },
);
