import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { MarkOptions, ScopeOptions } from "../../src/record/scope.ts";
import { literal, TestEngine } from "../support/engine.ts";

for (const name of [3, null, undefined, {}, Symbol("x")]) {
  test(`scope() throws TypeError for the name ${String(name)}`, () => {
    const ci = new TestEngine();
    assertThrows(() => ci.scope(name as string), TypeError, "name must be a string");
    assertEquals(ci.engine.health().open_count, 0);
  });
}

for (const options of [null, 3, "x", true, 3n]) {
  test(`scope() throws TypeError for the options ${String(options)} (${typeof options})`, () => {
    const ci = new TestEngine();
    assertThrows(
      () => ci.scope("x", options as unknown as ScopeOptions),
      TypeError,
      "expected options or a function",
    );
    assertEquals(ci.engine.health().open_count, 0);
  });
}

for (const index of ["1", 1n, {}]) {
  test(`scope() throws TypeError for the index ${String(index)} (${typeof index})`, () => {
    const ci = new TestEngine();
    assertThrows(
      () => ci.scope("x", { index: index as unknown as number }),
      TypeError,
      "index must be a number",
    );
    assertEquals(ci.engine.health().open_count, 0);
  });
}

for (const index of [1.5, NaN, Infinity, 2 ** 53]) {
  test(`scope() throws RangeError for the index ${index}`, () => {
    const ci = new TestEngine();
    assertThrows(() => ci.scope("x", { index }), RangeError, "index must be a whole number");
    assertEquals(ci.engine.health().open_count, 0);
  });
}

test("scope() takes null for an option as it takes one that is left out", () => {
  const ci = new TestEngine();
  ci.scope("x", { index: null, attrs: null }).end();
  ci.scope("x", { index: null, attrs: null }, () => {});
  assertEquals(ci.dict().roots.map(root => [root.index, root.attrs]), [[null, {}], [null, {}]]);
  assertEquals(ci.warnings, []);
});

test("scope() and mark() warn of an unknown option, each once, and record all the same", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 3; i++) {
    ci.scope("x", { idx: i } as ScopeOptions, scope => {
      scope.mark("m", i, { Kind: "summary" } as MarkOptions);
      scope.scope("y", { attributes: {} } as ScopeOptions).end();
    });
  }
  assertEquals(ci.warnings, [
    '[cirron] Scope "x": unknown option "idx", did you mean "index"?',
    '[cirron] Mark "m": unknown option "Kind", did you mean "kind"?',
  ]);
  assertEquals(ci.dict().span_count, 6);
});

test("scope() looks for unknown options in the first 1000 calls that have any", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 1000; i++) ci.scope("x", { index: i }).end();
  ci.scope("x", { idx: 1 } as ScopeOptions).end();
  assertEquals(ci.warnings, []);
});

test("scope() takes options that do not tell their keys, or have a million", () => {
  const ci = new TestEngine();
  const silent = new Proxy({ index: 3 }, {
    ownKeys() {
      throw new Error("none of your business");
    },
  });
  ci.scope("x", silent).end();
  ci.scope("x", new String("x".repeat(1e6)) as ScopeOptions).end();
  assertEquals([ci.dict().roots.map(root => root.index), ci.warnings], [[3, null], []]);
});

for (const attrs of [3, "x", [1]]) {
  test(`scope() throws TypeError for the attrs ${JSON.stringify(attrs)}`, () => {
    const ci = new TestEngine();
    assertThrows(
      () => ci.scope("x", { attrs: attrs as unknown as Record<string, unknown> }),
      TypeError,
      "attrs must be an object",
    );
    assertEquals(ci.engine.health().open_count, 0);
  });
}

test("scope() throws TypeError for a third argument that is no function", () => {
  const ci = new TestEngine();
  assertThrows(
    () => ci.scope("x", {}, 3 as unknown as () => void),
    TypeError,
    "expected a function, got number",
  );
  assertEquals(ci.engine.health().open_count, 0);
});

test("scope() throws TypeError if the options come after the function, and does not run it", () => {
  const ci = new TestEngine();
  let ran = false;
  const wrong = ci.scope as unknown as (name: string, fn: () => void, options: ScopeOptions) => void;
  assertThrows(
    () => wrong.call(ci, "x", () => void (ran = true), { index: 1 }),
    TypeError,
    "options must come before the function",
  );
  assertEquals(ran, false);
});

test("scope() that throws for its arguments leaves the innermost scope as it was", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    assertThrows(() => ci.scope("bad", { index: 0.5 }));
    ci.scope("good").end();
  }
  assertEquals(
    ci.shape(),
    literal(`
      outer
        good
    `),
  );
});
