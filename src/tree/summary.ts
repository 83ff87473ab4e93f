// deno-lint-ignore-file camelcase -- rows are data that leaves the process
/**
 * Tree -> where the time went: one row per path of names, and the figures of any groups of spans. Linear, but for sorting each
 * group's durations.
 *
 * @module
 */
import type { CounterValues } from "../data/counters.ts";
import { jsonOfText } from "../data/json_text.ts";
import { COUNTERS } from "../meters/counters.ts";
import { counterColumns, isFailed, measured, NOT_COUNTED, putCounters } from "./columns.ts";
import { ALONE, coveredInRoots, findOverlaps, findShared } from "./overlap.ts";
import type { Tree } from "./tree.ts";

/**
 * What some spans of a trace took together. Times are microseconds of wall time unless the name says otherwise; those of open
 * spans count so far. Of a counter it has the sum over the spans that have it, or the highest where it is a peak; null if none has.
 * Of a name that recurs within itself, `total_us` and such sums are of the outermost spans alone, which hold the others; everything
 * else is of all spans.
 */
export interface SummaryFigures extends CounterValues {
  /** Spans. */
  count: number;
  /** The sum of their durations: more than what passed, where they ran at once. */
  total_us: number;
  /** The time of theirs in which none of their children in this trace ran. Children that overlap count once. */
  self_us: number;
  /** The mean of their durations. */
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
   * The part of the roots' time in which one of these spans ran, from 0 to 1: spans of one root that ran at once count
   * once. Null if the roots took no time.
   */
  share: number | null;
  /**
   * Spans that ran while a sibling or what it left behind did, or lie in one that did. Where there are any, shares of this row
   * are no parts of a whole: those of the others count the same time again.
   */
  overlap_count: number;
  /**
   * Spans that ran while something else did that they do not lie in, also where a filter leaves that out. Where there are any,
   * sums of counters, as `cpu_ns` and `gpu_ns`, hold its part too.
   */
  shared_count: number;
  /** Spans whose function threw. */
  error_count: number;
  /** Spans that are still open. */
  open_count: number;
}

/** What the spans of one path have in common: they have the same name, and so have their parents, up to a root. */
export interface SummaryRow extends SummaryFigures {
  /**
   * The names from the root down, as `epoch > batch > forward`. Names that hold ` > ` or a quote stand in quotes as JSON
   * has them, so that no two paths read the same; of more than 16 names stand the last 15, after the number of the others.
   */
  path: string;
  /** The last name of the path. */
  name: string;
  /** Names before it. */
  depth: number;
}

/** Paths of more names show the last ones: whole, those of a deep trace would fill memory. */
const PATH_NAMES = 16;

/** The rows of a trace from the top down, of equal parents the one with the greatest total first. */
export function summarize(tree: Tree): SummaryRow[] {
  const paths = findPaths(tree);
  const figures = figuresOf(tree, paths.of, paths.name.length, null);
  return fromTheTop(paths.parent, figures.map(one => one.total_us)).map(path => ({
    path: pathText(paths, path),
    name: paths.name[path],
    depth: paths.depth[path],
    ...figures[path],
  }));
}

/**
 * The figures of groups of spans.
 * @param groupOf The group of the span at each position, counted from 0.
 * @param length How many groups there are.
 * @param isInner 1 for spans within another one of their group, whose times those hold; null if there are none.
 */
export function figuresOf(
  tree: Tree,
  groupOf: Uint32Array,
  length: number,
  isInner: Uint8Array | null,
): SummaryFigures[] {
  const { rows, snapshot } = tree;
  const selfNs = selfTimes(tree);
  const count = new Uint32Array(length);
  const allNs = new Float64Array(length);
  const totalNs = new Float64Array(length);
  const self = new Float64Array(length);
  const counted = countedByGroup(tree, groupOf, length, isInner);
  const loadNs = new Float64Array(length).fill(NaN);
  const coveredNs = coveredInRoots(tree, groupOf, length);
  const overlapOf = findOverlaps(tree);
  const overlapping = new Uint32Array(length);
  const isShared = findShared(tree, overlapOf);
  const shared = new Uint32Array(length);
  const errors = new Uint32Array(length);
  const open = new Uint32Array(length);
  let rootsNs = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const group = groupOf[i];
    const ns = snapshot.endNs[row] - snapshot.startNs[row];
    count[group]++;
    allNs[group] += ns;
    self[group] += selfNs[i];
    if (tree.parent[i] < 0) rootsNs += ns;
    if (isInner === null || isInner[i] === 0) totalNs[group] += ns;
    addMeasured(loadNs, group, snapshot.dataLoadNs[row]);
    if (overlapOf[i] !== ALONE) overlapping[group]++;
    shared[group] += isShared[i];
    if (isFailed(snapshot, row)) errors[group]++;
    if (row >= snapshot.closedLength) open[group]++;
  }
  const { first, sorted } = durationsByGroup(tree, groupOf, count);
  const us = (group: number, percent: number) =>
    nearestRank(sorted, first[group], first[group + 1], percent) / 1000;
  return Array.from({ length }, (_, group) => ({
    count: count[group],
    total_us: totalNs[group] / 1000,
    self_us: self[group] / 1000,
    mean_us: allNs[group] / count[group] / 1000,
    p50_us: us(group, 50),
    p95_us: us(group, 95),
    p99_us: us(group, 99),
    max_us: us(group, 100),
    ...countersOf(counted, group),
    data_load_ns: measured(loadNs[group]),
    share: rootsNs > 0 ? coveredNs[group] / rootsNs : null,
    overlap_count: overlapping[group],
    shared_count: shared[group],
    error_count: errors[group],
    open_count: open[group],
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
  // By the path above, then by name: a key made of both would be a string for each span. A map comes with a path's second child.
  const below: (Map<string, number> | undefined)[] = [];
  const firstBelow: number[] = [];
  const ofRoots = new Map<string, number>();
  const find = (up: number, own: string): number | undefined => {
    if (up < 0) return ofRoots.get(own);
    const first = firstBelow[up];
    return first >= 0 && name[first] === own ? first : below[up]?.get(own);
  };
  for (let i = 0; i < of.length; i++) {
    const up = tree.parent[i] < 0 ? -1 : of[tree.parent[i]];
    const own = tree.snapshot.name[tree.rows[i]];
    let path = find(up, own);
    if (path === undefined) {
      path = name.length;
      if (up < 0) ofRoots.set(own, path);
      else if (firstBelow[up] < 0) firstBelow[up] = path;
      else (below[up] ??= new Map()).set(own, path);
      firstBelow.push(-1);
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

/** Durations in nanoseconds, ascending within each group: group `g` has those from `first[g]` up to `first[g + 1]`. */
function durationsByGroup(
  tree: Tree,
  groupOf: Uint32Array,
  count: Uint32Array,
): { first: Uint32Array; sorted: Float64Array } {
  const { rows, snapshot: { startNs, endNs } } = tree;
  const first = new Uint32Array(count.length + 1);
  for (let group = 0; group < count.length; group++) first[group + 1] = first[group] + count[group];
  const next = first.slice();
  const sorted = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) sorted[next[groupOf[i]]++] = endNs[rows[i]] - startNs[rows[i]];
  for (let group = 0; group < count.length; group++) {
    if (count[group] > 1) sorted.subarray(first[group], first[group + 1]).sort();
  }
  return { first, sorted };
}

/** Paths, each after its parent and before its siblings of a lesser total. */
function fromTheTop(parent: readonly number[], totals: readonly number[]): number[] {
  const length = parent.length;
  const ascending = Array.from({ length }, (_, path) => path)
    .sort((a, b) => totals[a] - totals[b] || b - a);
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

/**
 * What the spans of each group have counted together, as the counters are listed: NaN for nothing, and null if no group has any.
 */
function countedByGroup(
  tree: Tree,
  groupOf: Uint32Array,
  groupCount: number,
  isInner: Uint8Array | null,
): (Float64Array | null)[] {
  const { rows } = tree;
  return counterColumns(tree.snapshot).map((values, k) => {
    if (values === null) return null;
    const together = new Float64Array(groupCount).fill(NaN);
    if (COUNTERS[k].total === "sum") sumByGroup(together, rows, groupOf, values, isInner);
    else raiseByGroup(together, rows, groupOf, values);
    return together;
  });
}

function countersOf(counted: readonly (Float64Array | null)[], group: number): CounterValues {
  const values = { ...NOT_COUNTED };
  putCounters(values, counted, group);
  return values;
}

function sumByGroup(
  sums: Float64Array,
  rows: Uint32Array,
  groupOf: Uint32Array,
  values: Float64Array,
  isInner: Uint8Array | null,
): void {
  for (let i = 0; i < rows.length; i++) {
    if (isInner === null || isInner[i] === 0) addMeasured(sums, groupOf[i], values[rows[i]]);
  }
}

function raiseByGroup(
  highest: Float64Array,
  rows: Uint32Array,
  groupOf: Uint32Array,
  values: Float64Array,
): void {
  for (let i = 0; i < rows.length; i++) raiseMeasured(highest, groupOf[i], values[rows[i]]);
}

function addMeasured(sums: Float64Array, at: number, value: number): void {
  if (Number.isNaN(value)) return;
  sums[at] = Number.isNaN(sums[at]) ? value : sums[at] + value;
}

function raiseMeasured(highest: Float64Array, at: number, value: number): void {
  if (!(value <= highest[at]) && !Number.isNaN(value)) highest[at] = value;
}
