import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { isKeepable, jsonValue, plainValue } from "../../src/data/json_value.ts";

test("plainValue() gives a bigint as a number where that is exact, else as its digits", () => {
  assertStrictEquals(plainValue(2n ** 53n - 1n), 2 ** 53 - 1);
  assertStrictEquals(plainValue(2n ** 53n), "9007199254740992");
  assertStrictEquals(plainValue(-(2n ** 53n)), "-9007199254740992");
  assertStrictEquals(plainValue(0n), 0);
});

test("plainValue() and isKeepable() draw one bound, on both sides of zero", () => {
  const limit = 1n << 4096n;
  assertEquals([limit - 1n, 1n - limit, limit, -limit].map(isKeepable), [true, true, false, false]);
  assertEquals(plainValue(limit - 1n), String(limit - 1n));
  assert(String(plainValue(limit)).startsWith("[bigint"));
  assert(String(plainValue(-limit)).startsWith("[bigint"));
});

test("plainValue() leaves all else as it is", () => {
  for (const value of [1.5, -0, NaN, -Infinity, "1e3", "", true, false]) {
    assertStrictEquals(plainValue(value), value);
  }
});

test("jsonValue() gives what is not finite as its name", () => {
  assertEquals([NaN, Infinity, -Infinity].map(jsonValue), ["NaN", "Infinity", "-Infinity"]);
});

test("jsonValue() gives what JSON says as it is", () => {
  const values = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.bigInt());
  fc.assert(fc.property(values, value => {
    const said = jsonValue(value);
    const negativeZero = Object.is(said, -0); // JSON's is a zero like any
    assertEquals(JSON.parse(JSON.stringify(said)), negativeZero ? 0 : said);
  }));
});
