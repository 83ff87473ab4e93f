import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { ATTR_DEPTH, ATTR_VALUES as MAX_VALUES, copyAttrs } from "../../src/data/attrs.ts";
import { ATTR_TEXT_BYTES, TEXT_BYTES } from "../../src/data/text_limits.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import {
  ATTR_VALUES,
  deepObject,
  huge,
  isLarge,
  revokedProxy,
  throwingProxy,
  wideObject,
} from "../support/hostile.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const encoder = new TextEncoder();
const byteLength = (text: string) => encoder.encode(text).length;

/** Fails unless `attrs` is plain data within the limits: own data properties, plain prototypes, no cycle. */
function assertPlain(attrs: unknown): void {
  const pending = [{ value: attrs, depth: 1 }];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    count++;
    assert(count <= 2 * MAX_VALUES, "too many values, or a cycle");
    switch (typeof value) {
      case "string":
        assert(byteLength(value) <= ATTR_TEXT_BYTES, "too long a string");
        continue;
      case "number":
        assert(Number.isFinite(value));
        continue;
      case "boolean":
        continue;
      case "object":
        if (value === null) continue;
        break;
      default:
        throw new Error(`a ${typeof value} in attributes`);
    }
    assert(depth <= ATTR_DEPTH, "too deep");
    const proto: unknown = Object.getPrototypeOf(value);
    assert(proto === (Array.isArray(value) ? Array.prototype : Object.prototype), "a prototype was changed");
    for (const key of Reflect.ownKeys(value as object)) {
      assert(typeof key === "string" && byteLength(key) <= TEXT_BYTES, "a symbol or too long a key");
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      assert("value" in descriptor, "an accessor");
      if (Array.isArray(value) && key === "length") continue;
      pending.push({ value: descriptor.value, depth: depth + 1 });
    }
  }
}

for (const [what, make] of Object.entries(ATTR_VALUES)) {
  const sizedTest = isLarge(what) ? largeTest : test;
  sizedTest(`copyAttrs() makes plain JSON of ${what}`, () => {
    const keys = Reflect.ownKeys(Object.prototype).length;
    const copy = copyAttrs({ before: 1, value: make(), after: 2 });
    assertPlain(copy);
    JSON.parse(JSON.stringify(copy));
    assertEquals(copy.before, 1);
    assertEquals(({} as Record<string, unknown>).polluted, undefined);
    assertStrictEquals(Reflect.ownKeys(Object.prototype).length, keys);
  });

  sizedTest(`copyAttrs() of its own copy of ${what} changes nothing`, () => {
    const copy = copyAttrs({ before: 1, value: make(), after: 2 });
    assert(JSON.stringify(copyAttrs(copy)) === JSON.stringify(copy));
  });
}

const SAID: readonly (readonly [what: string, value: unknown, json: string | undefined])[] = [
  ["a string", "x", '"x"'],
  ["a number", 0.5, "0.5"],
  ["a boolean", false, "false"],
  ["null", null, "null"],
  ["undefined", undefined, undefined],
  ["NaN", NaN, '"NaN"'],
  ["infinity", -Infinity, '"-Infinity"'],
  ["a bigint that a number holds", 9_007_199_254_740_991n, "9007199254740991"],
  ["a bigint that no number holds", 9_007_199_254_740_993n, '"9007199254740993"'],
  ["a negative bigint", -(2n ** 80n), `"${-(2n ** 80n)}"`],
  ["a Date", new Date(1.5e12), '"2017-07-14T02:40:00.000Z"'],
  ["an invalid Date", new Date(NaN), '"[Invalid Date]"'],
  ["a Map", new Map<unknown, unknown>([["a", 1], [2, new Map([["b", 3n]])]]), '{"2":{"b":3},"a":1}'],
  ["a Set", new Set(["a", new Set([1])]), '["a",[1]]'],
  ["a typed array", new Int8Array([-1, 2]), "[-1,2]"],
  ["a bigint typed array", new BigUint64Array([1n, 2n ** 63n]), '[1,"9223372036854775808"]'],
  ["an array with holes and undefined", [1, , undefined, 2], "[1,null,null,2]"],
  ["an Error", new RangeError("boom"), '"RangeError: boom"'],
  ["a RegExp", /a\/b/gi, '"/a\\\\/b/gi"'],
  ["a symbol", Symbol("s"), '"Symbol(s)"'],
  ["a named function", function fine() {}, '"[Function fine]"'],
  ["an ArrayBuffer", new ArrayBuffer(3), '"[ArrayBuffer of 3 bytes]"'],
  ["a promise", Promise.resolve(), '"[Promise]"'],
  ["a toJSON", { toJSON: () => ({ a: [1n] }) }, '{"a":[1]}'],
  ["a URL", new URL("https://x.test/a"), '"https://x.test/a"'],
  [
    "a class instance",
    new (class Point {
      x = 1;
    })(),
    '{"x":1}',
  ],
  ["a symbol key", { [Symbol("k")]: 1, a: 2 }, '{"a":2}'],
];

for (const [what, value, json] of SAID) {
  test(`copyAttrs() says ${what} as ${json ?? "nothing"}`, () => {
    assertEquals(JSON.stringify(copyAttrs({ value })), json === undefined ? "{}" : `{"value":${json}}`);
  });
}

test("copyAttrs() says what JSON.stringify says of whatever JSON can say", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })), attrs => {
    assertEquals(JSON.stringify(copyAttrs(attrs)), JSON.stringify({ ...attrs }));
  }));
});

test("copyAttrs() makes plain JSON of anything", () => {
  const anything = fc.anything({
    maxDepth: 4,
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(fc.property(fc.dictionary(fc.string(), anything), attrs => {
    const copy = copyAttrs(attrs);
    assertPlain(copy);
    assertEquals(JSON.stringify(copyAttrs(copy)), JSON.stringify(copy));
  }));
});

test("copyAttrs() shares nothing with what it was given", () => {
  const attrs = { list: [1], object: { a: 1 } };
  const copy = copyAttrs(attrs);
  attrs.list.push(2);
  attrs.object.a = 2;
  assertEquals(copy, { list: [1], object: { a: 1 } });
});

test("copyAttrs() changes nothing in what it was given", () => {
  const deepFrozen = Object.freeze({ list: Object.freeze([Object.freeze({ a: 1 })]) });
  assertEquals(JSON.stringify(copyAttrs(deepFrozen)), JSON.stringify(deepFrozen));
});

test("copyAttrs() says what occurs twice twice, and a cycle as such", () => {
  const shared = { a: 1 };
  const self: Record<string, unknown> = { shared };
  self.again = [shared, self];
  assertEquals(
    JSON.stringify(copyAttrs({ self })),
    '{"self":{"shared":{"a":1},"again":[{"a":1},"[Circular]"]}}',
  );
});

test("copyAttrs() finds a cycle through the attributes themselves", () => {
  const attrs: Record<string, unknown> = {};
  attrs.attrs = attrs;
  assertEquals(copyAttrs(attrs), { attrs: "[Circular]" });
});

test("copyAttrs() keeps an own __proto__ key as a key", () => {
  const attrs = JSON.parse('{"__proto__":{"polluted":true},"deep":{"__proto__":[1]}}');
  const copy = copyAttrs(attrs);
  assertEquals(JSON.stringify(copy), JSON.stringify(attrs));
  assertStrictEquals(Object.getPrototypeOf(copy), Object.prototype);
  assertStrictEquals((copy as { polluted?: unknown }).polluted, undefined);
});

test("copyAttrs() reads no inherited keys", () => {
  assertEquals(copyAttrs(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })), {
    own: 2,
  });
});

test("copyAttrs() says what a getter threw, and keeps the rest", () => {
  const attrs = {
    a: 1,
    get b(): never {
      throw new RangeError("no");
    },
    c: 3,
  };
  assertEquals(copyAttrs(attrs), { a: 1, b: "[Throws: RangeError: no]", c: 3 });
});

test("copyAttrs() reads each getter once", () => {
  let reads = 0;
  const attrs = {
    get once(): number {
      return ++reads;
    },
  };
  assertEquals(copyAttrs(attrs), { once: 1 });
  assertStrictEquals(reads, 1);
});

for (
  const [what, attrs] of [["throws from every trap", throwingProxy()], [
    "was revoked",
    revokedProxy(),
  ]] as const
) {
  test(`copyAttrs() of a proxy that ${what} says so`, () => {
    const copy = copyAttrs(attrs);
    assertPlain(copy);
    assert(JSON.stringify(copy).includes("[Throws: "));
  });
}

test("copyAttrs() keeps the values of a Map", () => {
  assertEquals(
    copyAttrs(new Map<string, unknown>([["a", 1], ["__proto__", 2]])),
    JSON.parse('{"a":1,"__proto__":2}'),
  );
});

const LISTS: Record<string, object> = {
  "an array": [1, 2, 3],
  "a Set": new Set([1, 2, 3]),
  "a typed array": new Uint8Array([1, 2, 3]),
};

for (const [what, list] of Object.entries(LISTS)) {
  test(`copyAttrs() of ${what} itself loses no value`, () => {
    assertEquals(Object.values(copyAttrs(list)), [1, 2, 3]);
  });
}

test("copyAttrs() says that a value is named and not kept beyond the depth", () => {
  const copy = copyAttrs({ deep: deepObject() });
  let depth = 1;
  let inner: unknown = copy.deep;
  while (typeof inner === "object" && inner !== null) {
    depth++;
    inner = (inner as { inner: unknown }).inner;
  }
  assertEquals([depth, inner], [ATTR_DEPTH, "[Object]"]);
});

largeTest("copyAttrs() says once that values were left out", () => {
  const copy = copyAttrs({ wide: wideObject(), more: wideObject() });
  assertStrictEquals(JSON.stringify(copy).split("[Truncated]").length - 1, 1);
});

test("copyAttrs() keeps exactly as many values as it may without saying anything", () => {
  const attrs = Object.fromEntries(Array.from({ length: MAX_VALUES }, (_, i) => [`k${i}`, i]));
  assertEquals(copyAttrs(attrs), attrs);
  assertEquals(Object.keys(copyAttrs({ ...attrs, more: 1 })).length, MAX_VALUES + 1);
});

test("copyAttrs() cuts strings and keys on a code point", () => {
  const copy = copyAttrs({ [huge("é") + "x"]: huge("\u{1f600}") });
  const [[key, value]] = Object.entries(copy) as [string, string][];
  assertEquals([byteLength(key), byteLength(value)], [TEXT_BYTES, ATTR_TEXT_BYTES]);
  assert(value.isWellFormed());
});

test("copyAttrs() says what boxed primitives hold, as JSON does", () => {
  const boxed = { n: new Number(5), s: new String("abc"), b: new Boolean(false), i: Object(5n) };
  assertEquals(copyAttrs(boxed), { n: 5, s: "abc", b: false, i: 5 });
});
