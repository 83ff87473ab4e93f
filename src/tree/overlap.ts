/**
 * Which spans of a tree ran at once, and which part of the time above it a span ran in. What overlaps is no part of a whole:
 * formats mark it. Linear; nothing recurses.
 *
 * @module
 */
import type { Tree } from "./tree.ts";

/** A span ran while no sibling did, and neither did what it lies in. */
export const ALONE = 0;

/** It lies in a span that overlaps a sibling. */
export const WITHIN = 1;

/** It overlaps a sibling. */
export const OVERLAPS = 2;

/**
 * {@link ALONE}, {@link WITHIN} or {@link OVERLAPS} for the span at each position. Roots are siblings if they are of one
 * thread: others share nothing with it.
 */
export function findOverlaps(tree: Tree): Uint8Array {
  const { rows, parent, snapshot: { startNs, endNs, threads } } = tree;
  const found = new Uint8Array(rows.length);
  // By parent, and for roots by thread: the sibling that ends last, of those that have started.
  const latest = new Int32Array(rows.length).fill(-1);
  const latestRoot: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const up = parent[i];
    const thread = up < 0 ? threads?.of[rows[i]] ?? 0 : 0;
    const other = up < 0 ? latestRoot[thread] ?? -1 : latest[up];
    if (other >= 0 && startNs[rows[i]] < endNs[rows[other]]) {
      found[i] = found[other] = OVERLAPS;
      if (endNs[rows[i]] <= endNs[rows[other]]) continue;
    }
    if (up < 0) latestRoot[thread] = i;
    else latest[up] = i;
  }
  for (let i = 0; i < rows.length; i++) {
    if (found[i] === ALONE && parent[i] >= 0 && found[parent[i]] !== ALONE) found[i] = WITHIN;
  }
  return found;
}

/** The part of its parent's time in which a span ran, from 0 to 1; NaN for a root, and where the parent took no time. */
export function shareOfParent(tree: Tree, position: number): number {
  const up = tree.parent[position];
  return up < 0 ? NaN : coveredNs(tree, [position]) / durationNs(tree, up);
}

/**
 * How long at least one of some siblings ran, within their parent if they have one.
 * @param positions In order of start.
 */
export function coveredNs(tree: Tree, positions: readonly number[]): number {
  const { rows, parent, snapshot: { startNs, endNs } } = tree;
  const up = parent[positions[0]];
  const until = up < 0 ? Infinity : endNs[rows[up]];
  let coveredUntil = up < 0 ? -Infinity : startNs[rows[up]];
  let covered = 0;
  for (const position of positions) {
    const from = Math.max(startNs[rows[position]], coveredUntil);
    const to = Math.min(endNs[rows[position]], until);
    if (to <= from) continue;
    covered += to - from;
    coveredUntil = to;
  }
  return covered;
}

/** How long the span at a position took. */
export function durationNs({ rows, snapshot: { startNs, endNs } }: Tree, position: number): number {
  return endNs[rows[position]] - startNs[rows[position]];
}

/**
 * How long at least one span of each group ran, within the root it lies in, summed up over the roots.
 * @param groupOf The group of the span at each position, counted from 0.
 */
export function coveredInRoots(tree: Tree, groupOf: Uint32Array, groupCount: number): Float64Array {
  const { rows, snapshot: { startNs, endNs } } = tree;
  const covered = new Float64Array(groupCount);
  const coveredUntil = new Float64Array(groupCount);
  const rootSeen = new Int32Array(groupCount).fill(-1);
  const { rootOf, byRoot } = sortedByRoot(tree);
  for (const position of byRoot) {
    const group = groupOf[position];
    const root = rootOf[position];
    if (rootSeen[group] !== root) {
      rootSeen[group] = root;
      coveredUntil[group] = startNs[rows[root]];
    }
    const from = Math.max(startNs[rows[position]], coveredUntil[group]);
    const to = Math.min(endNs[rows[position]], endNs[rows[root]]);
    if (to <= from) continue;
    covered[group] += to - from;
    coveredUntil[group] = to;
  }
  return covered;
}

/** The root above each position, and all positions: those of one root together, in order of start. */
function sortedByRoot({ rows, parent }: Tree): { rootOf: Int32Array; byRoot: Uint32Array } {
  const length = rows.length;
  const rootOf = new Int32Array(length);
  const next = new Uint32Array(length + 1); // where the spans of the root at a position begin
  for (let i = 0; i < length; i++) {
    rootOf[i] = parent[i] < 0 ? i : rootOf[parent[i]];
    next[rootOf[i] + 1]++;
  }
  for (let i = 0; i < length; i++) next[i + 1] += next[i];
  const byRoot = new Uint32Array(length);
  for (let i = 0; i < length; i++) byRoot[next[rootOf[i]]++] = i;
  return { rootOf, byRoot };
}
