import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Host } from "../../src/api/host.ts";
import { readSpool } from "../../src/api/read.ts";
import type { Health } from "../../src/data/health.ts";
import type { MarkValue } from "../../src/data/values.ts";
import { NO_GPU } from "../../src/meters/gpu/monitor.ts";
import type { MarkOptions } from "../../src/record/scope.ts";
import { hostCallFailures } from "../../src/runtime/host_calls.ts";
import { Engine } from "../../src/session/engine.ts";
import { withEnvironment } from "../../src/session/environment.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import { FakeClock, literal, TestEngine } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The root span.

test("profile() opens the root span cirron.session", () => {
  const ci = new TestEngine();
  ci.profile();
  assertEquals(ci.shape({ open: true }), "cirron.session open");
});

test("profile() says in the root span's attrs what process it is", () => {
  const ci = new TestEngine();
  ci.profile();
  const { attrs } = ci.dict({ open: true }).roots[0];
  const isBun = process.versions.bun !== undefined;
  assertEquals(
    [attrs.pid, attrs.runtime, attrs.runtime_version, attrs.device],
    [process.pid, isBun ? "bun" : "deno", isBun ? process.versions.bun : process.versions.deno, null],
  );
});

const RANKS: [env: Record<string, string | undefined>, rank: number][] = [
  [{ RANK: undefined, LOCAL_RANK: undefined }, 0],
  [{ RANK: "3", LOCAL_RANK: undefined }, 3],
  [{ RANK: "3", LOCAL_RANK: "1" }, 3],
  [{ RANK: "0", LOCAL_RANK: "1" }, 0],
  [{ RANK: undefined, LOCAL_RANK: "2" }, 2],
  [{ RANK: "", LOCAL_RANK: "2" }, 2],
  [{ RANK: "-1", LOCAL_RANK: undefined }, -1],
  [{ RANK: "", LOCAL_RANK: "-2" }, -2],
  [{ RANK: " 7 ", LOCAL_RANK: undefined }, 7],
  ...["", "x", "1.5", "0x10", "1e3", "9007199254740993"].map(rank =>
    [{ RANK: rank, LOCAL_RANK: undefined }, 0] as [Record<string, string | undefined>, number]
  ),
];
for (const [env, rank] of RANKS) {
  test(`profile() takes the rank ${rank} for ${JSON.stringify(env)}`, () => {
    withEnv(env, () => assertEquals(sessionAttrs().rank, rank));
  });
}

for (const output of ["journal", "spool"] as const) {
  test(`profile() takes a negative rank into the ${output}, and readSpool() out of it`, () => {
    using folder = new TempDirectory();
    const ci = new TestEngine();
    withEnv({ RANK: "-1" }, () => ci.engine.profile({ output, outputDir: folder.path }));
    ci.scope("x").end();
    ci.engine.shutdown();
    const found = readSpool(folder.path);
    assertEquals([found.span_count, found.skipped_row_count], [2, 0]);
    assertEquals(found.trace({ format: "dict" }).roots[0].attrs.rank, -1);
  });
}

test("profile() takes the run's ids from the environment, named as Python names them, and nothing else", () => {
  const env = {
    CIRRON_RUN_ID: "r1",
    CIRRON_PIPELINE_ID: "p1",
    CIRRON_DEPLOYMENT_ID: "d1",
    CIRRON_WORKSPACE_ID: "",
    CIRRON_API_KEY: "secret",
    OTHER_ID: "o1",
  };
  withEnv(env, () => {
    const attrs = sessionAttrs();
    assertEquals(Object.entries(attrs).filter(([name]) => name.startsWith("cirron")), [
      ["cirron.run_id", "r1"],
      ["cirron.pipeline_id", "p1"],
      ["cirron.deployment_id", "d1"],
    ]);
    assertEquals(JSON.stringify(attrs).includes("secret"), false);
    assertEquals(Object.keys(attrs).includes("other_id"), false);
  });
});

test("health() has the run's ids while the session runs, as they were at its start", () => {
  const ci = new TestEngine();
  const context = () => ci.engine.health().platform_context;
  const seen = [context()];
  withEnv({ CIRRON_RUN_ID: "r1", CIRRON_WORKSPACE_ID: "w1" }, () => ci.profile());
  seen.push(context());
  seen[1].run_id = "mine";
  seen.push(context());
  ci.engine.shutdown();
  seen.push(context());
  assertEquals(seen, [{}, { run_id: "mine", workspace_id: "w1" }, { run_id: "r1", workspace_id: "w1" }, {}]);
});

// What the environment says of sinks.

test("CIRRON_OUTPUT_DIR is the parent of journal and spool, for profile() and for readSpool(), which reads both", () => {
  using folder = new TempDirectory();
  withEnv({ CIRRON_OUTPUT_DIR: folder.path }, () => {
    const ci = new TestEngine();
    ci.engine.profile();
    const { journal_dir } = ci.engine.health();
    assertEquals(dirname(dirname(journal_dir!)), join(folder.path, "journal"));
    ci.engine.shutdown();
    assertEquals([readSpool().span_count, readSpool(null).span_count], [1, 1]);
    ci.engine.profile({ output: "spool" });
    assertEquals(ci.engine.health().spool_dir, join(folder.path, "spool"));
    ci.engine.shutdown();
    assertEquals(readSpool().span_count, 2);
    assertEquals(readdirSync(folder.path).sort(), ["journal", "spool"]);
  });
});

test("CIRRON_OUTPUT_DIR counts for nothing where outputDir is given", () => {
  using folder = new TempDirectory();
  withEnv({ CIRRON_OUTPUT_DIR: join(folder.path, "not") }, () => {
    const ci = new TestEngine();
    ci.engine.profile({ outputDir: folder.path });
    assertEquals(dirname(dirname(ci.engine.health().journal_dir!)), folder.path);
    ci.engine.shutdown();
  });
});

const SPOOL_BYTES: [given: string, files: number, warnings: string[]][] = [
  ["1", 1, []],
  ["1000000", 3, []],
  ["1e3", 3, ['[cirron] CIRRON_SPOOL_MAX_BYTES must be a whole number from 0 on, got "1e3"; it is ignored']],
  ["-1", 3, ['[cirron] CIRRON_SPOOL_MAX_BYTES must be a whole number from 0 on, got "-1"; it is ignored']],
];
for (const [given, files, warnings] of SPOOL_BYTES) {
  test(`CIRRON_SPOOL_MAX_BYTES=${given} keeps ${files} of three files, the session's start among them`, () => {
    using folder = new TempDirectory();
    const ci = new TestEngine();
    withEnv({ CIRRON_SPOOL_MAX_BYTES: given }, () => {
      ci.engine.profile({ output: "spool", outputDir: folder.path });
      ci.scope("x").end();
      ci.engine.flush();
      ci.clock.us(1);
      ci.engine.shutdown();
      assertEquals(readdirSync(folder.path).length, files);
      ci.engine.profile({ output: "spool", outputDir: folder.path });
      ci.engine.shutdown();
    });
    assertEquals(ci.warnings, warnings); // once, whatever the number of sessions
  });
}

test("spoolMaxBytes counts before CIRRON_SPOOL_MAX_BYTES", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  withEnv(
    { CIRRON_SPOOL_MAX_BYTES: "x" },
    () => ci.engine.profile({ output: "spool", outputDir: folder.path, spoolMaxBytes: 1e6 }),
  );
  ci.engine.shutdown();
  assertEquals(ci.warnings, []);
});

const INTERVALS: [given: string, ms: number | undefined][] = [
  ["2", 2000],
  ["0.25", 250],
  [" 1e1 ", 10_000],
  ["", undefined],
  ["0", undefined],
  ["-1", undefined],
  ["1s", undefined],
  ["nan", undefined],
  ["Infinity", undefined],
  ["1".repeat(1e5), undefined],
];
for (const [given, ms] of INTERVALS) {
  test(`CIRRON_FLUSH_INTERVAL="${given.slice(0, 10)}" is ${ms} ms`, () => {
    const warnings: string[] = [];
    withEnv({ CIRRON_FLUSH_INTERVAL: given }, () => {
      assertEquals(withEnvironment({}, message => void warnings.push(message)).flushIntervalMs, ms);
      assertEquals(withEnvironment({ flushIntervalMs: 7 }, () => {}).flushIntervalMs, 7);
    });
    assertEquals(warnings.length, ms === undefined && given !== "" ? 1 : 0);
    for (const warning of warnings) {
      assert(
        warning.startsWith(
          "CIRRON_FLUSH_INTERVAL must be a number of seconds from 0.001 to 2147483.647, got",
        ),
        warning,
      );
      assert(warning.length < 1000);
    }
  });
}

test("A session without sinks asks the environment for none of their options", () => {
  const ci = new TestEngine();
  withEnv({ CIRRON_FLUSH_INTERVAL: "x", CIRRON_SPOOL_MAX_BYTES: "x" }, () => ci.profile());
  assertEquals(ci.warnings, []);
});

function sessionAttrs(): Record<string, unknown> {
  const ci = new TestEngine();
  ci.profile();
  return ci.dict({ open: true }).roots[0].attrs;
}

function withEnv(env: Record<string, string | undefined>, act: () => void): void {
  const before = Object.fromEntries(Object.keys(env).map(name => [name, process.env[name]]));
  const set = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(env);
  try {
    act();
  } finally {
    set(before);
  }
}

test("scope() in a session hangs on its root span", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("a").end();
  ci.scope("b", () => {});
  for (const _ of ci.epochs(1));
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        a
        b
        epoch[0]
    `),
  );
});

test("profile() measures the root span until shutdown()", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(90);
  ci.engine.shutdown();
  assertEquals(ci.dict().roots[0].wall_us, 90);
});

test("profile() reads the system's clock again for each session", () => {
  const ci = new TestEngine();
  ci.scope("before").end();
  const before = ci.dict().roots[0].start_us;
  const unixNs = ci.clock.unixNs;
  (ci.clock as { unixNs: () => bigint }).unixNs = () => unixNs() + 3_600_000_000_000n; // the system's clock jumped
  ci.scope("same").end();
  assertEquals(ci.dict().roots[1].start_us, before);
  ci.profile();
  assertEquals(ci.dict({ open: true }).roots[0].start_us, before + 3_600_000_000);
});

// Twice.

test("profile() while a session runs returns the same Profiler", () => {
  const ci = new TestEngine();
  assertStrictEquals(ci.profile(), ci.profile());
});

test("profile() while a session runs warns once", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 4; i++) ci.profile();
  assertEquals(ci.warnings, [
    "[cirron] profile() was called while a session is running; its options are ignored",
  ]);
});

test("profile() while a session runs warns once in each session", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 2; i++) {
    ci.profile();
    ci.profile();
    ci.profile();
    ci.engine.shutdown();
  }
  assertEquals(ci.warnings.length, 2);
});

test("profile() while a session runs keeps what was recorded and ignores its options", () => {
  const ci = new TestEngine();
  ci.profile();
  for (let i = 0; i < 3; i++) ci.scope("x").end();
  ci.profile({ traceBufferMaxSpans: 1, enabled: false, counters: { cpu: false } });
  const { enabled, span_count, probes } = ci.engine.health();
  assertEquals([enabled, span_count, probes.cpu.present], [true, 3, true]);
});

test("profile() while a session runs still checks its options", () => {
  const ci = new TestEngine();
  ci.profile();
  assertThrows(() => ci.profile({ traceBufferMaxSpans: 0 }), RangeError);
  assertThrows(() => ci.profile({ output: "bogus" as "none" }), RangeError);
});

// Ends.

test("shutdown() closes what is open, innermost first, the root span last", () => {
  const ci = new TestEngine();
  ci.profile();
  const a = ci.scope("a");
  ci.scope("b");
  ci.scope("c");
  ci.engine.shutdown();
  // `last` ranks by the order of close.
  assertEquals(ci.dict({ last: 1 }).roots[0].name, "cirron.session");
  assertEquals(
    ci.shape({ last: 3 }),
    literal(`
      cirron.session
        a
          b
    `),
  );
  assertEquals([ci.engine.health().misnested_count, ci.engine.health().open_count], [0, 0]);
  a.end();
  assertEquals(ci.dict().span_count, 4);
});

test("shutdown() closes scopes of every flow without counting them as mis-nested", () => {
  const ci = new TestEngine();
  ci.profile();
  const never = Promise.withResolvers<void>().promise;
  for (const name of ["a", "b"]) {
    void ci.scope(name, async () => {
      using _inner = ci.scope("inner");
      await never;
    });
  }
  ci.scope("c");
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        a
          inner
        b
          inner
        c
    `),
  );
  assertEquals([ci.engine.health().misnested_count, ci.warnings], [0, []]);
});

test("shutdown() with a function still at work: its end closes nothing twice", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = Promise.withResolvers<number>();
  const result = ci.scope("x", () => gate.promise);
  ci.engine.shutdown();
  gate.resolve(8);
  assertEquals(await result, 8);
  assertEquals(ci.dict().span_count, 2);
});

test("shutdown() twice does nothing the second time", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.engine.shutdown();
  ci.scope("after");
  ci.engine.shutdown();
  assertEquals([ci.engine.health().open_count, ci.dict().span_count], [1, 1]);
});

test("shutdown() without a session does nothing", () => {
  const ci = new TestEngine();
  ci.scope("open");
  ci.engine.shutdown();
  assertEquals(ci.shape({ open: true }), "open open");
});

test("shutdown() leaves the buffer to be read", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("x", () => ci.mark("m", 1));
  ci.engine.shutdown();
  const shown = literal(`
    cirron.session
      x {m=1}
  `);
  assertEquals([ci.shape(), ci.shape()], [shown, shown]);
});

test("scope() after shutdown() is added to the same buffer, as a root", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.engine.shutdown();
  ci.scope("after").end();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
      after
    `),
  );
});

test("profile() after shutdown() starts an empty buffer", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("x").end();
  ci.engine.shutdown();
  ci.profile();
  assertEquals(ci.shape({ open: true }), "cirron.session open");
});

test("profile() after scopes without a session starts an empty buffer", () => {
  const ci = new TestEngine();
  ci.scope("x").end();
  ci.profile();
  assertEquals(ci.dict(), { roots: [], span_count: 0 });
});

test("profile() leaves scopes open that are, and shows them", () => {
  const ci = new TestEngine();
  const early = ci.scope("early");
  ci.clock.us(5);
  ci.profile();
  ci.clock.us(5);
  early.end();
  const [node] = ci.dict().roots;
  assertEquals([node.name, node.parent_id, node.wall_us], ["early", null, 10]);
});

test("profile() gives no CPU time to scopes that were opened before it", () => {
  const ci = new TestEngine();
  const early = ci.scope("early");
  ci.profile({ counters: { cpu: "thread" } });
  early.end();
  assertEquals(nodeNamed(ci.dict(), "early").cpu_ns, null);
});

test("profile() starts every count anew", () => {
  const ci = new TestEngine(1);
  const spoil = () => {
    const a = ci.scope("a");
    ci.scope("b").mark("m", 1);
    for (let i = 0; i < 1025; i++) ci.mark("m", i);
    a.end();
    a.mark("late", 1);
    ci.engine.recording.scope("c", undefined, undefined, null);
  };
  ci.profile();
  spoil();
  ci.engine.shutdown();
  ci.profile();
  const { span_count, span_evict_count, mark_drop_count, mark_evict_count, misnested_count } = ci.engine
    .health();
  assertEquals([span_count, span_evict_count, mark_drop_count, mark_evict_count, misnested_count], [
    0,
    0,
    0,
    0,
    0,
  ]);
});

test("profile() warns of mis-nesting and dropped marks once in each session", () => {
  const ci = new TestEngine();
  for (let session = 0; session < 2; session++) {
    ci.profile();
    for (let i = 0; i < 2; i++) {
      const a = ci.scope("a");
      const b = ci.scope("b");
      a.end();
      b.end();
      b.mark("late", 1);
    }
    ci.engine.shutdown();
  }
  assertEquals(ci.warnings.length, 4);
});

test("Profiler.shutdown() ends its session", () => {
  const ci = new TestEngine();
  const profiler = ci.profile();
  profiler.shutdown();
  profiler.shutdown();
  assertEquals(ci.shape(), "cirron.session");
});

test("Profiler.shutdown() of an earlier session leaves the one that runs alone", () => {
  const ci = new TestEngine();
  const earlier = ci.profile();
  earlier.shutdown();
  ci.profile();
  earlier.shutdown();
  assertEquals(ci.shape({ open: true }), "cirron.session open");
});

test("Profiler is disposed by `using`", () => {
  const ci = new TestEngine();
  {
    using _profiler = ci.profile();
    ci.scope("x").end();
  }
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        x
    `),
  );
});

test("Profiler.flush() and Profiler.health() are those of the engine", () => {
  const ci = new TestEngine();
  const profiler = ci.profile();
  ci.scope("x").end();
  profiler.flush();
  assertEquals(profiler.health(), ci.engine.health());
  assertEquals(profiler.health().span_count, 1);
});

// Off.

test("profile({ enabled: false }) records nothing", async () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  {
    using x = ci.scope("x", { index: 1 });
    x.mark("m", 1);
    using y = x.scope("y");
    y.end();
    x.scope("z", () => ci.mark("n", 2));
  }
  for (const _ of ci.epochs(2)) ci.mark("m", 1);
  for await (const _ of ci.batches([1])) ci.mark("m", 1);
  ci.mark("outside", 1);
  assertEquals(ci.dict({ open: true }), { roots: [], span_count: 0 });
});

test("profile({ enabled: false }) reads no clock to record", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  ci.clock.stepNs = 1;
  const before = ci.clock.ns;
  ci.scope("x", () => ci.mark("m", 1));
  for (const _ of ci.batches(3)) ci.scope("y").end();
  assertEquals([ci.clock.ns - before, ci.clock.cpuReads], [0, 0]);
});

test("profile({ enabled: false }) passes values of functions through", async () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const value = {};
  assertStrictEquals(ci.scope("x", () => value), value);
  assertStrictEquals(ci.scope("x", { index: 1 }, () => value), value);
  assertStrictEquals(ci.scope("x", scope => scope.scope("y", () => value)), value);
  assertStrictEquals(ci.scope("x").scope("y", {}, () => value), value);
  const promise = Promise.resolve(value);
  assertStrictEquals(ci.scope("x", () => promise), promise);
  assertStrictEquals(await promise, value);
});

test("profile({ enabled: false }) passes errors of functions through", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const error = new Error("boom");
  assertStrictEquals(
    assertThrows(() =>
      ci.scope("x", () => {
        throw error;
      })
    ),
    error,
  );
});

test("profile({ enabled: false }) iterates sources as they are", async () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const values = [1, 2];
  assertEquals([...ci.batches(values)], values);
  assertEquals([...ci.epochs(3)], [0, 1, 2]);
  const got: number[] = [];
  for await (
    const value of ci.batches(async function*() {
      yield 4;
    }())
  ) got.push(value);
  assertEquals(got, [4]);
});

test("profile({ enabled: false }) still refuses sources that cannot be iterated", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  assertThrows(() => ci.epochs(-1), RangeError);
  assertThrows(() => ci.batches({} as number[]), TypeError);
});

test("profile({ enabled: false }) makes loops that began before it record nothing when iterated", () => {
  const ci = new TestEngine();
  const loop = ci.epochs(2);
  ci.profile({ enabled: false });
  assertEquals([...loop], [0, 1]);
  assertEquals(ci.dict().span_count, 0);
});

test("profile({ enabled: false }) shows in health()", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const { enabled, output, scope_depth, open_count } = ci.engine.health();
  assertEquals([enabled, output, scope_depth, open_count], [false, [], 0, 0]);
});

test("profile({ enabled: false }) needs no output", () => {
  const ci = new TestEngine();
  ci.engine.profile({ enabled: false });
  assertEquals(ci.engine.health().enabled, false);
});

test("profile({ enabled: false }) lets scopes that are open close", () => {
  const ci = new TestEngine();
  const early = ci.scope("early");
  ci.profile({ enabled: false });
  early.end();
  assertEquals(ci.engine.health().open_count, 0);
});

test("profile() while a session is off warns and stays off", () => {
  const ci = new TestEngine();
  const off = ci.profile({ enabled: false });
  assertStrictEquals(ci.profile(), off);
  assertEquals([ci.warnings.length, ci.engine.health().enabled], [1, false]);
});

test("shutdown() of a session that is off lets recording go on", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  ci.scope("off").end();
  ci.engine.shutdown();
  assertEquals(ci.engine.health().enabled, true);
  ci.scope("on").end();
  assertEquals(ci.shape(), "on");
});

test("shutdown() of a session that is off closes no scope of before it", () => {
  const ci = new TestEngine();
  ci.scope("early");
  ci.profile({ enabled: false });
  ci.engine.shutdown();
  assertEquals(ci.shape({ open: true }), "early open");
});

test("profile() after a session that was off records", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  ci.engine.shutdown();
  ci.profile();
  ci.scope("x").end();
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        x
    `),
  );
});

test("A scope of a session that is off has all the methods, frozen", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const x = ci.scope("x");
  assert(Object.isFrozen(x));
  assertEquals([x.mark("m", 1), x.end(), x[Symbol.dispose]()], [undefined, undefined, undefined]);
});

test("mark() of a session that is off checks nothing", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  ci.mark("m", null as unknown as MarkValue, null as unknown as MarkOptions);
  assertEquals(ci.engine.health().mark_drop_count, 0);
});

// Options.

for (const output of ["bogus", "", "None", "spool "]) {
  test(`profile() throws RangeError for the output ${JSON.stringify(output)}, and starts nothing`, () => {
    const ci = new TestEngine();
    ci.scope("before").end();
    for (const given of [output, ["none", output]]) {
      assertThrows(
        () => ci.engine.profile({ output: given as "none" }),
        RangeError,
        `unknown output ${JSON.stringify(output)}`,
      );
    }
    assertEquals([ci.shape({ open: true }), ci.engine.health().output], ["before", []]);
  });
}

const OUTPUTS: [what: string, options: ProfileOptions | undefined, output: string[]][] = [
  ["no output", undefined, ["journal"]],
  ["the output undefined", { output: undefined }, ["journal"]],
  ["the output null", { output: null }, ["journal"]],
  ['"journal"', { output: "journal" }, ["journal"]],
  ['"spool"', { output: "spool" }, ["spool"]],
  ['"log"', { output: "log" }, ["log"]],
  ['"stdout"', { output: "stdout" }, ["stdout"]],
  ["a list", { output: ["log", "stdout"] }, ["log", "stdout"]],
  ["a name twice", { output: ["log", "log"] }, ["log"]],
  ["a sink of the user's own", { output: { emit() {} } }, ["custom"]],
  ["a list with a sink of the user's own", { output: ["stdout", { emit() {} }] }, ["stdout", "custom"]],
];
for (const [what, options, output] of OUTPUTS) {
  test(`profile() with ${what} has the outputs ${JSON.stringify(output)}`, () => {
    using folder = new TempDirectory();
    const ci = new TestEngine();
    ci.engine.profile({ logger: { info() {} }, ...options, outputDir: folder.path });
    assertEquals(ci.engine.health().output, output);
    const { spool_dir, journal_dir } = ci.engine.health();
    assertEquals([spool_dir !== null, journal_dir !== null], [
      output.includes("spool"),
      output.includes("journal"),
    ]);
    ci.engine.shutdown();
    assertEquals([ci.shape(), ci.warnings], ["cirron.session", []]);
  });
}

const NO_OUTPUTS: [what: string, output: unknown][] = [
  ["true", true],
  ["an object without emit", {}],
  ["an object whose emit is no function", { emit: 1 }],
  ["a function", () => {}],
  ["null in a list", ["log", null]],
  ["a list in a list", [["log"]]],
  ['null beside "none"', ["none", null]],
];
for (const [what, output] of NO_OUTPUTS) {
  test(`profile() throws TypeError for the output ${what}, and starts nothing`, () => {
    const ci = new TestEngine();
    ci.scope("before").end();
    assertThrows(() => ci.engine.profile({ output: output as "none" }), TypeError);
    assertEquals([ci.shape({ open: true }), ci.engine.health().output], ["before", []]);
  });
}

for (const output of ["none", ["none"], ["stdout", "none"], ["none", "spool"], []] as const) {
  test(`profile() with the output ${JSON.stringify(output)} keeps the trace in memory`, () => {
    const ci = new TestEngine();
    ci.engine.profile({ output });
    assertEquals(ci.engine.health().output, []);
    assertEquals(ci.shape({ open: true }), "cirron.session open");
  });
}

const WRONG_TYPES: [what: string, options: unknown][] = [
  ["options null", null],
  ["options of the type string", "none"],
  ["enabled: 1", { enabled: 1 }],
  ["counters: true", { counters: true }],
  ["counters.memory: 1", { counters: { memory: 1 } }],
  ['counters.gpu: "yes"', { counters: { gpu: "yes" } }],
  ['counters.cpuCoalesceNs: "5"', { counters: { cpuCoalesceNs: "5" } }],
  ['traceBufferMaxSpans: "10"', { traceBufferMaxSpans: "10" }],
  ["outputDir: 1", { outputDir: 1 }],
  ['spoolMaxBytes: "1"', { spoolMaxBytes: "1" }],
  ['journalMaxBytes: "1"', { journalMaxBytes: "1" }],
  ["parent: {}", { parent: {} }],
  ["logger: {}", { logger: {} }],
];
for (const [what, options] of WRONG_TYPES) {
  test(`profile() throws TypeError for ${what}, and starts nothing`, () => {
    const ci = new TestEngine();
    const given = (typeof options === "object" && options !== null
      ? { output: "none", ...options }
      : options) as ProfileOptions;
    assertThrows(() => ci.engine.profile(given), TypeError);
    assertEquals(ci.dict({ open: true }).span_count, 0);
  });
}

test("profile() takes null for an option as it takes one that is left out", () => {
  const ci = new TestEngine();
  ci.engine.profile({
    output: "none",
    outputDir: null,
    spoolMaxBytes: null,
    journalMaxBytes: null,
    parent: null,
    flushIntervalMs: null,
    logger: null,
    counters: { cpu: null, cpuCoalesceNs: null, memory: null, gpu: null },
    traceBufferMaxSpans: null,
    enabled: null,
  });
  const { enabled, probes } = ci.engine.health();
  assertEquals([enabled, probes.cpu.present, probes.memory.present], [true, true, false]);
  ci.engine.shutdown();
  ci.engine.profile({ output: "none", counters: null });
  assertEquals(ci.engine.health().probes.cpu.present, true);
});

const MISSPELT: [options: unknown, message: string][] = [
  [{ flushInterval: 5 }, 'Cannot profile: unknown option "flushInterval", did you mean "flushIntervalMs"?'],
  [{ flush_interval: 5 }, 'unknown option "flush_interval", did you mean "flushIntervalMs"?'],
  [{ trace_buffer_max_spans: 5 }, 'did you mean "traceBufferMaxSpans"?'],
  [{ maxSpans: 5 }, 'did you mean "traceBufferMaxSpans"?'],
  [{ ouput: "none" }, 'did you mean "output"?'],
  [{ outDir: "x" }, 'did you mean "outputDir"?'],
  [{ counters: { mem: true } }, 'Cannot choose counters: unknown option "mem", did you mean "memory"?'],
  [{ counters: { disk: true } }, 'unknown option "disk", expected "cpu", "cpuCoalesceNs", "gpu", "memory"'],
  [{ quiet: true }, 'unknown option "quiet", expected "output", "outputDir"'],
];
for (const [options, message] of MISSPELT) {
  test(`profile() throws TypeError for ${JSON.stringify(options)} and says what was meant`, () => {
    const ci = new TestEngine();
    assertThrows(() => ci.engine.profile(options as ProfileOptions), TypeError, message);
    assertEquals(ci.dict({ open: true }).span_count, 0);
  });
}

const OUT_OF_BOUNDS: [what: string, options: unknown][] = [
  ['counters.cpu: "gpu"', { counters: { cpu: "gpu" } }],
  ["counters.cpuCoalesceNs: -1", { counters: { cpuCoalesceNs: -1 } }],
  ["counters.cpuCoalesceNs: NaN", { counters: { cpuCoalesceNs: NaN } }],
  ...[0, -1, NaN, 2 ** 31, Infinity].map(ms =>
    [`flushIntervalMs: ${ms}`, { flushIntervalMs: ms }] as [string, unknown]
  ),
  ...[-1, NaN].map(bytes => [`spoolMaxBytes: ${bytes}`, { spoolMaxBytes: bytes }] as [string, unknown]),
  ...[-1, NaN].map(bytes => [`journalMaxBytes: ${bytes}`, { journalMaxBytes: bytes }] as [string, unknown]),
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 53].map(max =>
    [`traceBufferMaxSpans: ${max}`, { traceBufferMaxSpans: max }] as [string, unknown]
  ),
];
for (const [what, options] of OUT_OF_BOUNDS) {
  test(`profile() throws RangeError for ${what}, and starts nothing`, () => {
    const ci = new TestEngine();
    assertThrows(() => ci.profile(options as ProfileOptions), RangeError);
    assertEquals(ci.dict({ open: true }).span_count, 0);
  });
}

test("profile({ traceBufferMaxSpans }) bounds the buffer", () => {
  const ci = new TestEngine();
  ci.profile({ traceBufferMaxSpans: 3 });
  for (let i = 0; i < 10; i++) ci.scope("x", { index: i }).end();
  assertEquals(ci.dict().roots.map(root => root.index), [7, 8, 9]);
  const { span_count, span_evict_count } = ci.engine.health();
  assertEquals([span_count, span_evict_count], [3, 7]);
});

test("profile() without traceBufferMaxSpans takes the default bound, whatever the session before had", () => {
  const ci = new TestEngine();
  ci.profile({ traceBufferMaxSpans: 2 });
  ci.engine.shutdown();
  ci.profile();
  for (let i = 0; i < 5; i++) ci.scope("x").end();
  assertEquals(ci.engine.health().span_count, 5);
});

test("Engine.setMaxSpans() bounds the buffer at once, also of a session that runs", () => {
  const ci = new TestEngine();
  ci.profile();
  for (let i = 0; i < 5; i++) ci.scope("x", { index: i }).end();
  ci.engine.setMaxSpans(2);
  assertEquals(ci.dict().roots.map(root => root.index), [3, 4]);
  assertEquals(ci.engine.health().span_evict_count, 3);
});

// Counters.

test("profile({ counters: { cpu: false } }) records no CPU time", () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpu: false } });
  ci.scope("x").end();
  assertEquals([ci.dict().roots[0].cpu_ns, ci.clock.cpuReads], [null, 0]);
  assertEquals(ci.engine.health().probes.cpu, {
    present: false,
    source: null,
    reason: "off (counters: { cpu: false })",
  });
});

test("profile() takes the default counters again after a session with others", () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpu: false } });
  ci.engine.shutdown();
  ci.profile();
  assertEquals(ci.engine.health().probes.cpu, {
    present: true,
    source: "fake process",
    reason: null,
    coalesce_ns: 5000,
  });
});

// health().

test("health() before anything was recorded is complete", () => {
  const expected: Health = {
    enabled: true,
    installed_hooks: [],
    platform_context: {},
    transport: "file_only",
    output: [],
    scope_depth: 0,
    open_count: 0,
    span_count: 0,
    span_evict_count: 0,
    mark_drop_count: 0,
    change_drop_count: 0,
    mark_evict_count: 0,
    misnested_count: 0,
    sink_error_count: 0,
    internal_error_count: hostCallFailures(),
    sink_drop_count: 0,
    spool_drop_count: 0,
    spool_span_drop_count: 0,
    spool_mark_drop_count: 0,
    spool_bytes: 0,
    spool_dir: null,
    journal_drop_count: 0,
    journal_span_drop_count: 0,
    journal_mark_drop_count: 0,
    journal_waiting_span_count: 0,
    journal_bytes: 0,
    journal_dir: null,
    thread_count: 1,
    sinks: [],
    flush_latency_ns: null,
    overhead: { estimated_ns: 0, span_ns: 0, mark_ns: 0, counter_ns: 0, flush_ns: 0 },
    probes: {
      wall: { present: true, source: "fake", reason: null },
      cpu: { present: true, source: "fake process", reason: null, coalesce_ns: 5000 },
      gpu: { ...NO_GPU, reason: "no session: profile() turns it on" },
      memory: {
        present: false,
        source: null,
        reason: "off (profile({ counters: { memory: true } }) turns it on)",
      },
    },
  };
  assertEquals(new TestEngine().engine.health(), expected);
});

test("health() counts what happened", () => {
  const ci = new TestEngine(2);
  ci.profile();
  for (let i = 0; i < 5; i++) ci.scope("x").end();
  const a = ci.scope("a");
  const b = ci.scope("b");
  a.end();
  b.mark("in time", 1);
  a.mark("late", 1);
  for (let i = 0; i < 1026; i++) ci.mark("m", i);
  const {
    scope_depth,
    open_count,
    span_count,
    span_evict_count,
    mark_drop_count,
    mark_evict_count,
    misnested_count,
  } = ci.engine.health();
  assertEquals(
    {
      scope_depth,
      open_count,
      span_count,
      span_evict_count,
      mark_drop_count,
      mark_evict_count,
      misnested_count,
    },
    {
      scope_depth: 2,
      open_count: 2,
      span_count: 2,
      span_evict_count: 4,
      mark_drop_count: 1,
      mark_evict_count: 3,
      misnested_count: 1,
    },
  );
});

test("health() is a copy", () => {
  const ci = new TestEngine();
  const before = ci.engine.health();
  before.output.push("mine");
  before.installed_hooks.push("mine");
  ci.scope("x").end();
  assertEquals([before.span_count, ci.engine.health().span_count], [0, 1]);
  assertEquals([ci.engine.health().output, ci.engine.health().installed_hooks], [[], []]);
});

test("health() counts the session's root span into the depth", () => {
  const ci = new TestEngine();
  ci.profile();
  const depths = [ci.engine.health().scope_depth];
  ci.scope("x", () => depths.push(ci.engine.health().scope_depth));
  ci.engine.shutdown();
  depths.push(ci.engine.health().scope_depth);
  assertEquals(depths, [1, 2, 0]);
});

// The engine itself.

test("Engine opens nothing until it is used", () => {
  const clock = new FakeClock();
  clock.stepNs = 1;
  const before = clock.ns;
  const engine = new Engine({ clock });
  engine.setMaxSpans(5);
  engine.shutdown();
  assertEquals(clock.ns, before);
});

test("Engine makes 16 random hex characters the end of its ids, one for all, and the start is each span's own", () => {
  const ids = [1, 2].map(() => {
    const engine = new Engine({ clock: new FakeClock() });
    for (let i = 0; i < 2; i++) engine.recording.scope("x", undefined, () => {}, null);
    const { roots } = new Host(engine).trace({ format: "dict" }) as ReturnType<TestEngine["dict"]>;
    return roots.map(root => root.id);
  });
  assertMatch(ids[0][0], /^[0-9a-f]{32}$/);
  assertEquals(ids.map(([a, b]) => a.slice(16) === b.slice(16)), [true, true]);
  assertEquals(ids[0][0].slice(16) === ids[1][0].slice(16), false);
  assertEquals(new Set(ids.flat().map(id => id.slice(0, 16))).size, 4);
});

test("Engine survives a console that throws", () => {
  const engine = new Engine({
    clock: new FakeClock(),
    warn() {
      throw new Error("no console");
    },
  });
  engine.profile({ output: "none" });
  engine.profile({ output: "none" });
  assertEquals(engine.health().enabled, true);
});
