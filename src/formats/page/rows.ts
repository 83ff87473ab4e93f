/**
 * Where the boxes of an icicle lie: none is painted over another. Nothing recurses.
 *
 * @module
 */
import { Lanes } from "../../tree/lanes.ts";

/**
 * Rows of an icicle: children below their parent, and beside each other only where they do not overlap. Each lane of
 * siblings is as high as the highest of what hangs on it.
 */
export function layRows(
  parent: readonly number[],
  startNs: readonly number[],
  endNs: readonly number[],
): { row: number[]; rowCount: number } {
  const length = parent.length;
  const ROOT = length;
  const firstChild = new Int32Array(length + 1).fill(-1);
  const nextSibling = new Int32Array(length).fill(-1);
  for (let node = length - 1; node >= 0; node--) {
    const up = parent[node] < 0 ? ROOT : parent[node];
    nextSibling[node] = firstChild[up];
    firstChild[up] = node;
  }
  // From the bottom up, all of them last: how high everything below a node is, when the first of it starts (clocks may
  // disagree) and when the last of it ends.
  const height = new Uint32Array(length + 1);
  const since = Float64Array.from([...startNs, 0]);
  const until = Float64Array.from([...endNs, 0]);
  const offset = new Uint32Array(length);
  for (let i = length - 1; i >= -1; i--) {
    const node = i < 0 ? ROOT : i;
    if (firstChild[node] < 0) {
      height[node] = 1;
      continue;
    }
    const lanes = new Lanes();
    const laneHeight: number[] = [];
    const laneOf: number[] = [];
    for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) {
      const lane = lanes.take(since[child], until[child]);
      laneHeight[lane] = Math.max(laneHeight[lane] ?? 0, height[child]);
      laneOf.push(lane);
      if (since[child] < since[node]) since[node] = since[child];
      if (until[child] > until[node]) until[node] = until[child];
    }
    let below = 0;
    const laneOffset = laneHeight.map(high => (below += high) - high);
    let at = 0;
    for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) {
      offset[child] = laneOffset[laneOf[at++]];
    }
    height[node] = below + 1;
  }
  const row: number[] = [];
  for (let node = 0; node < length; node++) {
    row.push(offset[node] + (parent[node] < 0 ? 0 : row[parent[node]] + 1));
  }
  return { row, rowCount: height[ROOT] - 1 };
}
