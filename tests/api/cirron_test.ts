import {
  batches,
  Cirron,
  CirronDependencyError,
  CirronError,
  epochs,
  flush,
  getDefault,
  health,
  mark,
  profile,
  type ProfileOptions,
  scope,
  shutdown,
  trace,
} from "@cirron/sdk";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { engine } from "../../src/api/shared.ts";
import { DEFAULT_MAX_SPANS } from "../../src/record/ring.ts";
import { literal, shape } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** A test on the process's engine, which it finds and leaves as the package made it. */
function sharedTest(name: string, act: () => void | Promise<void>): void {
  test(name, async () => {
    reset();
    try {
      await act();
    } finally {
      reset();
    }
  });
}

function reset(): void {
  shutdown();
  new Cirron({ traceBufferMaxSpans: DEFAULT_MAX_SPANS });
  profile({ output: "none" }); // forgets what was recorded
  shutdown();
}

/** The names of what `trace()` shows, but for the session of {@link reset}. */
function shown(): string {
  return shape(trace({ format: "dict" })).split("\n").slice(1).join("\n");
}

// The functions.

sharedTest("scope(), mark(), epochs() and batches() record into one trace", () => {
  profile({ output: "none" });
  for (const epoch of epochs(1)) {
    for (const batch of batches(["a"])) {
      scope("step", { index: 4 }, () => mark("batch", batch));
      using inner = scope("inner");
      inner.mark("epoch", epoch);
    }
  }
  shutdown();
  assertEquals(
    shape(trace({ format: "dict" })),
    literal(`
      cirron.session
        epoch[0]
          batch[0]
            step[4] {batch=a}
            inner {epoch=0}
    `),
  );
});

sharedTest("scope() works without profile()", () => {
  assertEquals(scope("x", () => 5), 5);
  assertEquals(shown(), "x");
});

sharedTest("scope() with an async function gives its value", async () => {
  assertEquals(await scope("x", async () => await Promise.resolve(5)), 5);
  assertEquals(shown(), "x");
});

sharedTest("batches() over an async source give its values", async () => {
  const got: number[] = [];
  for await (
    const value of batches(async function*() {
      yield 1;
    }())
  ) got.push(value);
  assertEquals([got, shown()], [[1], "batch[0]"]);
});

sharedTest("scope() measures real time", () => {
  scope("x", () => {
    const until = performance.now() + 5;
    while (performance.now() < until);
  });
  const { wall_us, start_us } = nodeNamed(trace({ format: "dict" }), "x");
  assert(wall_us > 4900 && wall_us < 5_000_000, `${wall_us} us`);
  assert(Math.abs(start_us / 1000 - Date.now()) < 60_000, `started at ${start_us} us`);
});

sharedTest("profile() twice returns the same Profiler and warns", () => {
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (...data: unknown[]) => void warnings.push(...data);
  try {
    const first = profile({ output: "none" });
    assertStrictEquals(profile({ output: "none" }), first);
    assertStrictEquals(getDefault().profile({ output: "none" }), first);
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings, [
    "[cirron] profile() was called while a session is running; its options are ignored",
  ]);
});

sharedTest("profile() without an output writes a journal", () => {
  using folder = new TempDirectory();
  profile({ outputDir: folder.path });
  scope("x").end();
  const { output, journal_dir, spool_dir, thread_count } = health();
  assertEquals([output, spool_dir, thread_count], [["journal"], null, 1]);
  shutdown();
  const [run, ...others] = readdirSync(folder.path).filter(name => name !== ".pids");
  assertEquals([journal_dir, others], [join(folder.path, run, "0"), []]);
  assertEquals(readdirSync(journal_dir!).sort(), ["opens.arrow", "session.json", "spans.arrow"]);
});

sharedTest("profile() throws RangeError for an unknown output", () => {
  assertThrows(() => profile({ output: "bogus" as "none" }), RangeError, 'unknown output "bogus"');
});

sharedTest("profile({ enabled: false }) makes the functions record nothing until shutdown()", () => {
  profile({ enabled: false });
  assertEquals(scope("off", () => 1), 1);
  mark("off", 1);
  assertEquals([...epochs(2)], [0, 1]);
  assertEquals(health().enabled, false);
  shutdown();
  scope("on").end();
  assertEquals(shown(), "on");
});

sharedTest("shutdown() twice is a no-op", () => {
  profile({ output: "none" });
  shutdown();
  shutdown();
  assertEquals(trace({ format: "dict" }).span_count, 1);
});

sharedTest("flush() returns nothing and changes nothing", () => {
  scope("x").end();
  assertEquals(flush(), undefined);
  assertEquals(shown(), "x");
});

sharedTest("health() names the clocks of this process", () => {
  const { probes } = health();
  assert(probes.wall.present && probes.wall.source !== null && probes.wall.reason === null);
  assert(probes.cpu.present === (probes.cpu.source !== null));
});

sharedTest("health() has every field", () => {
  assertEquals(
    Object.keys(health()).toSorted(),
    [
      "change_drop_count",
      "enabled",
      "flush_latency_ns",
      "installed_hooks",
      "internal_error_count",
      "journal_bytes",
      "journal_dir",
      "journal_drop_count",
      "journal_mark_drop_count",
      "journal_span_drop_count",
      "journal_waiting_span_count",
      "mark_drop_count",
      "mark_evict_count",
      "misnested_count",
      "open_count",
      "output",
      "overhead",
      "platform_context",
      "probes",
      "scope_depth",
      "sink_drop_count",
      "sink_error_count",
      "sinks",
      "span_count",
      "span_evict_count",
      "spool_bytes",
      "spool_dir",
      "spool_drop_count",
      "spool_mark_drop_count",
      "spool_span_drop_count",
      "thread_count",
      "transport",
    ],
  );
});

sharedTest("trace() prints the tree and gives undefined", () => {
  scope("x").end();
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...data: unknown[]) => void printed.push(...data);
  let result: unknown;
  try {
    result = trace({ last: 1 });
  } finally {
    console.log = log;
  }
  assertEquals(result, undefined);
  assertEquals([printed.length, String(printed[0]).startsWith("x - ")], [1, true]);
});

test("getDefault() gives the same instance each time", () => {
  assertStrictEquals(getDefault(), getDefault());
  assertInstanceOf(getDefault(), Cirron);
});

test("CirronDependencyError is a CirronError and an Error, by name too", () => {
  const error = new CirronDependencyError("missing");
  assertInstanceOf(error, CirronError);
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.message], ["CirronDependencyError", "missing"]);
});

// The shared engine.

test("The engine is found under its Symbol.for", () => {
  const key = Symbol.for("@cirron/sdk/engine/1");
  assertStrictEquals((globalThis as { [key: symbol]: unknown })[key], engine);
});

sharedTest("A second copy of the package records into the same engine", async () => {
  // Another URL for the same file is another copy of it; its own imports are shared, which makes no difference.
  const other = await import(new URL("../../src/api/shared.ts?copy=2", import.meta.url).href);
  assertStrictEquals(other.engine, engine);
});

// Instances.

sharedTest("Cirron has every function as a method", () => {
  const ci = new Cirron();
  assertEquals(
    [ci.scope, ci.mark, ci.epochs, ci.batches, ci.trace, ci.flush, ci.health, ci.shutdown, ci.getDefault],
    [scope, mark, epochs, batches, trace, flush, health, shutdown, getDefault],
  );
  assertEquals(typeof ci.profile, "function");
});

sharedTest("Cirron methods work when taken off their instance", () => {
  const { scope, mark, trace } = new Cirron();
  scope("x", () => mark("m", 1));
  assertEquals(trace({ format: "dict", last: 1 }).roots[0].marks[0].value, 1);
});

sharedTest("Two Cirron instances share the buffer", () => {
  const one = new Cirron();
  const other = new Cirron();
  one.scope("a", () => other.scope("b", () => other.mark("m", 1)));
  const dicts = [one, other].map(ci => ci.trace({ format: "dict" }));
  assertEquals(dicts[0], dicts[1]);
  assertEquals(
    shown(),
    literal(`
      a
        b {m=1}
    `),
  );
});

sharedTest("Two Cirron instances share the session", () => {
  const one = new Cirron({ output: "none" });
  const other = new Cirron({ output: "none" });
  one.profile();
  other.shutdown();
  assertEquals(health().scope_depth, 0);
});

sharedTest("Cirron starts nothing when made", () => {
  new Cirron({ output: "none", counters: { cpu: false } });
  assertEquals([health().scope_depth, health().probes.cpu.reason], [0, null]);
});

sharedTest("Cirron.profile() takes the instance's options", () => {
  const ci = new Cirron({ output: "none", counters: { cpu: false } });
  ci.profile();
  assertEquals(health().probes.cpu.reason, "off (counters: { cpu: false })");
});

sharedTest("Cirron.profile() takes its own options over the instance's", () => {
  const ci = new Cirron({ output: "none", enabled: false });
  ci.profile({ enabled: true });
  assertEquals(health().enabled, true);
});

sharedTest("Cirron.profile() takes undefined for not given", () => {
  const ci = new Cirron({ output: "none", enabled: false });
  ci.profile({ output: undefined, enabled: undefined });
  assertEquals(health().enabled, false);
});

sharedTest("Cirron keeps a copy of its options", () => {
  const options: ProfileOptions = { output: "none", enabled: false };
  const ci = new Cirron(options);
  options.enabled = true;
  ci.profile();
  assertEquals(health().enabled, false);
});

sharedTest("Cirron's options are not those of the functions", () => {
  new Cirron({ output: "none", enabled: false });
  profile({ output: "none" });
  assertEquals(health().enabled, true);
});

sharedTest("Cirron throws for an unknown output and an unknown option, when it is made", () => {
  assertThrows(
    () => new Cirron({ output: "bogus" as "none" }),
    RangeError,
    'unknown output "bogus", expected "journal", "spool", "log", "stdout", "none" or a sink',
  );
  assertThrows(() => new Cirron({ output: ["log", {}] as unknown as "none" }), TypeError, "method emit");
  assertThrows(
    () => new Cirron({ flushInterval: 5 } as ProfileOptions),
    TypeError,
    'unknown option "flushInterval", did you mean "flushIntervalMs"?',
  );
});

sharedTest("Cirron.profile() takes null for not given", () => {
  const ci = new Cirron({ output: ["none"], enabled: false });
  ci.profile({ output: null, enabled: null });
  assertEquals([health().enabled, health().output], [false, []]);
});

for (const options of [null, "x", 3]) {
  sharedTest(`Cirron throws TypeError for the options ${JSON.stringify(options)}`, () => {
    assertThrows(
      () => new Cirron(options as unknown as ProfileOptions),
      TypeError,
      "options must be an object",
    );
  });

  sharedTest(`Cirron.profile() throws TypeError for the options ${JSON.stringify(options)}`, () => {
    const ci = new Cirron({ output: "none" });
    assertThrows(
      () => ci.profile(options as unknown as ProfileOptions),
      TypeError,
      "options must be an object",
    );
  });
}

for (const traceBufferMaxSpans of [0, -1, 1.5, NaN, Infinity]) {
  sharedTest(
    `Cirron throws RangeError for traceBufferMaxSpans: ${traceBufferMaxSpans}, and keeps the bound`,
    () => {
      scope("a").end();
      scope("b").end();
      assertThrows(() => new Cirron({ traceBufferMaxSpans }), RangeError, "traceBufferMaxSpans");
      assertEquals(health().span_count, 3);
    },
  );
}

// The bound.

for (const [what, rows] of [["exactly at", 10], ["one over", 11], ["far over", 5000]] as const) {
  sharedTest(`Cirron({ traceBufferMaxSpans }) keeps the newest spans, ${what} the bound`, () => {
    const ci = new Cirron({ traceBufferMaxSpans: 10, output: "none" });
    ci.profile();
    for (let i = 0; i < rows; i++) ci.scope("x", { index: i }).end();
    const indices = ci.trace({ format: "dict" }).roots.map(root => root.index);
    assertEquals(indices, Array.from({ length: 10 }, (_, i) => rows - 10 + i));
    const { span_count, span_evict_count } = ci.health();
    assertEquals([span_count, span_evict_count], [10, rows - 10]);
  });
}

sharedTest("Cirron({ traceBufferMaxSpans: 1 }) keeps the newest span", () => {
  new Cirron({ traceBufferMaxSpans: 1 });
  scope("outer", () => scope("inner", () => {}));
  assertEquals(shape(trace({ format: "dict" })), "outer");
});

sharedTest("Cirron({ traceBufferMaxSpans }) bounds what is in the buffer already", () => {
  for (let i = 0; i < 5; i++) scope("x", { index: i }).end();
  new Cirron({ traceBufferMaxSpans: 2 });
  assertEquals(trace({ format: "dict" }).roots.map(root => root.index), [3, 4]);
});

sharedTest("Cirron({ traceBufferMaxSpans }) of a later instance is the one that counts", () => {
  const small = new Cirron({ traceBufferMaxSpans: 2 });
  new Cirron({ traceBufferMaxSpans: 4 });
  for (let i = 0; i < 9; i++) small.scope("x", { index: i }).end();
  assertEquals(trace({ format: "dict" }).roots.map(root => root.index), [5, 6, 7, 8]);
});

sharedTest("Cirron({ traceBufferMaxSpans }) holds for sessions of the functions too", () => {
  new Cirron({ traceBufferMaxSpans: 3 });
  profile({ output: "none" });
  for (let i = 0; i < 9; i++) scope("x").end();
  assertEquals(health().span_count, 3);
});

sharedTest("Cirron without traceBufferMaxSpans leaves the bound alone", () => {
  new Cirron({ traceBufferMaxSpans: 3 });
  new Cirron();
  getDefault();
  for (let i = 0; i < 9; i++) scope("x").end();
  assertEquals(health().span_count, 3);
});

sharedTest("The buffer keeps 100 000 spans by default", () => {
  profile({ output: "none" });
  for (let i = 0; i < 100_001; i++) scope("x").end();
  const { span_count, span_evict_count } = health();
  assertEquals([span_count, span_evict_count], [100_000, 1]);
});
