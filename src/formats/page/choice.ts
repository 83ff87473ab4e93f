/**
 * Which spans a page has: all, or of more than it holds the longest.
 *
 * @module
 */
import type { Tree } from "../../tree/tree.ts";

/** Spans in a page. A browser takes in and draws as many, and a page of them can still be mailed. */
export const MOST_SPANS = 1_000_000;

/** Positions in order: all, or so many of the longest, with what they are in. */
export function chosenPositions(tree: Tree, most: number = MOST_SPANS): Uint32Array {
  const { rows, parent, snapshot: { startNs, endNs } } = tree;
  if (rows.length <= most) return Uint32Array.from(rows.keys());
  // What holds something counts as long as that: so whatever is kept, all that it is in is kept too.
  const weight = Float64Array.from(rows, row => endNs[row] - startNs[row]);
  for (let i = rows.length - 1; i >= 0; i--) {
    const up = parent[i];
    if (up >= 0 && weight[up] < weight[i]) weight[up] = weight[i];
  }
  const least = weight.toSorted()[rows.length - most];
  let room = most;
  for (const one of weight) if (one > least) room--;
  // Of those that are all as long the first: a parent comes before what is in it.
  return Uint32Array.from(rows.keys()).filter(i => weight[i] > least || (weight[i] === least && room-- > 0));
}
