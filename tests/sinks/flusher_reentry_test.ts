import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import type { Sink } from "../../src/sinks/sink.ts";
import { TestEngine } from "../support/engine.ts";
import { gate, HOUR_MS, keepAlive, MemorySink, recordMany, startWith, upTo } from "../support/sinks.ts";

// Sinks that reach back.

test("A sink that records scopes while it is given spans is given them at the next flush", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
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
  const ci = startWith([sink]);
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
  const ci = startWith([sink], 10);
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
  const ci = startWith([sink], 10);
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
  const ci = startWith([sink]);
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
  const ci = startWith([sink], 10);
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
    const ci = startWith([sink], 10);
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
  const ci = startWith([sink], 10);
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
  const ci = startWith([sink], undefined, 5);
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
  const ci = startWith([sink]);
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
    const ci = startWith([first], undefined, when === "tick" ? 1 : HOUR_MS);
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
  const ci = startWith([sink], 10);
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
  const ci = startWith([sink]);
  sink.onEmit = () => void ci.engine.profile({ output: "none" });
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals([sink.names, ci.warnings.length], [["a", "cirron.session"], 1]);
});
