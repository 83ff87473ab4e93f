import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { Scope } from "../../src/record/scope.ts";
import { GARBAGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { collectGarbage, inside, nodeNamed } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

test("Scope.end() called twice closes once", () => {
  const ci = new TestEngine();
  const x = ci.scope("x");
  ci.clock.us(1);
  x.end();
  ci.clock.us(10);
  x.end();
  const { roots, span_count } = ci.dict();
  assertEquals([span_count, roots[0].wall_us], [1, 1]);
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.end() inside `using` is the one that counts", () => {
  const ci = new TestEngine();
  {
    using x = ci.scope("x");
    ci.clock.us(2);
    x.end();
    ci.clock.us(40);
  }
  const { roots, span_count } = ci.dict();
  assertEquals([span_count, roots[0].wall_us], [1, 2]);
});

test("Scope.end() inside the scope's own function is the one that counts", () => {
  const ci = new TestEngine();
  ci.scope("x", x => {
    ci.clock.us(2);
    x.end();
    ci.clock.us(40);
  });
  const { roots, span_count } = ci.dict();
  assertEquals([span_count, roots[0].wall_us], [1, 2]);
});

test("scope() opened after end() inside the scope's own function hangs on the outer scope", () => {
  const ci = new TestEngine();
  ci.scope("outer", () => {
    ci.scope("x", x => {
      x.end();
      ci.scope("late").end();
    });
  });
  assertEquals(
    ci.shape(),
    literal(`
      outer
        x
        late
    `),
  );
});

test("`using` closes the scope when the block throws, without an error attribute", () => {
  const ci = new TestEngine();
  assertThrows(() => {
    using _x = ci.scope("x");
    throw new Error("boom");
  });
  assertEquals(ci.shape(), "x");
});

test("`using` closes scopes in reverse order", () => {
  const ci = new TestEngine();
  {
    using _a = ci.scope("a");
    using _b = ci.scope("b");
    using _c = ci.scope("c");
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
          c
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.mark() after end() is dropped, counted each time and warned of once", () => {
  const ci = new TestEngine();
  const x = ci.scope("step");
  x.end();
  x.mark("late", 1);
  x.mark("later", 2);
  assertEquals(ci.shape(), "step");
  assertEquals(ci.engine.health().mark_drop_count, 2);
  assertEquals(ci.warnings, ['[cirron] Mark "late" was dropped: scope "step" had already ended']);
});

test("Scope.mark() after end() does not go to the innermost scope instead", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    const x = ci.scope("x");
    x.end();
    x.mark("late", 1);
  }
  assertEquals(
    ci.shape(),
    literal(`
      outer
        x
    `),
  );
});

test("Scope.mark() after end() still checks its arguments", () => {
  const ci = new TestEngine();
  const x = ci.scope("x");
  x.end();
  assertThrows(() => x.mark("late", null as unknown as number), TypeError);
  assertEquals(ci.engine.health().mark_drop_count, 0);
});

test("Scope.scope() of an ended scope does not hang on it", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    const x = ci.scope("x");
    x.end();
    ci.clock.us(1);
    x.scope("late").end();
    x.scope("later", () => {});
  }
  // A child lies within its parent's time, so the parent cannot have ended before the child began.
  assertEquals(nodeNamed(ci.dict(), "x").children.map(child => child.name), []);
});

test("scope() handles keep no link to other scopes once closed", () => {
  const ci = new TestEngine();
  const scopes = ["a", "b", "c", "d"].map(name => inside(ci.scope(name)));
  for (const i of [1, 3, 0, 2]) scopes[i].end();
  assertEquals(
    scopes.map(scope => [scope.below, scope.above, scope.isOpen]),
    scopes.map(() => [
      null,
      null,
      false,
    ]),
  );
});

collectingTest("A closed scope keeps no other scope alive", async () => {
  const ci = new TestEngine();
  const { inner, others } = open();
  await collectGarbage();
  assertEquals(others.map(other => other.deref()), [undefined, undefined]);
  inner.end(); // the handle itself is still in use

  function open(): { inner: Scope; others: WeakRef<Scope>[] } {
    const outer = ci.scope("outer");
    const inner = ci.scope("inner");
    const innermost = ci.scope("innermost");
    const others = [new WeakRef(outer), new WeakRef(innermost)];
    outer.end();
    inner.end();
    innermost.end();
    return { inner, others };
  }
});
