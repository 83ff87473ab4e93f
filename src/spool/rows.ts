// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * A snapshot's rows as the records of spool v1: what sinks of a user's own are given as objects.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { Attrs, MarkKind, MarkValue } from "../data/values.ts";
import { attrsOf, idText, measured, measuredIn, ownAttrs, ownIdText, parentIdText } from "../tree/columns.ts";

/** A closed span as it leaves the process: a row of spool v1. */
export interface SpanRow {
  /** 32 lower-case hex characters. */
  id: string;
  /** As given to `scope()`. */
  name: string;
  /** The id of the span it was opened in; null for a root. */
  parent_id: string | null;
  /** As given to `scope()`, or the turn of the loop. */
  index: number | null;
  /** Nanoseconds since 1970, exact. */
  start_ns: bigint;
  /** Nanoseconds since 1970, exact. */
  end_ns: bigint;
  /** CPU time in nanoseconds. */
  cpu_ns: number | null;
  /** Time in nanoseconds during which a GPU was busy. */
  gpu_ns: number | null;
  /** Highest resident set in bytes during the span. */
  memory_peak_bytes: number | null;
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

/** The span in a row. Its lists and objects are the caller's to keep. */
export function spanRow(
  snapshot: Snapshot,
  { pid, rank, threadId, markIds }: Identity,
  row: number,
): SpanRow {
  return {
    id: ownIdText(snapshot, row),
    name: snapshot.name[row],
    parent_id: parentIdText(snapshot, row),
    index: measured(snapshot.index[row]),
    start_ns: snapshot.anchorNs + BigInt(snapshot.startNs[row]),
    end_ns: snapshot.anchorNs + BigInt(snapshot.endNs[row]),
    cpu_ns: measured(snapshot.cpuNs[row]),
    gpu_ns: measuredIn(snapshot.gpuNs, row),
    memory_peak_bytes: measuredIn(snapshot.memoryPeakBytes, row),
    thread_id: threadId,
    pid,
    rank,
    attrs: attrsOf(snapshot, row),
    mark_ids: markIdsOf(snapshot, markIds, row),
  };
}

/** The mark at `i`, which is one of those of row `row`. Its attributes are the caller's to keep. */
export function markRow(snapshot: Snapshot, { markIds }: Identity, row: number, i: number): MarkRow {
  const { marks } = snapshot;
  const value = marks.value[i];
  return {
    id: markIdText(snapshot, markIds, i),
    span_id: ownIdText(snapshot, row),
    name: marks.name[i],
    value_type: valueType(value),
    value,
    attrs: ownAttrs(marks.attrs[i]),
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
