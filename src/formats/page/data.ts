/**
 * Tree -> what the HTML view shows: few enough nodes for any browser, and what was left out in numbers. Nothing recurses.
 *
 * @module
 */
import { jsonOf } from "../../data/json_text.ts";
import { jsonValue } from "../../data/json_value.ts";
import type { JsonValue, MarkValue } from "../../data/values.ts";
import { type Counter, COUNTERS } from "../../meters/counters.ts";
import { attrsOf, counterColumns, isFailed, measured } from "../../tree/columns.ts";
import type { Fold, FoldedTree } from "../../tree/fold.ts";
import { findOverlaps, findShared, OVERLAPS } from "../../tree/overlap.ts";
import { summarize, type SummaryRow } from "../../tree/summary.ts";
import { type Tree, walk } from "../../tree/tree.ts";
import { NO_SPANS } from "../text.ts";
import { curvesOf, type PageSeries } from "./curves.ts";
import { MOST_NAME, pageBytes, shownText } from "./json.ts";
import { layRows } from "./rows.ts";

// What follows comes to less than 3 MB even if all of it is reached: bytes are counted as the page has them, where a "<"
// takes six.

/** Nodes in a page: the longest. At most 110 bytes each, and a browser draws them all in one frame. */
export const MOST_NODES = 12_000;

/** Bytes of names and folds in a page, the longest spans' first; a node whose name finds no room is left out. */
const MOST_NAME_BYTES = 600_000;

/** Bytes of attributes and marks in a page, the longest spans' first. */
const MOST_DETAIL_BYTES = 500_000;

/** Bytes of the summary in a page. */
const MOST_SUMMARY_BYTES = 300_000;

/** Characters of an attribute's or a mark's text. */
const MOST_TEXT = 1000;

/** Characters of a path in a page. */
const MOST_PATH = 200;

/** Marks listed for one span, the newest. */
const MOST_MARKS = 100;

/** Rows of the summary in a page, the first of the table. */
const MOST_SUMMARY = 500;

/** A node is open, failed, stands for several, overlaps a sibling, or overlaps none but something else. */
export const OPEN = 1;
export const FAILED = 2;
export const FOLDED = 4;
export const OVERLAPPING = 8;
export const WITHIN_OVERLAPPING = 16;

/** What the page's script reads: columns by node, parents before children, siblings in order of start. */
export interface PageData {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** From the first start to the last end. */
  readonly totalNs: number;
  /** Spans in the trace. */
  readonly spanCount: number;
  /** Of these, how many are in folds or below them. */
  readonly foldedCount: number;
  /** Spans and folds that are too short for a page as full as this one. */
  readonly leftOutCount: number;
  readonly names: string[];
  /** Index in `names`. */
  readonly name: number[];
  /** -1 for a root. */
  readonly parent: number[];
  /** From the first start. */
  readonly startNs: number[];
  readonly endNs: number[];
  /** Differs from the end less the start in a fold: the sum of its spans. */
  readonly wallNs: number[];
  /** The row of the icicle. */
  readonly row: number[];
  readonly rowCount: number;
  readonly flags: number[];
  readonly index: (number | null)[];
  readonly counters: PageCounter[];
  /** Attributes, marks and folds by node, for those that have any. */
  readonly details: Record<number, PageDetail>;
  /** Nodes whose attributes and marks found no room. */
  readonly detailsLeftOut: number;
  readonly series: PageSeries[];
  readonly seriesLeftOut: number;
  readonly summary: SummaryRow[];
  readonly summaryLeftOut: number;
}

/** One counter: of the nodes, and where the summary has it. */
export interface PageCounter extends Pick<Counter, "column" | "label" | "unit" | "total"> {
  /** By node; null if none has any. */
  readonly values: (number | null)[] | null;
}

/** What only some nodes have. */
export interface PageDetail {
  attrs?: [name: string, text: string][];
  marks?: [name: string, value: number | string | boolean][];
  /** Marks that are not listed. */
  moreMarks?: number;
  fold?: PageFold;
}

/** A fold, whose name, total and flags are its node's. */
export type PageFold = Omit<Fold, "name" | "totalUs" | "isOverlapping">;

/**
 * What a page shows.
 * @param shown `tree`, folded or not.
 */
export function toPageData(tree: Tree, shown: Tree | FoldedTree): PageData {
  const { snapshot, rows } = tree;
  const folds: ReadonlyMap<number, Fold> = "folds" in shown ? shown.folds : new Map();
  const extents = foldExtents(tree, shown, folds);
  const end = (position: number) => extents.get(position) ?? snapshot.endNs[rows[position]];
  const all: number[] = [];
  walk(shown, position => void all.push(position));
  const positions = longest(shown, all, end, folds);
  // Of all spans, not only of those that are shown: what the page says of the whole is true of the whole.
  let originNs = rows.length === 0 ? 0 : Infinity;
  let lastNs = 0;
  for (const row of rows) {
    originNs = Math.min(originNs, snapshot.startNs[row]);
    lastNs = Math.max(lastNs, snapshot.endNs[row]);
  }
  const overlaps = findOverlaps(tree);
  const isShared = findShared(tree, overlaps);
  const nodeOf = new Map(positions.map((position, node) => [position, node]));
  const names: string[] = [];
  const nameIndex = new Map<string, number>();
  const nameOf = (name: string): number => {
    let index = nameIndex.get(name);
    if (index === undefined) nameIndex.set(name, index = names.push(name) - 1);
    return index;
  };
  const data = {
    name: [] as number[],
    parent: [] as number[],
    startNs: [] as number[],
    endNs: [] as number[],
    wallNs: [] as number[],
    flags: [] as number[],
    index: [] as (number | null)[],
  };
  for (const position of positions) {
    const row = rows[position];
    const fold = folds.get(position);
    const startNs = snapshot.startNs[row] - originNs;
    const endNs = end(position) - originNs;
    data.name.push(nameOf(shownText(snapshot.name[row], MOST_NAME)));
    data.parent.push(tree.parent[position] < 0 ? -1 : nodeOf.get(tree.parent[position])!);
    data.startNs.push(startNs);
    data.endNs.push(endNs);
    data.wallNs.push(fold === undefined ? endNs - startNs : Math.round(fold.totalUs * 1000));
    data.flags.push(flagsOf(tree, position, fold, overlaps[position], isShared[position]));
    data.index.push(fold === undefined ? measured(snapshot.index[row]) : null);
  }
  const { details, leftOut } = detailsOf(tree, positions, folds, data.wallNs);
  const { row, rowCount } = layRows(data.parent, data.startNs, data.endNs);
  const { summary, summaryLeftOut } = summaryOf(tree);
  return {
    title: titleOf(tree),
    startMs: Number(snapshot.anchorNs / 1_000_000n) + originNs / 1e6,
    totalNs: Math.max(0, lastNs - originNs),
    spanCount: rows.length,
    foldedCount: rows.length - (all.length - folds.size),
    leftOutCount: all.length - positions.length,
    names,
    ...data,
    counters: countersOf(tree, positions, folds),
    row,
    rowCount,
    details,
    detailsLeftOut: leftOut,
    ...curvesOf(tree, originNs),
    summary,
    summaryLeftOut,
  };
}

function countersOf(
  { snapshot, rows }: Tree,
  positions: readonly number[],
  folds: ReadonlyMap<number, Fold>,
): PageCounter[] {
  const columns = counterColumns(snapshot);
  return COUNTERS.map(({ column, label, unit, total }, k) => {
    const figures = columns[k];
    const values = figures === null
      ? []
      : positions.map(at => folds.has(at) ? null : measured(figures[rows[at]]));
    return { column, label, unit, total, values: values.every(value => value === null) ? null : values };
  });
}

/** The first rows of the summary. */
function summaryOf(tree: Tree): { summary: SummaryRow[]; summaryLeftOut: number } {
  const rows = summarize(tree);
  const summary: SummaryRow[] = [];
  let room = MOST_SUMMARY_BYTES;
  for (const row of rows) {
    const one = { ...row, path: shownText(row.path, MOST_PATH), name: "" };
    room -= pageBytes(one);
    if (room < 0 || summary.length === MOST_SUMMARY) break;
    summary.push(one);
  }
  return { summary, summaryLeftOut: rows.length - summary.length };
}

/** The root's name, if there is one root. */
function titleOf({ rows, nextSibling, snapshot }: Tree): string {
  if (rows.length === 0) return NO_SPANS;
  return nextSibling[0] < 0 ? shownText(snapshot.name[rows[0]], MOST_NAME) : "Trace";
}

function flagsOf(
  tree: Tree,
  position: number,
  fold: Fold | undefined,
  overlap: number,
  isShared: number,
): number {
  const row = tree.rows[position];
  if (fold !== undefined) {
    return FOLDED | (fold.openCount > 0 ? OPEN : 0) | (fold.failedCount > 0 ? FAILED : 0)
      | (fold.isOverlapping ? OVERLAPPING : 0);
  }
  return (overlap === OVERLAPS ? OVERLAPPING : isShared === 1 ? WITHIN_OVERLAPPING : 0)
    | (row >= tree.snapshot.closedLength ? OPEN : 0) | (isFailed(tree.snapshot, row) ? FAILED : 0);
}

/** The last end of the spans that each fold stands for. */
function foldExtents(tree: Tree, shown: Tree, folds: ReadonlyMap<number, Fold>): Map<number, number> {
  const ends = new Map<number, number>();
  if (folds.size === 0) return ends;
  const isShown = new Uint8Array(tree.rows.length);
  walk(shown, position => isShown[position] = 1);
  const { snapshot, rows } = tree;
  const done = new Set<number>();
  for (const position of folds.keys()) {
    const parent = tree.parent[position];
    if (done.has(parent)) continue;
    done.add(parent);
    const foldOf = new Map<string, number>();
    const first = parent < 0 ? 0 : tree.firstChild[parent];
    for (let at = first; at >= 0; at = tree.nextSibling[at]) {
      const name = snapshot.name[rows[at]];
      if (folds.has(at)) foldOf.set(name, at);
      else if (isShown[at] === 1) continue;
      const fold = foldOf.get(name);
      if (fold === undefined) continue;
      ends.set(fold, Math.max(ends.get(fold) ?? -Infinity, snapshot.endNs[rows[at]]));
    }
  }
  return ends;
}

/** The positions of a page's nodes, parents first: all, or the longest and what they are in. */
function longest(
  shown: Tree,
  all: readonly number[],
  end: (position: number) => number,
  folds: ReadonlyMap<number, Fold>,
): readonly number[] {
  const { rows, parent, snapshot: { startNs, name } } = shown;
  // What holds something counts as long as that: so whatever is kept, all that it is in is kept too.
  const weight = new Float64Array(rows.length);
  for (let i = all.length - 1; i >= 0; i--) {
    const position = all[i];
    weight[position] = Math.max(weight[position], end(position) - startNs[rows[position]]);
    const up = parent[position];
    if (up >= 0) weight[up] = Math.max(weight[up], weight[position]);
  }
  const least = all.length <= MOST_NODES
    ? -Infinity
    : Float64Array.from(all, position => weight[position]).sort()[all.length - MOST_NODES];
  const above = all.filter(position => weight[position] > least);
  // Of those that are all as long the first: a parent comes before what is in it.
  const equal = all.filter(position => weight[position] === least).slice(0, MOST_NODES - above.length);
  const place = new Map(all.map((position, i) => [position, i]));
  const byWeight = [...above, ...equal].sort((a, b) =>
    weight[b] - weight[a] || place.get(a)! - place.get(b)!
  );
  const isKept = new Uint8Array(rows.length);
  const names = new Set<string>();
  let room = MOST_NAME_BYTES;
  for (const position of byWeight) {
    const fold = folds.get(position);
    if (fold !== undefined) room -= pageBytes(toPageFold(fold));
    const own = name[rows[position]];
    if (!names.has(own)) {
      names.add(own);
      room -= pageBytes(shownText(own, MOST_NAME)) + 1;
    }
    if (room < 0) break;
    isKept[position] = 1;
  }
  return all.filter(position => isKept[position] === 1);
}

function toPageFold(
  { name: _name, totalUs: _totalUs, isOverlapping: _isOverlapping, ...fold }: Fold,
): PageFold {
  return fold;
}

function detailsOf(
  tree: Tree,
  positions: readonly number[],
  folds: ReadonlyMap<number, Fold>,
  wallNs: readonly number[],
): { details: Record<number, PageDetail>; leftOut: number } {
  const details: Record<number, PageDetail> = {};
  let room = MOST_DETAIL_BYTES;
  let leftOut = 0;
  const byLength = Uint32Array.from(positions.keys()).sort((a, b) => wallNs[b] - wallNs[a] || a - b);
  for (const node of byLength) {
    const fold = folds.get(positions[node]);
    if (fold !== undefined) {
      details[node] = { fold: toPageFold(fold) };
      continue;
    }
    const detail = rowDetail(tree, tree.rows[positions[node]]);
    if (detail === null) continue;
    const bytes = room <= 0 ? Infinity : pageBytes(detail) + DETAIL_KEY_BYTES;
    if (bytes > room) leftOut++;
    else {
      details[node] = detail;
      room -= bytes;
    }
  }
  return { details, leftOut };
}

/** `"12345":` and a comma. */
const DETAIL_KEY_BYTES = 9;

function rowDetail(tree: Tree, row: number): PageDetail | null {
  const { snapshot } = tree;
  const { marks } = snapshot;
  const detail: PageDetail = {};
  const attrs = Object.entries(attrsOf(snapshot, row));
  if (attrs.length > 0) {
    detail.attrs = attrs.map(([name, value]) => [shownText(name, MOST_TEXT), attrText(value)]);
  }
  const until = marks.first[row + 1];
  const from = Math.max(marks.first[row], until - MOST_MARKS);
  if (until > from) {
    detail.marks = Array.from(
      { length: until - from },
      (_, i) => [shownText(marks.name[from + i], MOST_TEXT), shownValue(marks.value[from + i])],
    );
    if (from > marks.first[row]) detail.moreMarks = from - marks.first[row];
  }
  return detail.attrs === undefined && detail.marks === undefined ? null : detail;
}

function attrText(value: JsonValue): string {
  if (value === null) return "none";
  return shownText(typeof value === "string" ? value : jsonOf(value), MOST_TEXT);
}

function shownValue(value: MarkValue): number | string | boolean {
  const plain = jsonValue(value);
  return typeof plain === "string" ? shownText(plain, MOST_TEXT) : plain;
}
