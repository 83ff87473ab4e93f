/**
 * Tree -> JSON text: the dict, serialized, at any depth, without making the dict. `JSON.stringify` recurses in Bun, and
 * gives up some thousand levels down; here only attributes go through it.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import { jsonOf } from "../data/json_text.ts";
import { jsonValue } from "../data/json_value.ts";
import { areMade, type Snapshot } from "../data/snapshot.ts";
import type { MarkValue } from "../data/values.ts";
import {
  attrsOf,
  counterColumns,
  momentUs,
  ownIdText,
  parentIdText,
  splitAnchor,
  traceIdOf,
} from "../tree/columns.ts";
import type { Tree } from "../tree/tree.ts";
import { Constant, TextBytes } from "./bytes.ts";
import { counterKeys } from "./counter_keys.ts";

const COMMA = 0x2c;
const CLOSE_OBJECT = 0x7d;

/** The spans of `tree` as JSON. Values that are no JSON numbers become `"NaN"`, `"Infinity"` and `"-Infinity"`. */
export function toJson(tree: Tree): string {
  const { snapshot, rows } = tree;
  const out = TextBytes.begin();
  const counters = counterColumns(snapshot).filter(column => column !== null);
  const keys = keysOf(snapshot);
  const { us, restNs } = splitAnchor(snapshot);
  out.put(keys.roots);
  // `walk()`, written out: with closures of its own in each call it would lose its compiled code as the keys did.
  const { firstChild, nextSibling, parent } = tree;
  let isFirst = true; // of its siblings
  let position = rows.length === 0 ? -1 : 0;
  while (position >= 0) {
    if (!isFirst) out.character(COMMA);
    writeSpan(out, keys, snapshot, counters, rows[position], us, restNs);
    isFirst = firstChild[position] >= 0;
    if (isFirst) {
      position = firstChild[position];
      continue;
    }
    out.put(keys.end);
    while (nextSibling[position] < 0 && parent[position] >= 0) {
      position = parent[position];
      out.put(keys.end);
    }
    position = nextSibling[position]; // none after the last root
  }
  out.put(keys.spanCount);
  out.number(rows.length);
  out.character(CLOSE_OBJECT);
  return out.finish();
}

// What always stands together: every key with the comma before it and what is fixed around it.
function makeKeys() {
  const marks = ',"marks":[{"name":';
  const noMarks = ',"marks":[],"children":[';
  return {
    roots: new Constant('{"roots":['),
    end: new Constant("]}"),
    spanCount: new Constant('],"span_count":'),
    id: new Constant('{"id":"'),
    index: new Constant(',"index":'),
    noIndexStartUs: new Constant(',"index":null,"start_us":'),
    startUs: new Constant(',"start_us":'),
    endUs: new Constant(',"end_us":'),
    wallUs: new Constant(',"wall_us":'),
    openWallUs: new Constant(',"end_us":null,"wall_us":'),
    none: new Constant("null"),
    attrs: new Constant(',"attrs":'),
    marks: new Constant(marks),
    noMarks: new Constant(noMarks),
    value: new Constant(',"value":'),
    pointTs: new Constant(',"kind":"point","ts_us":'),
    summaryTs: new Constant(',"kind":"summary","ts_us":'),
    noAttrsNextMark: new Constant(',"attrs":{}},{"name":'),
    noAttrsChildren: new Constant(',"attrs":{}}],"children":['),
    nextMark: new Constant('},{"name":'),
    children: new Constant('}],"children":['),
  };
}

function makeCounterKeys(snapshot: Snapshot) {
  const { before, after } = counterKeys(snapshot.counters);
  return {
    counters: before.map(text => new Constant(text)),
    spanAttrs: new Constant(`${after},"attrs":`),
    noAttrsMarks: new Constant(`${after},"attrs":{},"marks":[{"name":`),
    noAttrsNoMarks: new Constant(`${after},"attrs":{},"marks":[],"children":[`),
  };
}

/**
 * Constants; those of the counters that the snapshot has; and those that begin with what its ids end with, with no series where ids
 * are written one by one.
 */
interface Keys extends ReturnType<typeof makeKeys>, ReturnType<typeof makeCounterKeys> {
  readonly series: IdSeries | null;
  readonly parentId: Constant;
  readonly traceId: Constant;
  readonly noParentTraceId: Constant;
  readonly name: Constant;
}

let fixed: ReturnType<typeof makeKeys> | null = null;

// Not made anew for each trace: V8 throws away what it has compiled for objects of a shape once a collection finds none.
let kept: { readonly series: IdSeries | null; readonly counted: string; readonly keys: Keys } | null = null;

function keysOf(snapshot: Snapshot): Keys {
  const { ids } = snapshot;
  const series = areMade(ids) ? ids : null;
  const counted = counterColumns(snapshot).map(column => column !== null).join();
  if (kept === null || kept.series !== series || kept.counted !== counted) {
    fixed ??= makeKeys();
    const suffix = series?.suffix ?? "";
    const keys = {
      ...fixed,
      ...makeCounterKeys(snapshot),
      series,
      parentId: new Constant(`${suffix}","parent_id":"`),
      traceId: new Constant(`${suffix}","trace_id":"${suffix}`),
      noParentTraceId: new Constant(`${suffix}","parent_id":null,"trace_id":"${suffix}`),
      name: new Constant('","name":'),
    };
    kept = { series, counted, keys };
  }
  return kept.keys;
}

/** The node of a row up to its children. */
function writeSpan(
  out: TextBytes,
  keys: Keys,
  snapshot: Snapshot,
  counters: readonly Float64Array[],
  row: number,
  anchorUs: number,
  restNs: number,
): void {
  writeIds(out, keys, snapshot, row);
  out.json(snapshot.name[row]);
  const index = snapshot.index[row];
  if (index === index) {
    out.put(keys.index);
    out.number(index);
    out.put(keys.startUs);
  } else {
    out.put(keys.noIndexStartUs);
  }
  const startNs = snapshot.startNs[row];
  const endNs = snapshot.endNs[row];
  out.number(momentUs(anchorUs, restNs, startNs));
  if (row < snapshot.closedLength) {
    out.put(keys.endUs);
    out.number(momentUs(anchorUs, restNs, endNs));
    out.put(keys.wallUs);
  } else {
    out.put(keys.openWallUs);
  }
  out.thousandths(endNs - startNs);
  for (let k = 0; k < counters.length; k++) {
    out.put(keys.counters[k]);
    writeMeasured(out, keys, counters[k][row]);
  }
  const hasMarks = writeAttrs(out, keys, snapshot, row);
  if (hasMarks) writeMarks(out, keys, snapshot, row, anchorUs, restNs);
}

function writeIds(out: TextBytes, keys: Keys, snapshot: Snapshot, row: number): void {
  const id = snapshot.id[row];
  const parent = snapshot.parent[row];
  const root = snapshot.root === undefined ? 0 : snapshot.root[row];
  const { series } = keys;
  if (series !== null && id !== 0 && root > 0) {
    out.put(keys.id);
    series.scatter(id);
    out.hex64(series.high, series.low);
    if (parent === 0) out.put(keys.noParentTraceId);
    else {
      out.put(keys.parentId);
      series.scatter(parent);
      out.hex64(series.high, series.low);
      out.put(keys.traceId);
    }
    if (root !== parent) series.scatter(root);
    out.hex64(series.high, series.low);
    out.put(keys.name);
    return;
  }
  // The pseudo-span, spans from files and of foreign traces: their ids are what somebody wrote.
  const [own, up, trace] = [
    ownIdText(snapshot, row),
    parentIdText(snapshot, row),
    traceIdOf(snapshot, row),
  ].map(jsonOf);
  out.text(`{"id":${own},"parent_id":${up},"trace_id":${trace},"name":`);
}

/** Attributes, and what comes before the first mark's name; false if there are no marks. */
function writeAttrs(out: TextBytes, keys: Keys, snapshot: Snapshot, row: number): boolean {
  const { attrs, dataLoadNs, marks: { first } } = snapshot;
  const hasMarks = first[row] < first[row + 1];
  const isBare = attrs.at(row) === undefined && Number.isNaN(dataLoadNs[row]);
  if (isBare) {
    out.put(hasMarks ? keys.noAttrsMarks : keys.noAttrsNoMarks);
  } else {
    out.put(keys.spanAttrs);
    out.text(attrsJson(snapshot, row));
    out.put(hasMarks ? keys.marks : keys.noMarks);
  }
  return hasMarks;
}

/** Attributes of a row as JSON. What the buffer and a spool's reader keep is copied already, and within bounds. */
export function attrsJson(snapshot: Snapshot, row: number): string {
  return Number.isNaN(snapshot.dataLoadNs[row])
    ? jsonOf(snapshot.attrs.at(row) ?? {})
    : jsonOf(attrsOf(snapshot, row));
}

function writeMeasured(out: TextBytes, keys: Keys, value: number): void {
  if (value === value) out.number(value);
  else out.put(keys.none);
}

/** From the first mark's name to the children. */
function writeMarks(
  out: TextBytes,
  keys: Keys,
  snapshot: Snapshot,
  row: number,
  anchorUs: number,
  restNs: number,
): void {
  const { first, name, value, summary, tsNs, attrs } = snapshot.marks;
  const end = first[row + 1];
  for (let i = first[row]; i < end; i++) {
    out.json(name[i]);
    out.put(keys.value);
    writeValue(out, value[i]);
    out.put(summary[i] === 1 ? keys.summaryTs : keys.pointTs);
    out.number(momentUs(anchorUs, restNs, tsNs[i]));
    const own = attrs.at(i);
    const isLast = i + 1 === end;
    if (own === undefined) out.put(isLast ? keys.noAttrsChildren : keys.noAttrsNextMark);
    else {
      out.put(keys.attrs);
      out.text(jsonOf(own));
      out.put(isLast ? keys.children : keys.nextMark);
    }
  }
}

/** Writes what {@link jsonValue} gives of a mark's value. */
export function writeValue(out: TextBytes, value: MarkValue): void {
  if (typeof value === "number" && Number.isFinite(value)) out.number(value);
  else if (typeof value === "string") out.json(value);
  else out.text(jsonOf(jsonValue(value)));
}
