import { assert, assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { literal } from "../support/engine.ts";
import { type Api, APIS, BridgedEngine, newestApi } from "../support/otel.ts";

function keyed(
  api: Api,
): { key: symbol; one: ReturnType<Api["context"]["active"]>; two: typeof api.ROOT_CONTEXT } {
  const key = api.createContextKey("a key");
  return { key, one: api.ROOT_CONTEXT.setValue(key, 1), two: api.ROOT_CONTEXT.setValue(key, 2) };
}

for (const [version, api] of APIS) {
  test(`Outside any context that of the API ${version} is its own root`, () => {
    using _engine = new BridgedEngine(api);
    assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
  });

  test(`with() of the API ${version} runs a function in a context, with this and arguments, and gives its result`, () => {
    using _engine = new BridgedEngine(api);
    const { one, two } = keyed(api);
    const self = { name: "self" };
    const result = api.context.with(
      one,
      function(this: typeof self, a: number, b: number) {
        assertStrictEquals(this, self);
        assertStrictEquals(api.context.active(), one);
        api.context.with(two, () => assertStrictEquals(api.context.active(), two));
        assertStrictEquals(api.context.active(), one);
        return a + b;
      },
      self,
      1,
      2,
    );
    assertEquals(result, 3);
    assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
  });
}

test("with() lets what is thrown through and restores the context", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { one } = keyed(api);
  assertThrows(
    () =>
      api.context.with(one, () => {
        throw new Error("through");
      }),
    Error,
    "through",
  );
  assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
});

test("A context goes on across await, timers and promises, and flows at once keep their own", async () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { one, two } = keyed(api);
  const flow = (context: typeof one) =>
    api.context.with(context, async () => {
      for (let i = 0; i < 3; i++) {
        await turn();
        assertStrictEquals(api.context.active(), context);
        await new Promise<void>(resolve => queueMicrotask(resolve));
        assertStrictEquals(api.context.active(), context);
      }
    });
  await Promise.all([flow(one), flow(two)]);
  assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
});

test("A value of a context is there in scopes of ours, whatever they are opened with", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { key, one } = keyed(api);
  const value = () => api.context.active().getValue(key);
  api.context.with(one, () => {
    engine.scope("callback", scope => {
      assertEquals(value(), 1);
      scope.run(() => assertEquals(value(), 1));
    });
    const handle = engine.scope("handle");
    assertEquals(value(), 1);
    handle.end();
  });
  assertEquals(value(), undefined);
});

test("In a scope of ours the active span is that scope, the same each time, and may be changed", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  engine.scope("ours", scope => {
    const span = api.trace.getActiveSpan()!;
    assertStrictEquals(api.trace.getActiveSpan(), span);
    assertStrictEquals(api.context.active(), api.context.active());
    assertEquals(span.spanContext().spanId, scope.id);
    span.setAttribute("theirs", 1).updateName("renamed").addEvent("event");
    const inner = engine.scope("inner");
    assertNotEquals(api.trace.getActiveSpan(), span);
    inner.end();
    assertStrictEquals(api.trace.getActiveSpan(), span);
  });
  const [root] = engine.dict().roots;
  assertEquals([root.name, root.attrs, root.marks[0].name], ["renamed", { theirs: 1 }, "event"]);
});

test("A context that is entered again after a scope of ours has closed is the same object", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const span = tracer.startSpan("a");
  const context = api.trace.setSpan(api.ROOT_CONTEXT, span);
  api.context.with(context, () => {
    assertStrictEquals(api.context.active(), context);
    engine.scope("inner").end();
    assertStrictEquals(api.context.active(), context);
    span.end();
    assertStrictEquals(api.context.active(), context);
  });
});

test("The root context leaves the tree: what is opened in it is a root", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  engine.scope("outer", () => {
    api.context.with(api.ROOT_CONTEXT, () => {
      assertStrictEquals(api.trace.getActiveSpan(), undefined);
      engine.scope("apart", () => {});
    });
  });
  assertEquals(engine.shape(), "outer\napart");
});

test("Contexts with a span can be changed like any: values, spans and what is deleted", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const key = api.createContextKey("key");
  tracer.startActiveSpan("a", a => {
    const active = api.context.active();
    const more = active.setValue(key, 1);
    assertEquals([more.getValue(key), api.trace.getSpan(more) === a], [1, true]);
    assertEquals(active.getValue(key), undefined);
    assertStrictEquals(api.trace.getSpan(api.trace.deleteSpan(active)), undefined);
    assertStrictEquals(api.trace.getSpan(more.deleteValue(key)), a);
    const b = tracer.startSpan("b");
    assertStrictEquals(api.trace.getSpan(api.trace.setSpan(active, b)), b);
    assertStrictEquals(api.trace.getSpan(active), a);
    b.end();
    a.end();
  });
});

test("Contexts inside one another hold no more than the one they are in", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const key = api.createContextKey("key");
  let asked = 0;
  const counting = {
    getValue: (wanted: symbol) => (asked++, wanted === key ? "found" : undefined),
    setValue: () => counting,
    deleteValue: () => counting,
  };
  const nest = (depth: number): unknown =>
    depth === 0
      ? (asked = 0, api.context.active().getValue(key))
      : tracer.startActiveSpan(`${depth}`, span => {
        const value = nest(depth - 1);
        span.end();
        return value;
      });
  assertEquals(api.context.with(counting, () => nest(50)), "found");
  assertEquals(asked, 1);
});

test("bind() gives a function that runs in a context, keeps its length and this, and leaves other things alone", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { one } = keyed(api);
  const self = {
    bound: api.context.bind(one, function(this: unknown, a: number, _b: number) {
      return [this, a, api.context.active()];
    }),
  };
  assertEquals(self.bound.length, 2);
  const [its, a, context] = self.bound(1, 2) as unknown[];
  assertStrictEquals(its, self);
  assertStrictEquals(context, one);
  assertEquals(a, 1);
  for (const other of [1, "text", null, undefined, { a: 1 }]) {
    assertStrictEquals(api.context.bind(one, other), other);
  }
});

test("A bound function hangs what it opens on the context's span, also where another is active", () => {
  using engine = new BridgedEngine();
  const { api, tracer } = engine;
  const span = tracer.startSpan("a");
  const later = api.context.bind(
    api.trace.setSpan(api.ROOT_CONTEXT, span),
    () => engine.scope("in a", () => {}),
  );
  engine.scope("other", () => later());
  span.end();
  assertEquals(engine.shape(), literal("a\n  in a\nother"));
});

const ADDING = ["on", "addListener", "once", "prependListener", "prependOnceListener"] as const;

for (const method of ADDING) {
  test(`bind() of an emitter: listeners of ${method}() run in the context, and can be removed`, () => {
    using engine = new BridgedEngine();
    const { api } = engine;
    const { one } = keyed(api);
    const emitter = new EventEmitter();
    assertStrictEquals(api.context.bind(one, emitter), emitter);
    const seen: unknown[] = [];
    const listener = function(this: unknown, value: number): void {
      seen.push(value, api.context.active() === one, this === emitter);
    };
    emitter[method]("event", listener);
    assertEquals(emitter.listenerCount("event"), 1);
    emitter.emit("event", 7);
    assertEquals(seen, [7, true, true]);
    if (!/once/i.test(method)) emitter.removeListener("event", listener);
    assertEquals(emitter.listenerCount("event"), 0);
    emitter.emit("event", 8);
    assertEquals(seen.length, 3);
    emitter[method]("event", listener);
    emitter.off("event", listener);
    assertEquals(emitter.listenerCount("event"), 0);
  });
}

test("bind() of an emitter: all listeners can be removed, of one event and of all, and added again", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { one, two } = keyed(api);
  const emitter = api.context.bind(one, new EventEmitter());
  let count = 0;
  const listener = () => void (count += api.context.active() === one ? 1 : 100);
  for (const args of [["a"], []] as [string?][]) {
    emitter.on("a", listener);
    emitter.on("b", listener);
    emitter.removeAllListeners(...args as [string]);
    assertEquals([emitter.listenerCount("a"), emitter.listenerCount("b")], [0, args.length]);
    emitter.removeAllListeners();
  }
  // Bound once: the first context stays.
  api.context.bind(two, emitter).on("a", listener);
  emitter.emit("a");
  assertEquals(count, 1);
});

test("attach() makes a context the flow's own until it is disposed of", async () => {
  using engine = new BridgedEngine(newestApi as unknown as Api);
  const { api, tracer } = engine;
  const { one } = keyed(api);
  await (async () => {
    await turn();
    const outer = newestApi.context.attach(one);
    assertStrictEquals(api.context.active(), one);
    const span = tracer.startSpan("a");
    const inner = newestApi.context.attach(newestApi.trace.setSpan(one, span as never));
    engine.scope("in a", () => {});
    await turn();
    assertStrictEquals(api.trace.getActiveSpan(), span);
    inner.dispose();
    assertStrictEquals(api.context.active(), one);
    inner.dispose();
    outer.dispose();
    assert(api.context.active() !== one);
    span.end();
  })();
  assertEquals(engine.shape(), "a\n  in a");
});

test("disable() gives up the contexts that are active, and later ones go on", () => {
  using engine = new BridgedEngine();
  const { api } = engine;
  const { one } = keyed(api);
  const manager = (globalThis as { [key: symbol]: { context: { disable(): unknown; enable(): unknown } } })[
    Symbol.for("opentelemetry.js.api.1")
  ].context;
  api.context.with(one, () => {
    assertStrictEquals(manager.disable(), manager);
    assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
    api.context.with(one, () => assertStrictEquals(api.context.active(), one));
  });
  assertStrictEquals(manager.enable(), manager);
});

test("A context does not keep spans of ours open, and a flow that outlives its span goes on", async () => {
  using engine = new BridgedEngine();
  const { tracer } = engine;
  let later: Promise<void> | undefined;
  tracer.startActiveSpan("a", span => {
    later = (async () => {
      await turn();
      engine.scope("late", () => {});
    })();
    span.end();
  });
  await later;
  assertEquals(engine.shape(), "a\n  late");
  assertEquals(engine.engine.health().misnested_count, 0);
});
