/**
 * Tree -> printed tree. Nothing that a program put into names or marks can move the cursor or forge a line.
 *
 * @module
 */
import { printable } from "../data/printable.ts";
import { SESSION_NAME } from "../data/session_names.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { MarkValue } from "../data/values.ts";
import { COUNTERS } from "../meters/counters.ts";
import { isFailed, isUnfinishedRow, wallUs } from "../tree/columns.ts";
import type { Fold, FoldedTree } from "../tree/fold.ts";
import { type Tree, walk } from "../tree/tree.ts";
import { TextBytes } from "./bytes.ts";
import { cutNotes } from "./cut_notes.ts";
import { processName, threadText } from "./track_labels.ts";
import { formatCounter, formatDuration, formatValue } from "./units.ts";

/** Marks of one span printed one by one; with more, one entry per name. */
const MARKS_IN_FULL = 16;

/** Levels that are indented; deeper lines stay there and say their depth, or the text would grow with its square. */
const INDENTED_LEVELS = 100;

// Who asked for a counter wants to see it; the others would be in every line.
const ASKED_FOR = COUNTERS.filter(counter => counter.isOptIn);

/** The spans of `tree` as text, a line each and a line for each fold, without a newline at the end. */
export function toText(tree: Tree | FoldedTree): string {
  if (tree.rows.length === 0) return NO_SPANS;
  const noteOf = cutNotes(tree);
  const out = TextBytes.begin();
  let isFirst = true;
  walk(tree, position => {
    if (!isFirst) out.character(NEWLINE);
    isFirst = false;
    const depth = tree.depth[position];
    out.spaces(2 * Math.min(depth, INDENTED_LEVELS));
    if (depth > INDENTED_LEVELS) out.text(`(${depth}) `);
    const fold = foldAt(tree, position);
    if (fold === undefined) writeSpan(out, tree, position, noteOf(position));
    else out.text(foldLine(fold));
  });
  return out.finish();
}

const NEWLINE = 0x0a;

// Piece by piece: as strings, which is how the terminal needs them (`spanWords`), the pieces took three times as long.
function writeSpan(out: TextBytes, tree: Tree, position: number, note: string): void {
  const { snapshot } = tree;
  const row = tree.rows[position];
  const index = snapshot.index[row];
  out.textBy(snapshot.name[row], printable);
  if (!Number.isNaN(index)) {
    out.character(0x5b);
    out.number(index);
    out.character(0x5d);
  }
  out.text(" - ");
  out.duration(wallUs(snapshot, row));
  out.text(stateText(snapshot, row));
  for (const counter of ASKED_FOR) {
    const value = snapshot.counters[counter.column]?.[row] ?? NaN;
    if (!Number.isNaN(value)) out.text(` ${counter.label} ${formatCounter(counter, value)}`);
  }
  const loadNs = loadNsShown(snapshot, row);
  if (loadNs > 0) {
    out.text(" load ");
    out.duration(loadNs / 1000);
  }
  out.text(note);
  if (snapshot.markCount[row] > 0) writeMarks(out, tree, row);
  if (isFailed(snapshot, row)) out.text(errorText(snapshot, row));
}

// Open is what this process knows to be open. Of another one it is known only that the end is in no file.
function stateText(snapshot: Snapshot, row: number): string {
  const state = row >= snapshot.closedLength ? " open" : isUnfinishedRow(snapshot, row) ? " unfinished" : "";
  return state + originText(snapshot, row);
}

// Where several threads are in one tree, the session of each says whose it is.
function originText(snapshot: Snapshot, row: number): string {
  const { threads, name } = snapshot;
  if (threads === undefined || threads.list.length < 2 || name[row] !== SESSION_NAME) return "";
  const thread = threads.list[threads.of[row]];
  const isOneRank = threads.list.every(({ rank }) => Object.is(rank, thread.rank));
  const isOneProcess = isOneRank && threads.list.every(({ pid }) => Object.is(pid, thread.pid));
  const words = isOneProcess ? [] : [processName(isOneRank ? { ...thread, rank: NaN } : thread)];
  if (thread.threadId !== 0) words.push(threadText(thread));
  return words.length === 0 ? "" : ` (${printable(words.join(", "))})`;
}

/** The least part of a batch's own time that its loading has to take to be in its line, and the least time. */
const LOAD_SHARE = 0.1;
const LOAD_NS = 1e6;

/**
 * How long the source of a batch took to give it, where it is worth a word: a tenth of what the batch took, and 1 ms; else
 * 0. Every batch has some, the first of a program half a millisecond, and lines that always said so would hide the batches
 * that waited.
 */
export function loadNsShown(snapshot: Snapshot, row: number): number {
  const loadNs = snapshot.dataLoadNs[row];
  return loadNs >= LOAD_NS && loadNs >= LOAD_SHARE * (snapshot.endNs[row] - snapshot.startNs[row])
    ? loadNs
    : 0;
}

function writeMarks(out: TextBytes, tree: Tree, row: number): void {
  const { first, name, value } = tree.snapshot.marks;
  const begin = first[row];
  const end = first[row + 1];
  out.text(" {");
  if (end - begin > MARKS_IN_FULL) out.text(marksText(tree, row));
  else {
    for (let i = begin; i < end; i++) {
      if (i > begin) out.text(", ");
      out.textBy(name[i], printable);
      out.character(0x3d);
      const one = value[i];
      if (typeof one === "number") out.value(one);
      else out.text(formatValue(one));
    }
  }
  out.character(0x7d);
}

// Who looks for a failure should not have to read the attributes of every span.
function errorText(snapshot: Snapshot, row: number): string {
  return ` !${printable(String(snapshot.attrs.at(row)!.error))}`;
}

/** What an empty trace prints. */
export const NO_SPANS = "(no spans)";

/** What stands for siblings at a position; undefined where a span stands for itself. */
export function foldAt(tree: Tree | FoldedTree, position: number): Fold | undefined {
  return "folds" in tree ? tree.folds.get(position) : undefined;
}

/** One span's line: `name[index] - 142us {loss=0.5234}`, and after it ` !Error: message` if its function threw. */
export function spanLine(tree: Tree, position: number): string {
  const out = TextBytes.begin();
  writeSpan(out, tree, position, "");
  return out.finish();
}

/** What a span's line is made of; printable, and what is not empty begins with its space. */
export interface SpanWords {
  /** `name[index]`. */
  readonly label: string;
  readonly duration: string;
  /** ` open`, ` unfinished`, or nothing; behind it, of sessions, ` (thread 3, name)` where there are several. */
  readonly state: string;
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
    state: stateText(snapshot, row),
    marks: snapshot.markCount[row] > 0 ? ` {${marksText(tree, row)}}` : "",
    error: isFailed(snapshot, row) ? errorText(snapshot, row) : "",
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
