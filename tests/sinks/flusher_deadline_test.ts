import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { Flusher } from "../../src/sinks/flusher.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import { HOUR_MS, MemorySink, nextCommit, recordMany, startWith, upTo } from "../support/sinks.ts";

test("The first span that closes an interval after the last commit has everything given out, without a turn of the loop", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], undefined, 1000);
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
  const ci = startWith([sink], undefined, 1000);
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
  const ci = startWith([sink], undefined, 1000);
  const open = ci.scope("open");
  open.mark("m", 1);
  ci.clock.us(1_000_000);
  ci.scope("a").end();
  assertEquals([sink.names, sink.values], [["a"], ["m=1"]]);
  ci.engine.shutdown();
});

test("A deadline that comes while thousands of spans wait gives out all of them", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], undefined, 1000);
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
  const ci = startWith([sink], undefined, 5);
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
  const ci = startWith([sink], undefined, 1000);
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
  const ids = new IdSeries("0123456789abcdef");
  const recorder = new Recorder({ clock, counters, maxSpans: 10_000, ids: () => ids, warn() {} });
  recorder.restart(10_000, counters);
  const flusher = new Flusher({
    buffer: recorder.buffer,
    clock,
    sinks: [sink],
    intervalMs: 1000,
    identity: { pid: 1, rank: 0, threadId: 0, markIds: new IdSeries("fedcba9876543210") },
    ids,
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
  const ci = startWith([sink], undefined, 1000);
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
