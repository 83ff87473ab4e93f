/**
 * A snapshot's columns -> the text of spool v1. Pure: what an encoder needs, it is given.
 *
 * Put together by hand: 1e5 spans a second pass here, and `JSON.stringify` cannot write integers beyond 2^53.
 *
 * @module
 */
import type { Identity } from "../data/identity.ts";
import { jsonOf, jsonOfText } from "../data/json_text.ts";
import { jsonValue } from "../data/json_value.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { MarkValue } from "../data/values.ts";
import { type CounterKeys, counterKeys } from "../formats/counter_keys.ts";
import {
  attrsOf,
  counterColumns,
  measured,
  ownIdText,
  parentIdText,
  splitAnchor,
  traceIdOf,
} from "../tree/columns.ts";
import { SPOOL_SCHEMA_VERSION } from "./format.ts";
import { markIdsOf, markIdText, valueType } from "./rows.ts";

/** Rows as they lie in a file: `spans` and `marks` are the inside of an array each. */
export interface EncodedRows {
  readonly spans: string;
  readonly marks: string;
}

/** What a file says before its rows. */
export interface FileHeader {
  readonly sdkVersion: string;
  /** 32 lower-case hex characters. */
  readonly batchId: string;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
}

/** A whole file. */
export function encodeFile(
  { sdkVersion, batchId, createdNs }: FileHeader,
  rows: readonly EncodedRows[],
): Uint8Array {
  return new TextEncoder().encode(
    `{"schema_version":${SPOOL_SCHEMA_VERSION},"sdk_version":${
      jsonOfText(sdkVersion)
    },"batch_id":"${batchId}","created_ns":${createdNs},"spans":[${
      rows.map(({ spans }) => spans).filter(text => text !== "").join(",")
    }],"marks":[${rows.map(({ marks }) => marks).filter(text => text !== "").join(",")}],"snapshots":[]}`,
  );
}

/** The spans of rows `from` up to before `until`, in order. */
export function encodeSpans(snapshot: Snapshot, identity: Identity, from: number, until: number): string {
  const anchor = splitAnchor(snapshot);
  const keys = counterKeys(snapshot.counters);
  const columns = counterColumns(snapshot).filter(column => column !== null);
  const texts: string[] = [];
  for (let row = from; row < until; row++) {
    texts.push(spanJson(snapshot, identity, anchor, countersJson(keys, columns, row), row));
  }
  return texts.join(",");
}

/** The marks of rows `from` up to before `until` that no sink has had. */
export function encodeMarks(snapshot: Snapshot, identity: Identity, from: number, until: number): string {
  const { first, drained } = snapshot.marks;
  const anchor = splitAnchor(snapshot);
  const texts: string[] = [];
  for (let row = from; row < until; row++) {
    for (let i = first[row]; i < first[row + 1]; i++) {
      if (drained[i] === 0) texts.push(markJson(snapshot, identity, anchor, row, i));
    }
  }
  return texts.join(",");
}

type Anchor = ReturnType<typeof splitAnchor>;

function spanJson(
  snapshot: Snapshot,
  { pid, rank, threadId, markIds }: Identity,
  anchor: Anchor,
  counters: string,
  row: number,
): string {
  const parent = parentIdText(snapshot, row);
  const trace = traceIdOf(snapshot, row);
  const hasAttrs = snapshot.attrs.at(row) !== undefined || !Number.isNaN(snapshot.dataLoadNs[row]);
  return `{"id":"${ownIdText(snapshot, row)}","name":${jsonOfText(snapshot.name[row])},"parent_id":${
    parent === null ? "null" : `"${parent}"`
  },"trace_id":${trace === null ? "null" : `"${trace}"`},"index":${
    measured(snapshot.index[row])
  },"start_ns":${unixNsText(anchor, snapshot.startNs[row])},"end_ns":${
    unixNsText(anchor, snapshot.endNs[row])
  }${counters},"thread_id":${threadId},"pid":${pid},"rank":${rank},"attrs":${
    hasAttrs ? jsonOf(attrsOf(snapshot, row)) : "{}"
  },"mark_ids":${snapshot.markCount[row] === 0 ? "[]" : jsonOf(markIdsOf(snapshot, markIds, row))}}`;
}

function countersJson(keys: CounterKeys, columns: readonly Float64Array[], row: number): string {
  let text = "";
  for (let k = 0; k < columns.length; k++) text += keys.before[k] + measured(columns[k][row]);
  return text + keys.after;
}

function markJson(snapshot: Snapshot, { markIds }: Identity, anchor: Anchor, row: number, i: number): string {
  const { marks } = snapshot;
  const value = marks.value[i];
  const attrs = marks.attrs.at(i);
  return `{"id":"${markIdText(snapshot, markIds, i)}","span_id":"${ownIdText(snapshot, row)}","name":${
    jsonOfText(marks.name[i])
  },"value_type":"${valueType(value)}","value":${valueJson(value)},"attrs":${
    attrs === undefined ? "{}" : jsonOf(attrs)
  },"ts_ns":${unixNsText(anchor, marks.tsNs[i])},"kind":"${marks.summary[i] === 1 ? "summary" : "point"}"}`;
}

function valueJson(value: MarkValue): string {
  return typeof value === "bigint" ? String(value) : jsonOf(jsonValue(value)); // exact, as no JavaScript number is
}

// A moment as the exact digits of its nanoseconds since 1970, without a bigint per span: whole microseconds fit a
// number, and the rest has three digits.
function unixNsText({ us, restNs }: Anchor, ns: number): string {
  const sum = restNs + ns;
  const wholeUs = Math.floor(sum / 1000);
  const digits = String(sum - wholeUs * 1000);
  return us + wholeUs + "000".slice(digits.length) + digits;
}
