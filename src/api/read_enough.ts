/**
 * How much of the buffer a filter needs: the newest spans where those are enough, else all.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import { buildTree } from "../tree/tree.ts";
import type { CheckedFilters } from "./trace_filters.ts";
import type { CheckedTraceOptions } from "./trace_options.ts";

/** Copies the newest closed spans out, and the open ones if asked. */
export type ReadSnapshot = (last: number, open: boolean) => Snapshot;

/**
 * Spans that are looked at first, where a few recent ones are wanted: most often they are among these, and where they are not,
 * the attempt costs a fraction of what reading all does.
 */
const NEAR = 4096;

/**
 * A snapshot that has what `options` ask for.
 * @param needsCut Whether also the children are needed that `last` cuts off.
 * @param least How many closed spans are looked at first.
 */
export function readEnough(
  read: ReadSnapshot,
  options: Pick<CheckedTraceOptions, keyof CheckedFilters | "open">,
  needsCut: boolean,
  least: number = NEAR,
): Snapshot {
  const { name, where, roots, slowest, last, open } = options;
  if (where !== undefined || roots !== undefined || slowest !== undefined) {
    // Open spans tell roots from pieces, also where they are not shown.
    const isNear = roots !== undefined && slowest === undefined && roots <= least;
    return (isNear ? readNear(read, least, true, near => hasRoots(near, options)) : null)
      ?? read(Infinity, true);
  }
  if (last === undefined || name !== undefined) return read(Infinity, open);
  if (!needsCut) return read(last, open);
  return readNear(read, last + least, open, near => hasAllBelow(near, near.closedLength - last))
    ?? read(Infinity, open);
}

/** The newest `count` closed spans; null if there are more and these are not enough. Files give all they have, whatever is asked. */
function readNear(
  read: ReadSnapshot,
  count: number,
  open: boolean,
  isEnough: (near: Snapshot) => boolean,
): Snapshot | null {
  if (!Number.isSafeInteger(count)) return null;
  const near = read(count, open);
  return near.closedLength !== count || isEnough(near) ? near : null;
}

// What was not read closed no later than the oldest row of what was: it can lie in no span that began after.
function hasAllBelow({ length, startNs, endNs }: Snapshot, from: number): boolean {
  for (let row = from; row < length; row++) if (startNs[row] <= endNs[0]) return false;
  return true;
}

function hasRoots(
  near: Snapshot,
  { name, where, roots, open }: Pick<CheckedTraceOptions, "name" | "where" | "roots" | "open">,
): boolean {
  const { rows, parent } = buildTree(near, { name, where, roots, open });
  const wholeTree = buildTree(near);
  const positionOf = new Map(Array.from(wholeTree.rows, (row, i) => [row, i]));
  let found = 0;
  for (let i = 0; i < rows.length; i++) {
    if (parent[i] >= 0) continue;
    const row = rows[i];
    if (near.startNs[row] <= near.endNs[0]) return false;
    if (row < near.closedLength) found++;
    // An ancestor that was not read might be of the name too, and the root then.
    let top = positionOf.get(row)!;
    while (wholeTree.parent[top] >= 0) top = wholeTree.parent[top];
    if (near.parent[wholeTree.rows[top]] > 0) return false;
  }
  return found === roots;
}
