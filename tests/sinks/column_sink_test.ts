import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { IdSeries } from "../../src/data/id_series.ts";
import type { LateMeter } from "../../src/meters/meter.ts";
import { type Counters, NO_COUNTERS } from "../../src/record/counters.ts";
import { Recorder } from "../../src/record/recorder.ts";
import type { Scope } from "../../src/record/scope.ts";
import type { Drained, SpanBatch } from "../../src/sinks/batch.ts";
import { Flusher } from "../../src/sinks/flusher.ts";
import { type AnySink, type ColumnSink, TAKE } from "../../src/sinks/sink.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import { gate, given, HOUR_MS, MemorySink, recordMany, startWith, upTo } from "../support/sinks.ts";

/** A sink of the package that notes what it is called with. */
class ColumnMemory implements ColumnSink {
  /** What was called: `take 3 1` with the numbers of spans and new marks, `begin`, `commit`, `exit`, `close`. */
  readonly calls: string[] = [];
  readonly drained: Drained[] = [];

  [TAKE](drained: Drained): void {
    const { closedLength } = drained.snapshot;
    this.calls.push(`take ${closedLength} ${drained.rowCount - closedLength}`);
    this.drained.push(drained);
  }

  commit(): void {
    this.calls.push("commit");
  }

  close(): void {
    this.calls.push("close");
  }

  get names(): string[] {
    return this.drained.flatMap(({ snapshot }) => snapshot.name.slice(0, snapshot.closedLength));
  }
}

/** The same with all that a sink may be told. */
class ToldMemory extends ColumnMemory {
  begun: Drained | null = null;

  begin(session: Drained): void {
    this.calls.push("begin");
    this.begun = session;
  }

  exit(): void {
    this.calls.push("exit");
  }
}

/** A recorder and its flusher, of which the test says what the process does. */
function startFlusher(sinks: readonly AnySink[], late: LateMeter | null = null) {
  const clock = new FakeClock();
  const counters: Counters = {
    ...NO_COUNTERS,
    late: late === null ? [] : [{ column: "gpu_ns", meter: late }],
  };
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const ids = new IdSeries("0123456789abcdef");
  const recorder = new Recorder({ clock, counters, maxSpans: 10_000, ids: () => ids, warn });
  recorder.restart(10_000, counters);
  recorder.openSession("session", {});
  const flusher = new Flusher({
    buffer: recorder.buffer,
    clock,
    sinks,
    intervalMs: HOUR_MS,
    identity: { pid: 7, rank: 3, threadId: 0, markIds: new IdSeries("fedcba9876543210") },
    ids,
    warn,
  });
  flusher.start();
  return { clock, recorder, flusher, warnings };
}

// What it is given.

test("A sink of the package is given the columns of what others are given as objects", () => {
  const [columns, objects] = [new ColumnMemory(), new MemorySink()];
  const batches: SpanBatch[] = [];
  objects.onEmit = batch => void batches.push(batch);
  const ci = startWith([columns, objects]);
  ci.scope("a", scope => scope.mark("m", 1));
  ci.mark("open", 2);
  ci.engine.flush();
  assertEquals(columns.calls, ["take 1 2", "commit"]);
  assertEquals(columns.names, objects.names);
  const [{ snapshot, identity, batch }] = columns.drained;
  assertEquals([snapshot.length, snapshot.marks.name], [2, ["m", "open"]]);
  assertEquals([identity.pid, identity.rank], [objects.spans[0].pid, objects.spans[0].rank]);
  assert(batch === batches[0]);
  ci.engine.shutdown();
  assertEquals(columns.calls.slice(2), ["take 1 0", "commit", "close"]);
});

test("A sink is known as one of the package by a symbol, not by what its methods are called", () => {
  const calls: string[] = [];
  const sink = {
    emit: (batch: SpanBatch) => void calls.push(`emit ${batch.spanCount}`),
    take: () => void calls.push("take"),
    begin: () => void calls.push("begin"),
    exit: () => void calls.push("exit"),
    needsExitHook: true,
    batchSpans: 1,
    intervalMs: 1,
  };
  const ci = new TestEngine(undefined, { isExitSilent: () => true });
  ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
  recordMany(ci, 3);
  ci.engine.shutdown();
  assertEquals([calls, ci.warnings], [["emit 4"], []]);
});

test("A sink of the package with promises is given one batch at a time", async () => {
  const gates = [gate(), gate()];
  const taken: number[] = [];
  const sink: ColumnSink = {
    [TAKE](drained) {
      taken.push(drained.snapshot.closedLength);
      return gates[taken.length - 1]?.promise;
    },
  };
  const ci = new TestEngine();
  const profiler = ci.profile({ output: given(sink), flushIntervalMs: HOUR_MS });
  for (let i = 1; i <= 3; i++) {
    recordMany(ci, i);
    profiler.flush();
  }
  assertEquals(taken, [1]);
  gates[0].open();
  await setImmediate();
  assertEquals(taken, [1, 2]);
  gates[1].fail(new Error("boom"));
  await profiler.settled();
  assertEquals([taken, ci.engine.health().sink_error_count], [[1, 2, 3], 1]);
  profiler.shutdown();
});

// What it is told.

test("A sink that wants the session from its begin is given it before all, as unfinished, and commits", () => {
  const [told, untold] = [new ToldMemory(), new ColumnMemory()];
  const ci = startWith([told, untold]);
  assertEquals([told.calls, untold.calls], [["begin", "commit"], []]);
  const { snapshot, isProvisional } = told.begun!;
  assertEquals([snapshot.name, snapshot.closedLength, isProvisional], [["cirron.session"], 1, true]);
  assertEquals(snapshot.attrs.at(0)?.["cirron.unfinished"], true);
  ci.engine.shutdown();
  assertEquals(told.drained[0].snapshot.attrs.at(0)?.["cirron.unfinished"], undefined);
  assertEquals(told.drained[0].snapshot.id[0], snapshot.id[0]);
});

test("Open scopes that are given out are told apart from closed ones, and come again", () => {
  const sink = new ColumnMemory();
  const { recorder, flusher } = startFlusher([sink]);
  const scope = recorder.open("open", NaN, undefined);
  flusher.giveOpen();
  scope.end();
  flusher.stop();
  assertEquals(sink.names, ["session", "open", "open"]);
  assertEquals(sink.drained.map(({ isProvisional }) => isProvisional), [true, false]);
});

test("A sink is told that the process ends, as often as that is said, and is closed only by the session", () => {
  const [told, untold] = [new ToldMemory(), new ColumnMemory()];
  const { flusher } = startFlusher([told, untold, new MemorySink()]);
  flusher.exit();
  flusher.exit();
  assertEquals([told.calls.slice(2), untold.calls], [["exit", "exit"], []]);
  flusher.stop();
  assertEquals(told.calls.slice(-2), ["commit", "close"]);
});

for (const what of ["begin", "exit"] as const) {
  test(`A sink whose ${what} throws or rejects is counted and reported once, and stops no other`, async () => {
    const throwing: ColumnSink = {
      [TAKE]() {},
      [what]() {
        throw new Error("boom");
      },
    };
    const rejecting: ColumnSink = { [TAKE]() {}, [what]: () => Promise.reject(new Error("late")) as never };
    const told = new ToldMemory();
    const { flusher, warnings } = startFlusher([throwing, rejecting, told]);
    flusher.exit();
    await setImmediate();
    assertEquals([flusher.counts.errors, warnings.length], [2, 2]);
    assertEquals(told.calls, ["begin", "commit", "exit"]);
    flusher.stop();
  });
}

for (const needsExitHook of [true, false, undefined]) {
  test(`Where nothing tells of the end, a sink with needsExitHook ${needsExitHook} has the session ${needsExitHook ? "" : "not "}warn`, () => {
    const ci = new TestEngine(undefined, { isExitSilent: () => true });
    const sink = given({ [TAKE]() {}, needsExitHook });
    ci.profile({ output: [sink, given({ [TAKE]() {}, needsExitHook })] });
    ci.engine.shutdown();
    assertEquals(ci.warnings.length, needsExitHook ? 1 : 0);
    if (needsExitHook) assertMatch(ci.warnings[0], /tells nobody of its end/);
  });
}

// How often.

/** Has a sink with an interval or a batch size of its own. */
class PacedMemory extends ColumnMemory {
  readonly intervalMs?: number;
  readonly batchSpans?: number;

  constructor(pace: { intervalMs?: number; batchSpans?: number }) {
    super();
    Object.assign(this, pace);
  }

  get commits(): number {
    return this.calls.filter(call => call === "commit").length;
  }
}

/** Records a span each 10 ms in a loop that never lets the event loop turn. */
function recordFor(ci: TestEngine, ms: number): void {
  for (let i = 0; i < ms / 10; i++) {
    ci.clock.us(10_000);
    ci.scope("x").end();
  }
}

test("A sink with an interval of its own is committed by it, and the others by theirs", () => {
  const [eager, usual] = [new PacedMemory({ intervalMs: 100 }), new PacedMemory({})];
  const ci = new TestEngine();
  ci.profile({ output: [given(usual), given(eager)] });
  recordFor(ci, 1950);
  // What is drained is given to both; the other is committed by the last moment before its second is over.
  assertEquals([eager.commits, usual.commits, usual.names.length], [19, 2, 190]);
  const before = usual.calls.indexOf("commit");
  assertEquals(usual.calls.slice(0, before).length, 9);
  ci.engine.shutdown();
});

test("flushIntervalMs holds for sinks with an interval of their own too", () => {
  const [eager, usual] = [new PacedMemory({ intervalMs: 100 }), new PacedMemory({})];
  const ci = startWith([eager, usual], undefined, 500);
  recordFor(ci, 1990);
  assertEquals([eager.commits, usual.commits], [3, 3]);
  ci.engine.shutdown();
});

test("flush() commits every sink, and intervals count from there", () => {
  const [eager, usual] = [new PacedMemory({ intervalMs: 100 }), new PacedMemory({})];
  const ci = new TestEngine();
  ci.profile({ output: [given(usual), given(eager)] });
  recordFor(ci, 850);
  ci.engine.flush();
  assertEquals(usual.commits, 1);
  recordFor(ci, 850);
  assertEquals([usual.commits, eager.commits], [1, 8 + 1 + 8]);
  ci.engine.shutdown();
});

test("A sink with a batch size is given what waits by the close that makes it so many, and committed alone", () => {
  const [batching, usual] = [new PacedMemory({ batchSpans: 512 }), new PacedMemory({})];
  const ci = startWith([batching, usual]);
  recordMany(ci, 511);
  assertEquals(batching.calls, []);
  recordMany(ci, 1024, 511);
  assertEquals(batching.calls, ["take 512 0", "commit", "take 512 0", "commit"]);
  assertEquals(usual.calls, ["take 512 0", "take 512 0"]);
  recordMany(ci, 1100, 1024);
  ci.engine.flush();
  recordMany(ci, 1100 + 511, 1100);
  assertEquals([batching.commits, usual.commits], [3, 1]);
  recordMany(ci, 1100 + 512, 1100 + 511);
  assertEquals([batching.commits, usual.commits], [4, 1]);
  ci.engine.shutdown();
  assertEquals(batching.names, [...upTo(1100 + 512).map(() => "x"), "cirron.session"]);
});

test("Batches put off neither the deadline of the others nor the marks of open scopes", () => {
  const [batching, usual] = [new PacedMemory({ batchSpans: 5 }), new MemorySink()];
  const ci = startWith([batching, usual], undefined, 1000);
  ci.mark("open", 1);
  recordFor(ci, 1020);
  assertEquals([usual.values, usual.calls.filter(call => call === "commit").length], [["open=1"], 1]);
  assertEquals(usual.spans.length, 100);
  ci.engine.shutdown();
});

test("A batch that comes before slices have run leaves them the commit of the others", async () => {
  const [batching, usual] = [new PacedMemory({ batchSpans: 5000 }), new PacedMemory({})];
  const ci = startWith([batching, usual]);
  recordMany(ci, 5000); // from 4096 on slices are to come
  assertEquals([batching.calls, usual.calls], [["take 5000 0", "commit"], ["take 5000 0"]]);
  await setImmediate();
  await setImmediate();
  assertEquals(usual.calls, ["take 5000 0", "commit"]);
  ci.engine.shutdown();
});

test("A batch waits for spans of which a late counter is not known yet, and is not tried again at each close", () => {
  const sink = new PacedMemory({ batchSpans: 10 });
  let settledNs = -Infinity;
  let asked = 0;
  const meter: LateMeter = {
    settledNs() {
      asked++;
      return settledNs;
    },
    between: () => 1,
    poke: () => {},
    attrs: () => ({}),
    stop: () => {},
  };
  const { clock, recorder, flusher } = startFlusher([sink], meter);
  for (let i = 0; i < 35; i++) {
    clock.us(1);
    recorder.open("x", i, undefined).end();
  }
  assertEquals(sink.names, []);
  assert(asked <= 3, `asked ${asked} times`);
  settledNs = Infinity;
  for (let i = 35; i < 40; i++) recorder.open("x", i, undefined).end();
  assertEquals(sink.names.length, 40);
  flusher.stop();
});

for (const capacity of [1, 9, 10, 11]) {
  test(`A batch of 10 spans loses nothing in a buffer of ${capacity}`, () => {
    const sink = new PacedMemory({ batchSpans: 10 });
    const ci = startWith([sink], capacity);
    recordMany(ci, 95);
    ci.engine.shutdown();
    assertEquals(sink.names.length, 96);
    assertEquals(ci.engine.health().sink_drop_count, 0);
  });
}

/** Knows everything up to a moment that the test says. */
function lateMeter(): LateMeter & { untilNs: number } {
  return {
    untilNs: 0,
    settledNs() {
      return this.untilNs;
    },
    between: (startNs: number, endNs: number) => endNs - startNs,
    poke: () => {},
    attrs: () => ({}),
    stop: () => {},
  };
}

test("A sink that cannot wait is given spans before a late counter is known, and all sinks their marks once", () => {
  const meter = lateMeter();
  const early: Drained[] = [];
  const first = new ColumnMemory();
  const hasty = Object.assign(new ColumnMemory(), {
    batchSpans: 4,
    takeEarly: (drained: Drained) => void early.push(drained),
  });
  const { clock, recorder, flusher } = startFlusher([first, hasty], meter);
  for (let i = 0; i < 6; i++) {
    recorder.scope("x", scope => (scope as Scope).mark("m", i), undefined, null);
  }
  assertEquals(early.map(({ snapshot }) => snapshot.name), [["x", "x", "x", "x"]]);
  assertEquals(early[0].snapshot.counters.gpu_ns, new Float64Array(4).fill(NaN));
  assertEquals(early[0].rowCount, 8);
  assertEquals(first.calls, ["take 0 4"]);
  assertEquals(hasty.calls, ["commit"]);
  meter.untilNs = clock.nowNs();
  flusher.flush();
  assertEquals(first.calls.slice(1), ["take 6 2", "commit"]);
  assertEquals(hasty.calls.slice(1), ["take 6 2", "commit"]);
  assertEquals(hasty.drained[0].snapshot.counters.gpu_ns?.length, 6);
  flusher.stop();
});

test("A sink that follows open scopes is given those that it has lost again, all of them", () => {
  const given: string[][] = [];
  let lacksOpen = false;
  const sink: ColumnSink = {
    [TAKE]() {},
    takeOpen: ({ snapshot, isProvisional }) => {
      assert(isProvisional);
      assertEquals([snapshot.closedLength, snapshot.marks.name], [snapshot.length, []]);
      given.push([...snapshot.name]);
    },
    get lacksOpen() {
      return lacksOpen;
    },
  };
  const { clock, recorder, flusher } = startFlusher([sink]);
  recorder.scope("a", undefined, undefined, null);
  flusher.flush(); // too young
  clock.advance(100_000_000);
  flusher.flush();
  flusher.flush();
  lacksOpen = true;
  flusher.flush();
  lacksOpen = false;
  flusher.flush();
  assertEquals(given, [["session"], ["session", "a"], ["session", "a"]]);
  flusher.stop();
});
