/**
 * Durations, shares and values as people read them.
 *
 * @module
 */
import { jsonOfText } from "../json_text.ts";
import { printable } from "../printable.ts";
import type { MarkValue } from "../rows.ts";

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

/** A mark's value for people: whole numbers as they are, others with 4 decimals or in exponent form. */
export function formatValue(value: MarkValue): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : printable(jsonOfText(value));
  if (typeof value !== "number" || !Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 0.001 || size >= 1e6 ? value.toExponential(2) : value.toFixed(4);
}

// Strings that cannot be taken for the punctuation around them.
const PLAIN = /^[\w.:\/@+-]+$/;
