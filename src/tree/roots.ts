/**
 * Which spans a filter counts whole trees by, and which of these it keeps: all that lies below a root comes and goes with it.
 * Linear, but for sorting the roots' durations; nothing recurses.
 *
 * @module
 */
import { SESSION_NAME } from "../data/session_names.ts";
import { areMade, type Snapshot } from "../data/snapshot.ts";
import type { Attrs } from "../data/values.ts";
import { attrsMatcher } from "./matching.ts";

/** Which roots to keep, whole. */
export interface RootFilter {
  /** Those that have all of these attributes. */
  readonly where?: Attrs;
  /** Of those, the most recently closed: so many, and the open ones, which are not counted. */
  readonly roots?: number;
  /** Of those, the ones that took longest: so many, open ones with their time so far. */
  readonly slowest?: number;
  /** Whether open spans are kept; left out, they are. The snapshot has to have them: they tell what is a root. */
  readonly open?: boolean;
}

/**
 * The root above the span at each position, itself for a root; -1 where there is none.
 *
 * Of a name, roots are the spans of it that lie in no other. Else they are what nothing lies around but a session: a server has a
 * root per request, whether its session goes on or has ended. What a span that is not there lies around is a piece of a tree
 * and no root.
 * @param rows Rows of the snapshot in order of start.
 * @param parent Position of each one's parent among them; -1 for none.
 * @param areNamed Whether `rows` are those that a name keeps.
 */
export function findRoots(
  snapshot: Snapshot,
  rows: Uint32Array,
  parent: Int32Array,
  areNamed: boolean,
): Int32Array {
  const rootOf = new Int32Array(rows.length).fill(-1);
  const isAround = areNamed ? null : sessionsOf(snapshot, rows, parent);
  for (let i = 0; i < rows.length; i++) {
    const up = parent[i];
    if (isAround === null) rootOf[i] = up < 0 ? i : rootOf[up];
    else if (isAround[i] === 1) continue;
    else if (up >= 0) rootOf[i] = isAround[up] === 1 ? i : rootOf[up];
    else if (snapshot.parent[rows[i]] <= 0) rootOf[i] = i;
  }
  return rootOf;
}

/** 1 at the positions of sessions, and of what may stand for one that is in no file. */
function sessionsOf(snapshot: Snapshot, rows: Uint32Array, parent: Int32Array): Uint8Array {
  const { name, ids, threads, closedLength } = snapshot;
  const isSession = new Uint8Array(rows.length);
  const threadOf = (row: number) => threads?.of[row] ?? 0;
  for (let i = 0; i < rows.length; i++) {
    if (name[rows[i]] !== SESSION_NAME) continue;
    const up = parent[i];
    // That of a worker lies in its main thread's; of one thread, another span may have the name.
    if (up < 0 || (isSession[up] === 1 && threadOf(rows[i]) !== threadOf(rows[up]))) isSession[i] = 1;
  }
  if (areMade(ids)) return isSession;
  // Of files, open rows stand for parents that are in none. One may be its thread's session, whose file goes first when a spool is
  // full; but not where that thread's session is there, or spans that lie in none.
  const hasTop = new Uint8Array(threads?.list.length ?? 1);
  for (let row = 0; row < closedLength; row++) {
    if (ids.parent(row) === null) hasTop[threadOf(row)] = 1;
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row >= closedLength && parent[i] < 0 && hasTop[threadOf(row)] === 0) isSession[i] = 1;
  }
  return isSession;
}

/** 1 at the positions that `filter` keeps. Parameters as for {@link findRoots}. */
export function keptByRoots(
  snapshot: Snapshot,
  rows: Uint32Array,
  parent: Int32Array,
  areNamed: boolean,
  filter: RootFilter,
): Uint8Array {
  const { where, roots, slowest, open = true } = filter;
  const { closedLength } = snapshot;
  const rootOf = findRoots(snapshot, rows, parent, areNamed);
  const isMeant = where === undefined ? null : attrsMatcher(where);
  let found: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (rootOf[i] !== i || (!open && rows[i] >= closedLength)) continue;
    if (isMeant === null || isMeant(snapshot, rows[i])) found.push(i);
  }
  if (roots !== undefined) found = mostRecent(snapshot, rows, found, roots);
  if (slowest !== undefined) found = longest(snapshot, rows, found, slowest);
  const kept = new Uint8Array(rows.length);
  for (const i of found) kept[i] = 1;
  for (let i = 0; i < rows.length; i++) {
    const root = rootOf[i];
    if (root >= 0 && root !== i && kept[root] === 1 && (open || rows[i] < closedLength)) kept[i] = 1;
  }
  return kept;
}

/** Those of `positions` that closed last, and the open ones. Rows are numbered in order of close, open ones after them. */
function mostRecent(
  { closedLength }: Snapshot,
  rows: Uint32Array,
  positions: readonly number[],
  count: number,
): number[] {
  const closed = Uint32Array.from(positions, i => rows[i]).filter(row => row < closedLength).sort();
  if (closed.length <= count) return [...positions];
  const oldest = count === 0 ? closedLength : closed[closed.length - count];
  return positions.filter(i => rows[i] >= oldest);
}

/** Those of `positions` that took longest; of equal ones those that closed last. */
function longest(
  { startNs, endNs }: Snapshot,
  rows: Uint32Array,
  positions: readonly number[],
  count: number,
): number[] {
  if (positions.length <= count) return [...positions];
  if (count === 0) return [];
  // Numbers alone are sorted in a tenth of the time that positions would take by them.
  const durations = Float64Array.from(positions, i => endNs[rows[i]] - startNs[rows[i]]);
  const least = durations.slice().sort()[durations.length - count];
  const equal = positions.filter((_, k) => durations[k] === least).sort((a, b) => rows[b] - rows[a]);
  let more = 0;
  for (const duration of durations) if (duration > least) more++;
  const last = new Set(equal.slice(0, count - more));
  return positions.filter((i, k) => durations[k] > least || last.has(i));
}
