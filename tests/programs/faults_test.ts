import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Host } from "../../src/api/host.ts";
import type { Health } from "../../src/data/health.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { Engine } from "../../src/session/engine.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import { TAKE } from "../../src/sinks/sink.ts";
import { SpoolSink } from "../../src/sinks/spool.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import { findMountTrouble, Mount } from "../support/mount.ts";
import { findRuntime, type Outcome, run, said } from "../support/runtimes.ts";
import { drainedOf, MemorySink, recordMany, upTo } from "../support/sinks.ts";
import { allNamesIn, namesIn, readFiles, spooledNames } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FILE = import.meta.url;
const MOD = sourceUrl("mod.ts");
const own = findRuntime(RUNTIME)!;
const deno = findRuntime("deno");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, FILE);

function start(directory: string, options: ProfileOptions = {}): TestEngine {
  const ci = new TestEngine();
  ci.profile({ output: "spool", outputDir: directory, flushIntervalMs: 3_600_000, ...options });
  return ci;
}

/** Records in a session whose spool cannot write, and looks at everything that must hold then. */
function assertProgramGoesOn(directory: string): void {
  const sink = new MemorySink();
  const ci = start(directory, { output: ["spool", sink] });
  for (let i = 0; i < 4; i++) {
    assertEquals(ci.scope("x", { index: i }, () => i), i);
    ci.engine.flush();
  }
  const { sink_error_count, spool_drop_count, spool_bytes, spool_dir, span_count } = ci.engine.health();
  assertEquals(
    { sink_error_count, spool_drop_count, spool_bytes, spool_dir, span_count },
    // One more than flushes: the session's start is written too.
    { sink_error_count: 5, spool_drop_count: 0, spool_bytes: 0, spool_dir: directory, span_count: 4 },
  );
  assertEquals(ci.engine.health().spool_span_drop_count, 0); // they wait
  assertEquals(sink.indices("x"), upTo(4));
  ci.engine.shutdown();
  assertEquals(ci.engine.health().spool_span_drop_count, sink.spans.length);
  assertEquals(ci.dict().roots[0].children.map(child => child.index), upTo(4));
  assertEquals(ci.warnings.length, 1);
  assertMatch(ci.warnings[0], /^\[cirron\] A sink failed; the trace is kept in memory all the same: /);
}

// Places that cannot be written.

test("A spool below a regular file: the program goes on", () => {
  using folder = new TempDirectory();
  assertProgramGoesOn(join(folder.write("file", "text"), "spool"));
});

test("A spool that is a regular file: the program goes on, and the file is as it was", () => {
  using folder = new TempDirectory();
  const path = folder.write("file", "text");
  assertProgramGoesOn(path);
  assertEquals(readFileSync(path, "utf8"), "text");
});

test("A spool whose path is too long: the program goes on", () => {
  using folder = new TempDirectory();
  assertProgramGoesOn(join(folder.path, "x".repeat(300)));
});

test("A spool whose path has a null byte: the program goes on", () => {
  using folder = new TempDirectory();
  assertProgramGoesOn(join(folder.path, "a\0b"));
});

test("A spool in a loop of symlinks: the program goes on", () => {
  using folder = new TempDirectory();
  symlinkSync(join(folder.path, "b"), join(folder.path, "a"));
  symlinkSync(join(folder.path, "a"), join(folder.path, "b"));
  assertProgramGoesOn(join(folder.path, "a"));
});

testUnless(existsSync("/proc/self") ? null : "there is no /proc", FILE)(
  "A spool in /proc: the program goes on",
  () => assertProgramGoesOn("/proc/cirron-spool"),
);

denoTest('outputDir "" does not leave a session half started, whatever is permitted', async () => {
  using folder = new TempDirectory();
  const outcome = await runDeno(
    folder,
    ["--no-prompt"],
    `try {
      ci.profile({ outputDir: "" }).shutdown();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    console.log(JSON.stringify([ci.health().open_count, ci.health().output]));`,
  );
  assertEquals(said(outcome), [0, []]);
});

// File systems of the tests' own.

const mountTest = testUnless(findMountTrouble(), FILE);

mountTest("A spool on a read-only file system: the program goes on", () => {
  using mount = new Mount("size=64k,ro");
  assertProgramGoesOn(mount.path);
  assertProgramGoesOn(join(mount.path, "deep", "er"));
});

mountTest("A file system that becomes writable again is written to", () => {
  using mount = new Mount("size=64k");
  const ci = start(mount.path);
  mount.remount("ro");
  ci.scope("meanwhile").end();
  ci.engine.flush();
  mount.remount("rw");
  ci.scope("after").end();
  ci.engine.flush();
  assertEquals(spooledNames(mount.path), ["meanwhile", "after"]);
  assertEquals([ci.engine.health().spool_span_drop_count, ci.warnings.length], [0, 1]);
  ci.engine.shutdown();
});

mountTest(
  "A full disk: the program goes on, no half file stays, and all is written when there is room",
  () => {
    using mount = new Mount("size=512k");
    writeFileSync(join(mount.path, "filler"), new Uint8Array(496 * 1024));
    const ci = start(mount.path);
    const { spool_bytes: startBytes } = ci.engine.health();
    recordMany(ci, 1000);
    ci.engine.flush();
    assertEquals(namesIn(mount.path), ["filler"]);
    const { sink_error_count, spool_bytes } = ci.engine.health();
    assertEquals([sink_error_count, spool_bytes, ci.warnings.length], [1, startBytes, 1]);
    unlinkSync(join(mount.path, "filler"));
    ci.scope("later").end();
    ci.engine.flush();
    assertEquals(spooledNames(mount.path), [...upTo(1000).map(i => `x[${i}]`), "later"]);
    assertEquals(ci.engine.health().spool_span_drop_count, 0);
    ci.engine.shutdown();
    assertEquals(ci.warnings.length, 1);
  },
);

// Directories that change.

test("A spool directory that is deleted is made again", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "deep", "spool");
  const ci = start(directory);
  ci.scope("a").end();
  ci.engine.flush();
  rmSync(join(folder.path, "deep"), { recursive: true });
  ci.scope("b").end();
  ci.engine.flush();
  assertEquals([spooledNames(directory), ci.warnings], [["b"], []]);
  ci.engine.shutdown();
});

test("health().spool_bytes does not count files that somebody removed, once the bound is looked at", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { spoolMaxBytes: 12_000 });
  recordMany(ci, 30);
  ci.engine.flush();
  for (const name of allNamesIn(folder.path)) unlinkSync(join(folder.path, name));
  recordMany(ci, 30);
  ci.engine.flush();
  assertEquals(ci.engine.health().spool_drop_count, 0);
  ci.engine.shutdown();
});

test("A spool directory that is replaced by a file: the program goes on, and spools again when it is back", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  const ci = start(directory);
  ci.scope("a").end();
  ci.engine.flush();
  renameSync(directory, join(folder.path, "moved"));
  writeFileSync(directory, "text");
  ci.scope("b").end();
  ci.engine.flush();
  ci.engine.flush();
  assertEquals([ci.engine.health().spool_span_drop_count, ci.warnings.length], [0, 1]);
  assertEquals(readFileSync(directory, "utf8"), "text");
  unlinkSync(directory);
  ci.scope("c").end();
  ci.engine.flush();
  assertEquals(spooledNames(directory), ["b", "c"]);
  assertEquals(ci.shape(), "a\nb\nc");
  ci.engine.shutdown();
});

test("A file that cannot be evicted is not counted, and the others are", () => {
  using folder = new TempDirectory();
  // A directory with something in it: unlink fails, also in Deno, where it removes empty ones.
  mkdirSync(join(folder.path, `${"0".repeat(20)}-${"0".repeat(32)}.json`, "something"), { recursive: true });
  const ci = start(folder.path, { spoolMaxBytes: 0 });
  for (let i = 0; i < 3; i++) {
    recordMany(ci, i + 1, i);
    ci.engine.flush();
  }
  assertEquals([ci.engine.health().spool_drop_count, allNamesIn(folder.path).length, ci.warnings], [
    3,
    2,
    [],
  ]);
  ci.engine.shutdown();
});

// Links planted under the name of a file.

for (const suffix of ["", ".tmp"]) {
  test(`A symlink planted under the name of a file${suffix && ` and ${suffix}`} is not followed`, () => {
    using folder = new TempDirectory();
    const victim = folder.write("victim", "precious");
    const spool = join(folder.path, "spool");
    mkdirSync(spool);
    const id = "a".repeat(32);
    const name = `${"0".repeat(19)}5-${id}.json`;
    symlinkSync(victim, join(spool, name + suffix));
    const session = drainedOf(ci => ci.engine.shutdown());
    const sink = new SpoolSink({
      directory: spool,
      maxBytes: 1e9,
      sdkVersion: "0",
      unixNs: () => 5n,
      randomId: () => id,
      nowMs: () => 0,
    });
    sink[TAKE](session);
    try {
      sink.commit();
    } catch {
      // Refused: the runner counts it.
    }
    assertEquals(readFileSync(victim, "utf8"), "precious");
    sink[TAKE](session);
    sink.commit(); // a later name is free
    assertEquals(readFiles(spool).at(-1)!.spans[0].name, "cirron.session");
  });
}

// File descriptors.

/** Runs a program in a directory of its own. */
async function runProgram(
  folder: TempDirectory,
  body: string,
  wrap: (command: string, args: string[]) => [string, string[]] = (command, args) => [command, args],
): Promise<Outcome> {
  const path = folder.write("program.ts", `import * as ci from ${JSON.stringify(MOD)};\n${body}`);
  const [command, args] = wrap(own, RUNTIME === "deno" ? ["run", "-A", path] : [path]);
  return await run(command, args, { cwd: folder.path, timeoutMs: 60_000 });
}

testUnless(process.platform === "win32" ? "ulimit is Unix's" : null, FILE)(
  "A process that has no file descriptor left goes on, and spools again when it has",
  async () => {
    using folder = new TempDirectory();
    const outcome = await runProgram(
      folder,
      `import { closeSync, openSync } from "node:fs";
      ci.profile({ output: "spool", flushIntervalMs: 3600000 });
      ci.scope("before").end();
      ci.flush();
      const open: number[] = [];
      try {
        for (;;) open.push(openSync("/dev/null", "r"));
      } catch { /* none left */ }
      ci.scope("without").end();
      ci.flush();
      const { sink_error_count } = ci.health();
      const names = ci.trace({ format: "dict" }).roots.map(root => root.name);
      for (const fd of open) closeSync(fd);
      ci.scope("after").end();
      ci.shutdown();
      const { spool_span_drop_count } = ci.health();
      console.log(JSON.stringify({ sink_error_count, spool_span_drop_count, names }));`,
      (command, args) => ["/bin/sh", ["-c", 'ulimit -n 256; exec "$0" "$@"', command, ...args]],
    );
    assertEquals(said(outcome), {
      sink_error_count: 1,
      spool_span_drop_count: 0,
      names: ["before", "without"],
    });
    assertEquals(outcome.stderr.trim().split("\n").length, 1);
    assertEquals(
      spooledNames(join(folder.path, ".cirron", "spool")),
      ["before", "without", "after", "cirron.session"],
    );
  },
);

test("A thousand flushes leave no file descriptor open", async () => {
  using folder = new TempDirectory();
  const outcome = await runProgram(
    folder,
    `ci.profile({ output: "spool", flushIntervalMs: 3600000 });
    for (let i = 0; i < 1000; i++) {
      ci.scope("x").end();
      ci.flush();
    }
    console.log(JSON.stringify(ci.health().sink_error_count));
    ci.shutdown();`,
    (command, args) => ["/bin/sh", ["-c", 'ulimit -n 128; exec "$0" "$@"', command, ...args]],
  );
  assertEquals(said(outcome), 0);
});

// Consoles and loggers that throw.

function brokenEngine(): Engine {
  return new Engine({
    clock: new FakeClock(),
    print() {
      throw new Error("no stdout");
    },
    warn() {
      throw new Error("no stderr");
    },
  });
}

test("A console that throws: the program goes on, and health() counts", () => {
  using folder = new TempDirectory();
  const engine = brokenEngine();
  engine.profile({
    output: ["stdout", "log", "spool"],
    outputDir: join(folder.write("file", ""), "spool"),
    logger: {
      info() {
        throw new Error("no log");
      },
    },
  });
  for (let i = 0; i < 3; i++) {
    engine.recording.scope("x", undefined, undefined, null);
    engine.flush();
  }
  assertEquals(engine.health().sink_error_count, 4); // the session's start, each time anew; nothing was closed yet
  (engine.recording.scope("y", undefined, undefined, null) as Disposable)[Symbol.dispose]();
  engine.flush();
  assertEquals(engine.health().sink_error_count, 7);
  engine.shutdown();
  assertEquals(engine.health().spool_span_drop_count, 5);
  assertEquals((new Host(engine).trace({ format: "dict" }) as TraceDict).span_count, 5);
});

test("All sinks fail at once, every time: at most one warning each", () => {
  using folder = new TempDirectory();
  const ci = start(join(folder.write("file", ""), "spool"), {
    output: ["spool", {
      emit() {
        throw new Error("boom");
      },
    }],
  });
  for (let i = 0; i < 100; i++) {
    ci.scope("x").end();
    ci.engine.flush();
  }
  ci.engine.shutdown();
  assertEquals([ci.warnings.length, ci.dict().span_count], [2, 101]);
});

// Permissions.

/** Runs `body` in a Deno with exactly `flags`. */
async function runDeno(
  folder: TempDirectory,
  flags: readonly string[],
  body: string,
): Promise<Outcome> {
  const path = folder.write("program.ts", `import * as ci from ${JSON.stringify(MOD)};\n${body}`);
  return await run(deno!, ["run", ...flags, path], { cwd: folder.path, timeoutMs: 60_000 });
}

const DEFAULTS = `
const profiler = ci.profile({ output: "spool" });
ci.scope("x", () => ci.mark("m", 1));
profiler.flush();
const { sink_error_count, spool_dir, output } = ci.health();
const { roots } = ci.trace({ format: "dict" });
profiler.shutdown();
console.log(JSON.stringify({ sink_error_count, spool_dir, output, names: roots.map(root => root.name) }));
`;

const DENIED: readonly (readonly string[])[] = [
  [],
  ["--no-prompt"],
  ["--allow-read"],
  ["--allow-write"],
  ["--deny-write", "--allow-read"],
  ["--allow-read=.", "--allow-write=elsewhere"],
];
for (const flags of DENIED) {
  denoTest(`profile() with ${JSON.stringify(flags)} warns once and keeps the trace in memory`, async () => {
    using folder = new TempDirectory();
    const outcome = await runDeno(folder, flags, DEFAULTS);
    const report = said<Partial<Health> & { names: string[] }>(outcome);
    assertEquals([report.names, report.sink_error_count, report.spool_dir], [["x"], 0, null]);
    assertEquals(outcome.stderr.trim().split("\n").length, 1, outcome.stderr);
    assertMatch(outcome.stderr, /^\[cirron\] .*--allow-read and --allow-write/);
    assertEquals(existsSync(join(folder.path, ".cirron")), false);
  });
}

const GRANTED: readonly (readonly string[])[] = [
  ["--allow-read=.cirron/spool", "--allow-write=.cirron/spool"],
  ["--allow-read=.cirron", "--allow-write=.cirron"],
  ["--allow-read", "--allow-write"],
];
for (const flags of GRANTED) {
  denoTest(`The spool works with exactly ${JSON.stringify(flags)}`, async () => {
    using folder = new TempDirectory();
    const outcome = await runDeno(folder, ["--no-prompt", ...flags], DEFAULTS);
    const report = said<Partial<Health>>(outcome);
    assertEquals([report.sink_error_count, report.output, outcome.stderr], [0, ["spool"], ""]);
    assertEquals(spooledNames(join(folder.path, ".cirron", "spool")), ["x", "cirron.session"]);
  });
}

denoTest("The spool works in a directory elsewhere with read and write of exactly that", async () => {
  using folder = new TempDirectory();
  using elsewhere = new TempDirectory();
  const spool = join(realpathSync(elsewhere.path), "deep", "spool");
  const outcome = await runDeno(
    folder,
    ["--no-prompt", `--allow-read=${spool}`, `--allow-write=${spool}`],
    DEFAULTS.replace("profile({ output", `profile({ outputDir: ${JSON.stringify(spool)}, output`),
  );
  assertEquals([said<Partial<Health>>(outcome).sink_error_count, outcome.stderr], [0, ""]);
  assertEquals(spooledNames(spool), ["x", "cirron.session"]);
});

denoTest('The outputs "log" and "stdout" need no permission', async () => {
  using folder = new TempDirectory();
  const outcome = await runDeno(
    folder,
    ["--no-prompt"],
    `ci.profile({ output: ["log", "stdout"] });
    ci.scope("x").end();
    ci.shutdown();`,
  );
  assertEquals([outcome.code, outcome.stderr], [0, ""]);
  const lines = outcome.stdout.trim().split("\n");
  assertEquals(lines.map(line => line.split(" ").slice(0, 2).join(" ")), [
    "[cirron] x",
    "[cirron] cirron.session",
    "[cirron] x",
    "[cirron] cirron.session",
  ]);
});

denoTest("A permission that is revoked while a session runs: the program goes on", async () => {
  using folder = new TempDirectory();
  const outcome = await runDeno(
    folder,
    ["--no-prompt", "--allow-read", "--allow-write"],
    `ci.profile({ output: "spool" });
    ci.scope("kept").end();
    ci.flush();
    await Deno.permissions.revoke({ name: "write" });
    ci.scope("lost").end();
    ci.flush();
    const { sink_error_count } = ci.health();
    ci.shutdown();
    console.log(JSON.stringify([sink_error_count, ci.health().spool_span_drop_count]));`,
  );
  assertEquals(said(outcome), [1, 2]);
  assertEquals(outcome.stderr.trim().split("\n").length, 1);
  assertEquals(spooledNames(join(folder.path, ".cirron", "spool")), ["kept"]);
});

const ttyTrouble = deno === null
  ? "no deno executable was found"
  : process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0
  ? "no script command to make a terminal with"
  : null;
testUnless(ttyTrouble, FILE)(
  "profile() on a terminal without permission flags prompts for nothing",
  async () => {
    using folder = new TempDirectory();
    const path = folder.write(
      "program.ts",
      `import * as ci from ${JSON.stringify(MOD)};\n${DEFAULTS.replace('{ output: "spool" }', "")}`,
    );
    const outcome = await run("script", ["-qec", `'${deno}' run '${path}'`, "/dev/null"], {
      cwd: folder.path,
      timeoutMs: 20_000,
    });
    assertEquals(outcome.code, 0, outcome.stdout);
    assert(!/Allow\?|Deno requests/.test(outcome.stdout), outcome.stdout);
  },
);
