import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { upTo } from "../support/sinks.ts";
import { bytesIn, namesIn, plant, readFiles, spooledNames } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DAY_MS = 86_400_000;

test("Two processes that spool into one directory lose nothing", async () => {
  using folder = new TempDirectory();
  const spool = join(folder.path, "spool");
  const path = folder.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    ci.profile({ output: "spool", outputDir: ${JSON.stringify(spool)}, flushIntervalMs: 1 });
    for (let i = 0; i < 200; i++) {
      for (let j = 0; j < 10; j++) ci.scope("x", { index: i * 10 + j }).end();
      if (i % 10 === 0) await new Promise(resolve => setTimeout(resolve, 1));
      if (i % 7 === 0) ci.flush();
    }
    ci.shutdown();
    console.log(JSON.stringify(ci.health().mark_drop_count));`,
  );
  const own = findRuntime(RUNTIME)!;
  const args = RUNTIME === "deno" ? ["run", "-A", path] : [path];
  const outcomes = await Promise.all([1, 2].map(() => run(own, args, { cwd: folder.path })));
  for (const outcome of outcomes) assertEquals([said(outcome), outcome.stderr], [0, ""]);
  const spans = readFiles(spool).flatMap(file => file.spans).filter(span => span.name === "x");
  assertEquals(new Set(spans.map(span => span.id)).size, 4000);
  const byPid = Map.groupBy(spans, span => span.pid);
  assertEquals([...byPid.values()].map(ones => ones.map(one => Number(one.index))), [upTo(2000), upTo(2000)]);
  assertEquals(namesIn(spool).filter(name => name.endsWith(".tmp")), []);
});

test("outputDir is taken from the working directory, .cirron/spool by default", async () => {
  using folder = new TempDirectory();
  const path = folder.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    ci.profile({ output: "spool" });
    ci.scope("x").end();
    ci.shutdown();
    console.log("0");`,
  );
  const args = RUNTIME === "deno" ? ["run", "-A", path] : [path];
  const outcome = await run(findRuntime(RUNTIME)!, args, { cwd: folder.path });
  assertEquals([said(outcome), outcome.stderr], [0, ""]);
  assertEquals(spooledNames(join(folder.path, ".cirron", "spool")), ["x", "cirron.session"]);
});

test("The spool goes on where it was when the program changes its working directory", async () => {
  using folder = new TempDirectory();
  const path = folder.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import process from "node:process";
    import { mkdirSync } from "node:fs";
    ci.profile({ output: "spool" });
    ci.scope("x").end();
    ci.flush();
    mkdirSync("elsewhere");
    process.chdir("elsewhere");
    ci.shutdown();
    console.log("0");`,
  );
  const args = RUNTIME === "deno" ? ["run", "-A", path] : [path];
  said(await run(findRuntime(RUNTIME)!, args, { cwd: folder.path }));
  assertEquals(spooledNames(join(folder.path, ".cirron", "spool")), ["x", "cirron.session"]);
  assertEquals(existsSync(join(folder.path, "elsewhere", ".cirron")), false);
});

test("A process that exits without shutdown() keeps the bound as well", async () => {
  using folder = new TempDirectory();
  const spool = join(folder.path, "spool");
  mkdirSync(spool);
  for (let i = 0; i < 50; i++) plant(spool, Date.now() - DAY_MS + i);
  const path = folder.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    ci.profile({ output: "spool", outputDir: ${JSON.stringify(spool)}, spoolMaxBytes: 20_000 });
    ci.scope("x").end();
    console.log("0");`,
  );
  const args = RUNTIME === "deno" ? ["run", "-A", path] : [path];
  const outcome = await run(findRuntime(RUNTIME)!, args, { cwd: folder.path });
  assertEquals([said(outcome), outcome.stderr], [0, ""]);
  assert(bytesIn(spool) <= 20_000, `${bytesIn(spool)} bytes`);
});
