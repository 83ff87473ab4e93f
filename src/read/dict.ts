/**
 * Tree -> nested objects.
 *
 * @module
 */
import { type TraceDict, type TraceMark, type TraceNode, unixUs } from "../rows.ts";
import {
  attrsOf,
  markValue,
  measured,
  measuredIn,
  ownAttrs,
  ownIdText,
  parentIdText,
  wallUs,
} from "./fields.ts";
import type { Tree } from "./tree.ts";

/** The spans of `tree` as nested objects of the caller's own. */
export function toDict(tree: Tree): TraceDict {
  const { rows, parent } = tree;
  const roots: TraceNode[] = [];
  const nodes = new Array<TraceNode>(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const node = nodes[i] = toNode(tree, i);
    (parent[i] < 0 ? roots : nodes[parent[i]].children).push(node);
  }
  return { roots, span_count: rows.length };
}

/** The span at one position, with no children yet. */
export function toNode(tree: Tree, position: number): TraceNode {
  const { snapshot } = tree;
  const row = tree.rows[position];
  const isClosed = row < snapshot.closedLength;
  return {
    id: ownIdText(snapshot, row),
    parent_id: parentIdText(snapshot, row),
    name: snapshot.name[row],
    index: measured(snapshot.index[row]),
    start_us: unixUs(snapshot.anchorNs, snapshot.startNs[row]),
    end_us: isClosed ? unixUs(snapshot.anchorNs, snapshot.endNs[row]) : null,
    wall_us: wallUs(snapshot, row),
    cpu_ns: measured(snapshot.cpuNs[row]),
    gpu_ns: measuredIn(snapshot.gpuNs, row),
    memory_peak_bytes: measuredIn(snapshot.memoryPeakBytes, row),
    attrs: attrsOf(snapshot, row),
    marks: marksOf(tree, row),
    children: [],
  };
}

function marksOf(tree: Tree, row: number): TraceMark[] {
  const { snapshot } = tree;
  const { marks } = snapshot;
  const result: TraceMark[] = [];
  for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
    result.push({
      name: marks.name[i],
      value: markValue(marks.value[i]),
      kind: marks.summary[i] === 1 ? "summary" : "point",
      ts_us: unixUs(snapshot.anchorNs, marks.tsNs[i]),
      attrs: ownAttrs(marks.attrs[i]),
    });
  }
  return result;
}
