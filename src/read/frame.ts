/**
 * Rows -> the columns of a DataFrame, with every dtype stated. The engine that builds the frame comes from above.
 *
 * @module
 */
import { ownIdText, parentIdText, wallUs } from "./fields.ts";
import type { Tree } from "./tree.ts";

/** One column: NaN in an `Int64` column stands for null. */
export type FrameColumn =
  | { readonly name: string; readonly dtype: "Utf8"; readonly values: readonly (string | null)[] }
  | { readonly name: string; readonly dtype: "Int64" | "Float64"; readonly values: Float64Array }
  | { readonly name: string; readonly dtype: "UInt32"; readonly values: Uint32Array };

/** Builds a DataFrame from columns; `polars.ts` has the one there is. */
export type FrameEngine = (columns: readonly FrameColumn[]) => unknown;

/**
 * The columns of a trace, in their order.
 * @param newestFirst Rows by descending order of close; else ascending, open spans last.
 */
export function toColumns(tree: Tree, newestFirst: boolean): FrameColumn[] {
  const { snapshot, rows } = tree;
  const length = rows.length;
  const positions = inOrderOfClose(tree, newestFirst);
  const id = new Array<string>(length);
  const parentId = new Array<string | null>(length);
  const name = new Array<string>(length);
  const index = new Float64Array(length);
  const wall = new Float64Array(length);
  const cpu = new Float64Array(length);
  const gpu = new Float64Array(length).fill(NaN);
  const memory = new Float64Array(length).fill(NaN);
  const markCount = new Uint32Array(length);
  const depth = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const row = rows[positions[i]];
    id[i] = ownIdText(snapshot, row);
    parentId[i] = parentIdText(snapshot, row);
    name[i] = snapshot.name[row];
    index[i] = snapshot.index[row];
    wall[i] = wallUs(snapshot, row);
    cpu[i] = snapshot.cpuNs[row];
    if (snapshot.gpuNs !== null) gpu[i] = snapshot.gpuNs[row];
    if (snapshot.memoryPeakBytes !== null) memory[i] = snapshot.memoryPeakBytes[row];
    markCount[i] = snapshot.markCount[row];
    depth[i] = tree.depth[positions[i]];
  }
  return [
    { name: "id", dtype: "Utf8", values: id },
    { name: "parent_id", dtype: "Utf8", values: parentId },
    { name: "name", dtype: "Utf8", values: name },
    { name: "index", dtype: "Int64", values: index },
    { name: "wall_us", dtype: "Float64", values: wall },
    { name: "cpu_ns", dtype: "Int64", values: cpu },
    { name: "gpu_ns", dtype: "Int64", values: gpu },
    { name: "memory_peak_bytes", dtype: "Int64", values: memory },
    { name: "mark_count", dtype: "UInt32", values: markCount },
    { name: "depth", dtype: "UInt32", values: depth },
  ];
}

// Positions sorted by row: rows are numbered in order of close, open ones after them.
function inOrderOfClose(tree: Tree, newestFirst: boolean): Uint32Array {
  const { rows, snapshot } = tree;
  const positionOf = new Int32Array(snapshot.length).fill(-1);
  for (let i = 0; i < rows.length; i++) positionOf[rows[i]] = i;
  const positions = Uint32Array.from(positionOf.filter(position => position >= 0));
  return newestFirst ? positions.reverse() : positions;
}
