/**
 * Rows -> the columns of a DataFrame, with every dtype stated. The engine that builds the frame comes from above.
 *
 * @module
 */
import { areMade, type Snapshot } from "../../data/snapshot.ts";
import { NO_SPAN_ID, NO_TRACE_ID } from "../../data/trace_context.ts";
import { COUNTERS } from "../../meters/counters.ts";
import {
  counterColumns,
  foreignContext,
  ownIdText,
  parentIdText,
  traceIdOf,
  wallUs,
} from "../../tree/columns.ts";
import type { Tree } from "../../tree/tree.ts";
import { FrameBody } from "./body.ts";
import { IntegerColumn } from "./integer_column.ts";
import { IdData, TextColumn, textColumn, VIEW_WORDS } from "./text_column.ts";

/** One column. */
export type FrameColumn =
  | { readonly name: string; readonly dtype: "Utf8"; readonly values: TextColumn }
  | { readonly name: string; readonly dtype: "Int64"; readonly values: IntegerColumn }
  | { readonly name: string; readonly dtype: "Float64"; readonly values: Float64Array }
  | { readonly name: string; readonly dtype: "UInt32"; readonly values: Uint32Array };

/** Builds a DataFrame from columns; `polars.ts` has the one there is. */
export type FrameEngine = (columns: readonly FrameColumn[]) => unknown;

/**
 * The columns of a trace, in their order, in one piece of memory.
 * @param newestFirst Rows by descending order of close; else ascending, open spans last.
 */
export function toColumns(tree: Tree, newestFirst: boolean): FrameColumn[] {
  const { snapshot, rows } = tree;
  const { length } = rows;
  const positions = inOrderOfClose(tree, newestFirst);
  const strangers = parentsElsewhere(tree);
  const counters = counterColumns(snapshot);
  const traces = traceChanges(tree);
  const body = new FrameBody(bodySize(length, strangers, traces, counters));
  const [own, parent] = idColumns(tree, positions, strangers, body);
  const trace = traceColumn(tree, positions, traces, body);
  const names = new Array<string>(length);
  const index = integers(body, length);
  const wall = body.doubles(length);
  const markCount = body.words(length);
  const depth = body.words(length);
  for (let i = 0; i < length; i++) {
    const position = positions[i];
    const row = rows[position];
    names[i] = snapshot.name[row];
    index.set(i, snapshot.index[row]);
    wall[i] = wallUs(snapshot, row);
    markCount[i] = snapshot.markCount[row];
    depth[i] = tree.depth[position];
  }
  const counted = counters.map(column => column === null ? null : integers(body, length));
  counted.forEach((values, k) => {
    const column = counters[k];
    if (values === null || column === null) return;
    for (let i = 0; i < length; i++) values.set(i, column[rows[positions[i]]]);
  });
  const nothing = integers(body, length); // all columns of nulls are this one
  nothing.setNull();
  return [
    { name: "id", dtype: "Utf8", values: own },
    { name: "parent_id", dtype: "Utf8", values: parent },
    { name: "name", dtype: "Utf8", values: textColumn(names, body.words(length * VIEW_WORDS)) },
    { name: "index", dtype: "Int64", values: index },
    { name: "wall_us", dtype: "Float64", values: wall },
    ...COUNTERS.map(({ column }, k): FrameColumn => ({
      name: column,
      dtype: "Int64",
      values: counted[k] ?? nothing,
    })),
    { name: "mark_count", dtype: "UInt32", values: markCount },
    { name: "depth", dtype: "UInt32", values: depth },
    { name: "trace_id", dtype: "Utf8", values: trace },
  ];
}

/** What `toColumns` takes of a body: as many columns as there are words below. */
function bodySize(
  length: number,
  strangers: number,
  traces: number,
  counters: readonly (Float64Array | null)[],
): number {
  const views = FrameBody.padded(length * VIEW_WORDS * 4);
  const ids = FrameBody.padded((length + strangers) * 32);
  const bits = FrameBody.padded(Math.ceil(length / 8));
  const longs = FrameBody.padded(length * 8);
  const words = FrameBody.padded(length * 4);
  const traceIds = FrameBody.padded(traces * 32);
  const integers = 2 + counters.filter(column => column !== null).length; // the index, and nothing
  return views * 4 + ids + traceIds + bits * 2 + (longs + bits) * integers + longs + words * 2;
}

function integers(body: FrameBody, length: number): IntegerColumn {
  return new IntegerColumn(body.words(length * 2), body.bits(length));
}

/** How many kept rows have a parent that is not among them. */
function parentsElsewhere({ snapshot, rows, parent }: Tree): number {
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    if (parent[i] < 0 && snapshot.parent[rows[i]] !== 0) count++;
  }
  return count;
}

/** The ids of spans and of their parents, most of which are those of other rows: both columns share their bytes. */
function idColumns(
  tree: Tree,
  positions: Uint32Array,
  strangers: number,
  body: FrameBody,
): [own: TextColumn, parent: TextColumn] {
  const { snapshot, rows, parent } = tree;
  const { ids } = snapshot;
  const { length } = positions;
  if (!(areMade(ids))) return writtenIds(snapshot, rows, positions);
  const data = new IdData(ids, body.words((length + strangers) * 8));
  const own = body.words(length * VIEW_WORDS);
  const parents = body.words(length * VIEW_WORDS);
  const valid = body.bits(length);
  let nullCount = 0;
  // In order of start, so that an id's place is its position.
  for (let i = 0; i < length; i++) data.add(snapshot.id[rows[i]]);
  for (let i = 0; i < length; i++) {
    const position = positions[i];
    const row = rows[position];
    data.view(own, i, position, snapshot.id[row]);
    const up = parent[position];
    const id = snapshot.parent[row];
    if (id === 0) {
      nullCount++;
      continue;
    }
    valid[i >> 3] |= 1 << (i & 7);
    if (id > 0) data.view(parents, i, up >= 0 ? up : data.add(id), id);
    else data.viewText(parents, i, data.addText(foreignContext(snapshot, id)?.spanId ?? NO_SPAN_ID), 16);
  }
  const bytes = data.bytes();
  return [new TextColumn(own, bytes), new TextColumn(parents, bytes, valid, nullCount)];
}

/** How often, in order of start, a row is of another trace than the row before. */
function traceChanges({ snapshot: { root }, rows }: Tree): number {
  if (root === undefined) return 0;
  let count = 0;
  for (let i = 0; i < rows.length; i++) if (i === 0 || root[rows[i]] !== root[rows[i - 1]]) count++;
  return count;
}

/** The ids of the spans' traces: rows in order of start that are of one trace share its bytes. */
function traceColumn(
  { snapshot, rows }: Tree,
  positions: Uint32Array,
  traces: number,
  body: FrameBody,
): TextColumn {
  const { ids, root } = snapshot;
  const { length } = positions;
  if (!areMade(ids) || root === undefined) {
    return textColumn(Array.from(positions, position => traceIdOf(snapshot, rows[position])));
  }
  const data = new IdData(ids, body.words(traces * 8));
  const placeOf = new Int32Array(length);
  let place = -1;
  for (let i = 0; i < length; i++) {
    const number = root[rows[i]];
    if (i === 0 || number !== root[rows[i - 1]]) {
      place = number > 0
        ? data.addTrace(number)
        : data.addText(foreignContext(snapshot, number)?.traceId ?? NO_TRACE_ID);
    }
    placeOf[i] = place;
  }
  const views = body.words(length * VIEW_WORDS);
  const valid = body.bits(length);
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    const position = positions[i];
    if (root[rows[position]] === 0) {
      nullCount++; // the pseudo-span
      continue;
    }
    valid[i >> 3] |= 1 << (i & 7);
    data.viewText(views, i, placeOf[position], 32);
  }
  return new TextColumn(views, data.bytes(), valid, nullCount);
}

// Of spans from files, whose ids are what somebody wrote.
function writtenIds(
  snapshot: Snapshot,
  rows: Uint32Array,
  positions: Uint32Array,
): [own: TextColumn, parent: TextColumn] {
  const own = new Array<string>(positions.length);
  const parent = new Array<string | null>(positions.length);
  for (let i = 0; i < positions.length; i++) {
    own[i] = ownIdText(snapshot, rows[positions[i]]);
    parent[i] = parentIdText(snapshot, rows[positions[i]]);
  }
  return [textColumn(own), textColumn(parent)];
}

/** Positions sorted by row: rows are numbered in order of close, open ones after them. */
export function inOrderOfClose(tree: Tree, newestFirst: boolean): Uint32Array {
  const { rows, snapshot } = tree;
  const positionOf = new Int32Array(snapshot.length).fill(-1);
  for (let i = 0; i < rows.length; i++) positionOf[rows[i]] = i;
  const positions = new Uint32Array(rows.length);
  let count = 0;
  for (let row = 0; row < positionOf.length; row++) {
    if (positionOf[row] >= 0) positions[count++] = positionOf[row];
  }
  return newestFirst ? positions.reverse() : positions;
}
