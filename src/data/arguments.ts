/**
 * What the checks of public arguments share, and how their messages name what they got.
 *
 * @module
 */
import { jsonOfText } from "./json_text.ts";
import { printable } from "./printable.ts";
import { cutText } from "./text_limits.ts";

/** Whether `value` can be an options object: any object but a list. */
export function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && !isList(value);
}

/** Whether `value` is a list of values rather than keys with values. Never throws. */
export function isList(value: object): boolean {
  try {
    return Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Set;
  } catch {
    return false; // a revoked proxy
  }
}

/** What `value` is, for an error message. Never throws. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" && isList(value) ? "a list" : typeof value;
}

/** `value` as an error message shows it: what it is, where it has no short form. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : kindOf(value);
}

/** `text` in quotes, on one line, and cut at 256 bytes: for an error message, a warning or a printed line. */
export function quote(text: string): string {
  return printable(jsonOfText(cutText(text)));
}
