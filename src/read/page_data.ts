/**
 * Tree -> what the HTML view shows: few enough nodes for any browser, and what was left out in numbers. Nothing recurses.
 *
 * @module
 */
import { bigintToJson } from "../attrs.ts";
import type { Attrs, JsonValue, MarkValue } from "../rows.ts";
import { attrsOf, isFailed, markValue, measured, measuredIn } from "./fields.ts";
import type { Fold, FoldedTree } from "./fold.ts";
import { summarize, type SummaryRow } from "./summary.ts";
import { type Tree, walk } from "./tree.ts";

/** Nodes in a page: the longest. Some 80 bytes each, and a browser draws them all in one frame. */
export const MOST_NODES = 12_000;

/** Characters of attributes and marks in a page, the longest spans' first. */
const MOST_DETAIL = 500_000;

/** Characters of a name in a page. */
const MOST_NAME = 80;

/** Characters of a path in a page. */
const MOST_PATH = 200;

/** Marks listed for one span, the newest. */
const MOST_MARKS = 100;

/** Curves of marks in a page, and points of each. */
const MOST_SERIES = 24;
const MOST_POINTS = 240;

/** Rows of the summary in a page, the first of the table. */
const MOST_SUMMARY = 500;

/** A node is open, failed, or stands for several. */
export const OPEN = 1;
export const FAILED = 2;
export const FOLDED = 4;

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
  readonly cpuNs: (number | null)[];
  /** Null if none has any. */
  readonly gpuNs: (number | null)[] | null;
  readonly memory: (number | null)[] | null;
  /** Attributes, marks and folds by node, for those that have any. */
  readonly details: Record<number, PageDetail>;
  /** Nodes whose attributes and marks found no room. */
  readonly detailsLeftOut: number;
  readonly series: PageSeries[];
  readonly seriesLeftOut: number;
  readonly summary: SummaryRow[];
  readonly summaryLeftOut: number;
}

/** What only some nodes have. */
export interface PageDetail {
  attrs?: Attrs;
  marks?: [name: string, value: JsonValue][];
  /** Marks that are not listed. */
  moreMarks?: number;
  fold?: Fold;
}

/** A curve: the values of one mark over time, in spans of one name. */
export interface PageSeries {
  readonly span: string;
  readonly mark: string;
  /** Values, of which `x` and `y` are a choice. */
  readonly count: number;
  /** Values that are no finite number. */
  readonly notFinite: number;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  /** Nanoseconds from the first start. */
  readonly x: number[];
  readonly y: number[];
}

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
  const positions = longest(shown, all, end);
  const originNs = positions.reduce(
    (ns, position) => Math.min(ns, snapshot.startNs[rows[position]]),
    Infinity,
  );
  const nodeOf = new Map(positions.map((position, node) => [position, node]));
  const names: string[] = [];
  const nameIndex = new Map<string, number>();
  const nameOf = (name: string): number => {
    let index = nameIndex.get(name);
    if (index === undefined) nameIndex.set(name, index = names.push(name) - 1);
    return index;
  };
  let totalNs = 0;
  const data = {
    name: [] as number[],
    parent: [] as number[],
    startNs: [] as number[],
    endNs: [] as number[],
    wallNs: [] as number[],
    flags: [] as number[],
    index: [] as (number | null)[],
    cpuNs: [] as (number | null)[],
    gpuNs: [] as (number | null)[],
    memory: [] as (number | null)[],
  };
  for (const position of positions) {
    const row = rows[position];
    const fold = folds.get(position);
    const startNs = snapshot.startNs[row] - originNs;
    const endNs = end(position) - originNs;
    totalNs = Math.max(totalNs, endNs);
    data.name.push(nameOf(cut(snapshot.name[row], MOST_NAME)));
    data.parent.push(tree.parent[position] < 0 ? -1 : nodeOf.get(tree.parent[position])!);
    data.startNs.push(startNs);
    data.endNs.push(endNs);
    data.wallNs.push(fold === undefined ? endNs - startNs : Math.round(fold.totalUs * 1000));
    data.flags.push(flagsOf(tree, position, fold));
    data.index.push(fold === undefined ? measured(snapshot.index[row]) : null);
    data.cpuNs.push(fold === undefined ? measured(snapshot.cpuNs[row]) : null);
    data.gpuNs.push(fold === undefined ? measuredIn(snapshot.gpuNs, row) : null);
    data.memory.push(fold === undefined ? measuredIn(snapshot.memoryPeakBytes, row) : null);
  }
  const { details, leftOut } = detailsOf(tree, positions, folds, data.wallNs);
  const { row, rowCount } = layRows(data.parent, data.startNs, data.endNs);
  const series = seriesOf(tree, positions.length === 0 ? 0 : originNs);
  const summary = summarize(tree);
  const startNs = positions.length === 0 ? 0 : originNs;
  return {
    title: titleOf(tree),
    startMs: Number(snapshot.anchorNs / 1_000_000n) + startNs / 1e6,
    totalNs,
    spanCount: rows.length,
    foldedCount: rows.length - (all.length - folds.size),
    leftOutCount: all.length - positions.length,
    names,
    ...data,
    gpuNs: data.gpuNs.every(value => value === null) ? null : data.gpuNs,
    memory: data.memory.every(value => value === null) ? null : data.memory,
    row,
    rowCount,
    details,
    detailsLeftOut: leftOut,
    series: series.slice(0, MOST_SERIES),
    seriesLeftOut: Math.max(0, series.length - MOST_SERIES),
    summary: summary.slice(0, MOST_SUMMARY).map(one => ({
      ...one,
      path: cut(one.path, MOST_PATH),
      name: "",
    })),
    summaryLeftOut: Math.max(0, summary.length - MOST_SUMMARY),
  };
}

/** The root's name, if there is one root. */
function titleOf({ rows, nextSibling, snapshot }: Tree): string {
  if (rows.length === 0) return "(no spans)";
  return nextSibling[0] < 0 ? cut(snapshot.name[rows[0]], MOST_NAME) : "Trace";
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}\u2026`;
}

function flagsOf(tree: Tree, position: number, fold: Fold | undefined): number {
  const row = tree.rows[position];
  if (fold !== undefined) {
    return FOLDED | (fold.openCount > 0 ? OPEN : 0) | (fold.failedCount > 0 ? FAILED : 0);
  }
  return (row >= tree.snapshot.closedLength ? OPEN : 0) | (isFailed(tree.snapshot, row) ? FAILED : 0);
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

/** The positions of a page's nodes, parents first: all, or the longest with their ancestors. */
function longest(shown: Tree, all: readonly number[], end: (position: number) => number): readonly number[] {
  if (all.length <= MOST_NODES) return all;
  const { rows, parent, snapshot: { startNs } } = shown;
  const wall = (position: number) => end(position) - startNs[rows[position]];
  const sorted = Float64Array.from(all, wall).sort();
  const least = sorted[sorted.length - MOST_NODES];
  const isKept = new Uint8Array(rows.length);
  for (let i = all.length - 1; i >= 0; i--) {
    const position = all[i];
    if (isKept[position] === 0 && wall(position) < least) continue;
    isKept[position] = 1;
    if (parent[position] >= 0) isKept[parent[position]] = 1;
  }
  // Of spans that are all as long, or a chain deeper than that, the first: a parent comes before what is below it.
  return all.filter(position => isKept[position] === 1).slice(0, MOST_NODES);
}

function detailsOf(
  tree: Tree,
  positions: readonly number[],
  folds: ReadonlyMap<number, Fold>,
  wallNs: readonly number[],
): { details: Record<number, PageDetail>; leftOut: number } {
  const details: Record<number, PageDetail> = {};
  let room = MOST_DETAIL;
  let leftOut = 0;
  const byLength = Uint32Array.from(positions.keys()).sort((a, b) => wallNs[b] - wallNs[a] || a - b);
  for (const node of byLength) {
    const fold = folds.get(positions[node]);
    if (fold !== undefined) {
      details[node] = { fold };
      continue;
    }
    const row = tree.rows[positions[node]];
    const detail = rowDetail(tree, row);
    if (detail === null) continue;
    room -= JSON.stringify(detail).length;
    if (room < 0) leftOut++;
    else details[node] = detail;
  }
  return { details, leftOut };
}

function rowDetail(tree: Tree, row: number): PageDetail | null {
  const { snapshot } = tree;
  const { marks } = snapshot;
  const detail: PageDetail = {};
  const attrs = attrsOf(snapshot, row);
  if (Object.keys(attrs).length > 0) detail.attrs = attrs;
  const until = marks.first[row + 1];
  const from = Math.max(marks.first[row], until - MOST_MARKS);
  if (until > from) {
    detail.marks = Array.from(
      { length: until - from },
      (_, i) => [marks.name[from + i], jsonValue(marks.value[from + i])],
    );
    if (from > marks.first[row]) detail.moreMarks = from - marks.first[row];
  }
  return detail.attrs === undefined && detail.marks === undefined ? null : detail;
}

function jsonValue(value: MarkValue): JsonValue {
  const plain = markValue(value);
  return typeof plain === "number" && !Number.isFinite(plain) ? String(plain) : plain;
}

/**
 * Rows of an icicle: children below their parent, and beside each other only where they do not overlap. Each lane of
 * siblings is as high as the highest of what hangs on it.
 */
export function layRows(
  parent: readonly number[],
  startNs: readonly number[],
  endNs: readonly number[],
): { row: number[]; rowCount: number } {
  const length = parent.length;
  const ROOT = length;
  const firstChild = new Int32Array(length + 1).fill(-1);
  const nextSibling = new Int32Array(length).fill(-1);
  for (let node = length - 1; node >= 0; node--) {
    const up = parent[node] < 0 ? ROOT : parent[node];
    nextSibling[node] = firstChild[up];
    firstChild[up] = node;
  }
  // From the bottom up, all of them last: how high everything below a node is, when the first of it starts (clocks may
  // disagree) and when the last of it ends.
  const height = new Uint32Array(length + 1);
  const since = Float64Array.from([...startNs, 0]);
  const until = Float64Array.from([...endNs, 0]);
  const offset = new Uint32Array(length);
  for (let i = length - 1; i >= -1; i--) {
    const node = i < 0 ? ROOT : i;
    const laneEnd: number[] = [];
    const laneHeight: number[] = [];
    const laneOf: number[] = [];
    for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) {
      let lane = laneEnd.findIndex(end => end <= since[child]);
      if (lane < 0) lane = laneEnd.length;
      laneEnd[lane] = until[child];
      laneHeight[lane] = Math.max(laneHeight[lane] ?? 0, height[child]);
      laneOf.push(lane);
      if (since[child] < since[node]) since[node] = since[child];
      if (until[child] > until[node]) until[node] = until[child];
    }
    let below = 0;
    const laneOffset = laneHeight.map(high => (below += high) - high);
    let at = 0;
    for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) {
      offset[child] = laneOffset[laneOf[at++]];
    }
    height[node] = below + 1;
  }
  const row: number[] = [];
  for (let node = 0; node < length; node++) {
    row.push(offset[node] + (parent[node] < 0 ? 0 : row[parent[node]] + 1));
  }
  return { row, rowCount: height[ROOT] - 1 };
}

interface Values {
  readonly span: string;
  readonly mark: string;
  readonly x: number[];
  readonly y: number[];
  notFinite: number;
}

/** The curves of a trace, those with the most values first. */
function seriesOf({ rows, snapshot }: Tree, originNs: number): PageSeries[] {
  const { marks } = snapshot;
  const bySpan = new Map<string, Map<string, Values>>();
  for (const row of rows) {
    for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
      const raw = marks.value[i];
      const value = typeof raw === "bigint" ? bigintToJson(raw) : raw;
      if (typeof value !== "number") continue;
      const span = snapshot.name[row];
      const mark = marks.name[i];
      let byMark = bySpan.get(span);
      if (byMark === undefined) bySpan.set(span, byMark = new Map());
      let values = byMark.get(mark);
      if (values === undefined) byMark.set(mark, values = { span, mark, x: [], y: [], notFinite: 0 });
      if (!Number.isFinite(value)) {
        values.notFinite++;
        continue;
      }
      values.x.push(marks.tsNs[i] - originNs);
      values.y.push(value);
    }
  }
  return [...bySpan.values()].flatMap(byMark => [...byMark.values()])
    .filter(({ y, notFinite }) => y.length + notFinite > 1)
    .sort((a, b) => b.y.length - a.y.length)
    .map(toSeries);
}

function toSeries({ span, mark, x, y, notFinite }: Values): PageSeries {
  let min = Infinity;
  let max = -Infinity;
  for (const value of y) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const { xs, ys } = thinned(x, y);
  const [first, last] = y.length === 0 ? [0, 0] : [y[0], y[y.length - 1]];
  if (y.length === 0) min = max = 0;
  return { span, mark, count: y.length + notFinite, notFinite, first, last, min, max, x: xs, y: ys };
}

/** Of many points the least and the greatest of each stretch, so that no peak is lost. */
function thinned(x: readonly number[], y: readonly number[]): { xs: number[]; ys: number[] } {
  if (y.length <= MOST_POINTS) return { xs: [...x], ys: [...y] };
  const xs: number[] = [];
  const ys: number[] = [];
  const stretches = MOST_POINTS / 2;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor(stretch * y.length / stretches);
    const until = Math.floor((stretch + 1) * y.length / stretches);
    let low = from;
    let high = from;
    for (let i = from; i < until; i++) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    for (const i of low < high ? [low, high] : low === high ? [low] : [high, low]) {
      xs.push(x[i]);
      ys.push(y[i]);
    }
  }
  return { xs, ys };
}
