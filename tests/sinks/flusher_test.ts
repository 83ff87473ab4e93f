import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import type { MarkOptions, Scope } from "../../src/record/scope.ts";
import type { SpanBatch } from "../../src/sinks/batch.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { MemorySink, nextCommit, recordMany, startWith, upTo } from "../support/sinks.ts";

const largeTest = testUnless(LARGE, import.meta.url);

// When spans are given out.

test("flush() gives every closed span to every sink once, in order of close", () => {
  const sinks = [new MemorySink(), new MemorySink()];
  const ci = startWith(sinks);
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
  const got: SpanBatch[] = [];
  const ci = startWith([{ emit: batch => void got.push(batch) }, { emit: batch => void got.push(batch) }]);
  ci.scope("a").end();
  ci.engine.flush();
  assert(got.length === 2 && got[0] === got[1]);
  ci.engine.shutdown();
});

test("flush() with nothing new gives sinks no batch, and commits", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
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
  const ci = startWith([sink], undefined, 5);
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
  const ci = startWith([sink], undefined, 5);
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
  const ci = startWith([sink], undefined, 40); // longer than all of it takes
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
  const ci = startWith([sink]);
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
  const ci = startWith([sink]);
  for (let i = 0; i < 3; i++) {
    const given = nextCommit(sink);
    recordMany(ci, 5000 * (i + 1), 5000 * i);
    await given;
  }
  assertEquals(sink.indices("x"), upTo(15_000));
  ci.engine.shutdown();
});

// A buffer that is full, and the end.

for (const capacity of [1, 2, 10, 4095, 4096, 4097, 5000]) {
  test(`A synchronous loop loses nothing in a buffer of ${capacity}`, () => {
    const sinks = [new MemorySink(), new MemorySink()];
    const ci = startWith(sinks, capacity);
    const count = Math.ceil(capacity * 2.5) + 7;
    recordMany(ci, count);
    ci.engine.shutdown();
    for (const sink of sinks) assertEquals(sink.indices("x"), upTo(count));
    const { sink_drop_count, sink_error_count } = ci.engine.health();
    assertEquals([sink_drop_count, sink_error_count], [0, 0]);
  });
}

largeTest("A synchronous loop of 250 000 spans loses nothing in a buffer of 100 000", () => {
  let next = 0;
  let wrong = 0;
  const ci = startWith([{
    emit(batch) {
      for (const { name, index } of batch.spans) if (name === "x" && index !== next++) wrong++;
    },
  }]);
  for (let i = 0; i < 250_000; i++) ci.scope("x", { index: i }).end();
  ci.engine.shutdown();
  assertEquals([next, wrong], [250_000, 0]);
});

largeTest("flush() after a synchronous loop of 100 000 spans has given out all", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
  recordMany(ci, 100_000);
  ci.engine.flush();
  assertEquals(sink.indices("x"), upTo(100_000));
  ci.engine.shutdown();
  assertEquals(new Set(sink.spans.map(span => span.id)).size, 100_001);
});

test("shutdown() closes what is open and gives it out, the session's root last", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
  ci.scope("a");
  ci.scope("b").mark("m", 1);
  ci.engine.shutdown();
  assertEquals([sink.names, sink.values], [["b", "a", "cirron.session"], ["m=1"]]);
  const [b, a, root] = sink.spans;
  assertEquals([root.parent_id, a.parent_id, b.parent_id], [null, root.id, a.id]);
});

test("shutdown() of more open scopes than the buffer holds gives all out", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], 3);
  for (let i = 0; i < 100; i++) ci.scope("x", { index: i });
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(100).toReversed());
});

test("shutdown() commits and closes each sink once; after it nothing comes", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], 3);
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
  const ci = startWith([sink]);
  ci.scope("a").end();
  ci.dict();
  assertEquals(sink.names, ["a"]);
  ci.engine.shutdown();
});

test("A second session gives its own spans to its own sinks alone", () => {
  const [first, second] = [new MemorySink(), new MemorySink()];
  const ci = startWith([first]);
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
  const ci = startWith([sink], 1000);
  recordMany(ci, 500);
  ci.engine.setMaxSpans(10);
  recordMany(ci, 2000, 500);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(2000));
});

test("A buffer that becomes smaller in a session, when all is given out, loses nothing later", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], 1000);
  recordMany(ci, 500);
  ci.engine.flush();
  ci.engine.setMaxSpans(10);
  recordMany(ci, 2000, 500);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(2000));
});

test("A buffer that becomes larger in a session loses nothing", () => {
  const sink = new MemorySink();
  const ci = startWith([sink], 10);
  recordMany(ci, 25);
  ci.engine.setMaxSpans(1000);
  recordMany(ci, 5000, 25);
  ci.engine.shutdown();
  assertEquals(sink.indices("x"), upTo(5000));
});

// health().

test("health().flush_latency_ns is what the last flush took", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
  assertEquals(ci.engine.health().flush_latency_ns, null);
  sink.onEmit = () => ci.clock.us(70);
  ci.scope("a").end();
  ci.engine.flush();
  assertEquals(ci.engine.health().flush_latency_ns, 70_000);
  ci.engine.shutdown();
});

test("A tick sets health().flush_latency_ns too", async () => {
  const sink = new MemorySink();
  const ci = startWith([sink], undefined, 5);
  sink.onEmit = () => ci.clock.us(70);
  ci.scope("a").end();
  await nextCommit(sink);
  await new Promise<void>(resolve => setImmediate(resolve));
  assertEquals(ci.engine.health().flush_latency_ns, 70_000);
  ci.engine.shutdown();
});

test("health() after shutdown() still has the errors of the session's sinks", () => {
  const ci = startWith([{
    emit() {
      throw new Error("boom");
    },
  }]);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().sink_error_count, 1);
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
        const ci = startWith(sinks, maxSpans);
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
