/**
 * Which spans of a tree ran at once, and which part of the time above it a span ran in. What overlaps is no part of a whole:
 * formats mark it. Linear; nothing recurses.
 *
 * @module
 */
import { buildTree, type Tree } from "./tree.ts";

/** A span ran while no sibling did, and neither did what it lies in. */
export const ALONE = 0;

/**
 * No sibling ran meanwhile, but something else did that it does not lie in: it lies in a span that overlaps a sibling, or it or
 * the other goes on when what it lies in has ended, as work does that nobody waits for. Its part of its parent's time is its own;
 * what was counted meanwhile is not.
 */
export const WITHIN = 1;

/** It overlaps a sibling. */
export const OVERLAPS = 2;

/**
 * {@link ALONE}, {@link WITHIN} or {@link OVERLAPS} for the span at each position. Roots are siblings if they are of one
 * thread: others share nothing with it.
 */
export function findOverlaps(tree: Tree): Uint8Array {
  const { rows, parent, snapshot: { startNs, endNs } } = tree;
  const ends = new Float64Array(rows.length); // `Float64Array.from` takes 20 times as long
  for (let i = 0; i < rows.length; i++) ends[i] = endNs[rows[i]];
  const reach = endsBelow(tree, ends);
  const found = new Uint8Array(rows.length);
  const siblings = new LatestSibling(tree, ends);
  const families = new LatestSibling(tree, reach);
  // From when until when something ran beside a span or what lies below it, in another sibling's family: mostly nothing did.
  let beside: { readonly from: Float64Array; readonly until: Float64Array } | null = null;
  for (let i = 0; i < rows.length; i++) {
    const start = startNs[rows[i]];
    const sibling = siblings.take(i, start);
    const family = families.take(i, start);
    if (sibling >= 0) found[i] = found[sibling] = OVERLAPS;
    if (family < 0) continue;
    if (found[i] === ALONE) found[i] = WITHIN;
    beside ??= {
      from: new Float64Array(rows.length).fill(Infinity),
      until: new Float64Array(rows.length).fill(-Infinity),
    };
    beside.from[family] = Math.min(beside.from[family], start);
    beside.until[family] = Math.max(beside.until[family], reach[i]);
  }
  if (beside === null) return found;
  const { from: besideFrom, until: besideUntil } = beside;
  for (let i = 0; i < rows.length; i++) {
    const up = parent[i];
    if (up < 0) continue;
    const isBeside = ends[i] > besideFrom[up] && startNs[rows[i]] < besideUntil[up];
    if (found[i] === ALONE && (isBeside || found[up] !== ALONE)) found[i] = WITHIN;
    besideFrom[i] = Math.min(besideFrom[i], besideFrom[up]);
    besideUntil[i] = Math.max(besideUntil[i], besideUntil[up]);
  }
  return found;
}

/**
 * 1 for each position during whose span something else ran that it does not lie in and that does not lie in it: what was counted
 * meanwhile is not its own. Also where a filter leaves that out.
 * @param overlaps What {@link findOverlaps} says of the tree.
 */
export function findShared(tree: Tree, overlaps: Uint8Array): Uint8Array {
  const { rows, snapshot } = tree;
  const isShared = overlaps.map(overlap => overlap === ALONE ? 0 : 1);
  if (rows.length === snapshot.length) return isShared;
  const whole = buildTree(snapshot);
  const isSharedRow = new Uint8Array(snapshot.length);
  findOverlaps(whole).forEach((overlap, i) => isSharedRow[whole.rows[i]] = overlap === ALONE ? 0 : 1);
  for (let i = 0; i < rows.length; i++) isShared[i] |= isSharedRow[rows[i]];
  return isShared;
}

/** Of the siblings so far, the one that is over last. */
class LatestSibling {
  readonly #rows: Uint32Array;
  readonly #parent: Int32Array;
  /** By row; undefined if all are of one. */
  readonly #threadOf: Uint32Array | undefined;
  readonly #ends: Float64Array;
  readonly #byParent: Int32Array;
  /** By thread. */
  readonly #roots: number[] = [];

  /** @param ends When each span is taken to be over. */
  constructor({ rows, parent, snapshot: { threads } }: Tree, ends: Float64Array) {
    this.#rows = rows;
    this.#parent = parent;
    this.#threadOf = threads?.of;
    this.#ends = ends;
    this.#byParent = new Int32Array(ends.length).fill(-1);
  }

  /** The one that is not over when the next one starts, and -1 if all are; then the next one is among them. */
  take(next: number, start: number): number {
    const up = this.#parent[next];
    const thread = up < 0 ? this.#threadOf?.[this.#rows[next]] ?? 0 : 0;
    const other = up < 0 ? this.#roots[thread] ?? -1 : this.#byParent[up];
    const isBeside = other >= 0 && start < this.#ends[other];
    if (!isBeside || this.#ends[next] > this.#ends[other]) {
      if (up < 0) this.#roots[thread] = next;
      else this.#byParent[up] = next;
    }
    return isBeside ? other : -1;
  }
}

/** When the span at each position and all that lies below it were over. */
function endsBelow({ parent }: Tree, ends: Float64Array): Float64Array {
  const all = ends.slice();
  for (let i = all.length - 1; i >= 0; i--) {
    const up = parent[i];
    if (up >= 0 && all[i] > all[up]) all[up] = all[i];
  }
  return all;
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
  for (let i = 0; i < byRoot.length; i++) {
    const position = byRoot[i];
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
