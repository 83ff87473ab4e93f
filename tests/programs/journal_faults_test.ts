import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn } from "node:child_process";
import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { read } from "../../src/api/read.ts";
import type { Health } from "../../src/data/health.ts";
import { recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { FakeFiles, systemError } from "../support/journal.ts";
import { filesIn, journalIn, namesOf, onlyJournalIn } from "../support/journal_folder.ts";
import { findMountTrouble, Mount } from "../support/mount.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { HOUR_MS, recordMany, upTo } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FILE = import.meta.url;
const TICK_NS = 100_000_000;
const HOUR_NS = 3_600_000_000_000n;

const deno = findRuntime("deno");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, FILE);
const mountTest = testUnless(findMountTrouble(), FILE);

function start(directory: string, options: ProfileOptions = {}): TestEngine {
  const ci = new TestEngine();
  ci.profile({ output: "journal", outputDir: directory, flushIntervalMs: HOUR_MS, ...options });
  return ci;
}

function indices(directory: string): (number | null)[] {
  return onlyJournalIn(directory).spans.filter(({ name }) => name === "x").map(({ index }) => index);
}

// Places that cannot be written.

const PLACES: readonly (readonly [what: string, place: (folder: TempDirectory) => string])[] = [
  ["below a regular file", folder => join(folder.write("file", "text"), "journal")],
  ["whose path is too long", folder => join(folder.path, "x".repeat(300))],
  ["whose path has a null byte", folder => join(folder.path, "a\0b")],
  ["in a loop of symlinks", folder => {
    symlinkSync(join(folder.path, "b"), join(folder.path, "a"));
    symlinkSync(join(folder.path, "a"), join(folder.path, "b"));
    return join(folder.path, "a");
  }],
];
for (const [what, place] of PLACES) {
  test(`A journal ${what}: the program goes on, with one warning, and each span is counted`, () => {
    using folder = new TempDirectory();
    const ci = start(place(folder));
    for (let i = 0; i < 4; i++) {
      assertEquals(ci.scope("x", { index: i }, () => i), i);
      ci.engine.flush();
      ci.clock.advance(TICK_NS);
    }
    assertEquals([ci.engine.health().journal_span_drop_count, ci.warnings.length], [0, 1]); // they wait
    ci.engine.shutdown();
    assertEquals(ci.engine.health().journal_span_drop_count, 5);
    assertEquals(ci.dict().roots[0].children.map(child => child.index), upTo(4));
  });
}

test("A journal without a descriptor left: the program goes on, and all is written when there is one", () => {
  using folder = new TempDirectory();
  using files = new FakeFiles();
  files.replace("openSync", () => {
    throw systemError("EMFILE");
  });
  const ci = start(folder.path);
  recordMany(ci, 2000);
  files.restore();
  ci.clock.advance(TICK_NS);
  ci.engine.flush();
  ci.engine.shutdown();
  assertEquals(indices(folder.path), upTo(2000));
  assertEquals([ci.engine.health().journal_span_drop_count, ci.warnings.length], [0, 1]);
});

mountTest("A journal on a read-only file system is written once that is writable", () => {
  using mount = new Mount("size=512k,ro");
  const ci = start(mount.path);
  recordMany(ci, 600);
  mount.remount("rw");
  ci.clock.advance(TICK_NS);
  ci.engine.flush();
  assertEquals(indices(mount.path), upTo(600));
  ci.engine.shutdown();
  assertEquals(ci.warnings.length, 1);
});

mountTest("A journal on a disk that fills and is freed has every span once, and no half batch", () => {
  using mount = new Mount("size=768k");
  const ci = start(mount.path);
  writeFileSync(join(mount.path, "filler"), new Uint8Array(600 * 1024));
  for (let until = 1000; until <= 6000; until += 1000) {
    recordMany(ci, until, until - 1000);
    ci.clock.advance(TICK_NS);
  }
  const before = indices(mount.path);
  assert(before.length > 0 && before.length < 6000, String(before.length));
  assertEquals(before, upTo(before.length));
  assertEquals(ci.warnings.length, 1);
  assertMatch(ci.warnings[0], /no space left/i);
  unlinkSync(join(mount.path, "filler"));
  ci.clock.advance(TICK_NS);
  ci.engine.shutdown();
  const { spans, session } = onlyJournalIn(mount.path);
  assertEquals(spans.length, 6001);
  assertEquals([session!.span_drop_count, ci.engine.health().journal_span_drop_count], [0, 0]);
});

mountTest("Of a disk that stays full each span is on it, or counted", () => {
  using mount = new Mount("size=300k");
  const ci = start(mount.path);
  for (let index = 0; index < 10_000; index++) {
    ci.scope("x", { index, attrs: { text: "x".repeat(3000) } }, () => ci.mark("m", index));
    if (index % 100 === 0) ci.clock.advance(TICK_NS);
  }
  ci.engine.shutdown();
  const { spans, marks } = onlyJournalIn(mount.path);
  const { journal_span_drop_count, journal_mark_drop_count } = ci.engine.health();
  assertEquals(spans.length + journal_span_drop_count, 10_001);
  assertEquals(marks.length + journal_mark_drop_count, 10_000);
  assert(journal_span_drop_count > 9000);
});

test("A journal whose directory is renamed goes on under the old name, and nothing is lost", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "journal");
  const ci = start(directory);
  recordMany(ci, 600);
  renameSync(directory, join(folder.path, "moved"));
  ci.clock.advance(TICK_NS);
  recordMany(ci, 1200, 600);
  ci.engine.shutdown();
  const both = [join(folder.path, "moved"), directory].flatMap(indices);
  assertEquals(both, upTo(1200));
  assertEquals([ci.engine.health().journal_span_drop_count, ci.warnings], [0, []]);
});

// Clocks that are set, and programs that are stopped.

test("A clock that is set back between runs, and in one, costs no span and no duration", () => {
  using folder = new TempDirectory();
  const run = (offsetNs: bigint) => {
    const ci = new TestEngine();
    const { unixNs } = ci.clock;
    let setNs = offsetNs;
    Object.assign(ci.clock, { unixNs: () => unixNs() + setNs });
    ci.profile({ output: "journal", outputDir: folder.path, flushIntervalMs: HOUR_MS });
    for (let index = 0; index < 600; index++) {
      ci.scope("x", { index }, () => ci.clock.us(10));
      if (index === 300) setNs -= HOUR_NS;
      if (index === 450) setNs += 3n * HOUR_NS;
    }
    ci.clock.advance(TICK_NS);
    ci.engine.shutdown();
    return ci.engine.health().journal_span_drop_count;
  };
  assertEquals([run(0n), run(-HOUR_NS * 5n), run(HOUR_NS)], [0, 0, 0]);
  const runs = runsIn(folder.path);
  assertEquals(runs.length, 3);
  for (const path of runs) {
    const [{ path: recorder }] = recordersIn(path);
    const { spans, session } = journalIn(recorder);
    const own = spans.filter(({ name }) => name === "x");
    assertEquals([own.map(({ index }) => index), session!.ended_unix_ns !== null], [upTo(600), true]);
    for (const { startNs, endNs } of own) assertEquals(endNs - startNs, 10_000);
  }
  const { span_count, unfinished_count, trace } = read(folder.path);
  assertEquals([span_count, unfinished_count], [3 * 601, 0]);
  const { roots } = trace({ name: "cirron.session", format: "dict" });
  assertEquals(roots.map(({ children }) => children.length), [600, 600, 600]);
});

test("A program that is stopped runs, and when it goes on nothing is lost", async () => {
  using folder = new TempDirectory();
  using programs = new TempDirectory();
  const program = programs.write(
    "program.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import process from "node:process";
      ci.profile({ output: "journal", outputDir: ${JSON.stringify(folder.path)} });
      let index = 0;
      const timer = setInterval(() => {
        for (let i = 0; i < 20; i++) ci.scope("x", { index: index++ }).end();
        if (index === 1000) console.log("enough");
      }, 1);
      process.stdin.once("data", () => {
        clearInterval(timer);
        ci.shutdown();
        console.log(index + " " + ci.health().journal_span_drop_count);
        process.exit(0);
      });
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const child = spawn(findRuntime(RUNTIME)!, [...flags, program], { stdio: ["pipe", "pipe", "inherit"] });
  let stdout = "";
  const closed = new Promise(resolve => child.on("close", resolve));
  await new Promise<void>(resolve => {
    child.stdout.on("data", data => {
      stdout += data;
      if (stdout.includes("enough")) resolve();
    });
  });
  // Not child.kill(): in Deno it sends one signal and no second.
  process.kill(child.pid!, "SIGSTOP");
  const state = () => /\) (\w) /.exec(readFileSync(`/proc/${child.pid}/stat`, "utf8"))![1];
  while (state() !== "T") await new Promise(resolve => setTimeout(resolve, 1));
  const stopped = read(folder.path);
  assertEquals([stopped.running_count, stopped.unfinished_count], [1, 0]);
  process.kill(child.pid!, "SIGCONT");
  child.stdin.write("end\n");
  await closed;
  const [, made, dropped] = /^(\d+) (\d+)$/m.exec(stdout)!;
  assertEquals(indices(folder.path), upTo(Number(made)));
  assertEquals(dropped, "0");
});

// Permissions.

const PROGRAM = `
  import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
  const profiler = ci.profile({ output: "journal" });
  ci.scope("x", () => ci.mark("m", 1));
  profiler.flush();
  const { sink_error_count, journal_dir } = ci.health();
  const { roots } = ci.trace({ format: "dict" });
  profiler.shutdown();
  console.log(JSON.stringify({ sink_error_count, journal_dir, names: roots.map(root => root.name) }));
`;

async function runDeno(folder: TempDirectory, flags: readonly string[]) {
  const outcome = await run(deno!, ["run", ...flags, folder.write("program.ts", PROGRAM)], {
    cwd: folder.path,
    timeoutMs: 60_000,
  });
  return { ...said<Partial<Health> & { names: string[] }>(outcome), stderr: outcome.stderr.trim() };
}

for (
  const flags of [[], ["--allow-read"], ["--allow-write"], ["--allow-read=.", "--allow-write=elsewhere"]]
) {
  denoTest(`A journal under ${JSON.stringify(flags)} warns once and keeps the trace in memory`, async () => {
    using folder = new TempDirectory();
    const { names, sink_error_count, journal_dir, stderr } = await runDeno(folder, flags);
    assertEquals([names, sink_error_count, journal_dir], [["x"], 0, null]);
    assertMatch(stderr, /^\[cirron\] The journal may not write to .*--allow-read and --allow-write.*$/);
    assertEquals(existsSync(join(folder.path, ".cirron")), false);
  });
}

for (const place of [".cirron/journal", ".cirron"]) {
  denoTest(`A journal needs nothing but to read and write ${place}`, async () => {
    using folder = new TempDirectory();
    const { stderr } = await runDeno(folder, [`--allow-read=${place}`, `--allow-write=${place}`]);
    assertEquals(stderr, "");
    const { spans, session } = onlyJournalIn(join(folder.path, ".cirron", "journal"));
    assertEquals(namesOf(spans), ["x", "cirron.session"]);
    assertEquals([session!.process_start, session!.boot_id], [null, null]);
    assertEquals(existsSync(join(folder.path, ".cirron", ".gitignore")), place === ".cirron");
  });
}

// Many processes.

test("Eight processes in one directory keep it within its bound together, and none disturbs another", async () => {
  using folder = new TempDirectory();
  using programs = new TempDirectory();
  const program = programs.write(
    "program.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      ci.profile({
        output: "journal", outputDir: ${
      JSON.stringify(folder.path)
    }, journalMaxBytes: 8_000_000, traceBufferMaxSpans: 10,
      });
      for (let i = 0; i < 20; i++) {
        for (let k = 0; k < 1000; k++) ci.scope("x", { index: i * 1000 + k }).end();
        await new Promise(resolve => setTimeout(resolve));
      }
      ci.shutdown();
      if (ci.health().journal_span_drop_count > 0) throw new Error("spans were dropped");
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const codes = await Promise.all(
    upTo(8).map(() =>
      new Promise((resolve, reject) => {
        const child = spawn(findRuntime(RUNTIME)!, [...flags, program], {
          stdio: ["ignore", "inherit", "inherit"],
        });
        child.on("error", reject);
        child.on("close", resolve);
      })
    ),
  );
  assertEquals(codes, new Array(8).fill(0));
  const bytes = filesIn(folder.path).reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0);
  assert(bytes < 12_000_000, String(bytes));
  const recorders = runsIn(folder.path).flatMap(recordersIn).map(({ path }) => journalIn(path));
  assert(recorders.length > 0);
  for (const { session, spans } of recorders) {
    const kept = spans.filter(({ name }) => name === "x").map(({ index }) => index!);
    if (session === null || kept.length === 0) continue; // the oldest, of which some is gone
    assertEquals(kept, upTo(20_000).slice(-kept.length)); // the end of it, whole
  }
});
