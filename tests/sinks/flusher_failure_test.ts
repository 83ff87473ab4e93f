import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import type { SpanBatch } from "../../src/sinks/batch.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { TestEngine } from "../support/engine.ts";
import { MemorySink, recordMany, startWith, upTo } from "../support/sinks.ts";

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
    const ci = startWith([failing, sink], 10);
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
  const ci = startWith([sink]);
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
    const ci = startWith([{
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
    emit(batch: SpanBatch): void {
      this.spans += batch.spanCount;
    }
    close(): void {
      this.isClosed = true;
    }
  }
  const sink = new Counting();
  const ci = startWith([sink]);
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals([sink.spans, sink.isClosed], [2, true]);
});

test("A sink given twice in a list is one sink", () => {
  const sink = new MemorySink();
  const ci = startWith([sink, sink]);
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals(sink.names, ["a", "cirron.session"]);
});
