// deno-lint-ignore-file camelcase -- rows are data that leaves the process
/**
 * Tree -> where the time went: one row per path of names. Linear, but for sorting each path's durations.
 *
 * @module
 */
import type { CounterValues } from "../data/counters.ts";
import { jsonOfText } from "../data/json_text.ts";
import { COUNTERS } from "../meters/counters.ts";
import { counterColumns, isFailed, measured, NOT_COUNTED, putCounters } from "./columns.ts";
import { ALONE, coveredInRoots, findOverlaps } from "./overlap.ts";
import type { Tree } from "./tree.ts";

/**
 * What the spans of one path have in common: they have the same name, and so have their parents, up to a root. Times
 * are microseconds of wall time unless the name says otherwise; those of open spans count so far. Of a counter it has the sum over
 * the spans that have it, or the highest where it is a peak; null if none has. Spans that overlap have each counted all that was used
 * meanwhile.
 */
export interface SummaryRow extends CounterValues {
  /**
   * The names from the root down, as `epoch > batch > forward`. Names that hold ` > ` or a quote stand in quotes as JSON
   * has them, so that no two paths read the same; of more than 16 names stand the last 15, after the number of the others.
   */
  path: string;
  /** The last name of the path. */
  name: string;
  /** Names before it. */
  depth: number;
  /** Spans. */
  count: number;
  /** The sum of their durations: more than what passed, where they ran at once. */
  total_us: number;
  /** The time of theirs in which none of their children in this trace ran. Children that overlap count once. */
  self_us: number;
  /** `total_us` by `count`. */
  mean_us: number;
  /** Half of the spans took no longer: see `p95_us`. */
  p50_us: number;
  /**
   * 95 % of the spans took no longer: the nearest rank, which is the duration at place `ceil(0.95 * count)` in ascending
   * order. Exact, and always a duration that occurred.
   */
  p95_us: number;
  /** 99 % of the spans took no longer: see `p95_us`. */
  p99_us: number;
  /** The longest. */
  max_us: number;
  /** Time in nanoseconds that the sources of batches took to give them, before each span; null if none is a batch. */
  data_load_ns: number | null;
  /**
   * The part of the roots' time in which a span of this path ran, from 0 to 1: spans of one root that ran at once count
   * once. Null if the roots took no time.
   */
  share: number | null;
  /**
   * Spans that ran while a sibling did, or lie in one that did. Where there are any, shares and counters of this row are
   * no parts of a whole: those of the siblings count the same time again.
   */
  overlap_count: number;
  /** Spans whose function threw. */
  error_count: number;
  /** Spans that are still open. */
  open_count: number;
}

/** Paths of more names show the last ones: whole, those of a deep trace would fill memory. */
const PATH_NAMES = 16;

/** The rows of a trace from the top down, of equal parents the one with the greatest total first. */
export function summarize(tree: Tree): SummaryRow[] {
  const { rows, snapshot } = tree;
  const paths = findPaths(tree);
  const selfNs = selfTimes(tree);
  const length = paths.name.length;
  const count = new Uint32Array(length);
  const totalNs = new Float64Array(length);
  const self = new Float64Array(length);
  const counted = countedByPath(tree, paths.of, length);
  const loadNs = new Float64Array(length).fill(NaN);
  const coveredNs = coveredInRoots(tree, paths.of, length);
  const overlapOf = findOverlaps(tree);
  const overlapping = new Uint32Array(length);
  const errors = new Uint32Array(length);
  const open = new Uint32Array(length);
  let rootsNs = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const path = paths.of[i];
    const ns = snapshot.endNs[row] - snapshot.startNs[row];
    count[path]++;
    totalNs[path] += ns;
    self[path] += selfNs[i];
    if (tree.parent[i] < 0) rootsNs += ns;
    addMeasured(loadNs, path, snapshot.dataLoadNs[row]);
    if (overlapOf[i] !== ALONE) overlapping[path]++;
    if (isFailed(snapshot, row)) errors[path]++;
    if (row >= snapshot.closedLength) open[path]++;
  }
  const { first, sorted } = durationsByPath(tree, paths.of, count);
  const us = (path: number, percent: number) =>
    nearestRank(sorted, first[path], first[path + 1], percent) / 1000;
  return fromTheTop(paths.parent, totalNs).map(path => ({
    path: pathText(paths, path),
    name: paths.name[path],
    depth: paths.depth[path],
    count: count[path],
    total_us: totalNs[path] / 1000,
    self_us: self[path] / 1000,
    mean_us: totalNs[path] / count[path] / 1000,
    p50_us: us(path, 50),
    p95_us: us(path, 95),
    p99_us: us(path, 99),
    max_us: us(path, 100),
    ...countersOf(counted, path),
    data_load_ns: measured(loadNs[path]),
    share: rootsNs > 0 ? coveredNs[path] / rootsNs : null,
    overlap_count: overlapping[path],
    error_count: errors[path],
    open_count: open[path],
  }));
}

/**
 * The value that `percent` of the sorted values from `begin` up to `end` do not exceed: the one at place
 * `ceil(percent / 100 * count)`, counted from 1.
 */
export function nearestRank(sorted: Float64Array, begin: number, end: number, percent: number): number {
  // The product first: 0.95 * 20 is 19 in floating point, but 0.07 * 100 is more than 7.
  const place = Math.ceil(percent * (end - begin) / 100);
  return sorted[begin + Math.max(place, 1) - 1];
}

/** The paths of a tree, numbered in order of their first span. */
interface Paths {
  /** The path of the span at each position. */
  readonly of: Uint32Array;
  /** -1 for a path of one name. */
  readonly parent: readonly number[];
  readonly name: readonly string[];
  readonly depth: readonly number[];
}

function findPaths(tree: Tree): Paths {
  const of = new Uint32Array(tree.rows.length);
  const parent: number[] = [];
  const name: string[] = [];
  const depth: number[] = [];
  // One map for all: digits up to the first colon are the parent's path, whatever the name holds.
  const known = new Map<string, number>();
  for (let i = 0; i < of.length; i++) {
    const up = tree.parent[i] < 0 ? -1 : of[tree.parent[i]];
    const own = tree.snapshot.name[tree.rows[i]];
    const key = `${up}:${own}`;
    let path = known.get(key);
    if (path === undefined) {
      path = name.length;
      known.set(key, path);
      parent.push(up);
      name.push(own);
      depth.push(tree.depth[i]);
    }
    of[i] = path;
  }
  return { of, parent, name, depth };
}

/** How long each span ran with none of its children running, in nanoseconds. */
function selfTimes(tree: Tree): Float64Array {
  const { rows, parent, snapshot: { startNs, endNs } } = tree;
  const self = new Float64Array(rows.length);
  const coveredUntil = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const start = startNs[rows[i]];
    const end = endNs[rows[i]];
    self[i] = end - start;
    coveredUntil[i] = start;
    const up = parent[i];
    if (up < 0) continue;
    // Siblings come in order of start, so what one of them adds lies after all that is covered.
    const from = Math.max(start, coveredUntil[up]);
    const to = Math.min(end, endNs[rows[up]]);
    if (to <= from) continue;
    self[up] -= to - from;
    coveredUntil[up] = to;
  }
  return self;
}

/** Durations in nanoseconds, ascending within each path: path `p` has those from `first[p]` up to `first[p + 1]`. */
function durationsByPath(
  tree: Tree,
  pathOf: Uint32Array,
  count: Uint32Array,
): { first: Uint32Array; sorted: Float64Array } {
  const { rows, snapshot: { startNs, endNs } } = tree;
  const first = new Uint32Array(count.length + 1);
  for (let path = 0; path < count.length; path++) first[path + 1] = first[path] + count[path];
  const next = first.slice();
  const sorted = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) sorted[next[pathOf[i]]++] = endNs[rows[i]] - startNs[rows[i]];
  for (let path = 0; path < count.length; path++) {
    if (count[path] > 1) sorted.subarray(first[path], first[path + 1]).sort();
  }
  return { first, sorted };
}

/** Paths, each after its parent and before its siblings of a lesser total. */
function fromTheTop(parent: readonly number[], totalNs: Float64Array): number[] {
  const length = parent.length;
  const ascending = Array.from({ length }, (_, path) => path)
    .sort((a, b) => totalNs[a] - totalNs[b] || b - a);
  const roots: number[] = [];
  const firstChild = new Int32Array(length).fill(-1);
  const nextSibling = new Int32Array(length).fill(-1);
  for (const path of ascending) {
    const up = parent[path];
    if (up < 0) {
      roots.push(path);
    } else {
      nextSibling[path] = firstChild[up];
      firstChild[up] = path;
    }
  }
  const order: number[] = [];
  for (let path = roots.pop(); path !== undefined; path = roots.pop()) {
    for (let at = path; at >= 0;) {
      order.push(at);
      if (firstChild[at] >= 0) {
        at = firstChild[at];
        continue;
      }
      while (at >= 0 && (parent[at] < 0 || nextSibling[at] < 0)) at = parent[at];
      if (at >= 0) at = nextSibling[at];
    }
  }
  return order;
}

function pathText({ parent, name, depth }: Paths, path: number): string {
  const names: string[] = [];
  let at = path;
  const left = depth[path] < PATH_NAMES ? 0 : depth[path] + 1 - (PATH_NAMES - 1);
  for (; at >= 0 && depth[at] >= left; at = parent[at]) names.push(quotedName(name[at]));
  if (left > 0) names.push(`(${left} more)`);
  return names.reverse().join(" > ");
}

function quotedName(name: string): string {
  return name.includes(" > ") || name.includes('"') ? jsonOfText(name) : name;
}

/** What the spans of each path have counted together, as the counters are listed: NaN for nothing, and null if no path has any. */
function countedByPath(tree: Tree, pathOf: Uint32Array, pathCount: number): (Float64Array | null)[] {
  return counterColumns(tree.snapshot).map((values, k) => {
    if (values === null) return null;
    const together = new Float64Array(pathCount).fill(NaN);
    if (COUNTERS[k].total === "sum") sumByPath(together, tree.rows, pathOf, values);
    else raiseByPath(together, tree.rows, pathOf, values);
    return together;
  });
}

function countersOf(counted: readonly (Float64Array | null)[], path: number): CounterValues {
  const values = { ...NOT_COUNTED };
  putCounters(values, counted, path);
  return values;
}

function sumByPath(sums: Float64Array, rows: Uint32Array, pathOf: Uint32Array, values: Float64Array): void {
  for (let i = 0; i < rows.length; i++) addMeasured(sums, pathOf[i], values[rows[i]]);
}

function raiseByPath(
  highest: Float64Array,
  rows: Uint32Array,
  pathOf: Uint32Array,
  values: Float64Array,
): void {
  for (let i = 0; i < rows.length; i++) raiseMeasured(highest, pathOf[i], values[rows[i]]);
}

function addMeasured(sums: Float64Array, at: number, value: number): void {
  if (Number.isNaN(value)) return;
  sums[at] = Number.isNaN(sums[at]) ? value : sums[at] + value;
}

function raiseMeasured(highest: Float64Array, at: number, value: number): void {
  if (!(value <= highest[at]) && !Number.isNaN(value)) highest[at] = value;
}
