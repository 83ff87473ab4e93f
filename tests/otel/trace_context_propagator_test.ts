import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { parseTraceState } from "../../src/otel/trace_state.ts";
import { BridgedEngine } from "../support/otel.ts";

// The cases of W3C's own suite for Trace Context (https://github.com/w3c/trace-context/tree/main/test), as a service under test meets
// them: it is called with these headers and calls on. `trace` says whether it has to stay in the caller's trace, `state` which
// tracestate it has to hand on; null for none.

const TRACE = "12345678901234567890123456789012";
const PARENT = "1234567890123456";
const VALID = `00-${TRACE}-${PARENT}-01`;

type Header = readonly [name: string, value: string];

interface SuiteCase {
  readonly name: string;
  readonly headers: readonly Header[];
  readonly trace: boolean;
  readonly state?: string | null;
}

function parents(name: string, trace: boolean, ...values: string[]): SuiteCase[] {
  return values.map(value => ({
    name: `${name}: ${JSON.stringify(value)}`,
    headers: [["traceparent", value]],
    trace,
  }));
}

function states(name: string, state: string | null, ...values: (string | readonly string[])[]): SuiteCase[] {
  return values.map(value => ({
    name: `${name}: ${JSON.stringify(value).slice(0, 80)}`,
    headers: [
      ["traceparent", VALID],
      ...(typeof value === "string" ? [value] : value).map(one => ["tracestate", one] as const),
    ],
    trace: true,
    state,
  }));
}

const z = (count: number) => "z".repeat(count);
const members = (count: number) =>
  Array.from({ length: count }, (_, i) => `bar${String(i + 1).padStart(2, "0")}=${i}`);

const SUITE: readonly SuiteCase[] = [
  { name: "both missing", headers: [], trace: false, state: null },
  { name: "traceparent alone", headers: [["traceparent", VALID]], trace: true, state: null },
  {
    name: "two traceparents",
    headers: [["traceparent", VALID], ["traceparent", VALID.replace("1234", "9234")]],
    trace: false,
  },
  { name: "another header's name", headers: [["trace-parent", VALID]], trace: false },
  { name: "another header's name, with a dot", headers: [["trace.parent", VALID]], trace: false },
  ...["TraceParent", "TrAcEpArEnT", "TRACEPARENT"].map(name => ({
    name: `casing ${name}`,
    headers: [[name, VALID] as const],
    trace: true,
  })),
  ...parents("version 00 with more", false, `${VALID}.`, `${VALID}-what-the-future-will-be-like`),
  ...parents(
    "version cc",
    true,
    VALID.replace("00", "cc"),
    `${VALID.replace("00", "cc")}-what-the-future-will-be-like`,
  ),
  ...parents(
    "version cc with what is no field",
    false,
    `${VALID.replace("00", "cc")}.what-the-future-will-not-be-like`,
  ),
  ...parents("version ff", false, VALID.replace("00", "ff")),
  ...parents("version with illegal characters", false, VALID.replace("00", ".0"), VALID.replace("00", "0.")),
  ...parents("version too long", false, VALID.replace("00", "000"), VALID.replace("00", "0000")),
  ...parents("version too short", false, VALID.replace("00", "0")),
  ...parents("trace id of zeros", false, VALID.replace(TRACE, "0".repeat(32))),
  ...parents(
    "trace id with illegal characters",
    false,
    VALID.replace(TRACE, `.${TRACE.slice(1)}`),
    VALID.replace(TRACE, `${TRACE.slice(0, 16)}.${TRACE.slice(17)}`),
    VALID.replace(TRACE, `${TRACE.slice(0, 31)}.`),
    VALID.replace(TRACE, "ABCDEF78901234567890123456789012"),
  ),
  ...parents("trace id too long", false, VALID.replace(TRACE, `${TRACE}3`)),
  ...parents("trace id too short", false, VALID.replace(TRACE, TRACE.slice(1))),
  ...parents("parent id of zeros", false, VALID.replace(`-${PARENT}-`, `-${"0".repeat(16)}-`)),
  ...parents(
    "parent id with illegal characters",
    false,
    VALID.replace(`-${PARENT}-`, "-.234567890123456-"),
    VALID.replace(`-${PARENT}-`, "-12345678.0123456-"),
    VALID.replace(`-${PARENT}-`, "-123456789012345.-"),
  ),
  ...parents("parent id too long", false, VALID.replace(`-${PARENT}-`, `-${PARENT}7-`)),
  ...parents("parent id too short", false, VALID.replace(`-${PARENT}-`, `-${PARENT.slice(1)}-`)),
  ...parents("flags with illegal characters", false, VALID.replace(/01$/, ".0"), VALID.replace(/01$/, "0.")),
  ...parents("flags too long", false, VALID.replace(/01$/, "001")),
  ...parents("flags too short", false, VALID.replace(/01$/, "1")),
  ...parents(
    "white space around",
    true,
    ` ${VALID}`,
    `\t${VALID}`,
    `${VALID} `,
    `${VALID}\t`,
    `\t ${VALID} \t`,
  ),
  { name: "tracestate alone", headers: [["tracestate", "foo=1"]], trace: false, state: null },
  {
    name: "two tracestates alone",
    headers: [["tracestate", "foo=1"], ["tracestate", "bar=2"]],
    trace: false,
    state: null,
  },
  ...states("tracestate", "foo=1,bar=2", "foo=1,bar=2"),
  {
    name: "another header's name for tracestate",
    headers: [["traceparent", VALID], ["trace-state", "foo=1"]],
    trace: true,
    state: null,
  },
  {
    name: "another header's name for tracestate, with a dot",
    headers: [["traceparent", VALID], ["trace.state", "foo=1"]],
    trace: true,
    state: null,
  },
  ...["TraceState", "TrAcEsTaTe", "TRACESTATE"].map(name => ({
    name: `casing ${name}`,
    headers: [["traceparent", VALID], [name, "foo=1"]] as const,
    trace: true,
    state: "foo=1",
  })),
  ...states("empty tracestate", null, ""),
  ...states("an empty header among tracestates", "foo=1", ["foo=1", ""], ["", "foo=1"]),
  ...states("several tracestates", "foo=1,bar=2", ["foo=1", "bar=2"]),
  ...states("several tracestates of several members", "foo=1,bar=2,rojo=1,congo=2,baz=3", [
    "foo=1,bar=2",
    "rojo=1,congo=2",
    "baz=3",
  ]),
  ...states("duplicated keys: the first is kept", "foo=1", "foo=1,foo=1", "foo=1,foo=2", ["foo=1", "foo=2"]),
  ...states(
    "all allowed characters",
    "abcdefghijklmnopqrstuvwxyz0123456789_-*/= !\"#$%&'()*+-./0123456789:;<>?@[\\]^_`{|}~aZ",
    "abcdefghijklmnopqrstuvwxyz0123456789_-*/= !\"#$%&'()*+-./0123456789:;<>?@[\\]^_`{|}~aZ",
  ),
  ...states(
    "all allowed characters in a tenant's key",
    "0abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/=x",
    "0abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/=x",
  ),
  ...states(
    "white space around members",
    "foo=1,bar=2,baz=3",
    "foo=1 \t , \t bar=2, \t baz=3",
    "foo=1\t \t,\t \tbar=2,\t \tbaz=3",
    " foo=1,bar=2,baz=3",
    "\tfoo=1,bar=2,baz=3",
    "foo=1,bar=2,baz=3 ",
    "foo=1,bar=2,baz=3\t",
    "\t foo=1,bar=2,baz=3 \t",
  ),
  ...states("empty members", "foo=1,bar=2", "foo=1,,bar=2", ",foo=1,bar=2,", "foo=1, \t,bar=2"),
  ...states("key with illegal characters", null, "foo =1", "FOO=1", "foo.bar=1", "foo\t=1,bar=2", "1foo=1"),
  ...states(
    "vendor's key of a wrong form",
    null,
    "foo@=1,bar=2",
    "@foo=1,bar=2",
    "foo@@bar=1,bar=2",
    "foo@bar@baz=1,bar=2",
  ),
  ...states("32 members", members(32).join(","), members(32).join(",")),
  ...states("33 members", null, members(33).join(",")),
  ...states("33 members in two headers", null, [members(20).join(","), members(33).slice(20).join(",")]),
  ...states("keys as long as may be", `foo=1,${z(256)}=1`, `foo=1,${z(256)}=1`),
  ...states("key too long", null, `foo=1,${z(257)}=1`),
  ...states(
    "tenant's key as long as may be",
    `foo=1,${"t".repeat(241)}@${"v".repeat(14)}=1`,
    `foo=1,${"t".repeat(241)}@${"v".repeat(14)}=1`,
  ),
  ...states(
    "tenant's key too long",
    null,
    `foo=1,${"t".repeat(242)}@v=1`,
    `foo=1,t@${"v".repeat(15)}=1`,
  ),
  ...states("value with illegal characters", null, "foo=bar=baz", "foo=,bar=3", "foo=\u0007,bar=3", "foo=é"),
  ...states("value as long as may be", `foo=${z(256)}`, `foo=${z(256)}`),
  ...states("value too long", null, `foo=${z(257)},bar=1`),
  ...states("member without a value", null, "foo,bar=1", "foo=1,bar"),
];

const getter = {
  keys: (headers: readonly Header[]) => [...new Set(headers.map(([name]) => name))],
  get: (headers: readonly Header[], wanted: string) => {
    const found = headers.filter(([name]) => name === wanted).map(([, value]) => value);
    return found.length > 1 ? found : found[0];
  },
};

for (const { name, headers, trace, state } of SUITE) {
  test(`W3C Trace Context, ${name}`, () => {
    using engine = new BridgedEngine();
    const { api, tracer } = engine;
    const received = api.propagation.extract(api.ROOT_CONTEXT, headers, getter);
    const sent: Record<string, string> = {};
    tracer.startActiveSpan("server", {}, received, server => {
      tracer.startActiveSpan("client", client => {
        api.propagation.inject(api.context.active(), sent);
        client.end();
      });
      server.end();
    });
    assertMatch(sent.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9a-f]$/);
    const [, traceId, spanId] = sent.traceparent.split("-");
    assertEquals(traceId === TRACE, trace);
    assert(spanId !== PARENT);
    const [server] = engine.dict().roots;
    assertEquals(server.parent_id, trace ? PARENT : null);
    if (state !== undefined) assertEquals(sent.tracestate ?? null, state);
  });
}

test("W3C Trace Context, two requests with one traceparent: a span of its own for each", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const spans = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const context = api.propagation.extract(api.ROOT_CONTEXT, { traceparent: VALID });
    const span = tracer.startSpan("a", {}, context);
    assertEquals(span.spanContext().traceId, TRACE);
    spans.add(span.spanContext().spanId);
    span.end();
  }
  assertEquals(spans.size, 3);
});

test("W3C Trace Context, two requests without a valid traceparent: a trace of its own for each", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const traces = [{}, { traceparent: VALID.replace("00-", "ff-") }, {}].map(headers => {
    const span = tracer.startSpan("a", {}, api.propagation.extract(api.ROOT_CONTEXT, headers));
    span.end();
    return span.spanContext().traceId;
  });
  assertEquals(new Set(traces).size, 3);
});

test("extract() keeps the context where there is nothing to extract, and says that what it found is remote", () => {
  using engine = new BridgedEngine();
  const { propagation, trace, ROOT_CONTEXT } = engine.api;
  const context = ROOT_CONTEXT.setValue(Symbol("a"), 1);
  for (const headers of [{}, { traceparent: "x" }, { traceparent: 5 }, { traceparent: [] }]) {
    assertStrictEquals(propagation.extract(context, headers), context);
  }
  const found = trace.getSpanContext(
    propagation.extract(context, { traceparent: [VALID], tracestate: ["a=1"] }),
  )!;
  assertEquals(
    { ...found, traceState: found.traceState?.serialize() },
    { traceId: TRACE, spanId: PARENT, traceFlags: 1, isRemote: true, traceState: "a=1" },
  );
});

test("inject() writes nothing without a valid span, and where tracing is suppressed", () => {
  using engine = new BridgedEngine();
  const { propagation, trace, ROOT_CONTEXT, createContextKey } = engine.api;
  const headers = {};
  propagation.inject(ROOT_CONTEXT, headers);
  propagation.inject(
    trace.setSpanContext(ROOT_CONTEXT, { traceId: "x", spanId: "y", traceFlags: 1 }),
    headers,
  );
  const valid = trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: PARENT, traceFlags: 1 });
  propagation.inject(
    valid.setValue(createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"), true),
    headers,
  );
  assertEquals(headers, {});
  propagation.inject(valid, headers);
  assertEquals(headers, { traceparent: VALID });
});

test("inject() in a scope of ours writes that scope", () => {
  using engine = new BridgedEngine();
  const headers: Record<string, string> = {};
  engine.scope("ours", scope => {
    engine.api.propagation.inject(engine.api.context.active(), headers);
    assertEquals(headers.traceparent, scope.traceparent);
  });
});

test("propagation.fields() names all headers", () => {
  using engine = new BridgedEngine();
  assertEquals(engine.api.propagation.fields(), ["traceparent", "tracestate", "baggage"]);
});

test("A trace state puts what is set first, keeps the rest in order, and never changes", () => {
  const state = parseTraceState("a=1,b=2,c=3")!;
  assertEquals(state.set("b", "20").serialize(), "b=20,a=1,c=3");
  assertEquals(state.set("d", "4").serialize(), "d=4,a=1,b=2,c=3");
  assertEquals(state.unset("a").serialize(), "b=2,c=3");
  assertStrictEquals(state.unset("x"), state);
  assertEquals([state.get("b"), state.get("x"), state.serialize()], ["2", undefined, "a=1,b=2,c=3"]);
});

test("A trace state takes nothing that is no entry", () => {
  const state = parseTraceState("a=1")!;
  for (
    const [key, value] of [["A", "1"], ["", "1"], ["b", ""], ["b", "1,2"], ["b", "1=2"], ["b", "1 "], [
      "b",
      "é",
    ]]
  ) {
    assertStrictEquals(state.set(key, value), state);
  }
});

test("A trace state of 32 entries lets the last one go for another", () => {
  const state = parseTraceState(members(32).join(","))!.set("new", "1").serialize().split(",");
  assertEquals([state.length, state[0], state.at(-1)], [32, "new=1", "bar31=30"]);
});

test("A trace state is cut to 512 characters by whole entries: the long ones, then the last ones", () => {
  const long = `long=${z(200)}`;
  const short = Array.from({ length: 6 }, (_, i) => `k${i}=${z(97)}`);
  assertEquals(parseTraceState([long, ...short].join(","))!.serialize(), short.slice(0, 5).join(","));
  assertEquals(parseTraceState(`${long},a=1`)!.serialize(), `${long},a=1`);
});
