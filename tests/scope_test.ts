import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { literal, TestEngine } from "./support/engine.ts";

test("scope() nests scopes that are open at the same time", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    using inner = ci.scope("inner", { index: 3 });
    inner.mark("loss", 0.5);
  }
  assertEquals(
    ci.shape(),
    literal(`
      outer
        inner[3] {loss=0.5}
    `),
  );
});

test("scope() with a function gives what the function gives", () => {
  const ci = new TestEngine();
  const value = {};
  assertStrictEquals(ci.scope("x", () => value), value);
});

test("scope() lets the very error of its function through", () => {
  const ci = new TestEngine();
  const error = new RangeError("boom");
  const thrown = assertThrows(() =>
    ci.scope("x", () => {
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  assertEquals(ci.shape(), "x !RangeError: boom");
});
