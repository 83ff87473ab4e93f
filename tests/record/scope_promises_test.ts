import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { TestEngine } from "../support/engine.ts";

test("scope() stays open until the promise of its function settles", async () => {
  const ci = new TestEngine();
  const { promise, resolve } = Promise.withResolvers<number>();
  const result = ci.scope("x", () => promise);
  ci.clock.us(30);
  assertEquals(ci.engine.health().open_count, 1);
  resolve(5);
  assertEquals(await result, 5);
  assertEquals(ci.dict().roots[0].wall_us, 30);
});

test("scope() has closed its span when its promise settles", async () => {
  const ci = new TestEngine();
  const open = await ci.scope("x", async () => await null).then(() => ci.engine.health().open_count);
  assertEquals(open, 0);
});

test("scope() gives a promise of the value that the promise of its function has", async () => {
  const ci = new TestEngine();
  const value = {};
  assertStrictEquals(await ci.scope("x", () => Promise.resolve(value)), value);
});

test("scope() takes a settled promise for a promise", async () => {
  const ci = new TestEngine();
  const result = ci.scope("x", () => Promise.resolve(1));
  assertEquals(result instanceof Promise, true);
  assertEquals(await result, 1);
  assertEquals(ci.shape(), "x");
});

test("scope() waits for a thenable", async () => {
  const ci = new TestEngine();
  const { promise, resolve } = Promise.withResolvers<number>();
  const thenable: PromiseLike<number> = { then: (ok, fail) => promise.then(ok, fail) };
  const result = ci.scope("x", () => thenable);
  assertEquals(ci.engine.health().open_count, 1);
  ci.clock.us(4);
  resolve(9);
  assertEquals(await result, 9);
  assertEquals(ci.dict().roots[0].wall_us, 4);
});

test("scope() waits for a thenable whose then() gives nothing, and gives a promise of its value", async () => {
  const ci = new TestEngine();
  const thenable = { then: (ok: (value: number) => void) => void ok(9) } as unknown as PromiseLike<number>;
  const result = ci.scope("x", () => thenable);
  assertEquals(await result, 9);
  assertEquals(ci.shape(), "x");
});

test("A query that begins when it is awaited runs in the scope whose function gave it", async () => {
  const ci = new TestEngine();
  const plain = () => ({
    then: (ok: (value: number) => void) => ci.scope("send", () => ok(1)),
  } as unknown as PromiseLike<number>);
  class Lazy extends Promise<number> {
    static override get [Symbol.species](): PromiseConstructor {
      return Promise;
    }
    override then(...handlers: Parameters<Promise<number>["then"]>): never {
      ci.scope("send", () => {});
      return super.then(...handlers) as never;
    }
  }
  assertEquals(await ci.scope("plain", plain), 1);
  await ci.scope("class", () => new Lazy(resolve => resolve(1)));
  await ci.scope("promise", async () => await plain());
  assertEquals(
    ci.dict().roots.map(({ name, children }) => [name, children.length > 0]),
    [["plain", true], ["class", true], ["promise", true]],
  );
});

test("scope() captures the error of a thenable whose then() gives nothing, and rejects", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const thenable = {
    then: (_: unknown, fail: (error: unknown) => void) => void fail(error),
  } as unknown as PromiseLike<number>;
  const result = ci.scope("x", () => thenable); // does not throw
  assertStrictEquals(await assertRejects(async () => await result), error);
  assertEquals(ci.shape(), "x !Error: boom");
});

test("scope() closes when the then() of a thenable throws, and lets the error through", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const thenable: PromiseLike<never> = {
    then() {
      throw error;
    },
  };
  let caught: unknown;
  try {
    await ci.scope("x", () => thenable);
  } catch (thrown) {
    caught = thrown;
  }
  assertStrictEquals(caught, error);
  assertEquals(ci.shape(), "x !Error: boom");
});

test("scope() gives an object with a throwing then getter back as it is", () => {
  const ci = new TestEngine();
  const value = {
    get then(): never {
      throw new Error("hostile");
    },
  };
  assertStrictEquals(ci.scope("x", () => value as object), value);
  assertEquals(ci.shape(), "x");
});

for (const value of [undefined, null, 0, "", { then: 3 }, () => 1]) {
  test(`scope() gives ${typeof value === "object" ? JSON.stringify(value) : String(value)} back as it is`, () => {
    const ci = new TestEngine();
    assertStrictEquals(ci.scope("x", () => value), value);
    assertEquals(ci.engine.health().open_count, 0);
  });
}

test("scope() keeps the class of a promise", async () => {
  class MyPromise<T> extends Promise<T> {}
  const ci = new TestEngine();
  const result = ci.scope("x", () => MyPromise.resolve(1));
  assertEquals(result instanceof MyPromise, true);
  assertEquals(await result, 1);
});
