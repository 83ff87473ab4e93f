/**
 * Tree -> text for a terminal: guides, each span's share of its parent's time, counters, colours. All that the colours say is
 * in the words too.
 *
 * @module
 */
import { COUNTERS } from "../meters/counters.ts";
import type { Fold, FoldedTree } from "../tree/fold.ts";
import { durationNs, findOverlaps, findShared, OVERLAPS, shareOfParent } from "../tree/overlap.ts";
import { type Tree, walk } from "../tree/tree.ts";
import { cutNotes } from "./cut_notes.ts";
import { foldAt, foldWords, loadNsShown, NO_SPANS, spanWords } from "./text.ts";
import { formatCounter, formatDuration, formatShare, OVERLAP_SIGN } from "./units.ts";

/** Levels with guides; deeper lines stay there and say their depth, or they would be wider than any terminal. */
const GUIDED_LEVELS = 30;

/** Select Graphic Rendition: the parameters of a terminal's colours. */
const BOLD_RED = "1;31";
const RED = "31";
const YELLOW = "33";
const GREEN = "32";
const CYAN = "36";
const DIM = "2";

/** From which share of the parent's time on a duration has which colour. */
const HOT: readonly (readonly [share: number, color: string])[] = [[0.5, RED], [0.2, YELLOW], [0.05, GREEN]];

type Paint = (text: string, color: string) => string;

const painted: Paint = (text, color) => text === "" ? "" : `\x1b[${color}m${text}\x1b[0m`;
const bare: Paint = text => text;

/** The spans of `tree` as text, a line each and a line for each fold, without a newline at the end. */
export function toTerminalText(tree: Tree | FoldedTree, colors: boolean): string {
  if (tree.rows.length === 0) return NO_SPANS;
  const paint = colors ? painted : bare;
  const lines: string[] = [];
  const overlaps = findOverlaps(tree);
  const isShared = findShared(tree, overlaps);
  const noteOf = cutNotes(tree);
  // What stands before the children of the current span at each depth.
  const guides: string[] = [""];
  walk(tree, position => {
    const depth = tree.depth[position];
    const isLast = tree.nextSibling[position] < 0;
    let guide = guides[Math.min(depth, GUIDED_LEVELS + 1)];
    if (depth > GUIDED_LEVELS) {
      guide += `(${depth}) `;
    } else {
      guides[depth + 1] = depth === 0 ? "" : guide + (isLast ? "   " : "│  ");
      if (depth > 0) guide += isLast ? "└─ " : "├─ ";
    }
    const fold = foldAt(tree, position);
    const signs = {
      share: overlaps[position] === OVERLAPS ? OVERLAP_SIGN : "",
      counters: isShared[position] === 1 ? OVERLAP_SIGN : "",
    };
    const line = fold === undefined
      ? paintedSpan(tree, position, signs, noteOf(position), paint)
      : paintedFold(tree, position, fold, paint);
    lines.push(paint(guide, DIM) + line);
  });
  return lines.join("\n");
}

/** What stands before figures that are not a span's alone. */
interface Signs {
  readonly share: string;
  readonly counters: string;
}

function paintedSpan(tree: Tree, position: number, signs: Signs, note: string, paint: Paint): string {
  const { label, duration, state, marks, error } = spanWords(tree, position);
  const row = tree.rows[position];
  const time = timeText(duration, shareOfParent(tree, position), signs.share, paint);
  const open = state === "" ? "" : paint(state, CYAN);
  const figures = counters(tree, row, signs.counters);
  return `${label} - ${time}${open}${paint(figures, DIM)}${paint(note, CYAN)}${marks}${
    paint(error, BOLD_RED)
  }`;
}

function paintedFold(tree: Tree, position: number, fold: Fold, paint: Paint): string {
  const { label, total, spread, trouble } = foldWords(fold);
  const parent = tree.parent[position];
  const share = parent < 0 ? NaN : fold.coveredUs * 1000 / durationNs(tree, parent);
  const time = timeText(total, share, fold.isOverlapping ? OVERLAP_SIGN : "", paint);
  const color = fold.failedCount > 0 ? BOLD_RED : CYAN;
  return `${paint(label, DIM)} - ${time}${paint(spread, DIM)}${paint(trouble, color)}`;
}

/** `text` and the share of the parent's time, in the colour of that share. */
function timeText(text: string, share: number, sign: string, paint: Paint): string {
  if (Number.isNaN(share)) return text;
  const color = HOT.find(([from]) => share >= from)?.[1] ?? DIM;
  return paint(`${text} ${sign}${formatShare(share)}`, color);
}

// What all that ran at once used is in the CPU and GPU time of each, and in whatever else adds up.
function counters({ snapshot }: Tree, row: number, sign: string): string {
  let text = "";
  for (const counter of COUNTERS) {
    const value = snapshot.counters[counter.column]?.[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    text += ` ${counter.label} ${counter.total === "sum" ? sign : ""}${formatCounter(counter, value)}`;
  }
  const loadNs = loadNsShown(snapshot, row);
  return loadNs > 0 ? `${text} load ${formatDuration(loadNs / 1000)}` : text;
}
