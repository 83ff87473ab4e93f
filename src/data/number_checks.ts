/**
 * Checks of the numbers that a program gives, in the package's words.
 *
 * @module
 */
import { kindOf } from "./arguments.ts";

/**
 * Checks that `value` is a number within bounds; NaN is not.
 * @param what What it is, as the message begins: `Cannot trace: minWallUs`.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of bounds.
 */
export function checkNumber(
  what: string,
  value: unknown,
  low: number,
  high: number = Infinity,
): asserts value is number {
  checkType(what, value, "a number");
  if (value >= low && value <= high) return;
  throw new RangeError(`${what} must be a number ${boundsText(low, high)}, got ${value}`);
}

/**
 * Checks that `value` is a whole number that is exact, within bounds if there are any.
 * @param what What it is, as the message begins.
 * @param expected What else would do, for a value that is no number.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is not whole, or out of bounds.
 */
export function checkWhole(
  what: string,
  value: unknown,
  low: number = -Infinity,
  expected: string = "a number",
): asserts value is number {
  checkType(what, value, expected);
  if (Number.isSafeInteger(value) && value >= low) return;
  const bound = low === -Infinity ? "" : ` ${boundsText(low, Infinity)}`;
  throw new RangeError(`${what} must be a whole number${bound}, got ${value}`);
}

function checkType(what: string, value: unknown, expected: string): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${what} must be ${expected}, got ${kindOf(value)}`);
}

function boundsText(low: number, high: number): string {
  return high === Infinity ? `from ${low} on` : `from ${low} to ${high}`;
}
