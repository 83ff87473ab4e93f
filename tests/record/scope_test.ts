import { assertEquals, assertLess, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { MarkOptions, Scope, ScopeOptions } from "../../src/record/scope.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { allNodes, collectGarbage, inside, nodeNamed } from "../support/recording.ts";

// Forms and nesting.

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

test("scope() with options and a function gives what the function gives", () => {
  const ci = new TestEngine();
  const value = {};
  assertStrictEquals(ci.scope("x", { index: 1 }, () => value), value);
  assertEquals(ci.shape(), "x[1]");
});

test("scope() with a function closes its span before it returns", () => {
  const ci = new TestEngine();
  ci.scope("x", () => ci.clock.us(7));
  const [x] = ci.dict().roots;
  assertEquals([x.name, x.wall_us], ["x", 7]);
});

test("scope() hands its function the handle of the new scope", () => {
  const ci = new TestEngine();
  ci.scope("outer", outer => {
    ci.scope("inner", () => outer.mark("where", "outer"));
  });
  assertEquals(
    ci.shape(),
    literal(`
      outer {where=outer}
        inner
    `),
  );
});

test("scope() with undefined options is scope() without options", () => {
  const ci = new TestEngine();
  ci.scope("x", undefined).end();
  assertEquals(ci.shape(), "x");
});

test("scope() opens siblings one after the other", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    ci.scope("first").end();
    ci.scope("second").end();
    ci.scope("third", () => {});
  }
  assertEquals(
    ci.shape(),
    literal(`
      outer
        first
        second
        third
    `),
  );
});

test("scope() in its three forms nests alike", () => {
  const ci = new TestEngine();
  {
    using _a = ci.scope("a");
    ci.scope("b", () => {
      const c = ci.scope("c");
      ci.scope("d", { index: 0 }, () => {
        using _e = ci.scope("e");
      });
      c.end();
    });
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        b
          c
            d[0]
              e
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() measures from open to close", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  ci.clock.us(5);
  const inner = ci.scope("inner");
  ci.clock.us(20);
  inner.end();
  ci.clock.us(3);
  outer.end();
  const dict = ci.dict();
  assertEquals(nodeNamed(dict, "inner").wall_us, 20);
  assertEquals(nodeNamed(dict, "outer").wall_us, 28);
  assertEquals(nodeNamed(dict, "inner").start_us - nodeNamed(dict, "outer").start_us, 5);
});

test("scope() keeps a fraction of a microsecond of wall time", () => {
  const ci = new TestEngine();
  const x = ci.scope("x");
  ci.clock.advance(1234);
  x.end();
  assertEquals(ci.dict().roots[0].wall_us, 1.234);
});

test("scope() gives every span an id of its own, 32 lower-case hex characters", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 100; i++) ci.scope("x").end();
  const ids = ci.dict().roots.map(root => root.id);
  assertEquals(new Set(ids).size, 100);
  assertEquals(ids.filter(id => !/^[0-9a-f]{32}$/.test(id)), []);
});

test("scope() names its parent by id", () => {
  const ci = new TestEngine();
  ci.scope("outer", () => ci.scope("inner", () => {}));
  const [outer] = ci.dict().roots;
  assertEquals([outer.parent_id, outer.children[0].parent_id], [null, outer.id]);
});

test("scope() without an index has index null, and 0 is an index", () => {
  const ci = new TestEngine();
  ci.scope("a").end();
  ci.scope("b", { index: 0 }).end();
  ci.scope("c", { index: -4 }).end();
  assertEquals(ci.dict().roots.map(root => root.index), [null, 0, -4]);
});

test("scope() keeps the largest whole index exactly", () => {
  const ci = new TestEngine();
  ci.scope("a", { index: Number.MAX_SAFE_INTEGER }).end();
  assertEquals(ci.dict().roots[0].index, Number.MAX_SAFE_INTEGER);
});

test("scope() copies attrs when it opens", () => {
  const ci = new TestEngine();
  const attrs = { list: [1, 2], name: "before" };
  const x = ci.scope("x", { attrs });
  attrs.name = "after";
  attrs.list.push(3);
  x.end();
  assertEquals(ci.dict().roots[0].attrs, { list: [1, 2], name: "before" });
});

test("scope() without attrs has empty attrs", () => {
  const ci = new TestEngine();
  ci.scope("x").end();
  assertEquals(ci.dict().roots[0].attrs, {});
});

test("scope() keeps a __proto__ key in attrs as a key", () => {
  const ci = new TestEngine();
  ci.scope("x", { attrs: JSON.parse('{"__proto__": {"polluted": 1}}') }).end();
  const { attrs } = ci.dict().roots[0];
  assertEquals(Object.keys(attrs), ["__proto__"]);
  assertEquals((attrs as { polluted?: unknown }).polluted, undefined);
});

test("scope() turns attrs that JSON cannot say into what it can", () => {
  const ci = new TestEngine();
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const attrs = {
    big: 5n,
    when: new Date(0),
    cycle,
    get bad() {
      throw new Error("no");
    },
  };
  ci.scope("x", { attrs }).end();
  assertEquals(ci.dict().roots[0].attrs, {
    big: 5,
    when: "1970-01-01T00:00:00.000Z",
    cycle: { self: "[Circular]" },
    bad: "[Throws: Error: no]",
  });
});

test("scope() cuts its name at 256 bytes of UTF-8, between code points", () => {
  const ci = new TestEngine();
  ci.scope("a" + "\u{1F600}".repeat(64)).end(); // 1 + 4 * 64: the last one does not fit
  ci.scope("\u{1F600}".repeat(64)).end();
  assertEquals(ci.dict().roots.map(root => root.name), [
    "a" + "\u{1F600}".repeat(63),
    "\u{1F600}".repeat(64),
  ]);
});

test("scope() takes an empty name", () => {
  const ci = new TestEngine();
  ci.scope("").end();
  assertEquals(ci.dict().roots[0].name, "");
});

// Bad arguments.

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

// Closing.

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

test("A closed scope keeps no other scope alive", async () => {
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

// Handles.

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

// Errors.

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

test("scope() lets the very error of its async function through", async () => {
  const ci = new TestEngine();
  const error = new RangeError("boom");
  const rejected = await assertRejects(() =>
    ci.scope("x", async () => {
      await null;
      throw error;
    })
  );
  assertStrictEquals(rejected, error);
  assertEquals(ci.shape(), "x !RangeError: boom");
});

test("scope() that throws marks every scope the error passes through, and closes them", () => {
  const ci = new TestEngine();
  assertThrows(() =>
    ci.scope("outer", () =>
      ci.scope("inner", () => {
        throw new Error("boom");
      }))
  );
  assertEquals(
    ci.shape(),
    literal(`
      outer !Error: boom
        inner !Error: boom
    `),
  );
  assertEquals(ci.engine.health().open_count, 0);
});

test("scope() whose error is caught inside has no error attribute", () => {
  const ci = new TestEngine();
  ci.scope("outer", () => {
    try {
      ci.scope("inner", () => {
        throw new Error("boom");
      });
    } catch {
      // The test's point.
    }
  });
  assertEquals(
    ci.shape(),
    literal(`
      outer
        inner !Error: boom
    `),
  );
});

test("scope() adds the error to the attrs it was given", () => {
  const ci = new TestEngine();
  const attrs = { k: 1 };
  assertThrows(() =>
    ci.scope("x", { attrs }, () => {
      throw new Error("boom");
    })
  );
  assertEquals(ci.dict().roots[0].attrs, { k: 1, error: "Error: boom" });
  assertEquals(attrs, { k: 1 });
});

test("scope() cuts the error attribute at 256 bytes of UTF-8, between code points", () => {
  const ci = new TestEngine();
  assertThrows(() =>
    ci.scope("x", () => {
      throw new Error("\u{1F600}".repeat(1000)); // "Error: " is 7 bytes: 62 more of 4 make 255
    })
  );
  assertEquals(ci.dict().roots[0].attrs.error, "Error: " + "\u{1F600}".repeat(62));
});

const proxy = Proxy.revocable({}, {});
proxy.revoke();
const THROWN: [what: string, value: unknown, text: string][] = [
  ["a string", "text", "text"],
  ["a number", 42, "42"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a bigint", 7n, "7"],
  ["a plain object", {}, "[object Object]"],
  ["an error without a message", new TypeError(), "TypeError"],
  ["an error of a class of its own", Object.assign(new Error("m"), { name: "MyError" }), "MyError: m"],
  ["an object without a prototype", Object.create(null), "an unprintable object"],
  ["a revoked proxy", proxy.proxy, "an unprintable object"],
  [
    "an object whose toString throws",
    {
      toString() {
        throw new Error("hostile");
      },
    },
    "an unprintable object",
  ],
  [
    "an error whose message throws",
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("hostile");
      },
    }),
    "an unprintable object",
  ],
  [
    "an error whose name is a symbol",
    Object.defineProperty(new Error("m"), "name", { value: Symbol("n") }),
    "an unprintable object",
  ],
];
for (const [what, value, text] of THROWN) {
  test(`scope() lets ${what} through that its function throws, and describes it`, () => {
    const ci = new TestEngine();
    assertStrictEquals(
      catchIt(() =>
        ci.scope("x", () => {
          throw value;
        })
      ),
      value,
    );
    assertEquals(ci.dict().roots[0].attrs, { error: text });
  });

  test(`scope() lets ${what} through that its promise rejects with, and describes it`, async () => {
    const ci = new TestEngine();
    let caught: unknown = "nothing";
    await ci.scope("x", () => Promise.reject(value)).catch(error => void (caught = error));
    assertStrictEquals(caught, value);
    assertEquals(ci.dict().roots[0].attrs, { error: text });
  });
}

test("scope() whose function fails after end() has closed it does not close twice", () => {
  const ci = new TestEngine();
  assertThrows(() =>
    ci.scope("x", x => {
      x.end();
      throw new Error("boom");
    })
  );
  assertEquals(ci.dict().span_count, 1);
});

// Promises and other results.

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

test("scope() closes at once if its function gives a generator", () => {
  const ci = new TestEngine();
  const generator = ci.scope("x", function*() {
    yield 1;
  });
  assertEquals(ci.engine.health().open_count, 0);
  assertEquals([...generator], [1]);
});

test("scope() keeps the class of a promise", async () => {
  class MyPromise<T> extends Promise<T> {}
  const ci = new TestEngine();
  const result = ci.scope("x", () => MyPromise.resolve(1));
  assertEquals(result instanceof MyPromise, true);
  assertEquals(await result, 1);
});

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

function catchIt(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a throw");
}
