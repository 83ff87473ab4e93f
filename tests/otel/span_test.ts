import { assert, assertEquals, assertMatch, assertNotEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { LARGE, testUnless } from "../support/conditions.ts";
import { literal } from "../support/engine.ts";
import { APIS, BridgedEngine } from "../support/otel.ts";
import { readPage } from "../support/page_reader.ts";

for (const [version, api] of APIS) {
  test(`A span of the API ${version} is a scope, with its attributes, kind and library`, () => {
    using engine = new BridgedEngine(api);
    const tracer = api.trace.getTracer("library", "2.1");
    const span = tracer.startSpan("GET /", {
      kind: api.SpanKind.SERVER,
      attributes: { a: 1, b: "x", c: true },
    });
    engine.clock.us(5);
    assert(span.isRecording());
    span.end();
    assert(!span.isRecording());
    const [root] = engine.dict().roots;
    assertEquals([root.name, root.wall_us], ["GET /", 5]);
    assertEquals(root.attrs, {
      "otel.scope.name": "library",
      "otel.scope.version": "2.1",
      "span.kind": "server",
      a: 1,
      b: "x",
      c: true,
    });
  });

  test(`A span of the API ${version} returns itself from what can be chained`, () => {
    using engine = new BridgedEngine(api);
    const span = engine.tracer.startSpan("a");
    assertStrictEquals(span.setAttribute("a", 1), span);
    assertStrictEquals(span.setAttributes({ b: 2 }), span);
    assertStrictEquals(span.addEvent("c"), span);
    assertStrictEquals(span.addLink({ context: span.spanContext() }), span);
    assertStrictEquals(span.addLinks([]), span);
    assertStrictEquals(span.setStatus({ code: api.SpanStatusCode.UNSET }), span);
    assertStrictEquals(span.updateName("d"), span);
    span.end();
  });
}

test("Spans of all kinds say theirs but for internal ones", () => {
  using engine = new BridgedEngine();
  for (const kind of [0, 1, 2, 3, 4]) engine.tracer.startSpan("a", { kind }).end();
  engine.tracer.startSpan("a").end();
  assertEquals(engine.dict().roots.map(({ attrs }) => attrs["span.kind"]), [
    undefined,
    "server",
    "client",
    "producer",
    "consumer",
    undefined,
  ]);
});

test("Span.spanContext() has the ids that the trace has, and is the same each time", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  const { traceId, spanId, traceFlags } = span.spanContext();
  assert(engine.api.isSpanContextValid(span.spanContext()));
  assertStrictEquals(span.spanContext(), span.spanContext());
  span.end();
  const [{ id, trace_id }] = engine.dict().roots;
  assertEquals([traceId, spanId, traceFlags], [trace_id, id.slice(0, 16), 1]);
});

test("Span.spanContext() can be asked for the first time after the end, also of a span that left the buffer", () => {
  using engine = new BridgedEngine(undefined, 2);
  const span = engine.tracer.startSpan("a");
  span.end();
  for (let i = 0; i < 5; i++) engine.tracer.startSpan("b").end();
  assert(engine.api.isSpanContextValid(span.spanContext()));
});

test("Span.setAttribute() keeps the last value of a key, and passes over what is no value or no key", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  span.setAttribute("a", 1).setAttribute("a", 2).setAttribute("list", ["x", "y"]);
  span.setAttribute("none", undefined as never).setAttribute("null", null as never).setAttribute(
    "",
    "no key",
  );
  span.setAttribute("function", (() => {}) as never).setAttribute("symbol", Symbol("s") as never);
  span.setAttributes({ nan: NaN, nested: { deep: [1] } } as never);
  span.setAttributes(null as never);
  span.end();
  const { "otel.scope.name": _, ...attrs } = engine.dict().roots[0].attrs;
  assertEquals(attrs, { a: 2, list: ["x", "y"], nan: "NaN", nested: { deep: [1] } });
});

test("Span.setAttribute() copies: what the program changes later is not changed here", () => {
  using engine = new BridgedEngine();
  const list = ["x"];
  const span = engine.tracer.startSpan("a", { attributes: { list } });
  list.push("y");
  span.end();
  assertEquals(engine.dict().roots[0].attrs.list, ["x"]);
});

test("A trace that was read while a span was open keeps the attributes it had then", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a", { attributes: { before: 1 } });
  const snapshot = engine.engine.read(Infinity, true);
  span.setAttribute("after", 2);
  assertEquals(snapshot.attrs.at(0)?.after, undefined);
  assertEquals(snapshot.attrs.at(0)?.before, 1);
  span.end();
});

test("Attributes of a span are bounded as ours are: 1000 values, 4096 bytes a string, 256 a key", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  for (let i = 0; i < 3000; i++) span.setAttribute(`key ${i}`, i);
  span.setAttribute("key 0", "x".repeat(10_000));
  span.end();
  const [{ attrs }] = engine.dict().roots;
  assert(Object.keys(attrs).length <= 1001);
  assertEquals(attrs["..."], "[Truncated]");
  const other = engine.tracer.startSpan("b").setAttribute("long", "x".repeat(10_000)).setAttribute(
    "k".repeat(1000),
    1,
  );
  other.end();
  const cut = engine.dict().roots[1].attrs;
  assertEquals((cut.long as string).length, 4096);
  assertEquals(Object.keys(cut).at(-1)?.length, 256);
});

test("Attributes whose getters throw break nothing", () => {
  using engine = new BridgedEngine();
  const hostile = {
    get a(): never {
      throw new Error("no");
    },
  };
  engine.tracer.startSpan("a", { attributes: hostile }).setAttributes(hostile).end();
  assertMatch(String(engine.dict().roots[0].attrs.a), /Throws: Error: no/);
});

test("Span.addEvent() makes a mark, with its attribute value as the mark's", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  span.addEvent("plain").addEvent("loss", { value: 0.25, step: 3 }).addEvent("said", { value: "hi" });
  span.addEvent("others", { size: 1 });
  span.end();
  assertEquals(engine.dict().roots[0].marks.map(({ name, value, attrs }) => [name, value, attrs]), [
    ["plain", true, {}],
    ["loss", 0.25, { step: 3 }],
    ["said", "hi", {}],
    ["others", true, { size: 1 }],
  ]);
});

test("Span.addEvent() takes a time with attributes and without", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const span = engine.tracer.startSpan("a");
  const atMs = 1_767_323_050_000;
  span.addEvent("a", atMs).addEvent("b", { size: 1 }, new Date(atMs + 1)).addEvent("c", [
    atMs / 1000,
    2_000_000,
  ]);
  span.addEvent("d", undefined, atMs + 3);
  span.end();
  const [{ marks }] = engine.dict({ name: "a" }).roots;
  assertEquals(marks.map(({ ts_us }) => ts_us / 1000 - atMs), [0, 1, 2, 3]);
});

test("Events are bounded as marks are: the newest 1024 stay, and the others are counted", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  for (let i = 0; i < 1030; i++) span.addEvent("e", { value: i });
  span.end();
  assertEquals(engine.dict().roots[0].marks.length, 1024);
  assertEquals(engine.engine.health().mark_evict_count, 6);
});

test("Span.setStatus() ERROR is the attribute error, with the message or without", () => {
  using engine = new BridgedEngine();
  const { ERROR } = engine.api.SpanStatusCode;
  engine.tracer.startSpan("a").setStatus({ code: ERROR, message: "no database" }).end();
  engine.tracer.startSpan("b").setStatus({ code: ERROR }).end();
  engine.tracer.startSpan("c").setStatus({ code: ERROR, message: new Error("x") as never }).end();
  assertEquals(engine.dict().roots.map(({ attrs }) => attrs.error), ["no database", "error", "error"]);
});

test("Span.setStatus() UNSET changes nothing, a later ERROR replaces the message, and OK is final", () => {
  using engine = new BridgedEngine();
  const { UNSET, OK, ERROR } = engine.api.SpanStatusCode;
  engine.tracer.startSpan("a").setStatus({ code: ERROR, message: "first" }).setStatus({ code: UNSET })
    .setStatus({ code: ERROR, message: "second" }).end();
  engine.tracer.startSpan("b").setStatus({ code: ERROR, message: "first" }).setStatus({ code: OK })
    .setStatus({ code: ERROR, message: "late" }).end();
  const [a, b] = engine.dict().roots;
  assertEquals([a.attrs.error, b.attrs.error, b.attrs["otel.status_code"]], ["second", undefined, "OK"]);
});

test("Span.recordException() makes a mark with what is known, and the error", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  const error = new TypeError("not a row");
  span.recordException(error);
  span.end();
  const [{ attrs, marks: [mark] }] = engine.dict().roots;
  assertEquals(attrs.error, "TypeError: not a row");
  assertEquals([mark.name, mark.value], ["exception", "TypeError: not a row"]);
  assertEquals(mark.attrs["exception.type"], "TypeError");
  assertEquals(mark.attrs["exception.message"], "not a row");
  assertMatch(String(mark.attrs["exception.stacktrace"]), /TypeError/);
});

test("Span.recordException() takes a text, a code before a name, and passes over what says nothing", () => {
  using engine = new BridgedEngine();
  const told = (exception: unknown) => {
    const span = engine.tracer.startSpan("a");
    span.recordException(exception as string);
    span.end();
    return engine.dict({ last: 1 }).roots[0].attrs.error;
  };
  assertEquals(told("text"), "text");
  assertEquals(told({ code: 12, name: "Name", message: "m" }), "12: m");
  assertEquals(told({ name: "Name" }), "Name");
  assertEquals(told({}), undefined);
  assertEquals(told(null), undefined);
  assertEquals(told(undefined), undefined);
});

test("Span.recordException() takes a time", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const span = engine.tracer.startSpan("a");
  span.recordException("x", [1_767_323_060, 0]);
  span.end();
  assertEquals(engine.dict({ name: "a" }).roots[0].marks[0].ts_us, 1_767_323_060_000_000);
});

test("An exception that a span says it has handled is a mark, and no error", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  span.recordException(new Error("handled"));
  span.setStatus({ code: engine.api.SpanStatusCode.OK });
  span.end();
  const [{ attrs, marks }] = engine.dict().roots;
  assertEquals([attrs.error, marks.length], [undefined, 1]);
});

test("An exception says more than a status: both are kept where they differ", () => {
  using engine = new BridgedEngine();
  const { ERROR } = engine.api.SpanStatusCode;
  const span = engine.tracer.startSpan("a");
  span.recordException(new Error("no such table"));
  span.setStatus({ code: ERROR, message: "query failed" });
  span.end();
  const [{ attrs }] = engine.dict().roots;
  assertEquals([attrs.error, attrs["otel.status_description"]], ["Error: no such table", "query failed"]);
});

test("Links are kept with their attributes, from the options and later, and bounded", () => {
  using engine = new BridgedEngine();
  const other = engine.tracer.startSpan("other");
  const context = other.spanContext();
  const span = engine.tracer.startSpan("a", { links: [{ context, attributes: { why: "batch" } }] });
  span.addLink({ context });
  span.addLinks([{ context: undefined as never }]);
  span.end();
  const [{ attrs }] = engine.dict({ name: "a" }).roots;
  const ids = { trace_id: context.traceId, span_id: context.spanId };
  assertEquals(attrs["otel.links"], [{ ...ids, attributes: { why: "batch" } }, ids]);
  const many = engine.tracer.startSpan("b").addLinks(Array.from({ length: 130 }, () => ({ context })));
  many.end();
  const [{ attrs: kept }] = engine.dict({ name: "b" }).roots;
  assertEquals([(kept["otel.links"] as unknown[]).length, kept["otel.dropped_links_count"]], [128, 2]);
});

test("Span.updateName() renames", () => {
  using engine = new BridgedEngine();
  engine.tracer.startSpan("GET").updateName("GET /items/:id").end();
  assertEquals(engine.shape(), "GET /items/:id");
});

test("Numbers of tokens are marks as well: they are seen in every format", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("chat", { attributes: { "gen_ai.usage.input_tokens": 3 } });
  span.setAttributes({ "gen_ai.usage.output_tokens": 10, "gen_ai.usage.note": "x", "gen_ai.request.n": 1 });
  span.setAttributes({ "ai.usage.outputTokens": 20, "ai.usage.details.text": 20 });
  span.setAttribute("gen_ai.usage.output_tokens", 20);
  span.end();
  const [{ marks }] = engine.dict().roots;
  assertEquals(marks.map(({ name, value, kind }) => [name, value, kind]), [
    ["input_tokens", 3, "summary"],
    ["output_tokens", 20, "summary"],
  ]);
});

test("What is said to a span after its end is dropped and counted, and told once", () => {
  using engine = new BridgedEngine();
  const span = engine.tracer.startSpan("a");
  span.end();
  span.setAttribute("late", 1).setAttributes({ late: 1 }).updateName("late").setStatus({ code: 2 });
  span.addLink({ context: span.spanContext() });
  span.addEvent("late").recordException("late");
  span.end();
  const [{ name, attrs, marks }] = engine.dict().roots;
  assertEquals([name, attrs.late, attrs.error, marks.length], ["a", undefined, undefined, 0]);
  const { change_drop_count, mark_drop_count, span_count } = engine.engine.health();
  assertEquals([change_drop_count, mark_drop_count, span_count], [5, 2, 1]);
  assertEquals(engine.warnings.length, 2);
});

test("Start and end may be given, as pairs, milliseconds, readings of performance and dates", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const ms = 1_767_323_000_000;
  const forms = [
    [[ms / 1000, 0], [ms / 1000, 5_000_123]],
    [ms, ms + 5],
    [new Date(ms), new Date(ms + 5)],
  ] as const;
  for (const [startTime, endTime] of forms) {
    engine.tracer.startSpan("a", { startTime: startTime as never }).end(endTime as never);
  }
  assertEquals(engine.dict({ name: "a" }).roots.map(({ start_us, wall_us }) => [start_us, wall_us]), [
    [ms * 1000, 5000.123],
    [ms * 1000, 5000],
    [ms * 1000, 5000],
  ]);
});

test("A number that performance's clock has passed is a reading of it", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const now = performance.now();
  engine.tracer.startSpan("a", { startTime: now - 20 }).end(now - 5);
  const [{ wall_us }] = engine.dict({ name: "a" }).roots;
  // The two readings of the clock lie a moment apart.
  assert(wall_us > 10_000 && wall_us < 16_000, `${wall_us}`);
});

test("A span whose times are given counts nothing: neither CPU time nor memory", () => {
  using engine = new BridgedEngine();
  engine.profile();
  engine.tracer.startSpan("start", { startTime: 1_767_323_000_000 }).end();
  engine.tracer.startSpan("end").end(1_767_323_046_000);
  engine.tracer.startSpan("neither").end();
  assertEquals(engine.dict({ name: ["start", "end", "neither"] }).roots.map(({ cpu_ns }) => cpu_ns), [
    null,
    null,
    0,
  ]);
});

test("An end before the start is taken for the start, and what is no time for now", () => {
  using engine = new BridgedEngine();
  engine.profile();
  engine.tracer.startSpan("before").end(1_767_000_000_000);
  const span = engine.tracer.startSpan("none", { startTime: NaN });
  engine.clock.us(7);
  span.end(new Date(NaN));
  assertEquals(engine.dict({ name: ["before", "none"] }).roots.map(({ wall_us }) => wall_us), [0, 7]);
});

test("A span that began before the process is read back in every format", async () => {
  using engine = new BridgedEngine();
  engine.tracer.startSpan("early", { startTime: 1_000_000_000_000 }).end(1_000_000_001_000);
  engine.tracer.startSpan("now").end();
  const [early] = engine.dict().roots;
  assertEquals([early.start_us, early.end_us, early.wall_us], [1e15, 1e15 + 1e6, 1e6]);
  for (const format of ["json", "text", "perfetto", "speedscope"] as const) {
    assertMatch(engine.host.trace({ format }) as string, /early/);
  }
  assert((await readPage(engine.host.trace({ format: "html" }) as string)).model.names.includes("early"));
  assertEquals(JSON.parse(engine.json()).roots[0].start_us, 1e15);
});

test("Recent trees are found whole where ends were given out of order", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const root = tracer.startSpan("root");
  const inside = api.trace.setSpan(api.ROOT_CONTEXT, root);
  for (let i = 0; i < 300; i++) tracer.startSpan("child", {}, inside).end(1_767_323_045_678 - 1e6 + i);
  engine.clock.us(1);
  root.end();
  assertEquals(engine.dict({ roots: 1 }).roots[0].children.length, 300);
});

test("A span that is open is seen in the trace, and closed by shutdown", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const span = engine.tracer.startSpan("a", { attributes: { x: 1 } });
  assertEquals(engine.shape({ open: true }), "cirron.session open\n  a open");
  engine.engine.shutdown();
  assert(!span.isRecording());
  assertEquals(engine.shape(), "cirron.session\n  a");
});

test("Spans that are opened side by side in one flow do not nest, whatever the order of their ends", () => {
  using engine = new BridgedEngine();
  const [a, b, c] = ["a", "b", "c"].map(name => engine.tracer.startSpan(name));
  engine.scope("ours", () => {});
  b.end();
  a.end();
  c.end();
  assertEquals(
    engine.shape(),
    literal(`
    a
    b
    c
    ours
  `),
  );
  assertEquals(engine.engine.health().misnested_count, 0);
});

test("Each span has ids of its own, and roots have traces of their own", () => {
  using engine = new BridgedEngine();
  const [a, b] = [engine.tracer.startSpan("a"), engine.tracer.startSpan("b")];
  assertNotEquals(a.spanContext().spanId, b.spanContext().spanId);
  assertNotEquals(a.spanContext().traceId, b.spanContext().traceId);
  a.end();
  b.end();
});

testUnless(LARGE, import.meta.url)(
  "A million spans of OpenTelemetry leave as much as a hundred thousand do",
  () => {
    using engine = new BridgedEngine(undefined, 1000);
    for (let i = 0; i < 1_000_000; i++) engine.tracer.startSpan("a", { attributes: { i } }).end();
    const { open_count, span_count, span_evict_count } = engine.engine.health();
    assertEquals([open_count, span_count, span_evict_count], [0, 1000, 999_000]);
  },
);
