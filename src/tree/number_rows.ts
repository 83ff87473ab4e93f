/**
 * Numbers for rows of several recorders, whose own numbers and clocks say nothing of each other's.
 *
 * @module
 */
import { sortRuns } from "./sorted_runs.ts";

/**
 * Numbers rows so that a parent comes before its children, and rows that do not descend from each other in order of
 * start. Clocks may disagree: no row counts as started before its parent. A circle of parents is cut at one of its rows.
 * @param parentRow The row of each row's parent, or -1; a cut is noted in it.
 * @param nearly The rows in an order that is nearly that of start, which takes less time; by default their own.
 */
export function numberRows(
  parentRow: Int32Array,
  startNs: Float64Array,
  nearly: Uint32Array = Uint32Array.from(parentRow.keys()),
): { id: Float64Array; parent: Float64Array } {
  const length = parentRow.length;
  const since = new Float64Array(length);
  const depth = new Uint32Array(length);
  const state = new Uint8Array(length);
  const ON_PATH = 1;
  const DONE = 2;
  const path: number[] = [];
  for (let first = 0; first < length; first++) {
    for (let row = first; row >= 0 && state[row] !== DONE; row = parentRow[row]) {
      if (state[row] === ON_PATH) {
        parentRow[path.at(-1)!] = -1;
        break;
      }
      state[row] = ON_PATH;
      path.push(row);
    }
    for (let row = path.pop(); row !== undefined; row = path.pop()) {
      const up = parentRow[row];
      since[row] = up < 0 ? startNs[row] : Math.max(startNs[row], since[up]);
      depth[row] = up < 0 ? 0 : depth[up] + 1;
      state[row] = DONE;
    }
  }
  const order = sortRuns(
    nearly,
    (a, b) => since[a] - since[b] || depth[a] - depth[b] || startNs[a] - startNs[b] || a - b,
  );
  const id = new Float64Array(length);
  for (let i = 0; i < length; i++) id[order[i]] = i + 1;
  const parent = new Float64Array(length);
  for (let row = 0; row < length; row++) if (parentRow[row] >= 0) parent[row] = id[parentRow[row]];
  return { id, parent };
}
