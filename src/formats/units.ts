/**
 * Durations, shares and values as people read them.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import type { MarkValue } from "../data/values.ts";
import type { Counter } from "../meters/counters.ts";

/** A duration for people: `0.42us`, `8.1us`, `142us`, `8.1ms`, `2.35s`. */
export function formatDuration(us: number): string {
  // Each unit ends where its rounded form would reach the next one.
  if (us < 0.995) return `${us.toFixed(2)}us`;
  if (us < 9.95) return `${us.toFixed(1)}us`;
  if (us < 999.5) return `${us.toFixed(0)}us`;
  if (us < 999_950) return `${(us / 1e3).toFixed(1)}ms`;
  return `${(us / 1e6).toFixed(2)}s`;
}

/** A share for people: `48%`, and `<1%` for what is less and not nothing. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`;
}

/** Stands before a figure that overlaps those of siblings: they are no parts of a whole. */
export const OVERLAP_SIGN = "~";

/** A size for people: `512B`, `1.5KiB`, `640.2MiB`, `12.0GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let size = bytes / 1024;
  let unit = 0;
  // A unit ends where its rounded form would reach the next one.
  while (size >= 1023.95 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size.toFixed(1)}${UNITS[unit]}`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** What was counted, for people: a duration, a size or a number. */
export function formatCounter({ unit }: Pick<Counter, "unit">, value: number): string {
  if (unit === "ns") return formatDuration(value / 1000);
  return unit === "bytes" ? formatBytes(value) : formatValue(value);
}

/** From here on a double's digits are no longer all its own. A bigint has as many as it likes. */
export const WHOLE_LIMIT = 1e15;

/**
 * A mark's value for people: whole numbers below 1e15 as they are, others with 4 decimals or in exponent form; strings in
 * quotes where they could be taken for something else.
 */
export function formatValue(value: MarkValue): string {
  if (typeof value === "string") return isPlain(value) ? value : quote(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < WHOLE_LIMIT) return String(value);
  return size < 0.001 || size >= 1e6 ? value.toExponential(2) : value.toFixed(4);
}

// What holds none of the punctuation between marks, no quote, and nothing that is not seen: all else is as plain as a
// letter, of whatever script.
const PLAIN = /^[^\s\p{Z}\p{Cc}\p{Cf}\p{Cs},={}"\\]+$/u;

/** What is no string where it stands without quotes, as a reader takes it. */
const WORD = /^[+-]?(true|false|null|none|undefined|nan|inf|infinity)$/i;

function isPlain(text: string): boolean {
  return PLAIN.test(text) && Number.isNaN(Number(text)) && !WORD.test(text);
}
