import { assertThrows } from "@std/assert";
import { test } from "node:test";
import { checkNumber, checkWhole } from "../../src/data/number_checks.ts";

test("checkNumber() lets numbers within bounds pass, the bounds included", () => {
  for (const value of [1, 1.5, 10]) checkNumber("size", value, 1, 10);
  for (const value of [-0, 1e300, Infinity]) checkNumber("size", value, 0);
});

for (
  const [value, error, message] of [
    ["5", TypeError, "size must be a number, got string"],
    [5n, TypeError, "size must be a number, got bigint"],
    [null, TypeError, "size must be a number, got null"],
    [[5], TypeError, "size must be a number, got a list"],
    [0.5, RangeError, "size must be a number from 1 to 10, got 0.5"],
    [10.5, RangeError, "size must be a number from 1 to 10, got 10.5"],
    [NaN, RangeError, "size must be a number from 1 to 10, got NaN"],
  ] as const
) {
  test(`checkNumber() says: ${message}`, () => {
    assertThrows(() => checkNumber("size", value, 1, 10), error, message);
  });
}

test("checkNumber() without a highest value says from where on", () => {
  assertThrows(() => checkNumber("size", -1, 0), RangeError, "size must be a number from 0 on, got -1");
});

test("checkWhole() lets whole numbers pass that are exact", () => {
  for (const value of [-3, 0, Number.MAX_SAFE_INTEGER]) checkWhole("count", value);
  checkWhole("count", 1, 1);
});

for (
  const [value, error, message] of [
    ["1", TypeError, "count must be a number, got string"],
    [1.5, RangeError, "count must be a whole number from 1 on, got 1.5"],
    [0, RangeError, "count must be a whole number from 1 on, got 0"],
    [2 ** 53, RangeError, "count must be a whole number from 1 on, got 9007199254740992"],
    [Infinity, RangeError, "count must be a whole number from 1 on, got Infinity"],
  ] as const
) {
  test(`checkWhole() says: ${message}`, () => {
    assertThrows(() => checkWhole("count", value, 1), error, message);
  });
}

test("checkWhole() says what else would do, and leaves out bounds that are none", () => {
  assertThrows(
    () => checkWhole("fold", "x", 0, "a boolean or a number"),
    TypeError,
    "fold must be a boolean or a number, got string",
  );
  assertThrows(() => checkWhole("index", 0.5), RangeError, "index must be a whole number, got 0.5");
});
