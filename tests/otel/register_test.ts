import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { registerFor } from "../../src/otel/registration.ts";
import { TestEngine } from "../support/engine.ts";
import { type Api, api as oldest, APIS, BridgedEngine, newestApi } from "../support/otel.ts";

const newest = newestApi as unknown as Api;
const KEY = Symbol.for("opentelemetry.js.api.1");

type Slots = Record<string, unknown>;

function slots(): Slots | undefined {
  return (globalThis as { [key: symbol]: Slots | undefined })[KEY];
}

function disableAll({ trace, context, propagation }: Api): void {
  trace.disable();
  context.disable();
  propagation.disable();
}

/** A provider as an SDK has one, which notes the names of spans that it began. */
function otherProvider(
  api: Api,
): { names: string[]; provider: Parameters<Api["trace"]["setGlobalTracerProvider"]>[0] } {
  const names: string[] = [];
  const tracer = {
    startSpan: (name: string) => {
      names.push(name);
      return api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT);
    },
    startActiveSpan: (name: string, ...rest: unknown[]) => {
      names.push(name);
      return (rest.at(-1) as (span: unknown) => unknown)(api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT));
    },
  };
  return { names, provider: { getTracer: () => tracer as never } };
}

for (const [version, api] of APIS) {
  test(`register() with the API ${version} and undone leaves nothing behind`, () => {
    assertStrictEquals(slots(), undefined);
    const engine = new BridgedEngine(api);
    assert(engine.tracer.startSpan("a").isRecording());
    engine.unregister();
    assertStrictEquals(slots(), undefined);
    assert(!api.trace.getTracer("library").startSpan("a").isRecording());
    assertStrictEquals(api.context.active(), api.ROOT_CONTEXT);
    engine.unregister();
  });

  test(`Tracers that a library took from the API ${version} before register() record, and after it no more`, () => {
    const early = api.trace.getTracer("library");
    const used = api.trace.getTracer("library");
    assert(!used.startSpan("too early").isRecording());
    const engine = new BridgedEngine(api);
    early.startSpan("a").end();
    used.startActiveSpan("b", span => span.end());
    assertEquals(engine.shape(), "a\nb");
    const { tracer } = engine;
    engine[Symbol.dispose]();
    for (const one of [early, used, tracer]) {
      assert(!one.startSpan("late").isRecording());
      assertEquals(one.startActiveSpan("late", span => (span.end(), 5)), 5);
    }
    assertEquals(engine.shape(), "a\nb");
  });

  test(`In the place of another provider of the API ${version} it says so, and gives that back`, () => {
    const { names, provider } = otherProvider(api);
    const before = api.trace.getTracer("kept");
    api.trace.setGlobalTracerProvider(provider);
    before.startSpan("theirs");
    const taken = slots()!.trace;
    const engine = new BridgedEngine(api);
    assertMatch(engine.warnings.join(), /takes the place of another tracer provider/);
    engine.tracer.startSpan("ours").end();
    // It keeps what it was given, as it would whoever else came.
    before.startSpan("theirs still");
    const { tracer } = engine;
    engine[Symbol.dispose]();
    assertStrictEquals(slots()!.trace, taken);
    api.trace.getTracer("library").startSpan("theirs again");
    tracer.startSpan("of a tracer of ours");
    tracer.startActiveSpan("active", () => {});
    assertEquals(names, ["theirs", "theirs still", "theirs again", "of a tracer of ours", "active"]);
    assertEquals(engine.shape(), "ours");
    disableAll(api);
    delete (globalThis as { [key: symbol]: unknown })[KEY];
  });

  test(`An SDK that registers with the API ${version} afterwards is refused until it is undone`, () => {
    const engine = new BridgedEngine(api);
    const { provider } = otherProvider(api);
    assertEquals(api.trace.setGlobalTracerProvider(provider), false);
    engine[Symbol.dispose]();
    assertEquals(api.trace.setGlobalTracerProvider(provider), true);
    api.trace.disable();
    delete (globalThis as { [key: symbol]: unknown })[KEY];
  });
}

test("register() twice is one registration, which lasts until both are undone", () => {
  const engine = new BridgedEngine();
  const second = registerFor(engine.engine, engine.api, message => void engine.warnings.push(message));
  assertEquals(engine.warnings, []);
  engine.unregister();
  engine.unregister();
  assert(engine.tracer.startSpan("a").isRecording());
  second[Symbol.dispose]();
  assert(!engine.tracer.startSpan("b").isRecording());
  assertStrictEquals(slots(), undefined);
});

test("register() after somebody has disabled it registers anew", () => {
  const engine = new BridgedEngine();
  disableAll(engine.api);
  assert(!engine.tracer.startSpan("a").isRecording());
  const again = registerFor(engine.engine, engine.api, () => {});
  assert(engine.tracer.startSpan("b").isRecording());
  engine.unregister();
  assert(engine.tracer.startSpan("c").isRecording());
  again();
  assert(!engine.tracer.startSpan("d").isRecording());
});

for (const [first, second] of [[oldest, newest], [newest, oldest]]) {
  const order = first === oldest ? "a newer" : "an older";
  test(`Two copies of the API in a process, ${order} one second: libraries of both record in one tree`, () => {
    const early = second.trace.getTracer("of the second, early");
    const engine = new BridgedEngine(first);
    const undo = registerFor(engine.engine, second, () => {});
    first.trace.getTracer("of the first").startActiveSpan("first", span => {
      assertEquals(second.trace.getActiveSpan()?.spanContext().spanId, span.spanContext().spanId);
      second.trace.getTracer("of the second").startActiveSpan("second", inner => {
        first.trace.getTracer("of the first").startSpan("third").end();
        early.startSpan("early").end();
        inner.end();
      });
      span.end();
    });
    assertEquals(engine.shape(), "first\n  second\n    third\n    early");
    undo();
    engine[Symbol.dispose]();
    assertStrictEquals(slots(), undefined);
    assert(!early.startSpan("late").isRecording());
  });
}

test("What an older copy of the API has registered besides stays reachable, and comes back", () => {
  const meters = { getMeter: () => "meter" } as never;
  oldest.metrics.setGlobalMeterProvider(meters);
  const before = slots();
  const engine = new BridgedEngine(newest);
  assertEquals(slots()!.version, "1.10.0");
  assertStrictEquals(oldest.metrics.getMeterProvider(), meters);
  assert(oldest.trace.getTracer("of the older").startSpan("a").isRecording());
  engine[Symbol.dispose]();
  assertStrictEquals(slots(), before);
  assertStrictEquals(oldest.metrics.getMeterProvider(), meters);
  oldest.metrics.disable();
  delete (globalThis as { [key: symbol]: unknown })[KEY];
});

test("register() takes the module and nothing else", () => {
  const { engine } = new TestEngine();
  const wrong: unknown[] = [undefined, null, {}, oldest.trace, { trace: oldest.trace }, "@opentelemetry/api"];
  for (const one of wrong) {
    assertThrows(
      () => registerFor(engine, one as never, () => {}),
      TypeError,
      "Cannot register: expected the module",
    );
  }
  assertStrictEquals(slots(), undefined);
});

test("A manager of the runtime's own is kept beneath, and what it makes active is seen", async () => {
  // As Deno has one: functions of a class, which native code enters contexts by.
  const { AsyncLocalStorage } = await import("node:async_hooks");
  const storage = new AsyncLocalStorage<unknown>();
  const native = {
    active: () => storage.getStore() ?? oldest.ROOT_CONTEXT,
    with: (context: unknown, fn: (...args: unknown[]) => unknown, self: unknown, ...args: unknown[]) =>
      storage.run(context, () => Reflect.apply(fn, self, args)),
  };
  const holder = globalThis as { Bun?: { otel?: unknown } };
  const hadBun = "Bun" in holder;
  if (!hadBun) return; // Deno's own is tested with Deno's own, in a program
  Object.defineProperty(holder.Bun!, "otel", { value: {}, configurable: true });
  (globalThis as { [key: symbol]: unknown })[KEY] = { version: "1.999.999", context: native };
  try {
    const engine = new BridgedEngine();
    const remote = oldest.trace.setSpanContext(oldest.ROOT_CONTEXT, {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 1,
    });
    storage.run(remote, () => {
      assertStrictEquals(oldest.context.active(), remote);
      engine.tracer.startActiveSpan("a", span => {
        assertStrictEquals(oldest.trace.getActiveSpan(), span);
        assertStrictEquals(oldest.trace.getSpan(native.active() as never), span);
        engine.scope("ours", () => {});
        span.end();
      });
    });
    assertEquals(engine.shape(), "a\n  ours");
    assertEquals(engine.dict().roots[0].parent_id, "b7ad6b7169203331");
    engine[Symbol.dispose]();
    assertStrictEquals(slots()!.context, native);
  } finally {
    delete (holder.Bun as { otel?: unknown }).otel;
    delete (globalThis as { [key: symbol]: unknown })[KEY];
  }
});
