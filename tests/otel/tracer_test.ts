import { assert, assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { capture } from "../../mod.ts";
import { register } from "../../otel.ts";
import { literal } from "../support/engine.ts";
import { api as oldestApi, APIS, BridgedEngine } from "../support/otel.ts";

const REMOTE = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
  isRemote: true,
};

for (const [version, api] of APIS) {
  test(`With the API ${version} its spans and our scopes lie in each other`, () => {
    using engine = new BridgedEngine(api);
    engine.profile();
    engine.scope("ours", () => {
      engine.tracer.startActiveSpan("theirs", span => {
        engine.scope("inner ours", () => {
          engine.tracer.startSpan("innermost theirs").end();
          engine.mark("rows", 1);
        });
        engine.mark("of theirs", 2);
        span.end();
      });
      engine.tracer.startSpan("beside").end();
    });
    engine.engine.shutdown();
    assertEquals(
      engine.shape(),
      literal(`
        cirron.session
          ours
            theirs {of theirs=2}
              inner ours {rows=1}
                innermost theirs
            beside
      `),
    );
  });

  test(`startActiveSpan() of the API ${version} takes a function last, after options and a context`, () => {
    using engine = new BridgedEngine(api);
    const { tracer } = engine;
    const parent = tracer.startSpan("parent");
    const context = api.trace.setSpan(api.ROOT_CONTEXT, parent);
    assertEquals(tracer.startActiveSpan("a", span => (span.end(), 1)), 1);
    assertEquals(tracer.startActiveSpan("b", { attributes: { x: 1 } }, span => (span.end(), "two")), "two");
    assertEquals(tracer.startActiveSpan("c", {}, context, span => (span.end(), [3])), [3]);
    parent.end();
    assertEquals(
      engine.shape(),
      literal(`
        parent
          c
        a
        b
      `),
    );
  });
}

test("startActiveSpan() makes its span the active one, and keeps it across await", async () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  await tracer.startActiveSpan("a", async span => {
    assertStrictEquals(api.trace.getActiveSpan(), span);
    await Promise.resolve();
    assertStrictEquals(api.trace.getActiveSpan(), span);
    assertEquals(engine.engine.recording.current?.()?.name, "a");
    span.end();
  });
  assertStrictEquals(api.trace.getActiveSpan(), undefined);
});

test("What a function of startActiveSpan() throws goes on, and ends nothing", () => {
  using engine = new BridgedEngine();
  const error = new Error("no");
  const thrown = assertThrows(() =>
    engine.tracer.startActiveSpan("a", () => {
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  assertEquals(engine.shape({ open: true }), "a open");
});

test("startActiveSpan() without a function does nothing", () => {
  using engine = new BridgedEngine();
  assertEquals((engine.tracer.startActiveSpan as (name: string) => unknown)("a"), undefined);
  assertEquals(engine.shape({ open: true }), "");
});

test("Requests at once, each opened with startSpan and entered later, keep their own children", async () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const serve = (name: string) => {
    const span = tracer.startSpan(name);
    return api.context.with(api.trace.setSpan(api.context.active(), span), async () => {
      await Promise.resolve();
      await engine.scope(`handler ${name}`, async () => {
        await Promise.resolve();
        tracer.startSpan(`query ${name}`).end();
      });
      span.end();
    });
  };
  await Promise.all([serve("1"), serve("2"), serve("3")]);
  assertEquals(
    engine.shape(),
    literal(`
      1
        handler 1
          query 1
      2
        handler 2
          query 2
      3
        handler 3
          query 3
    `),
  );
  assertEquals(engine.engine.health().misnested_count, 0);
});

test("A span of a context is the parent whatever is active", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const parent = tracer.startSpan("parent");
  engine.scope("other", () => {
    tracer.startSpan("child", {}, api.trace.setSpan(api.ROOT_CONTEXT, parent)).end();
    tracer.startSpan("of nothing", {}, api.ROOT_CONTEXT).end();
  });
  parent.end();
  assertEquals(
    engine.shape(),
    literal(`
      parent
        child
      other
      of nothing
    `),
  );
});

test("A span that has ended is a parent all the same, for spans and for scopes of ours", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  tracer.startActiveSpan("outer", outer => {
    const ended = tracer.startSpan("ended");
    ended.end();
    api.context.with(api.trace.setSpan(api.context.active(), ended), () => {
      tracer.startSpan("theirs").end();
      engine.scope("ours", () => {});
      engine.scope("handle").end();
      tracer.startActiveSpan("active", span => span.end());
      assertEquals(engine.engine.recording.context?.().slice(36, 52), ended.spanContext().spanId);
    });
    outer.end();
  });
  assertEquals(
    engine.shape(),
    literal(`
      outer
        ended
          theirs
          ours
          handle
          active
    `),
  );
  const [outer] = engine.dict().roots;
  const traces = outer.children[0].children.map(({ trace_id }) => trace_id);
  assertEquals(new Set(traces), new Set([outer.trace_id]));
});

test("The option root makes a span of its own, with a trace of its own", () => {
  using engine = new BridgedEngine();
  engine.tracer.startActiveSpan("a", a => {
    const root = engine.tracer.startSpan("root", { root: true });
    engine.tracer.startActiveSpan("active root", { root: true }, span => {
      engine.scope("in it", () => {});
      span.end();
    });
    assertNotEquals(root.spanContext().traceId, a.spanContext().traceId);
    root.end();
    a.end();
  });
  assertEquals(
    engine.shape(),
    literal(`
      a
      root
      active root
        in it
    `),
  );
});

test("A remote parent is kept: by spans, by spans in them, and by scopes of ours that lie in no other", () => {
  using engine = new BridgedEngine();
  engine.profile();
  const { tracer, api } = engine;
  const context = api.trace.setSpanContext(api.ROOT_CONTEXT, REMOTE);
  tracer.startSpan("theirs", {}, context).end();
  api.context.with(context, () => {
    engine.scope("ours", () => tracer.startSpan("in ours").end());
    engine.scope("handle").end();
    tracer.startActiveSpan("active", span => {
      engine.scope("in active", () => {});
      assertEquals(span.spanContext().traceId, REMOTE.traceId);
      span.end();
    });
    const here = `00-${REMOTE.traceId}-${REMOTE.spanId}-01`;
    assertEquals(engine.engine.recording.context?.(), here);
  });
  engine.engine.shutdown();
  const remote = engine.dict().roots.filter(({ name }) => name !== "cirron.session");
  assertEquals(remote.map(({ name, parent_id, trace_id }) => [name, parent_id, trace_id]), [
    ["theirs", REMOTE.spanId, REMOTE.traceId],
    ["ours", REMOTE.spanId, REMOTE.traceId],
    ["handle", REMOTE.spanId, REMOTE.traceId],
    ["active", REMOTE.spanId, REMOTE.traceId],
  ]);
  assertEquals(remote.map(({ children }) => children.map(({ name }) => name)), [[], ["in ours"], [], [
    "in active",
  ]]);
});

test("Children of a remote span's child hang on that and its trace, also after its end", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const span = tracer.startSpan("a", {}, api.trace.setSpanContext(api.ROOT_CONTEXT, REMOTE));
  span.end();
  tracer.startSpan("b", {}, api.trace.setSpan(api.ROOT_CONTEXT, span)).end();
  const [a] = engine.dict().roots;
  assertEquals([a.parent_id, a.children[0].name, a.children[0].trace_id], [
    REMOTE.spanId,
    "b",
    REMOTE.traceId,
  ]);
});

test("A parent that is no valid span is none", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  for (const wrong of [{ traceId: "0".repeat(32) }, { spanId: "0".repeat(16) }, { traceId: "xyz" }]) {
    const context = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...REMOTE, ...wrong });
    tracer.startSpan("a", {}, context).end();
  }
  assertEquals(engine.dict().roots.map(({ parent_id }) => parent_id), [null, null, null]);
});

test("Flags and tracestate of a remote parent go on to its children, through scopes of ours too", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const traceState = api.createTraceState("vendor=1");
  const context = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...REMOTE, traceFlags: 0, traceState });
  tracer.startActiveSpan("a", {}, context, a => {
    assertEquals([a.spanContext().traceFlags, a.spanContext().traceState?.serialize()], [0, "vendor=1"]);
    engine.scope("ours", () => {
      const active = api.trace.getActiveSpan()!.spanContext();
      assertEquals(active.traceState?.serialize(), "vendor=1");
      const b = tracer.startSpan("b");
      assertEquals(b.spanContext().traceState?.serialize(), "vendor=1");
      b.end();
    });
    a.end();
  });
  const alone = tracer.startSpan("alone");
  assertEquals(alone.spanContext().traceState, undefined);
  alone.end();
});

test("What is suppressed is not traced, and hands its parent on", () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  const key = api.createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
  tracer.startActiveSpan("a", a => {
    const suppressed = api.context.active().setValue(key, true);
    const span = tracer.startSpan("b", {}, suppressed);
    assert(!span.isRecording());
    assertEquals(span.spanContext().spanId, a.spanContext().spanId);
    api.context.with(suppressed, () => {
      tracer.startSpan("c").end();
      assertEquals(tracer.startActiveSpan("d", span => (span.end(), span.isRecording())), false);
    });
    span.end();
    a.end();
  });
  assertEquals(engine.shape(), "a");
});

test("With enabled: false nothing is recorded, contexts go on, and parents are handed on", async () => {
  using engine = new BridgedEngine();
  const { tracer, api } = engine;
  engine.profile({ enabled: false });
  const key = api.createContextKey("mine");
  const context = api.trace.setSpanContext(api.ROOT_CONTEXT, REMOTE).setValue(key, "value");
  await api.context.with(context, async () => {
    await Promise.resolve();
    assertStrictEquals(api.context.active(), context);
    const inside = tracer.startActiveSpan("a", span => {
      assert(!span.isRecording());
      span.setAttribute("a", 1).end();
      return api.context.active().getValue(key);
    });
    assertEquals(inside, "value");
    assertEquals(tracer.startSpan("b").spanContext().spanId, REMOTE.spanId);
  });
  assert(!api.isSpanContextValid(tracer.startSpan("c").spanContext()));
  engine.engine.shutdown();
  assertEquals(engine.dict().span_count, 0);
  tracer.startSpan("again").end();
  assertEquals(engine.shape(), "again");
});

test("Names may be anything, and are cut", () => {
  using engine = new BridgedEngine();
  engine.tracer.startSpan(undefined as never).end();
  engine.tracer.startSpan("x".repeat(1000)).end();
  assertEquals(engine.dict().roots.map(({ name }) => name), ["undefined", "x".repeat(256)]);
});

test("The same tracer comes back for the same name, version and schema, and another for others", () => {
  using engine = new BridgedEngine();
  const provider = engine.api.trace.getTracerProvider();
  const tracer = provider.getTracer("a", "1", { schemaUrl: "s" });
  assertStrictEquals(provider.getTracer("a", "1", { schemaUrl: "s" }), tracer);
  assertNotEquals(provider.getTracer("a", "2", { schemaUrl: "s" }), tracer);
  assert(provider.getTracer("a", "1") !== tracer);
  assert(provider.getTracer("") !== undefined);
});

test("Spans in a capture are recorded there, and outside the same tracer records as ever", () => {
  using _registration = register(oldestApi);
  const tracer = oldestApi.trace.getTracer("library");
  const { trace } = capture(() => {
    tracer.startActiveSpan("theirs", span => {
      tracer.startSpan("child").end();
      span.end();
    });
  });
  assertEquals(trace().replace(/ \(.*\)/g, ""), "theirs\n  child");
});

test("A tracer goes on with each recorder: in a context of another's span, that is a remote one", () => {
  using _registration = register(oldestApi);
  const { trace } = oldestApi;
  const tracer = trace.getTracer("library");
  const outside = tracer.startSpan("outside");
  const context = trace.setSpan(oldestApi.ROOT_CONTEXT, outside);
  const captured = capture(() => tracer.startSpan("inside", {}, context).end());
  outside.end();
  const [inside] = captured.trace({ format: "dict" }).roots;
  assertEquals([inside.parent_id, inside.trace_id], [
    outside.spanContext().spanId,
    outside.spanContext().traceId,
  ]);
});
