/**
 * Tree -> its shape: what is the same each time the same is done. For tests, to be compared with a literal.
 *
 * @module
 */
import { jsonOf } from "../data/json_text.ts";
import { printable } from "../data/printable.ts";
import type { JsonValue, TraceDict, TraceNode } from "../data/values.ts";

/** What is measured in time is never the same twice. */
const TIMED = /_(ns|us|ms|s)$/;

/**
 * The spans of a trace as lines without ids and times, children indented by two spaces:
 * `name[index] (attribute=value) {mark=value} !Error: message`, and ` open` after the name of one that is. Whatever a name ending in
 * `_ns`, `_us`, `_ms` or `_s` has for a value is `...`.
 */
export function toShape({ roots }: TraceDict): string {
  const lines: string[] = [];
  const stack = roots.map(node => ({ node, depth: 0 })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, depth } = next;
    lines.push("  ".repeat(depth) + lineOf(node));
    for (let i = node.children.length - 1; i >= 0; i--) {
      stack.push({ node: node.children[i], depth: depth + 1 });
    }
  }
  return lines.join("\n");
}

function lineOf({ name, index, end_us, attrs, marks }: TraceNode): string {
  const { error } = attrs;
  // How long its data took is a figure of the batch, as its time is.
  const shown = Object.entries(attrs).filter(([key]) => key !== "error" && key !== "data_load_ns");
  const pairs = shown.map(([key, value]) => pair(key, value));
  let line = printable(name);
  if (index !== null) line += `[${index}]`;
  if (end_us === null) line += " open";
  if (pairs.length > 0) line += ` (${pairs.join(", ")})`;
  if (marks.length > 0) line += ` {${marks.map(mark => pair(mark.name, mark.value)).join(", ")}}`;
  return error === undefined ? line : `${line} !${printable(textOf(error))}`;
}

function pair(name: string, value: JsonValue): string {
  return `${printable(name)}=${TIMED.test(name) ? "..." : printable(textOf(value))}`;
}

function textOf(value: JsonValue): string {
  return typeof value === "object" ? jsonOf(value) : String(value);
}
