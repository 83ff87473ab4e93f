import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { pathToFileURL } from "node:url";
import { IdSeries } from "../../src/data/id_series.ts";
import { Recorder } from "../../src/record/recorder.ts";
import type { MarkOptions, Scope } from "../../src/record/scope.ts";
import type { FlushBatch } from "../../src/sinks/batch.ts";
import { Flusher } from "../../src/sinks/flusher.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import { CHECKOUT, findRuntime, run, RUNTIME, said, TempDirectory } from "../support/runtimes.ts";
import { gate, keepAlive, MemorySink, nextCommit, recordMany, upTo } from "../support/sinks.ts";

const HOUR_MS = 3_600_000;

/** An engine in a session whose ticks do not come by themselves. */
function start(sinks: readonly Sink[], maxSpans?: number, flushIntervalMs = HOUR_MS): TestEngine {
  const ci = new TestEngine();
  ci.profile({ output: sinks, flushIntervalMs, traceBufferMaxSpans: maxSpans });
  return ci;
}

// When spans are given out.

test("flush() gives every closed span to every sink once, in order of close", () => {
  const sinks = [new MemorySink(), new MemorySink()];
  const ci = start(sinks);
  const a = ci.scope("a");
  ci.scope("b").end();
  a.end();
  ci.engine.flush();
  ci.engine.flush();
  ci.scope("c").end();
  ci.engine.flush();
  for (const sink of sinks) assertEquals(sink.names, ["b", "a", "c"]);
  ci.engine.shutdown();
  for (const sink of sinks) assertEquals(sink.names, ["b", "a", "c", "cirron.session"]);
});

test("flush() gives every sink the same batch", () => {
  const got: FlushBatch[] = [];
  const ci = start([{ emit: batch => void got.push(batch) }, { emit: batch => void got.push(batch) }]);
  ci.scope("a").end();
  ci.engine.flush();
  assert(got.length === 2 && got[0] === got[1]);
  ci.engine.shutdown();
});

test("flush() with nothing new gives sinks no batch, and commits", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  ci.engine.flush();
  assertEquals(sink.calls, ["commit"]);
  ci.engine.shutdown();
});

test("flush() without a session does nothing", () => {
  const ci = new TestEngine();
  ci.scope("x").end();
  ci.engine.flush();
  assertEquals(ci.shape(), "x");
});

test("profile() gives sinks nothing of before it", () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  ci.scope("before").end();
  ci.profile({ output: sink });
  ci.engine.shutdown();
  assertEquals(sink.names, ["cirron.session"]);
});

test("A scope opened before profile() and closed in it reaches the sinks", () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  const before = ci.scope("before");
  before.mark("m", 1);
  ci.profile({ output: sink });
  before.end();
  ci.engine.shutdown();
  assertEquals([sink.names, sink.values], [["before", "cirron.session"], ["m=1"]]);
});

test("A tick gives closed spans and new marks out", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 5);
  ci.scope("a").end();
  ci.mark("m", 1);
  await nextCommit(sink);
  assertEquals([sink.names, sink.values], [["a"], ["m=1"]]);
  ci.scope("b").end();
  await nextCommit(sink);
  assertEquals([sink.names, sink.values], [["a", "b"], ["m=1"]]);
  ci.engine.shutdown();
});

test("A tick gives many spans out in batches of at most 256, and commits once", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 5);
  recordMany(ci, 4000);
  await nextCommit(sink);
  assertEquals(sink.indices("x"), upTo(4000));
  const sizes = sink.calls.filter(call => call.startsWith("emit")).map(call => Number(call.split(" ")[1]));
  assert(sizes.every(size => size <= 256), String(sizes));
  assertEquals(sink.calls.filter(call => call === "commit").length, 1);
  ci.engine.shutdown();
});

test("A tick is cut into slices between which the event loop runs", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 40); // longer than all of it takes
  sink.onEmit = () => ci.clock.us(1500); // two batches are more than a slice's 2 ms
  let turns = 0;
  const turn = () => {
    turns++;
    if (!sink.calls.includes("commit")) setImmediate(turn);
  };
  recordMany(ci, 4000);
  setImmediate(turn);
  await nextCommit(sink);
  assert(turns >= 8, `${turns} turns`);
  assertEquals(sink.indices("x"), upTo(4000));
  ci.engine.shutdown();
});

test("More than 4096 waiting spans are given out before the tick", async () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  recordMany(ci, 4095);
  await new Promise<void>(resolve => setImmediate(resolve));
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals(sink.calls, []);
  const given = nextCommit(sink);
  recordMany(ci, 4097, 4095);
  assertEquals(sink.calls, []);
  await given;
  assertEquals(sink.indices("x"), upTo(4097));
  ci.engine.shutdown();
  assertEquals(sink.spans.length, 4098);
});

test("The alarm comes again after each tick", async () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  for (let i = 0; i < 3; i++) {
    const given = nextCommit(sink);
    recordMany(ci, 5000 * (i + 1), 5000 * i);
    await given;
  }
  assertEquals(sink.indices("x"), upTo(15_000));
  ci.engine.shutdown();
});

// The deadline.

test("The first span that closes an interval after the last commit has everything given out, without a turn of the loop", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  for (let i = 0; i < 8; i++) {
    const scope = ci.scope("x", { index: i });
    ci.clock.us(300_000);
    scope.end();
    // Closed at 1200 and 2400 ms, the first at or after a second since the start and since the flush before.
    assertEquals(sink.indices("x"), upTo(i < 3 ? 0 : i < 7 ? 4 : 8));
  }
  assertEquals(sink.calls, ["emit 4 0", "commit", "emit 4 0", "commit"]);
  ci.engine.shutdown();
});

test("The deadline counts from any commit", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  ci.clock.us(900_000);
  ci.engine.flush();
  ci.clock.us(900_000);
  ci.scope("a").end();
  assertEquals(sink.calls, ["commit"]);
  ci.clock.us(100_000);
  ci.scope("b").end();
  assertEquals(sink.names, ["a", "b"]);
  ci.engine.shutdown();
});

test("At the deadline new marks of open scopes are given out too", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  const open = ci.scope("open");
  open.mark("m", 1);
  ci.clock.us(1_000_000);
  ci.scope("a").end();
  assertEquals([sink.names, sink.values], [["a"], ["m=1"]]);
  ci.engine.shutdown();
});

test("A deadline that comes while thousands of spans wait gives out all of them", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  recordMany(ci, 20_000);
  assertEquals(sink.calls, []);
  ci.clock.us(1_000_000);
  recordMany(ci, 20_001, 20_000);
  assertEquals(sink.indices("x"), upTo(20_001));
  recordMany(ci, 30_000, 20_001);
  assertEquals(sink.spans.length, 20_001);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(30_000));
});

test("A slice that is not done at the deadline gives out what is left", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 5);
  sink.onEmit = () => ci.clock.us(1500); // four batches are more than the interval
  recordMany(ci, 4000);
  await nextCommit(sink);
  assertEquals(sink.indices("x"), upTo(4000));
  const sizes = sink.calls.filter(call => call.startsWith("emit")).map(call => Number(call.split(" ")[1]));
  assertEquals(sizes, [256, 256, 256, 256, 4000 - 4 * 256]);
  ci.engine.shutdown();
});

test("A commit that takes longer than the interval does not make each span give itself out", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  ci.clock.us(1_000_000);
  sink.onEmit = () => ci.clock.us(5_000_000);
  recordMany(ci, 100);
  assertEquals(sink.calls, ["emit 1 0", "commit"]);
  ci.engine.shutdown();
});

test("At the deadline spans wait whose GPU time is not known yet, as at a tick", () => {
  const sink = new MemorySink();
  const clock = new FakeClock();
  const gpu = { settledNs: (nowNs: number) => nowNs - 500e6, busyNs: () => 1 };
  const counters = { cpu: null, memory: null, gpu };
  const recorder = new Recorder({ clock, counters, maxSpans: 10_000, warn() {} });
  recorder.restart(10_000, counters);
  const flusher = new Flusher({
    recorder,
    sinks: [sink],
    intervalMs: 1000,
    identity: { pid: 1, rank: 0, threadId: 0, markIds: new IdSeries("fedcba9876543210") },
    ids: new IdSeries("0123456789abcdef"),
    warn() {},
  });
  flusher.start();
  for (let i = 0; i < 11; i++) {
    recorder.open("x", i, undefined).end();
    clock.us(100_000);
  }
  assertEquals(sink.indices("x"), upTo(6));
  assertEquals(sink.spans[0].gpu_ns, 1);
  flusher.stop();
  assertEquals(sink.indices("x"), upTo(11));
});

test("A buffer whose bound changes keeps the deadline", () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 1000);
  ci.engine.setMaxSpans(10);
  ci.scope("a").end();
  ci.clock.us(1_000_000);
  ci.scope("b").end();
  assertEquals(sink.names, ["a", "b"]);
  ci.engine.shutdown();
});

// In a worker, which may end at any moment.

function startWorker(sink: Sink): TestEngine {
  const ci = new TestEngine(undefined, { isWorker: () => true });
  ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
  return ci;
}

test("In a worker an outermost scope that closes is given out at once, with what is in it", () => {
  const sink = new MemorySink();
  const ci = startWorker(sink);
  ci.scope("outer", () => {
    ci.scope("inner").end();
    ci.clock.us(500_000);
    ci.scope("inner").end();
    assertEquals(sink.calls, []);
  });
  assertEquals(sink.names, ["inner", "inner", "outer"]);
  ci.engine.shutdown();
});

test("In a worker outermost scopes that follow close on each other wait for the next after 100 ms, or for the tick", () => {
  const sink = new MemorySink();
  const ci = startWorker(sink);
  for (let i = 0; i < 10_000; i++) {
    ci.clock.us(25);
    ci.scope("x", { index: i }).end();
  }
  assertEquals(sink.calls, ["emit 1 0", "commit", "emit 4000 0", "commit", "emit 4000 0", "commit"]);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(10_000));
});

test("In a worker the interval is 100 ms, unless another is given", () => {
  const sink = new MemorySink();
  const ci = new TestEngine(undefined, { isWorker: () => true });
  ci.profile({ output: sink });
  const outer = ci.scope("outer");
  ci.clock.us(99_000);
  ci.scope("a").end();
  assertEquals(sink.names, []);
  ci.clock.us(1000);
  ci.scope("b").end();
  assertEquals(sink.names, ["a", "b"]);
  outer.end();
  ci.engine.shutdown();
});

test("shutdown() in a worker is one flush", () => {
  const sink = new MemorySink();
  const ci = startWorker(sink);
  ci.scope("a");
  ci.scope("b");
  ci.engine.shutdown();
  assertEquals(sink.calls, ["emit 3 0", "commit", "close"]);
});

for (const capacity of [1, 2, 10, 4095, 4096, 4097, 5000]) {
  test(`A synchronous loop loses nothing in a buffer of ${capacity}`, () => {
    const sinks = [new MemorySink(), new MemorySink()];
    const ci = start(sinks, capacity);
    const count = Math.ceil(capacity * 2.5) + 7;
    recordMany(ci, count);
    ci.engine.shutdown();
    for (const sink of sinks) assertEquals(sink.indices("x"), upTo(count));
    const { sink_drop_count, sink_error_count } = ci.engine.health();
    assertEquals([sink_drop_count, sink_error_count], [0, 0]);
  });
}

test("A synchronous loop of 250 000 spans loses nothing in a buffer of 100 000", () => {
  let next = 0;
  let wrong = 0;
  const ci = start([{
    emit(batch) {
      for (const { name, index } of batch.spans) if (name === "x" && index !== next++) wrong++;
    },
  }]);
  for (let i = 0; i < 250_000; i++) ci.scope("x", { index: i }).end();
  ci.engine.shutdown();
  assertEquals([next, wrong], [250_000, 0]);
});

test("flush() after a synchronous loop of 100 000 spans has given out all", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  recordMany(ci, 100_000);
  ci.engine.flush();
  assertEquals(sink.indices("x"), upTo(100_000));
  ci.engine.shutdown();
  assertEquals(new Set(sink.spans.map(span => span.id)).size, 100_001);
});

test("shutdown() closes what is open and gives it out, the session's root last", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  ci.scope("a");
  ci.scope("b").mark("m", 1);
  ci.engine.shutdown();
  assertEquals([sink.names, sink.values], [["b", "a", "cirron.session"], ["m=1"]]);
  const [b, a, root] = sink.spans;
  assertEquals([root.parent_id, a.parent_id, b.parent_id], [null, root.id, a.id]);
});

test("shutdown() of more open scopes than the buffer holds gives all out", () => {
  const sink = new MemorySink();
  const ci = start([sink], 3);
  for (let i = 0; i < 100; i++) ci.scope("x", { index: i });
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(100).toReversed());
});

test("shutdown() commits and closes each sink once; after it nothing comes", () => {
  const sink = new MemorySink();
  const ci = start([sink], 3);
  ci.scope("a").end();
  ci.engine.shutdown();
  ci.engine.shutdown();
  assertEquals(sink.calls, ["emit 2 0", "commit", "close"]);
  recordMany(ci, 20);
  for (let i = 0; i < 1100; i++) ci.mark("m", i);
  ci.engine.flush();
  assertEquals(sink.calls.length, 3);
});

test("trace() flushes first", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  ci.scope("a").end();
  ci.dict();
  assertEquals(sink.names, ["a"]);
  ci.engine.shutdown();
});

test("A second session gives its own spans to its own sinks alone", () => {
  const [first, second] = [new MemorySink(), new MemorySink()];
  const ci = start([first]);
  ci.scope("a").end();
  ci.engine.shutdown();
  ci.scope("between").end();
  ci.profile({ output: second });
  ci.scope("b").end();
  ci.engine.shutdown();
  assertEquals([first.names, second.names], [["a", "cirron.session"], ["b", "cirron.session"]]);
});

// The bound changes.

test("A buffer that becomes smaller in a session loses nothing that waits", () => {
  const sink = new MemorySink();
  const ci = start([sink], 1000);
  recordMany(ci, 500);
  ci.engine.setMaxSpans(10);
  recordMany(ci, 2000, 500);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(2000));
});

test("A buffer that becomes smaller in a session, when all is given out, loses nothing later", () => {
  const sink = new MemorySink();
  const ci = start([sink], 1000);
  recordMany(ci, 500);
  ci.engine.flush();
  ci.engine.setMaxSpans(10);
  recordMany(ci, 2000, 500);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(2000));
});

test("A buffer that becomes larger in a session loses nothing", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  recordMany(ci, 25);
  ci.engine.setMaxSpans(1000);
  recordMany(ci, 5000, 25);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(5000));
});

// Marks.

test("flush() gives the marks of open scopes out once, before their spans", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  const a = ci.scope("a");
  a.mark("m", 1);
  a.mark("s", 2, { kind: "summary" });
  ci.engine.flush();
  assertEquals([sink.names, sink.values], [[], ["m=1", "s=2"]]);
  ci.engine.flush();
  a.mark("m", 3);
  ci.engine.flush();
  a.mark("m", 4);
  a.end();
  ci.engine.shutdown();
  assertEquals(sink.values, ["m=1", "s=2", "m=3", "m=4"]);
  const span = sink.spans.find(span => span.name === "a")!;
  assertEquals(span.mark_ids, sink.marks.map(mark => mark.id));
  assertEquals(new Set(sink.marks.map(mark => mark.span_id)), new Set([span.id]));
});

for (const count of [1024, 1025, 1026, 5000, 20_000]) {
  test(`${count} points on a scope that stays open are all given out, once`, () => {
    const sink = new MemorySink();
    const ci = start([sink]);
    const a = ci.scope("a");
    for (let i = 0; i < count; i++) a.mark("m", i);
    ci.engine.flush();
    assertEquals(sink.marks.map(mark => mark.value), upTo(count));
    assertEquals(new Set(sink.marks.map(mark => mark.id)).size, count);
    a.end();
    ci.engine.shutdown();
    assertEquals(sink.marks.length, count);
    // The span keeps the newest 1024, and names these.
    assertEquals(sink.spans[0].mark_ids, sink.marks.slice(-1024).map(mark => mark.id));
  });
}

test("5000 points among flushes and summaries on several open scopes are all given out, once", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  const scopes = [ci.scope("a"), ci.scope("b"), ci.scope("c")];
  for (let i = 0; i < 5000; i++) {
    scopes[i % 3].mark("m", i);
    if (i % 7 === 0) scopes[i % 2].mark("s", -i, { kind: "summary" });
    if (i % 777 === 0) ci.engine.flush();
  }
  ci.engine.shutdown();
  const points = sink.marks.filter(mark => mark.kind === "point").map(mark => mark.value as number);
  assertEquals(points.toSorted((a, b) => a - b), upTo(5000));
  assertEquals(sink.marks.filter(mark => mark.kind === "summary").length, Math.ceil(5000 / 7));
  assertEquals(new Set(sink.marks.map(mark => mark.id)).size, sink.marks.length);
});

test("Marks outside any scope of a session hang on its root span", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  ci.mark("m", 1);
  ci.engine.flush();
  ci.scope("a").end();
  ci.mark("m", 2);
  ci.engine.shutdown();
  const root = sink.spans.at(-1)!;
  assertEquals(sink.marks.map(mark => [mark.span_id, mark.value]), [[root.id, 1], [root.id, 2]]);
  assertEquals(root.mark_ids, sink.marks.map(mark => mark.id));
});

test("Marks before the session, outside any scope, reach no sink", () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  ci.mark("before", 1);
  ci.profile({ output: sink });
  ci.mark("in", 2);
  ci.engine.shutdown();
  assertEquals(sink.values, ["in=2"]);
});

test("A span whose marks are all in its batch names them all", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  const a = ci.scope("a");
  ci.mark("x", 1);
  ci.mark("y", 2, { kind: "summary" });
  ci.mark("z", 3);
  a.end();
  ci.engine.flush();
  assertEquals(sink.spans[0].mark_ids, sink.marks.map(mark => mark.id));
  assertEquals(sink.values, ["x=1", "y=2", "z=3"]);
  for (const mark of sink.marks) assertMatch(mark.id, /^[0-9a-f]{32}$/);
  ci.engine.shutdown();
});

// Sinks that reach back.

test("A sink that records scopes while it is given spans is given them at the next flush", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  let left = 3;
  sink.onEmit = () => {
    if (left-- > 0) ci.scope("mine", scope => scope.mark("m", left));
  };
  ci.scope("a").end();
  for (let i = 0; i < 6; i++) ci.engine.flush();
  assertEquals([sink.names, sink.values], [["a", "mine", "mine", "mine"], ["m=2", "m=1", "m=0"]]);
  assertEquals(ci.engine.health().sink_error_count, 0);
  ci.engine.shutdown();
});

test("A sink that marks an open scope in each emit ends, at flush and at shutdown", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  const a = ci.scope("a");
  sink.onEmit = () => a.mark("m", sink.calls.length);
  for (let i = 0; i < 3; i++) {
    a.mark("mine", i);
    ci.engine.flush();
  }
  ci.engine.shutdown();
  assertEquals(sink.values.filter(value => value.startsWith("mine")), ["mine=0", "mine=1", "mine=2"]);
  assertEquals(new Set(sink.marks.map(mark => mark.id)).size, sink.marks.length);
});

test("A sink that records more than the buffer holds has its losses counted", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  let once = true;
  sink.onEmit = () => {
    if (once) { for (let i = 0; i < 100; i++) ci.scope("mine").end(); }
    once = false;
  };
  ci.scope("a").end();
  ci.engine.flush();
  ci.engine.flush();
  const mine = sink.names.filter(name => name === "mine").length;
  assertEquals(mine + ci.engine.health().sink_drop_count, 100);
  // And then all is well again.
  recordMany(ci, 100);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(100));
});

test("A sink that records more than the buffer holds has the marks of what was lost counted too", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  sink.onEmit = () => {
    sink.onEmit = null;
    for (let i = 0; i < 100; i++) {
      ci.scope("mine", mine => {
        for (let j = 0; j < i % 4; j++) mine.mark("m", j);
      });
    }
  };
  ci.scope("a").end();
  ci.engine.flush();
  ci.engine.flush();
  const mine = sink.names.filter(name => name === "mine").length;
  assertEquals(mine, 10);
  assertEquals(mine + sink.marks.length + ci.engine.health().sink_drop_count, 100 + 25 * (1 + 2 + 3));
  ci.engine.shutdown();
});

test("What a sink records while it is given the last spans of its session is counted", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  let recorded = 0;
  sink.onEmit = () => {
    recorded++;
    ci.scope("mine", mine => mine.mark("m", recorded));
  };
  ci.scope("a").end();
  ci.engine.shutdown();
  const mine = sink.names.filter(name => name === "mine").length;
  assertEquals(mine + sink.marks.length + ci.engine.health().sink_drop_count, 2 * recorded);
  assert(ci.engine.health().sink_drop_count > 0);
});

test("What a sink records in commit() at the end of its session is counted", () => {
  const ci = new TestEngine();
  let given = 0;
  let recorded = 0;
  const sink: Sink = {
    emit: batch => void (given += batch.rowCount),
    commit() {
      recorded++;
      ci.scope("mine").end();
    },
  };
  ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
  ci.engine.shutdown();
  assertEquals(given - 1 + ci.engine.health().sink_drop_count, recorded);
});

test("A sink that once recorded as much as the buffer holds does not stop the lap alarm", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  let once = true;
  sink.onEmit = () => {
    if (once) { for (let i = 0; i < 10; i++) ci.scope("mine").end(); }
    once = false;
  };
  ci.scope("a").end();
  ci.engine.flush();
  recordMany(ci, 100); // at the first of these, at the latest, the buffer laps
  ci.engine.shutdown();
  const seen = sink.indices("x");
  assertEquals(seen, upTo(100));
});

for (const what of ["flush", "trace", "health"] as const) {
  test(`A sink that calls ${what}() is given everything once`, () => {
    const sink = new MemorySink();
    const ci = start([sink], 10);
    const seen: unknown[] = [];
    sink.onEmit = () => {
      seen.push(what === "trace" ? ci.dict({ open: true }) : ci.engine[what]());
    };
    recordMany(ci, 35);
    ci.engine.shutdown();
    assertEquals(sink.indices("x"), upTo(35));
    assertEquals([ci.warnings, seen.length > 0], [[], true]);
  });
}

test("A sink that calls shutdown() ends the session: all is given out, then it is closed, then nothing comes", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  sink.onEmit = () => ci.engine.shutdown();
  ci.scope("open");
  ci.scope("a").end();
  ci.engine.flush();
  assertEquals(ci.engine.health().output, []);
  recordMany(ci, 50);
  ci.engine.flush();
  assertEquals(sink.names, ["a", "open", "cirron.session"]);
  assertEquals(sink.calls.at(-1), "close");
});

test("A sink that calls shutdown() while the session ends breaks nothing", () => {
  for (const method of ["emit", "commit", "close"]) {
    const sink = new MemorySink();
    const ci = new TestEngine();
    const ender = { emit() {}, [method]: () => ci.engine.shutdown() };
    ci.profile({ output: [ender, sink], flushIntervalMs: HOUR_MS });
    ci.scope("a").end();
    ci.engine.shutdown();
    assertEquals(sink.names, ["a", "cirron.session"]);
    assertEquals(sink.calls.filter(call => call === "close").length, 1);
    assertEquals([ci.engine.health().output, ci.engine.health().sink_error_count], [[], 0]);
  }
});

test("A sink that calls shutdown() at a tick leaves no timer that calls it", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 5);
  const done = gate();
  sink.onEmit = () => {
    ci.engine.shutdown();
    done.open();
  };
  recordMany(ci, 1000); // more than a batch of a slice
  await keepAlive(done.promise);
  for (let i = 0; i < 5; i++) await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals(sink.indices("x"), upTo(1000));
  assertEquals(sink.calls.at(-1), "close");
});

test("A sink that calls shutdown() when a mark is about to be lost breaks nothing", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  const a = ci.scope("a");
  sink.onEmit = () => ci.engine.shutdown();
  for (let i = 0; i < 1100; i++) a.mark("m", i);
  // Slots that were given back twice would show up in each other's lists.
  const b = ci.scope("b");
  for (let i = 0; i < 10; i++) b.mark("n", i);
  b.end();
  const marks = (name: string) =>
    ci.dict().roots.flatMap(root => [root, ...root.children])
      .find(node => node.name === name)!.marks.map(mark => mark.name);
  assertEquals(new Set(marks("a")), new Set(["m"]));
  assertEquals(marks("b"), new Array(10).fill("n"));
});

for (const when of ["flush", "trace", "tick"]) {
  test(`A sink that ends its session and starts another while it is given spans (${when}): each gets its own`, async () => {
    const [first, second] = [new MemorySink(), new MemorySink()];
    const ci = start([first], undefined, when === "tick" ? 1 : HOUR_MS);
    first.onEmit = () => {
      first.onEmit = null;
      ci.scope("late").end();
      ci.engine.shutdown();
      ci.profile({ output: second, flushIntervalMs: HOUR_MS, traceBufferMaxSpans: 10 });
      ci.scope("new").end();
    };
    recordMany(ci, 1000); // more than a batch of a slice
    if (when === "flush") ci.engine.flush();
    else if (when === "trace") ci.host.trace({ format: "json" });
    else await keepAlive(new Promise<void>(resolve => first.onCommit = resolve));
    assertEquals(first.names, [...upTo(1000).map(i => `x[${i}]`), "late", "cirron.session"]);
    assertEquals(first.calls.filter(call => call === "close").length, 1);
    // The new session has its alarms: nothing of a synchronous loop is lost.
    recordMany(ci, 50);
    ci.engine.shutdown();
    assertEquals(second.names, ["new", ...upTo(50).map(i => `x[${i}]`), "cirron.session"]);
    assertEquals(first.names.length, 1002);
  });
}

test("A sink that starts the next session from close() does not disturb it", () => {
  const second = new MemorySink();
  const ci = new TestEngine();
  const first: Sink = {
    emit() {},
    close: () => void ci.profile({ output: second, flushIntervalMs: HOUR_MS, traceBufferMaxSpans: 10 }),
  };
  ci.profile({ output: first, flushIntervalMs: HOUR_MS });
  ci.engine.shutdown();
  recordMany(ci, 50);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().output, []);
});

test("A buffer that grows while a sink is given spans gives none twice", () => {
  const sink = new MemorySink();
  const ci = start([sink], 10);
  sink.onEmit = () => {
    sink.onEmit = null;
    recordMany(ci, 50, 10);
    ci.engine.setMaxSpans(1000);
  };
  recordMany(ci, 9);
  ci.engine.flush();
  ci.engine.shutdown();
  const indices = sink.indices("x");
  assertEquals(indices.length, new Set(indices).size);
  assertEquals(ci.engine.health().sink_drop_count, 9 + 40 + 1 - sink.spans.length);
});

for (const method of ["commit", "close"] as const) {
  test(`A sink whose ${method}() gives a promise that rejects is counted, and ends nothing`, async () => {
    const ci = new TestEngine();
    const sink = { emit: () => {}, [method]: () => Promise.reject(new Error("mine")) };
    ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
    const session = ci.engine.profile();
    ci.scope("a").end();
    ci.engine.shutdown();
    await session.settled();
    assert(ci.engine.health().sink_error_count >= 1);
    assertEquals(ci.warnings.filter(line => line.includes("A sink failed")).length, 1);
  });
}

test("A sink that starts a session of its own from emit does not get it", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  sink.onEmit = () => void ci.engine.profile({ output: "none" });
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals([sink.names, ci.warnings.length], [["a", "cirron.session"], 1]);
});

// Sinks that fail.

const THROWN: [what: string, thrown: unknown][] = [
  ["an Error", new Error("boom")],
  ["a string", "boom"],
  ["undefined", undefined],
  ["null", null],
  ["an object that cannot be printed", Object.create(null)],
  ["an object whose toString throws", {
    toString() {
      throw new Error("inner");
    },
  }],
  [
    "a proxy that throws",
    new Proxy({}, {
      get() {
        throw new Error("inner");
      },
      getPrototypeOf() {
        throw new Error("inner");
      },
    }),
  ],
];
for (const [what, thrown] of THROWN) {
  test(`A sink that throws ${what} each time is counted and reported once, and stops no other`, () => {
    const failing: Sink = {
      emit() {
        throw thrown;
      },
    };
    const sink = new MemorySink();
    const ci = start([failing, sink], 10);
    recordMany(ci, 25);
    ci.engine.flush();
    const { sink_error_count } = ci.engine.health();
    assertEquals(sink_error_count, sink.calls.filter(call => call.startsWith("emit")).length);
    assertEquals(ci.warnings.length, 1);
    assertMatch(ci.warnings[0], /^\[cirron\] A sink failed/);
    ci.engine.shutdown();
    assertEquals([sink.indices("x"), ci.warnings.length], [upTo(25), 1]);
    assertEquals(ci.dict().span_count, 10);
  });

  test(`A sink that rejects with ${what} is counted and reported once, and stops no other`, async () => {
    const sink = new MemorySink();
    const ci = new TestEngine();
    const profiler = ci.profile({ output: [{ emit: () => Promise.reject(thrown) }, sink] });
    for (let i = 0; i < 3; i++) {
      ci.scope("a").end();
      profiler.flush();
    }
    await profiler.settled();
    assertEquals([ci.engine.health().sink_error_count, ci.warnings.length], [3, 1]);
    assertEquals(sink.names, ["a", "a", "a"]);
    profiler.shutdown();
  });
}

test("A sink that throws once is given what comes next", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  sink.onEmit = () => {
    sink.onEmit = null;
    throw new Error("boom");
  };
  ci.scope("a").end();
  ci.engine.flush();
  ci.scope("b").end();
  ci.engine.flush();
  assertEquals([sink.names, ci.engine.health().sink_error_count], [["a", "b"], 1]);
  ci.engine.shutdown();
});

for (const method of ["commit", "close"] as const) {
  test(`A sink whose ${method} throws stops neither the others nor the program`, () => {
    const sink = new MemorySink();
    const ci = start([{
      emit() {},
      [method]() {
        throw new Error("boom");
      },
    }, sink]);
    ci.scope("a").end();
    ci.engine.shutdown();
    assertEquals(ci.warnings.length, 1);
    assertEquals(sink.calls, ["emit 2 0", "commit", "close"]);
  });
}

const RESULTS: [what: string, result: unknown, errors: number][] = [
  ["a number", 5, 0],
  ["null", null, 0],
  ["an object", {}, 0],
  ["an object whose then is no function", { then: 5 }, 0],
  ["a thenable that throws", {
    then() {
      throw new Error("boom");
    },
  }, 1],
  ["an object whose then cannot be read", {
    get then() {
      throw new Error("boom");
    },
  }, 1],
];
for (const [what, result, errors] of RESULTS) {
  test(`A sink whose emit gives ${what} does not break the program`, async () => {
    const ci = new TestEngine();
    const profiler = ci.profile({ output: { emit: () => result as void } });
    ci.scope("a").end();
    profiler.flush();
    await profiler.settled();
    assertEquals(ci.engine.health().sink_error_count, errors);
    profiler.shutdown();
  });
}

test("A sink's methods are called on it", () => {
  class Counting {
    spans = 0;
    isClosed = false;
    emit(batch: FlushBatch): void {
      this.spans += batch.spanCount;
    }
    close(): void {
      this.isClosed = true;
    }
  }
  const sink = new Counting();
  const ci = start([sink]);
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals([sink.spans, sink.isClosed], [2, true]);
});

test("A sink given twice in a list is one sink", () => {
  const sink = new MemorySink();
  const ci = start([sink, sink]);
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals(sink.names, ["a", "cirron.session"]);
});

// Sinks with promises.

test("A sink with promises is given one batch at a time; Profiler.settled() waits for all", async () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  const profiler = ci.profile({ output: sink });
  const gates = [gate(), gate(), gate()];
  let emitted = 0;
  sink.onEmit = () => gates[emitted++].promise;
  for (let i = 0; i < 3; i++) {
    ci.scope("x", { index: i }).end();
    profiler.flush();
  }
  assertEquals(sink.names, ["x[0]"]);
  let isSettled = false;
  const settled = profiler.settled().then(() => {
    isSettled = true;
  });
  gates[0].open();
  await gates[0].promise;
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals([sink.names, isSettled], [["x[0]", "x[1]"], false]);
  gates[1].fail(new Error("boom"));
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals([sink.names, isSettled], [["x[0]", "x[1]", "x[2]"], false]);
  gates[2].open();
  await settled;
  assertEquals(ci.engine.health().sink_error_count, 1);
  sink.onEmit = null;
  profiler.shutdown();
});

test("Profiler.settled() after shutdown() waits for what the session gave", async () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  const profiler = ci.profile({ output: sink });
  const slow = gate();
  sink.onEmit = () => slow.promise;
  ci.scope("a").end();
  profiler.flush();
  profiler.shutdown();
  let isSettled = false;
  const settled = profiler.settled().then(() => {
    isSettled = true;
  });
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals([sink.names, isSettled], [["a"], false]);
  slow.open();
  await settled;
  assertEquals(sink.names, ["a", "cirron.session"]);
});

test("A sink with promises is closed after its last batch", async () => {
  const sink = new MemorySink();
  const ci = new TestEngine();
  const profiler = ci.profile({ output: sink });
  const slow = gate();
  sink.onEmit = () => slow.promise;
  ci.scope("a").end();
  profiler.flush();
  profiler.shutdown();
  slow.open();
  for (let i = 0; i < 5; i++) await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals(sink.names, ["a", "cirron.session"]);
  assertEquals(sink.calls.at(-1), "close");
});

test("Profiler.settled() resolves at once without a session, without sinks, and with sinks that are done", async () => {
  const ci = new TestEngine();
  const profiler = ci.profile();
  await profiler.settled();
  profiler.shutdown();
  await profiler.settled();
  const other = ci.profile({ output: new MemorySink() });
  ci.scope("a").end();
  await other.settled();
  other.shutdown();
});

test("A slow sink is kept the newest spans, and the others are counted as dropped", async () => {
  const given: number[] = [];
  const ci = new TestEngine();
  const slow = gate();
  const fast = { spans: 0 };
  const profiler = ci.profile({
    output: [{
      emit(batch) {
        for (const { index } of batch.spans) given.push(index!);
        return slow.promise;
      },
    }, {
      emit(batch) {
        fast.spans += batch.spanCount;
      },
    }],
    flushIntervalMs: HOUR_MS,
  });
  recordMany(ci, 250_000);
  profiler.flush();
  const { sink_drop_count } = ci.engine.health();
  slow.open();
  await profiler.settled();
  assertEquals([given.length + sink_drop_count, fast.spans], [250_000, 250_000]);
  assert(sink_drop_count > 100_000 && given.length > 90_000, `${sink_drop_count} dropped`);
  assertEquals(given.at(-1), 249_999);
  const newest = given.slice(-90_000);
  assertEquals(newest, upTo(90_000).map(i => i + 160_000));
  profiler.shutdown();
});

test("A slow sink is kept a bounded number of marks of spans that stay open", async () => {
  const slow = gate();
  let given = 0;
  const ci = new TestEngine();
  const profiler = ci.profile({
    output: {
      emit(batch) {
        given += batch.marks.length;
        return slow.promise;
      },
    },
    flushIntervalMs: HOUR_MS,
  });
  for (let i = 0; i < 500; i++) {
    for (let j = 0; j < 1000; j++) ci.mark("m", j);
    profiler.flush();
  }
  slow.open();
  await profiler.settled();
  assert(given < 500_000, `${given} marks were all kept`);
  profiler.shutdown();
});

// health().

test("health().flush_latency_ns is what the last flush took", () => {
  const sink = new MemorySink();
  const ci = start([sink]);
  assertEquals(ci.engine.health().flush_latency_ns, null);
  sink.onEmit = () => ci.clock.us(70);
  ci.scope("a").end();
  ci.engine.flush();
  assertEquals(ci.engine.health().flush_latency_ns, 70_000);
  ci.engine.shutdown();
});

test("A tick sets health().flush_latency_ns too", async () => {
  const sink = new MemorySink();
  const ci = start([sink], undefined, 5);
  sink.onEmit = () => ci.clock.us(70);
  ci.scope("a").end();
  await nextCommit(sink);
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals(ci.engine.health().flush_latency_ns, 70_000);
  ci.engine.shutdown();
});

test("health() after shutdown() still has the errors of the session's sinks", () => {
  const ci = start([{
    emit() {
      throw new Error("boom");
    },
  }]);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().sink_error_count, 1);
});

// The process.

const own = findRuntime(RUNTIME)!;
const MOD = pathToFileURL(`${CHECKOUT}/mod.ts`).href;

async function child(body: string): Promise<string> {
  using folder = new TempDirectory();
  const path = folder.write("program.ts", `import * as ci from ${JSON.stringify(MOD)};\n${body}`);
  const outcome = await run(own, RUNTIME === "deno" ? ["run", "-A", path] : [path], {
    cwd: folder.path,
    timeoutMs: 60_000,
  });
  return said<string>(outcome);
}

test("A session does not keep the process alive", async () => {
  assertEquals(
    await child(`
      ci.profile({ output: { emit() {} }, flushIntervalMs: ${HOUR_MS} });
      for (let i = 0; i < 5000; i++) ci.scope("x").end();
      console.log('"ended"');
    `),
    "ended",
  );
});

test("A tick's slices follow at once in a program that waits for something slow", async () => {
  assertEquals(
    await child(`
      ci.profile({
        output: {
          emit() {
            const until = performance.now() + 1.5; // two of these are a slice
            while (performance.now() < until);
          },
          commit: () => done(),
        },
        flushIntervalMs: 500,
      });
      let done = () => {};
      for (let i = 0; i < 4000; i++) ci.scope("x").end();
      let ticks = 0;
      setInterval(() => ticks++, 500).unref();
      const slow = setTimeout(() => {}, 20_000);
      await new Promise<void>(resolve => done = resolve);
      clearTimeout(slow);
      console.log(JSON.stringify(ticks <= 2 ? "at once" : "after " + ticks + " ticks"));
    `),
    "at once",
  );
});

test("shutdown() leaves no timer", async () => {
  assertEquals(
    await child(`
      const { default: process } = await import("node:process");
      const profiler = ci.profile({ output: { emit() {} }, flushIntervalMs: 1 });
      for (let i = 0; i < 5000; i++) ci.scope("x").end();
      profiler.shutdown();
      const kinds = process.getActiveResourcesInfo?.().filter((kind: string) => /Timeout|Immediate/.test(kind)) ?? [];
      console.log(JSON.stringify(kinds.join()));
    `),
    "",
  );
});

// Everything at once.

test("Sinks get what random programs record, once each", () => {
  fc.assert(
    fc.property(
      fc.record({
        maxSpans: fc.integer({ min: 1, max: 20 }),
        steps: fc.array(
          fc.oneof(
            { weight: 8, arbitrary: fc.constant("open" as const) },
            { weight: 8, arbitrary: fc.constant("end" as const) },
            { weight: 6, arbitrary: fc.constant("mark" as const) },
            { weight: 3, arbitrary: fc.constant("summary" as const) },
            { weight: 2, arbitrary: fc.constant("flush" as const) },
            { weight: 1, arbitrary: fc.constant("trace" as const) },
            { weight: 1, arbitrary: fc.constant("many" as const) },
            { weight: 1, arbitrary: fc.constant("manyMarks" as const) },
            { weight: 1, arbitrary: fc.record({ bound: fc.integer({ min: 1, max: 30 }) }) },
          ),
          { maxLength: 60, size: "max" },
        ),
        picks: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
        failing: fc.boolean(),
      }),
      ({ maxSpans, steps, picks, failing }) => {
        const sinks = [new MemorySink(), new MemorySink()];
        if (failing) {
          sinks[0].onEmit = () => {
            throw new Error("boom");
          };
        }
        const ci = start(sinks, maxSpans);
        const open: Scope[] = [];
        const closed: number[] = [];
        const marks: number[] = [];
        let next = 0;
        let nextMark = 0;
        const indices = new Map<Scope, number>();
        const mark = (scope: Scope | undefined, options?: MarkOptions) => {
          marks.push(nextMark);
          if (scope === undefined) ci.mark("m", nextMark++, options);
          else scope.mark("m", nextMark++, options);
        };
        steps.forEach((step, i) => {
          const scope = open[picks[i] % open.length];
          if (step === "open") {
            const opened = ci.scope("x", { index: next });
            indices.set(opened, next++);
            open.push(opened);
          } else if (step === "end" && scope !== undefined) {
            scope.end();
            closed.push(indices.get(scope)!);
            open.splice(open.indexOf(scope), 1);
          } else if (step === "mark") mark(scope);
          else if (step === "summary") mark(scope, { kind: "summary" });
          else if (step === "flush") ci.engine.flush();
          else if (step === "trace") ci.dict({ open: true });
          else if (step === "many") {
            for (let j = 0; j < 40; j++) {
              ci.scope("x", { index: next }).end();
              closed.push(next++);
            }
          } else if (step === "manyMarks") { for (let j = 0; j < 1030; j++) mark(scope); }
          else if (typeof step === "object") ci.engine.setMaxSpans(step.bound);
        });
        ci.engine.shutdown();
        for (const { index } of open.map(scope => ({ index: indices.get(scope)! })).toReversed()) {
          closed.push(index);
        }
        for (const sink of sinks) {
          assertEquals(sink.indices("x"), closed);
          assertEquals(sink.marks.map(mark => mark.value as number).toSorted((a, b) => a - b), marks);
          assertEquals(new Set(sink.marks.map(mark => mark.id)).size, marks.length);
          const known = new Set(sink.marks.map(mark => mark.id));
          for (const span of sink.spans) assert(span.mark_ids.every(id => known.has(id)));
          const ids = new Set(sink.spans.map(span => span.id));
          for (const { span_id } of sink.marks) assert(ids.has(span_id));
        }
      },
    ),
    { numRuns: 150 },
  );
});
