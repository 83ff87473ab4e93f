/**
 * Which rows a trace shows, and how they hang together. Pure functions over a snapshot, without recursion: ids grow
 * with the order of opening, so a parent always comes before its children and one pass from low to high is enough.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import { wallUs } from "./columns.ts";
import { type NameFilter, nameMatcher } from "./matching.ts";
import { keptByRoots, type RootFilter } from "./roots.ts";

/** What to keep of a snapshot. */
export interface Filter extends RootFilter {
  /** Keep spans of such a name and all their descendants; of these, whole trees or spans. */
  readonly name?: NameFilter;
  /** Of what is kept so far, only this many closed spans, the most recently closed first. */
  readonly last?: number;
  /** Of what those keep, only spans with at most this many kept ancestors. */
  readonly depth?: number;
  /** Of what is left, only spans that took at least this long, in microseconds, and their ancestors. */
  readonly minWallUs?: number;
}

/** The kept rows of a snapshot as a forest. Positions count the kept rows in order of start. */
export interface Tree {
  readonly snapshot: Snapshot;
  /** Row of the snapshot at each position. */
  readonly rows: Uint32Array;
  /** Position of the parent; -1 for a root. */
  readonly parent: Int32Array;
  /** Kept ancestors at each position. */
  readonly depth: Uint32Array;
  /** First child's position; -1 for none. */
  readonly firstChild: Int32Array;
  /** Next sibling's position (roots are siblings); -1 for none. */
  readonly nextSibling: Int32Array;
  /** How many children of a row `last` has cut off, where it has: of those that the snapshot holds. */
  readonly childrenCut: ReadonlyMap<number, number>;
}

/** Rows of a snapshot sorted by id, which is the order of start. */
export function inOrderOfStart(snapshot: Snapshot): Uint32Array {
  const { id, length } = snapshot;
  const rows = new Uint32Array(length);
  if (length === 0) return rows;
  let low = Infinity;
  let high = -Infinity;
  for (let row = 0; row < length; row++) {
    if (id[row] < low) low = id[row];
    if (id[row] > high) high = id[row];
  }
  const range = high - low + 1;
  if (range > length * 8 + 1024) {
    for (let row = 0; row < length; row++) rows[row] = row;
    return rows.sort((a, b) => id[a] - id[b]);
  }
  // Ids are a counter: nearly always they are dense, and placing each row by its id is linear.
  const rowOf = new Int32Array(range).fill(-1);
  for (let row = 0; row < length; row++) rowOf[id[row] - low] = row;
  let position = 0;
  for (let i = 0; i < range; i++) {
    if (rowOf[i] >= 0) rows[position++] = rowOf[i];
  }
  return rows;
}

/** For each of `rows`, sorted by id, the position of its parent among them, or -1. */
function parentPositions(snapshot: Snapshot, rows: Uint32Array): Int32Array {
  const { id, parent } = snapshot;
  const positions = new Int32Array(rows.length).fill(-1);
  for (let i = 0; i < rows.length; i++) {
    const wanted = parent[rows[i]];
    if (wanted <= 0) continue; // none, or in another recorder
    // Binary search from where a dense counter would have the parent, which is usually a few rows up. Ids are distinct,
    // so no row further up can have as great an id.
    let low = Math.max(0, i - (id[rows[i]] - wanted));
    let high = i - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = id[rows[middle]];
      if (found === wanted) {
        positions[i] = middle;
        break;
      }
      if (found < wanted) low = middle + 1;
      else high = middle - 1;
    }
  }
  return positions;
}

/** The rows of `snapshot` that `filter` keeps, as a forest. */
export function buildTree(snapshot: Snapshot, filter: Filter = {}): Tree {
  let rows = inOrderOfStart(snapshot);
  let parent = parentPositions(snapshot, rows);
  const keep = (kept: Uint8Array): void => {
    rows = rows.filter((_, i) => kept[i] === 1);
    parent = parentPositions(snapshot, rows);
  };
  const { name, where, roots, slowest, last } = filter;
  if (name !== undefined) {
    const isMeant = nameMatcher(name);
    const kept = new Uint8Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      if ((parent[i] >= 0 && kept[parent[i]] === 1) || isMeant(snapshot.name[rows[i]])) kept[i] = 1;
    }
    keep(kept);
  }
  if (where !== undefined || roots !== undefined || slowest !== undefined) {
    keep(keptByRoots(snapshot, rows, parent, name !== undefined, filter));
  }
  let childrenCut = NONE_CUT;
  if (last !== undefined) {
    const closed = rows.filter(row => row < snapshot.closedLength).sort(); // by row: the order of close
    if (closed.length > last) {
      const oldest = last === 0 ? snapshot.closedLength : closed[closed.length - last];
      childrenCut = countCut(rows, parent, oldest);
      rows = rows.filter(row => row >= oldest);
      parent = parentPositions(snapshot, rows);
    }
  }
  const { depth, minWallUs } = filter;
  if (depth !== undefined || minWallUs !== undefined) {
    keep(worthKeeping(snapshot, rows, parent, depth ?? Infinity, minWallUs ?? 0));
  }
  return link(snapshot, rows, parent, childrenCut);
}

const NONE_CUT: ReadonlyMap<number, number> = new Map();

/** How many children each row from `oldest` on has among those before it. */
function countCut(rows: Uint32Array, parent: Int32Array, oldest: number): Map<number, number> {
  const cut = new Map<number, number>();
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] >= oldest || parent[i] < 0) continue;
    const up = rows[parent[i]];
    if (up >= oldest) cut.set(up, (cut.get(up) ?? 0) + 1);
  }
  return cut;
}

/** Which positions are neither too deep nor too short. Whatever is kept, its ancestors are: depths stay what they are. */
function worthKeeping(
  snapshot: Snapshot,
  rows: Uint32Array,
  parent: Int32Array,
  maxDepth: number,
  minWallUs: number,
): Uint8Array {
  const kept = new Uint8Array(rows.length);
  const depth = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (parent[i] >= 0) depth[i] = depth[parent[i]] + 1;
  }
  for (let i = rows.length - 1; i >= 0; i--) {
    if (kept[i] === 0 && (depth[i] > maxDepth || wallUs(snapshot, rows[i]) < minWallUs)) continue;
    kept[i] = 1;
    if (parent[i] >= 0) kept[parent[i]] = 1;
  }
  return kept;
}

function link(
  snapshot: Snapshot,
  rows: Uint32Array,
  parent: Int32Array,
  childrenCut: ReadonlyMap<number, number>,
): Tree {
  const length = rows.length;
  const depth = new Uint32Array(length);
  const firstChild = new Int32Array(length).fill(-1);
  const nextSibling = new Int32Array(length).fill(-1);
  const lastChild = new Int32Array(length).fill(-1);
  let lastRoot = -1;
  for (let i = 0; i < length; i++) {
    const up = parent[i];
    if (up < 0) {
      if (lastRoot >= 0) nextSibling[lastRoot] = i;
      lastRoot = i;
    } else {
      depth[i] = depth[up] + 1;
      if (lastChild[up] < 0) firstChild[up] = i;
      else nextSibling[lastChild[up]] = i;
      lastChild[up] = i;
    }
  }
  return { snapshot, rows, parent, depth, firstChild, nextSibling, childrenCut };
}

/**
 * Walks a tree from the top down, children after their parent, without recursion.
 * @param enter Called with each position before its children.
 * @param leave Called with each position after its children.
 */
export function walk(
  tree: Tree,
  enter: (position: number) => void,
  leave?: (position: number) => void,
): void {
  const { firstChild, nextSibling, parent, rows } = tree;
  let position = rows.length === 0 ? -1 : 0; // the first row has no parent before it: it is the first root
  while (position >= 0) {
    enter(position);
    if (firstChild[position] >= 0) {
      position = firstChild[position];
      continue;
    }
    leave?.(position);
    while (nextSibling[position] < 0) {
      position = parent[position];
      if (position < 0) return;
      leave?.(position);
    }
    position = nextSibling[position];
  }
}
