import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Scope } from "../../src/record/scope.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { allNodes, nodeNamed } from "../support/recording.ts";

// Mis-nesting.

test("Scope.end() of a scope that is not innermost is counted", () => {
  const ci = new TestEngine();
  const a = ci.scope("a");
  const b = ci.scope("b");
  a.end();
  b.end();
  assertEquals(ci.engine.health().misnested_count, 1);
});

test("Scope.end() out of order warns once, and names both scopes and the callback form", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 3; i++) {
    const a = ci.scope("a");
    const b = ci.scope("b");
    a.end();
    b.end();
  }
  assertEquals(ci.engine.health().misnested_count, 3);
  assertEquals(ci.warnings.length, 1);
  for (const part of ['Scope "a"', 'while "b" was still open', "scope(name, fn)"]) {
    assertEquals(ci.warnings[0].includes(part), true, part);
  }
});

test("Scope.end() out of order keeps the times right", () => {
  const ci = new TestEngine();
  const a = ci.scope("a");
  ci.clock.us(1);
  const b = ci.scope("b");
  ci.clock.us(10);
  a.end();
  ci.clock.us(100);
  b.end();
  const dict = ci.dict();
  assertEquals([nodeNamed(dict, "a").wall_us, nodeNamed(dict, "b").wall_us], [11, 110]);
});

test("Scope.end() out of order leaves the innermost scope innermost", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  const a = ci.scope("a");
  const b = ci.scope("b");
  a.end();
  ci.mark("where", "b");
  ci.scope("c").end();
  b.end();
  ci.mark("where", "outer");
  ci.scope("d").end();
  outer.end();
  assertEquals(
    ci.shape(),
    literal(`
      outer {where=outer}
        a
          b {where=b}
            c
        d
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 1);
});

test("Scope.end() of a whole interleaved frame leaves siblings afterwards right", () => {
  const ci = new TestEngine();
  const [a, b, c] = ["a", "b", "c"].map(name => ci.scope(name));
  b.end();
  a.end();
  c.end();
  ci.scope("next").end();
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
          c
      next
    `),
  );
  assertEquals(ci.engine.health().scope_depth, 0);
});

test("Scope.end() in opening order counts all but the last", () => {
  const ci = new TestEngine();
  const scopes = [0, 1, 2, 3].map(i => ci.scope("x", { index: i }));
  for (const scope of scopes) scope.end();
  assertEquals(ci.engine.health().misnested_count, 3);
  assertEquals(
    ci.shape(),
    literal(`
      x[0]
        x[1]
          x[2]
            x[3]
    `),
  );
});

test("Scope.end() of a callback's scope counts a scope left open in it", () => {
  const ci = new TestEngine();
  const left = ci.scope("x", () => ci.scope("left"));
  assertEquals(ci.engine.health().misnested_count, 1);
  left.end();
  ci.scope("next").end();
  assertEquals(
    ci.shape(),
    literal(`
      x
        left
      next
    `),
  );
});

test("Scope.end() of an outer scope inside a function is no mis-nesting of the flow it belongs to", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  ci.scope("x", () => outer.end());
  ci.scope("next").end();
  assertEquals(ci.engine.health().misnested_count, 0);
  assertEquals(
    ci.shape(),
    literal(`
      outer
        x
      next
    `),
  );
});

test("Scope.end() of a scope off the stack is no mis-nesting", () => {
  const ci = new TestEngine();
  const a = ci.scope("a");
  const b = ci.scope("b");
  const child = a.scope("child");
  b.end();
  a.end();
  child.end();
  assertEquals(ci.engine.health().misnested_count, 0);
});

// Depth.

test("scope() has no limit to its depth, closed in reverse order", () => {
  const ci = new TestEngine();
  const since = performance.now();
  const scopes: Scope[] = [];
  for (let i = 0; i < 100_000; i++) scopes.push(ci.scope("x"));
  const { scope_depth } = ci.engine.health();
  while (scopes.length > 0) scopes.pop()!.end();
  assertLess(performance.now() - since, 5000);
  const { open_count, span_count, misnested_count } = ci.engine.health();
  assertEquals([scope_depth, open_count, span_count, misnested_count], [100_000, 0, 100_000, 0]);
});

test("scope() has no limit to its depth, closed in opening order", () => {
  const ci = new TestEngine();
  const since = performance.now();
  const scopes: Scope[] = [];
  for (let i = 0; i < 100_000; i++) scopes.push(ci.scope("x"));
  for (const scope of scopes) scope.end();
  assertLess(performance.now() - since, 5000);
  const { open_count, span_count, misnested_count, scope_depth } = ci.engine.health();
  assertEquals([scope_depth, open_count, span_count, misnested_count], [0, 0, 100_000, 99_999]);
});

test("scope() has no limit to its depth, closed by `using`", () => {
  const ci = new TestEngine();
  const since = performance.now();
  {
    using stack = new DisposableStack();
    for (let i = 0; i < 100_000; i++) stack.use(ci.scope("x"));
  }
  assertLess(performance.now() - since, 5000);
  assertEquals(ci.engine.health().span_count, 100_000);
});

test("scope() opened deep keeps its parents", () => {
  const ci = new TestEngine();
  const scopes: Scope[] = [];
  for (let i = 0; i < 20_000; i++) scopes.push(ci.scope("x", { index: i }));
  while (scopes.length > 0) scopes.pop()!.end();
  let depth = 0;
  let [node] = ci.dict().roots;
  for (; node.children.length === 1 && node.index === depth; node = node.children[0]) depth++;
  assertEquals(depth, 19_999);
});

// Properties.

test("scope() agrees with a plain stack for any order of opening, marking and closing", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.constantFrom("open", "mark", "end"), fc.nat(1000)), { maxLength: 60 }),
    steps => {
      const ci = new TestEngine();
      const open: { scope: Scope; id: number }[] = [];
      const parents: (number | null)[] = [];
      const walls: number[] = [];
      const marks: number[] = [];
      let misnested = 0;
      const end = (at: number) => {
        const [{ scope, id }] = open.splice(at, 1);
        if (at < open.length) misnested++;
        scope.end();
        walls[id] += ci.clock.ns;
      };
      for (const [step, number] of steps) {
        ci.clock.advance(number + 1);
        if (step === "open") {
          const id = parents.length;
          parents.push(open.at(-1)?.id ?? null);
          walls.push(-ci.clock.ns);
          marks.push(0);
          open.push({ scope: ci.scope("x", { index: id }), id });
        } else if (open.length > 0 && step === "mark") {
          ci.mark("m", number);
          marks[open.at(-1)!.id]++;
        } else if (open.length > 0) {
          end(number % open.length);
        }
      }
      while (open.length > 0) end(0);

      const nodes = allNodes(ci.dict()).toSorted((a, b) => a.index! - b.index!);
      const indexOf = new Map(nodes.map(node => [node.id, node.index]));
      assertEquals(nodes.map(node => node.index), parents.map((_, id) => id));
      assertEquals(nodes.map(node => node.parent_id === null ? null : indexOf.get(node.parent_id)), parents);
      assertEquals(nodes.map(node => Math.round(node.wall_us * 1000)), walls);
      assertEquals(nodes.map(node => node.marks.length), marks);
      assertEquals(ci.engine.health().misnested_count, misnested);
      assertEquals(ci.engine.health().open_count, 0);
    },
  ));
});

test("scope() nested in any way has children within their parents", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.boolean(), fc.nat(50)), { maxLength: 100 }),
    steps => {
      const ci = new TestEngine();
      const open: Scope[] = [];
      for (const [isOpening, us] of steps) {
        if (isOpening) open.push(ci.scope("x"));
        else open.pop()?.end();
        ci.clock.us(us);
      }
      while (open.length > 0) open.pop()!.end();
      for (const node of allNodes(ci.dict())) {
        for (const child of node.children) {
          assertEquals(child.start_us >= node.start_us && child.end_us! <= node.end_us!, true);
        }
      }
    },
  ));
});
