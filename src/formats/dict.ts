/**
 * Tree -> nested objects.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import type { TraceDict, TraceMark, TraceNode } from "../data/values.ts";
import {
  anchorOf,
  attrsOf,
  markValue,
  measured,
  measuredIn,
  momentUs,
  ownAttrs,
  ownIdText,
  parentIdText,
  traceIdOf,
  wallUs,
} from "../tree/columns.ts";
import type { Tree } from "../tree/tree.ts";

/** The spans of `tree` as nested objects of the caller's own. */
export function toDict(tree: Tree): TraceDict {
  const { snapshot, rows, parent } = tree;
  const { length } = rows;
  // Lists are made in their size: V8 gives one that grows room for 17 at its first element, which is more than a span.
  const childCount = new Uint32Array(length);
  let rootCount = 0;
  for (let i = 0; i < length; i++) {
    if (parent[i] < 0) rootCount++;
    else childCount[parent[i]]++;
  }
  const roots = list<TraceNode>(rootCount);
  const nodes = new Array<TraceNode>(length);
  const filled = new Uint32Array(length);
  let rootsFilled = 0;
  const { us, restNs } = anchorOf(snapshot);
  for (let i = 0; i < length; i++) {
    const up = parent[i];
    // A string that is there already costs nothing, and in memory neither.
    const parentId = up < 0 ? parentIdText(snapshot, rows[i]) : nodes[up].id;
    const node = nodes[i] = toNode(snapshot, rows[i], parentId, list(childCount[i]), us, restNs);
    if (up < 0) roots[rootsFilled++] = node;
    else nodes[up].children[filled[up]++] = node;
  }
  return { roots, span_count: length };
}

function list<T>(length: number): T[] {
  return length === 0 ? [] : new Array<T>(length);
}

function toNode(
  snapshot: Snapshot,
  row: number,
  parentId: string | null,
  children: TraceNode[],
  anchorUs: number,
  restNs: number,
): TraceNode {
  return {
    id: ownIdText(snapshot, row),
    parent_id: parentId,
    trace_id: traceIdOf(snapshot, row),
    name: snapshot.name[row],
    index: measured(snapshot.index[row]),
    start_us: momentUs(anchorUs, restNs, snapshot.startNs[row]),
    end_us: row < snapshot.closedLength ? momentUs(anchorUs, restNs, snapshot.endNs[row]) : null,
    wall_us: wallUs(snapshot, row),
    cpu_ns: measured(snapshot.cpuNs[row]),
    gpu_ns: measuredIn(snapshot.gpuNs, row),
    memory_peak_bytes: measuredIn(snapshot.memoryPeakBytes, row),
    attrs: attrsOf(snapshot, row),
    marks: marksOf(snapshot, row, anchorUs, restNs),
    children,
  };
}

function marksOf(snapshot: Snapshot, row: number, anchorUs: number, restNs: number): TraceMark[] {
  const { marks } = snapshot;
  const first = marks.first[row];
  const count = marks.first[row + 1] - first;
  const result = list<TraceMark>(count);
  for (let k = 0; k < count; k++) {
    const i = first + k;
    result[k] = {
      name: marks.name[i],
      value: markValue(marks.value[i]),
      kind: marks.summary[i] === 1 ? "summary" : "point",
      ts_us: momentUs(anchorUs, restNs, marks.tsNs[i]),
      attrs: ownAttrs(marks.attrs[i]),
    };
  }
  return result;
}
