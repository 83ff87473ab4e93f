/**
 * Tree -> a tree short enough to read: of many siblings with one name, a few stay and one line stands for the rest.
 * Linear, but for sorting the durations of what is folded; nothing recurses.
 *
 * @module
 */
import { isFailed, wallUs } from "./columns.ts";
import { coveredNs, findOverlaps, OVERLAPS } from "./overlap.ts";
import { nearestRank } from "./summary.ts";
import type { Tree } from "./tree.ts";

/** Siblings of one name that stay apart unless the caller says otherwise. */
export const FOLD_LIMIT = 10;

/** Of more, so many of the slowest stay, as many that failed or hold a failure, and as many that are open or hold one. */
const KEPT = 3;

/** What stands for siblings of one name, and for all below them. */
export interface Fold {
  readonly name: string;
  /** Siblings it stands for. */
  readonly count: number;
  /** The sum of their durations in microseconds; they may have run at once. */
  readonly totalUs: number;
  /** How long at least one of them ran, within their parent: less than the total where they ran at once. */
  readonly coveredUs: number;
  /** Whether any of them ran while a sibling did. */
  readonly isOverlapping: boolean;
  /** Half of them took no longer: the nearest rank, as in a summary. */
  readonly p50Us: number;
  /** 95 % of them took no longer. */
  readonly p95Us: number;
  readonly maxUs: number;
  /** How many of them failed, or hold a span that failed. */
  readonly failedCount: number;
  /** How many of them are open, or hold a span that is. */
  readonly openCount: number;
}

/** A tree with the folded spans left out of its links: `walk` does not come to them. */
export interface FoldedTree extends Tree {
  /**
   * What stands at a position in place of the span there, which is the first of those folded. It has no children, and
   * its siblings go on as those of any span.
   */
  readonly folds: ReadonlyMap<number, Fold>;
}

/**
 * Folds siblings of one name where there are more than `limit` of them. A lone rest stays: its own line is no longer than
 * one that stands for it.
 * @param limit Whole number from 0 on.
 */
export function foldSiblings(tree: Tree, limit: number = FOLD_LIMIT): FoldedTree {
  const { rows } = tree;
  const failed = withAncestors(tree, position => isFailed(tree.snapshot, rows[position]));
  const open = withAncestors(tree, position => rows[position] >= tree.snapshot.closedLength);
  const overlaps = findOverlaps(tree);
  const firstChild = tree.firstChild.slice();
  const nextSibling = tree.nextSibling.slice();
  const isHidden = new Uint8Array(rows.length);
  const folds = new Map<number, Fold>();

  /** Folds the siblings that begin with `first`, and links those that stay. */
  const foldFamily = (first: number): void => {
    const groups = groupsByName(tree, first, limit);
    if (groups === null) return;
    for (const [name, members] of groups) {
      if (members.length <= limit || members.length < 2) continue;
      const kept = stayingOf(tree, members, Math.min(limit, KEPT), failed, open);
      const rest = members.filter(position => !kept.has(position));
      if (rest.length < 2) continue;
      for (const position of rest) isHidden[position] = 1;
      folds.set(rest[0], foldOf(tree, name, rest, failed, open, overlaps));
      firstChild[rest[0]] = -1;
    }
    // The first of all siblings is shown: it stays, or is the first of a fold.
    let shown = first;
    for (let at = tree.nextSibling[first]; at >= 0; at = tree.nextSibling[at]) {
      if (isHidden[at] === 1 && !folds.has(at)) continue;
      nextSibling[shown] = at;
      shown = at;
    }
    nextSibling[shown] = -1;
  };

  if (rows.length > 0) foldFamily(0);
  for (let i = 0; i < rows.length; i++) {
    const up = tree.parent[i];
    if (up >= 0 && isHidden[up] === 1) isHidden[i] = 1; // the parent came before
    if (isHidden[i] === 0 && tree.firstChild[i] >= 0) foldFamily(tree.firstChild[i]);
  }
  return { ...tree, firstChild, nextSibling, folds };
}

/** The siblings from `first` on by name, in order of start; null if none can be too many. */
function groupsByName(tree: Tree, first: number, limit: number): Map<string, number[]> | null {
  const enough = Math.max(limit, 1);
  let size = 0;
  for (let at = first; at >= 0 && size <= enough; at = tree.nextSibling[at]) size++;
  if (size <= enough) return null;
  const groups = new Map<string, number[]>();
  for (let at = first; at >= 0; at = tree.nextSibling[at]) {
    const name = tree.snapshot.name[tree.rows[at]];
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [at]);
    else group.push(at);
  }
  return groups;
}

/** Which of `members` stay: the slowest, the first that failed and those open for longest, `most` of each. */
function stayingOf(
  tree: Tree,
  members: readonly number[],
  most: number,
  failed: Uint8Array,
  open: Uint8Array,
): Set<number> {
  const kept = new Set<number>();
  if (most === 0) return kept;
  const slowest: number[] = [];
  const wall = (position: number) => wallUs(tree.snapshot, tree.rows[position]);
  for (const position of members) {
    if (slowest.length === most && wall(position) <= wall(slowest[most - 1])) continue;
    let at = slowest.length === most ? most - 1 : slowest.length;
    for (; at > 0 && wall(slowest[at - 1]) < wall(position); at--) slowest[at] = slowest[at - 1];
    slowest[at] = position;
  }
  for (const position of slowest) kept.add(position);
  for (const flags of [failed, open]) {
    let found = 0;
    for (const position of members) {
      if (found === most) break;
      if (flags[position] === 0) continue;
      kept.add(position);
      found++;
    }
  }
  return kept;
}

function foldOf(
  tree: Tree,
  name: string,
  positions: readonly number[],
  failed: Uint8Array,
  open: Uint8Array,
  overlaps: Uint8Array,
): Fold {
  const durations = Float64Array.from(positions, position => wallUs(tree.snapshot, tree.rows[position]))
    .sort();
  const us = (percent: number) => nearestRank(durations, 0, durations.length, percent);
  const count = (flags: Uint8Array) => positions.reduce((sum, position) => sum + flags[position], 0);
  return {
    name,
    count: positions.length,
    totalUs: durations.reduce((sum, duration) => sum + duration, 0),
    coveredUs: coveredNs(tree, positions) / 1000,
    isOverlapping: positions.some(position => overlaps[position] === OVERLAPS),
    p50Us: us(50),
    p95Us: us(95),
    maxUs: us(100),
    failedCount: count(failed),
    openCount: count(open),
  };
}

/** 1 where `holds` says so of a position or of one below it. */
function withAncestors(tree: Tree, holds: (position: number) => boolean): Uint8Array {
  const flags = new Uint8Array(tree.rows.length);
  for (let i = flags.length - 1; i >= 0; i--) {
    if (flags[i] === 0 && holds(i)) flags[i] = 1;
    if (flags[i] === 1 && tree.parent[i] >= 0) flags[tree.parent[i]] = 1;
  }
  return flags;
}
