// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * A snapshot's rows as the records of spool v1: what sinks of a user's own are given as objects.
 *
 * @module
 */
import type { CounterValues } from "../data/counters.ts";
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { Attrs, MarkKind, MarkValue } from "../data/values.ts";
import {
  attrsOf,
  counterColumns,
  idText,
  measured,
  NOT_COUNTED,
  ownAttrs,
  ownIdText,
  parentIdText,
  putCounters,
  traceIdOf,
} from "../tree/columns.ts";

/** A closed span as it leaves the process: a row of spool v1. */
export interface SpanRow extends CounterValues {
  /** 32 lower-case hex characters. */
  id: string;
  /** As given to `scope()`. */
  name: string;
  /** The id of the span it was opened in, of a remote one its 16 hex characters; null for a root. */
  parent_id: string | null;
  /** The trace it belongs to: 32 lower-case hex characters. */
  trace_id: string | null;
  /** As given to `scope()`, or the turn of the loop. */
  index: number | null;
  /** Nanoseconds since 1970, exact. */
  start_ns: bigint;
  /** Nanoseconds since 1970, exact. */
  end_ns: bigint;
  /** The thread that recorded it; 0 is the main one. */
  thread_id: number;
  /** The process that recorded it. */
  pid: number;
  /** The process's rank among those of one job. */
  rank: number;
  /** As given to `scope()`. */
  attrs: Attrs;
  /** The ids of all marks the span kept, also of those in earlier batches. */
  mark_ids: string[];
}

/** A mark as it leaves the process: a row of spool v1. */
export interface MarkRow {
  /** 32 lower-case hex characters. */
  id: string;
  /** The span it hangs on, which may still be open; `"root"` outside any. */
  span_id: string;
  /** As given to `mark()`. */
  name: string;
  /** What `value` is: a number is a float, also where it is whole, and a bigint an int, so that a series is of one type. */
  value_type: "float" | "int" | "string" | "bool";
  /** As given to `mark()`. */
  value: MarkValue;
  /** As given to `mark()`. */
  attrs: Attrs;
  /** Nanoseconds since 1970, exact. */
  ts_ns: bigint;
  /** One of many samples, or a result. */
  kind: MarkKind;
}

/** The spans of rows `from` up to before `until`, in order. Lists and objects in them are the caller's to keep. */
export function spanRows(snapshot: Snapshot, identity: Identity, from: number, until: number): SpanRow[] {
  const counters = counterColumns(snapshot);
  return Array.from({ length: until - from }, (_, i) => spanRow(snapshot, identity, counters, from + i));
}

/** The marks of rows `from` up to before `until` that no sink has had. Their attributes are the caller's to keep. */
export function markRows(snapshot: Snapshot, identity: Identity, from: number, until: number): MarkRow[] {
  const { first, drained } = snapshot.marks;
  const rows: MarkRow[] = [];
  for (let row = from; row < until; row++) {
    for (let i = first[row]; i < first[row + 1]; i++) {
      if (drained[i] === 0) rows.push(markRow(snapshot, identity, row, i));
    }
  }
  return rows;
}

// What every row is a copy of, as in `toDict()`.
const EMPTY: Readonly<SpanRow> = {
  id: "",
  name: "",
  parent_id: null,
  trace_id: null,
  index: null,
  start_ns: 0n,
  end_ns: 0n,
  ...NOT_COUNTED,
  thread_id: 0,
  pid: 0,
  rank: 0,
  attrs: {},
  mark_ids: [],
};

function spanRow(
  snapshot: Snapshot,
  { pid, rank, threadId, markIds }: Identity,
  counters: readonly (Float64Array | null)[],
  row: number,
): SpanRow {
  const span = { ...EMPTY };
  span.id = ownIdText(snapshot, row);
  span.name = snapshot.name[row];
  span.parent_id = parentIdText(snapshot, row);
  span.trace_id = traceIdOf(snapshot, row);
  span.index = measured(snapshot.index[row]);
  span.start_ns = snapshot.anchorNs + BigInt(snapshot.startNs[row]);
  span.end_ns = snapshot.anchorNs + BigInt(snapshot.endNs[row]);
  putCounters(span, counters, row);
  span.thread_id = threadId;
  span.pid = pid;
  span.rank = rank;
  span.attrs = attrsOf(snapshot, row);
  span.mark_ids = markIdsOf(snapshot, markIds, row);
  return span;
}

function markRow(snapshot: Snapshot, { markIds }: Identity, row: number, i: number): MarkRow {
  const { marks } = snapshot;
  const value = marks.value[i];
  return {
    id: markIdText(snapshot, markIds, i),
    span_id: ownIdText(snapshot, row),
    name: marks.name[i],
    value_type: valueType(value),
    value,
    attrs: ownAttrs(marks.attrs.at(i)),
    ts_ns: snapshot.anchorNs + BigInt(marks.tsNs[i]),
    kind: marks.summary[i] === 1 ? "summary" : "point",
  };
}

/** The ids of all marks that a row keeps. */
export function markIdsOf({ marks }: Snapshot, markIds: IdSeries, row: number): string[] {
  const { first, order } = marks;
  return Array.from(
    { length: first[row + 1] - first[row] },
    (_, i) => idText(markIds, order[first[row] + i] + 1),
  );
}

/** The id of the mark at `i`. */
export function markIdText({ marks }: Snapshot, markIds: IdSeries, i: number): string {
  return idText(markIds, marks.order[i] + 1);
}

/** What a mark's value is called. */
export function valueType(value: MarkValue): MarkRow["value_type"] {
  switch (typeof value) {
    case "number":
      return "float";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    default:
      return "string";
  }
}
