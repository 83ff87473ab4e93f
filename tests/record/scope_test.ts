import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { literal, TestEngine } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";

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
