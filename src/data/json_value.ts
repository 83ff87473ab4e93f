/**
 * What a mark holds, as data that leaves the process can say it. For people it is written by `formatValue()`.
 *
 * @module
 */
import type { MarkValue } from "./values.ts";

/** A bigint of more bits than this is named, not kept: its digits would take quadratic time to write. */
const BIGINT_BITS = 4096;
const BIGINT_LIMIT = 1n << BigInt(BIGINT_BITS);

/** Whether a bigint is small enough to be kept. */
export function isKeepable(value: bigint): boolean {
  return value < BIGINT_LIMIT && value > -BIGINT_LIMIT;
}

/** `value` as an object has it: a bigint as a number where that is exact, else as its digits. */
export function plainValue(value: MarkValue): number | string | boolean {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return isKeepable(value) ? String(value) : `[bigint of over ${BIGINT_BITS} bits]`;
}

/** `value` as JSON can say it: as {@link plainValue}, and what is not finite as its name. */
export function jsonValue(value: MarkValue): number | string | boolean {
  const plain = plainValue(value);
  return typeof plain === "number" && !Number.isFinite(plain) ? String(plain) : plain;
}
