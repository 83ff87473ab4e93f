/**
 * Tree -> printed tree. Nothing that a program put into names or marks can move the cursor or forge a line.
 *
 * @module
 */
import { printable } from "../printable.ts";
import type { MarkValue } from "../rows.ts";
import { isFailed, wallUs } from "./fields.ts";
import type { Fold, FoldedTree } from "./fold.ts";
import { type Tree, walk } from "./tree.ts";

/** Marks of one span printed one by one; with more, one entry per name. */
const MARKS_IN_FULL = 16;

/** Levels that are indented; deeper lines stay there and say their depth, or the text would grow with its square. */
const INDENTED_LEVELS = 100;

/** The spans of `tree` as text, a line each and a line for each fold, without a newline at the end. */
export function toText(tree: Tree | FoldedTree): string {
  if (tree.rows.length === 0) return NO_SPANS;
  const lines: string[] = [];
  walk(tree, position => {
    const depth = tree.depth[position];
    const indent = depth <= INDENTED_LEVELS
      ? "  ".repeat(depth)
      : `${"  ".repeat(INDENTED_LEVELS)}(${depth}) `;
    const fold = foldAt(tree, position);
    lines.push(indent + (fold === undefined ? spanLine(tree, position) : foldLine(fold)));
  });
  return lines.join("\n");
}

/** What an empty trace prints. */
export const NO_SPANS = "(no spans)";

/** What stands for siblings at a position; undefined where a span stands for itself. */
export function foldAt(tree: Tree | FoldedTree, position: number): Fold | undefined {
  return "folds" in tree ? tree.folds.get(position) : undefined;
}

/** One span's line: `name[index] - 142us {loss=0.5234}`, and after it ` !Error: message` if its function threw. */
export function spanLine(tree: Tree, position: number): string {
  const { label, duration, isOpen, marks, error } = spanWords(tree, position);
  return `${label} - ${duration}${isOpen ? " open" : ""}${marks}${error}`;
}

/** What a span's line is made of; printable, and what is not empty begins with its space. */
export interface SpanWords {
  /** `name[index]`. */
  readonly label: string;
  readonly duration: string;
  readonly isOpen: boolean;
  /** ` {loss=0.5234}`. */
  readonly marks: string;
  /** ` !Error: message`. */
  readonly error: string;
}

/** The words of the span at `position`. */
export function spanWords(tree: Tree, position: number): SpanWords {
  const { snapshot } = tree;
  const row = tree.rows[position];
  const index = snapshot.index[row];
  const name = printable(snapshot.name[row]);
  return {
    label: Number.isNaN(index) ? name : `${name}[${index}]`,
    duration: formatDuration(wallUs(snapshot, row)),
    isOpen: row >= snapshot.closedLength,
    marks: snapshot.markCount[row] > 0 ? ` {${marksText(tree, row)}}` : "",
    // Who looks for a failure should not have to read the attributes of every span.
    error: isFailed(snapshot, row) ? ` !${printable(String(snapshot.attrs[row]!.error))}` : "",
  };
}

/** A fold's line: `batch x9997 - 11.90s total, p50 1.1ms, p95 2.0ms, max 5.2ms, 3 failed`. */
export function foldLine(fold: Fold): string {
  const { label, total, spread, trouble } = foldWords(fold);
  return `${label} - ${total}${spread}${trouble}`;
}

/** What a fold's line is made of; printable, and what is not empty begins with its comma. */
export interface FoldWords {
  /** `name xcount`. */
  readonly label: string;
  /** `11.90s total`. */
  readonly total: string;
  /** `, p50 1.1ms, p95 2.0ms, max 5.2ms`. */
  readonly spread: string;
  /** `, 3 failed, 1 open`; empty if there are none. */
  readonly trouble: string;
}

/** The words of a fold. */
export function foldWords(fold: Fold): FoldWords {
  const { name, count, totalUs, p50Us, p95Us, maxUs, failedCount, openCount } = fold;
  const [total, p50, p95, max] = [totalUs, p50Us, p95Us, maxUs].map(formatDuration);
  const failed = failedCount > 0 ? `, ${failedCount} failed` : "";
  return {
    label: `${printable(name)} x${count}`,
    total: `${total} total`,
    spread: `, p50 ${p50}, p95 ${p95}, max ${max}`,
    trouble: failed + (openCount > 0 ? `, ${openCount} open` : ""),
  };
}

function marksText(tree: Tree, row: number): string {
  const { first, name, value } = tree.snapshot.marks;
  const begin = first[row];
  const end = first[row + 1];
  const entries: string[] = [];
  if (end - begin <= MARKS_IN_FULL) {
    for (let i = begin; i < end; i++) entries.push(`${printable(name[i])}=${formatValue(value[i])}`);
    return entries.join(", ");
  }
  const byName = new Map<string, { count: number; last: MarkValue }>();
  for (let i = begin; i < end; i++) {
    const entry = byName.get(name[i]);
    if (entry === undefined) byName.set(name[i], { count: 1, last: value[i] });
    else {
      entry.count++;
      entry.last = value[i];
    }
  }
  for (const [key, { count, last }] of byName) {
    entries.push(`${printable(key)}=${formatValue(last)}${count > 1 ? ` x${count}` : ""}`);
  }
  return entries.join(", ");
}

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
  if (typeof value === "string") return PLAIN.test(value) ? value : printable(JSON.stringify(value));
  if (typeof value !== "number" || !Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 0.001 || size >= 1e6 ? value.toExponential(2) : value.toFixed(4);
}

// Strings that cannot be taken for the punctuation around them.
const PLAIN = /^[\w.:\/@+-]+$/;
