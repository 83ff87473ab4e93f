/**
 * Tree -> nested objects.
 *
 * @module
 */
import { plainValue } from "../data/json_value.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { TraceDict, TraceMark, TraceNode } from "../data/values.ts";
import {
  attrsOf,
  counterColumns,
  measured,
  momentUs,
  NOT_COUNTED,
  ownAttrs,
  ownIdText,
  parentIdText,
  putCounters,
  splitAnchor,
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
  const { us, restNs } = splitAnchor(snapshot);
  const counters = counterColumns(snapshot);
  for (let i = 0; i < length; i++) {
    const up = parent[i];
    // A string that is there already costs nothing, and in memory neither.
    const parentId = up < 0 ? parentIdText(snapshot, rows[i]) : nodes[up].id;
    const node = nodes[i] = toNode(snapshot, counters, rows[i], parentId, list(childCount[i]), us, restNs);
    if (up < 0) roots[rootsFilled++] = node;
    else nodes[up].children[filled[up]++] = node;
  }
  return { roots, span_count: length };
}

function list<T>(length: number): T[] {
  return length === 0 ? [] : new Array<T>(length);
}

// What every node is a copy of: engines copy an object by its shape, and adding fields to it whose names they do not know took three
// times as long.
const EMPTY: Readonly<TraceNode> = {
  id: "",
  parent_id: null,
  trace_id: null,
  name: "",
  index: null,
  start_us: 0,
  end_us: null,
  wall_us: 0,
  ...NOT_COUNTED,
  attrs: {},
  marks: [],
  children: [],
};

function toNode(
  snapshot: Snapshot,
  counters: readonly (Float64Array | null)[],
  row: number,
  parentId: string | null,
  children: TraceNode[],
  anchorUs: number,
  restNs: number,
): TraceNode {
  const node = { ...EMPTY };
  node.id = ownIdText(snapshot, row);
  node.parent_id = parentId;
  node.trace_id = traceIdOf(snapshot, row);
  node.name = snapshot.name[row];
  node.index = measured(snapshot.index[row]);
  node.start_us = momentUs(anchorUs, restNs, snapshot.startNs[row]);
  if (row < snapshot.closedLength) node.end_us = momentUs(anchorUs, restNs, snapshot.endNs[row]);
  node.wall_us = wallUs(snapshot, row);
  putCounters(node, counters, row);
  node.attrs = attrsOf(snapshot, row);
  node.marks = rowMarks(snapshot, row, anchorUs, restNs);
  node.children = children;
  return node;
}

function rowMarks(snapshot: Snapshot, row: number, anchorUs: number, restNs: number): TraceMark[] {
  const { marks } = snapshot;
  const first = marks.first[row];
  const count = marks.first[row + 1] - first;
  const result = list<TraceMark>(count);
  for (let k = 0; k < count; k++) {
    const i = first + k;
    result[k] = {
      name: marks.name[i],
      value: plainValue(marks.value[i]),
      kind: marks.summary[i] === 1 ? "summary" : "point",
      ts_us: momentUs(anchorUs, restNs, marks.tsNs[i]),
      attrs: ownAttrs(marks.attrs.at(i)),
    };
  }
  return result;
}
