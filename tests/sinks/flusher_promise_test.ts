import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { gate, HOUR_MS, MemorySink, recordMany, upTo } from "../support/sinks.ts";

const largeTest = testUnless(LARGE, import.meta.url);

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

largeTest("A slow sink is kept the newest spans, and the others are counted as dropped", async () => {
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
