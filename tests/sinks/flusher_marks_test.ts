import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { TestEngine } from "../support/engine.ts";
import { MemorySink, startWith, upTo } from "../support/sinks.ts";

test("flush() gives the marks of open scopes out once, before their spans", () => {
  const sink = new MemorySink();
  const ci = startWith([sink]);
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
    const ci = startWith([sink]);
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
  const ci = startWith([sink]);
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
  const ci = startWith([sink]);
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
  const ci = startWith([sink]);
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
