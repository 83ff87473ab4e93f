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
 * How many spans are looked at first where a few recent ones are wanted: most often they are among these, and where they are not,
 * the attempts cost a fraction of what reading all does.
 */
const NEAR: readonly number[] = [256, 4096];

/**
 * A snapshot that has what `options` ask for.
 * @param needsCut Whether also the children are needed that `last` cuts off.
 * @param isDear Whether reading all takes long, as from files: then those children are counted among some thousand spans, and the snapshot
 * says that it is a part.
 * @param steps How many closed spans are looked at first, and then.
 */
export function readEnough(
  read: ReadSnapshot,
  options: Pick<CheckedTraceOptions, keyof CheckedFilters | "open">,
  needsCut: boolean,
  isDear: boolean = false,
  steps: readonly number[] = NEAR,
): Snapshot {
  const { name, where, roots, slowest, last, open } = options;
  if (where !== undefined || roots !== undefined || slowest !== undefined) {
    // Open spans tell roots from pieces, also where they are not shown.
    const near = roots === undefined || slowest !== undefined ? [] : steps.filter(step => step >= roots);
    return readNear(read, near, true, near => hasRoots(near, options));
  }
  if (last === undefined || name !== undefined) return read(Infinity, open);
  if (!needsCut) return read(last, open);
  const near = steps.map(step => last + step).filter(Number.isSafeInteger);
  const found = readNear(
    read,
    near,
    open,
    (near, isLast) => hasAllBelow(near, near.closedLength - last) || (isDear && isLast),
  );
  return isDear && near.includes(found.closedLength) && !hasAllBelow(found, found.closedLength - last)
    ? { ...found, isPart: true }
    : found;
}

/** As many of the newest closed spans as are enough, or there are. Files give all they have, whatever is asked. */
function readNear(
  read: ReadSnapshot,
  counts: readonly number[],
  open: boolean,
  isEnough: (near: Snapshot, isLast: boolean) => boolean,
): Snapshot {
  for (const count of counts) {
    const near = read(count, open);
    if (near.closedLength !== count) return near;
    if (near.isInOrder !== false && isEnough(near, count === counts.at(-1))) return near;
  }
  return read(Infinity, open);
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
