import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { captureBy, type Captured } from "../../src/api/capture.ts";
import { CirronError } from "../../src/data/errors.ts";
import { GARBAGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { collectGarbage, nextTask } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

/** `capture()` of an engine. */
function capture<T>(ci: TestEngine, fn: () => PromiseLike<T>): Promise<Captured<T>>;
function capture<T>(ci: TestEngine, fn: () => T): Captured<T>;
function capture(ci: TestEngine, fn: () => unknown): unknown {
  return captureBy(ci.engine, ci.host, fn);
}

test("capture() gives what its function gives, and what it recorded", () => {
  const ci = new TestEngine();
  const value = {};
  const { result, trace } = capture(ci, () => {
    ci.scope("a", { index: 2, attrs: { path: "/x", list: [1] } }, () => ci.mark("rows", 3));
    for (const _ of ci.batches(2)) ci.mark("loss", 0.5);
    return value;
  });
  assertStrictEquals(result, value);
  assertEquals(
    trace(),
    literal(`
      a[2] (path=/x, list=[1]) {rows=3}
      batch[0] {loss=0.5}
      batch[1] {loss=0.5}`),
  );
  assertEquals(ci.shape(), "");
});

test("capture() reads in every format", () => {
  const ci = new TestEngine();
  const { trace } = capture(ci, () => ci.scope("a", () => ci.scope("b", () => {})));
  assertEquals(trace({ format: "dict" }).roots[0].children[0].name, "b");
  assertEquals(JSON.parse(trace({ format: "json" })).span_count, 2);
  assertEquals(trace({ format: "summary" }).rows.map(row => row.path), ["a", "a > b"]);
  assertEquals(trace({ format: "tree" }), undefined);
  assertEquals(ci.printed.length, 1);
  assertEquals(trace({ format: "shape", name: "b" }), "b");
  assertEquals(trace({ depth: 0 }), "a");
  assertEquals(trace({ format: null, last: 1 }), "a");
  assertThrows(() => trace({ format: "xml" } as never), RangeError, "xml");
  assertThrows(() => trace({ nam: "a" } as never), TypeError, "nam");
});

test("capture() shows open scopes when asked, and errors", () => {
  const ci = new TestEngine();
  const { trace } = capture(ci, () => {
    ci.scope("left open");
    assertThrows(() =>
      ci.scope("fails", { attrs: { wait_ms: 3 } }, () => {
        ci.mark("first_item_ns", 17);
        throw new RangeError("no");
      })
    );
  });
  assertEquals(
    trace({ open: true }),
    "left open open\n  fails (wait_ms=...) {first_item_ns=...} !RangeError: no",
  );
  assertEquals(trace(), "fails (wait_ms=...) {first_item_ns=...} !RangeError: no");
});

test("capture() lets an error through, thrown or rejected", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const thrown = assertThrows(() =>
    capture(ci, () => {
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  assertStrictEquals(await assertRejects(() => capture(ci, () => Promise.reject(error))), error);
  const { trace } = await capture(ci, () => assertRejects(() => ci.scope("x", () => Promise.reject(error))));
  assertEquals(trace(), "x !Error: boom");
});

test("Nothing of a capture is in the process's buffer or its sinks, and nothing of theirs in it", async () => {
  const ci = new TestEngine();
  const seen: string[] = [];
  ci.profile({ output: { emit: batch => void seen.push(...batch.spans.map(span => span.name)) } });
  const gate = Promise.withResolvers<void>();
  const outside = ci.scope("outside", async () => {
    await gate.promise;
    ci.scope("later", () => {});
  });
  const { trace } = await capture(ci, () =>
    ci.scope("inside", async () => {
      gate.resolve();
      await nextTask();
      await sleep(1);
      ci.scope("step", () => {});
    }));
  await outside;
  ci.engine.shutdown();
  assertEquals(trace(), "inside\n  step");
  assertEquals(ci.shape(), "cirron.session\n  outside\n    later");
  assertEquals(seen.includes("inside") || seen.includes("step"), false);
});

test("Captures within one another and at once keep apart", async () => {
  const ci = new TestEngine();
  const work = async (index: number) =>
    await ci.scope("job", { index }, async () => {
      await nextTask();
      const { trace } = capture(ci, () => ci.scope("inner", { index }, () => {}));
      await nextTask();
      ci.mark("inner", trace());
    });
  const all = await Promise.all([0, 1, 2].map(index => capture(ci, () => work(index))));
  assertEquals(all.map(({ trace }) => trace()), [
    "job[0] {inner=inner[0]}",
    "job[1] {inner=inner[1]}",
    "job[2] {inner=inner[2]}",
  ]);
  assertEquals(ci.shape(), "");
});

collectingTest("What a captured function leaves running stays in its capture", async () => {
  const ci = new TestEngine();
  const gate = Promise.withResolvers<void>();
  let late = Promise.resolve();
  const { trace } = capture(ci, () => {
    late = gate.promise.then(() => ci.scope("late", () => {}));
  });
  ci.scope("outside", () => {});
  await collectGarbage();
  gate.resolve();
  await late;
  assertEquals([trace(), ci.shape()], ["late", "outside"]);
});

test("Captures that go wrong in the same way say so once", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 3; i++) {
    capture(ci, () => {
      const ended = ci.scope("a");
      ended.end();
      ended.set({ i });
    });
  }
  assertEquals(ci.warnings, [`[cirron] set() was dropped: scope "a" had already ended`]);
});

test("What a captured function gives and begins when it is awaited is in its capture", async () => {
  const ci = new TestEngine();
  const query = {
    then: (ok: (value: number) => void) => ci.scope("send", () => ok(1)),
  } as unknown as PromiseLike<number>;
  const { result, trace } = await capture(ci, () => query);
  assertEquals([result, trace(), ci.shape()], [1, "send", ""]);
});

collectingTest("Once captures are gone, calls go straight to the recorder again", async () => {
  const ci = new TestEngine();
  ci.scope("a", () => {});
  const { recording } = ci.engine;
  for (let i = 0; i < 3; i++) capture(ci, () => ci.scope("b", () => {}));
  assert(ci.engine.recording !== recording);
  for (let i = 0; i < 20 && ci.engine.recording !== recording; i++) await collectGarbage();
  assertStrictEquals(ci.engine.recording, recording);
});

test("A session that starts or ends during a capture has its own scopes", () => {
  const ci = new TestEngine();
  const { trace } = capture(ci, () => {
    ci.profile();
    ci.scope("inside", () => {});
  });
  ci.scope("outside", () => {});
  capture(ci, () => ci.engine.shutdown());
  assertEquals([trace(), ci.shape()], ["inside", "cirron.session\n  outside"]);
});

test("capture() records nothing where nothing is recorded, and gives everything as it is", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const generator = function*() {}();
  const { result, trace } = capture(ci, () => ci.scope("a", () => generator));
  assertStrictEquals(result, generator);
  assertEquals(trace(), "");
  capture(ci, () => ci.engine.shutdown());
  assertEquals(ci.engine.health().enabled, true);
});

test("capture() follows streams in its own recorder", async () => {
  const ci = new TestEngine();
  const { trace } = await capture(ci, async () => {
    const stream = ci.scope("generate", async function*() {
      await nextTask();
      ci.scope("token", () => {});
      yield 1;
    });
    for await (const _ of stream);
  });
  assertEquals(trace(), "generate\n  token");
});

test("A capture has an innermost scope and a trace context of its own", () => {
  const ci = new TestEngine();
  using outer = ci.scope("outer");
  const { trace } = capture(ci, () => {
    const { current, context } = ci.engine.recording;
    assertStrictEquals(current!(), null);
    ci.scope("inside", scope => {
      assertStrictEquals(current!(), scope);
      assertEquals(context!(), scope.traceparent);
      current!()!.set({ status: 200 });
    });
  });
  assertStrictEquals(ci.engine.recording.current!(), outer);
  assertEquals(trace(), "inside (status=200)");
});

test("A handle that was opened outside a capture records outside", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  const { trace } = capture(ci, () => {
    outer.mark("x", 1);
    outer.scope("child", () => ci.scope("inside", () => {}));
  });
  outer.end();
  assertEquals(trace(), "inside");
  assertEquals(ci.shape(), "outer {x=1}\n  child");
});

test("capture() throws for what is no function, and where an older copy of the package records", () => {
  const ci = new TestEngine();
  assertThrows(() => capture(ci, 5 as never), TypeError, "Cannot capture: expected a function, got number");
  assertThrows(() => captureBy({}, ci.host, () => {}), CirronError, "an older copy");
});
