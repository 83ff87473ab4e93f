import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { literal, TestEngine } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";

test("Scope.scope() of the innermost scope becomes innermost itself", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = a.scope("b");
    ci.scope("c").end();
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
          c
    `),
  );
});

test("Scope.scope() of another scope hangs on that scope and stays off the stack", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    using _child = a.scope("child");
    ci.mark("where", "b");
    ci.scope("c").end();
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b {where=b}
          c
        child
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.scope() off the stack is not part of the depth, but is open", () => {
  const ci = new TestEngine();
  using a = ci.scope("a");
  using _b = ci.scope("b");
  using _child = a.scope("child");
  const { scope_depth, open_count } = ci.engine.health();
  assertEquals([scope_depth, open_count], [2, 3]);
});

test("Scope.scope() of a scope off the stack stays off the stack too", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    using child = a.scope("child");
    using grandchild = child.scope("grandchild", { index: 2 });
    grandchild.mark("x", 1);
    ci.mark("y", 2);
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b {y=2}
        child
          grandchild[2] {x=1}
    `),
  );
});

test("Scope.scope() with a function hangs on its scope whatever is innermost", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    const result = a.scope("child", child => {
      child.mark("x", 1);
      ci.scope("inner").end();
      ci.mark("y", 2);
      return "result";
    });
    assertEquals(result, "result");
    ci.mark("z", 3);
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b {z=3}
        child {x=1, y=2}
          inner
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.scope() with options and a function hangs on its scope whatever is innermost", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    a.scope("child", { index: 5, attrs: { k: "v" } }, () => ci.scope("inner", () => {}));
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
        child[5]
          inner
    `),
  );
  assertEquals(nodeNamed(ci.dict(), "child").attrs, { k: "v" });
});

test("Scope.scope() checks its arguments as scope() does", () => {
  const ci = new TestEngine();
  using a = ci.scope("a");
  assertThrows(() => a.scope(1 as unknown as string), TypeError, "name must be a string");
  assertThrows(() => a.scope("x", { index: 1.5 }), RangeError, "index must be a whole number");
});

test("Scope.scope() with a function captures the error", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    assertThrows(() =>
      a.scope("child", () => {
        throw new Error("boom");
      })
    );
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
        child !Error: boom
    `),
  );
});

test("Scope.mark() attaches to its scope whatever is innermost", () => {
  const ci = new TestEngine();
  {
    using a = ci.scope("a");
    using _b = ci.scope("b");
    a.mark("where", "a", { kind: "summary", attrs: { k: 1 } });
  }
  assertEquals(
    ci.shape(),
    literal(`
      a {where=a}
        b
    `),
  );
  const [mark] = ci.dict().roots[0].marks;
  assertEquals([mark.kind, mark.attrs], ["summary", { k: 1 }]);
});

test("Scope.name is the name as kept", () => {
  const ci = new TestEngine();
  using x = ci.scope("n".repeat(300));
  assertEquals(x.name, "n".repeat(256));
});
