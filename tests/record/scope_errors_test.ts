import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { literal, TestEngine } from "../support/engine.ts";

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

function catchIt(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a throw");
}
