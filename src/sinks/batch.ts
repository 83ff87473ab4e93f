// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * What the sinks are given: closed spans and new marks, drained from the buffer.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import { jsonOf, jsonOfText } from "../data/json_text.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { Attrs, MarkKind, MarkValue } from "../data/values.ts";
import { spanLine } from "../formats/text.ts";
import {
  attrsOf,
  idText,
  measured,
  measuredIn,
  ownAttrs,
  ownIdText,
  parentIdText,
  traceIdOf,
} from "../tree/columns.ts";
import { buildTree } from "../tree/tree.ts";

/** Who recorded a batch. */
export interface Identity {
  readonly pid: number;
  readonly rank: number;
  readonly threadId: number;
  /** What ids of marks are made by. */
  readonly markIds: IdSeries;
}

/** A closed span as it leaves the process: a row of spool v1. */
export interface SpanRow {
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

/**
 * Closed spans and new marks, drained together: what a sink is given. One batch is shared by all sinks; rows, lines and JSON
 * are made when they are first asked for, so a sink that only counts costs next to nothing.
 *
 * @example A sink of your own
 * ```ts
 * import { type FlushBatch, profile, scope } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const names: string[] = [];
 * const output = { emit: (batch: FlushBatch) => batch.spans.forEach(span => void names.push(span.name)) };
 * using profiler = profile({ output });
 * scope("work").end();
 * profiler.flush();
 * assertEquals(names, ["work"]);
 * ```
 */
export class FlushBatch {
  /** Closed spans in the batch. */
  readonly spanCount: number;
  /** Whether its spans are open yet, and given again when they close. */
  readonly isProvisional: boolean;
  readonly #snapshot: Snapshot;
  readonly #identity: Identity;
  #spans: SpanRow[] | null = null;
  #marks: MarkRow[] | null = null;
  #lines: string[] | null = null;

  /** Wraps what was drained. */
  constructor(snapshot: Snapshot, identity: Identity, isProvisional: boolean = false) {
    this.#snapshot = snapshot;
    this.#identity = identity;
    this.isProvisional = isProvisional;
    this.spanCount = snapshot.closedLength;
  }

  /** Closed spans and new marks in the batch. */
  get rowCount(): number {
    let count = this.spanCount;
    for (const isDrained of this.#snapshot.marks.drained) count += 1 - isDrained;
    return count;
  }

  /** The spans, in order of close. The same array each time. */
  get spans(): readonly SpanRow[] {
    return this.#spans ??= Array.from({ length: this.spanCount }, (_, row) => this.#span(row));
  }

  /** The marks that no earlier batch had: of these spans, and of spans that are still open. */
  get marks(): readonly MarkRow[] {
    if (this.#marks !== null) return this.#marks;
    const { marks, length } = this.#snapshot;
    const rows: MarkRow[] = [];
    for (let row = 0; row < length; row++) {
      for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
        if (marks.drained[i] === 0) rows.push(this.#mark(row, i));
      }
    }
    return this.#marks = rows;
  }

  /** A line per span, as the printed tree has it, in order of close. */
  get lines(): readonly string[] {
    if (this.#lines !== null) return this.#lines;
    const tree = buildTree(this.#snapshot);
    const lines: string[] = [];
    for (let i = 0; i < tree.rows.length; i++) {
      if (tree.rows[i] < this.spanCount) lines[tree.rows[i]] = spanLine(tree, i);
    }
    return this.#lines = lines;
  }

  /** The rows as JSON, integers exact: `spans` and `marks` are the inside of an array each. */
  toJson(): { spans: string; marks: string } {
    const { marks, length } = this.#snapshot;
    const spanTexts: string[] = [];
    for (let row = 0; row < this.spanCount; row++) spanTexts.push(this.#spanJson(row));
    const markTexts: string[] = [];
    for (let row = 0; row < length; row++) {
      for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
        if (marks.drained[i] === 0) markTexts.push(this.#markJson(row, i));
      }
    }
    return { spans: spanTexts.join(","), marks: markTexts.join(",") };
  }

  #span(row: number): SpanRow {
    const snapshot = this.#snapshot;
    const { pid, rank, threadId } = this.#identity;
    return {
      id: ownIdText(snapshot, row),
      name: snapshot.name[row],
      parent_id: parentIdText(snapshot, row),
      trace_id: traceIdOf(snapshot, row),
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
      mark_ids: this.#markIds(row),
    };
  }

  #mark(row: number, i: number): MarkRow {
    const snapshot = this.#snapshot;
    const { marks } = snapshot;
    const value = marks.value[i];
    return {
      id: this.#markId(i),
      span_id: ownIdText(snapshot, row),
      name: marks.name[i],
      value_type: valueType(value),
      value,
      attrs: ownAttrs(marks.attrs[i]),
      ts_ns: snapshot.anchorNs + BigInt(marks.tsNs[i]),
      kind: marks.summary[i] === 1 ? "summary" : "point",
    };
  }

  // Put together by hand: 1e5 spans a second pass here, and `JSON.stringify` cannot write integers beyond 2^53.
  #spanJson(row: number): string {
    const snapshot = this.#snapshot;
    const { pid, rank, threadId } = this.#identity;
    const parent = parentIdText(snapshot, row);
    const trace = traceIdOf(snapshot, row);
    const hasAttrs = snapshot.attrs[row] !== undefined || !Number.isNaN(snapshot.dataLoadNs[row]);
    return `{"id":"${ownIdText(snapshot, row)}","name":${jsonOfText(snapshot.name[row])},"parent_id":${
      parent === null ? "null" : `"${parent}"`
    },"trace_id":${trace === null ? "null" : `"${trace}"`},"index":${
      measured(snapshot.index[row])
    },"start_ns":${unixNsText(snapshot, snapshot.startNs[row])},"end_ns":${
      unixNsText(snapshot, snapshot.endNs[row])
    },"cpu_ns":${measured(snapshot.cpuNs[row])},"gpu_ns":${
      measuredIn(snapshot.gpuNs, row)
    },"memory_peak_bytes":${
      measuredIn(snapshot.memoryPeakBytes, row)
    },"thread_id":${threadId},"pid":${pid},"rank":${rank},"attrs":${
      hasAttrs ? jsonOf(attrsOf(snapshot, row)) : "{}"
    },"mark_ids":${snapshot.markCount[row] === 0 ? "[]" : jsonOf(this.#markIds(row))}}`;
  }

  #markJson(row: number, i: number): string {
    const snapshot = this.#snapshot;
    const { marks } = snapshot;
    const value = marks.value[i];
    const attrs = marks.attrs[i];
    return `{"id":"${this.#markId(i)}","span_id":"${ownIdText(snapshot, row)}","name":${
      jsonOfText(marks.name[i])
    },"value_type":"${valueType(value)}","value":${valueJson(value)},"attrs":${
      attrs === undefined ? "{}" : jsonOf(attrs)
    },"ts_ns":${unixNsText(snapshot, marks.tsNs[i])},"kind":"${
      marks.summary[i] === 1 ? "summary" : "point"
    }"}`;
  }

  #markIds(row: number): string[] {
    const { first } = this.#snapshot.marks;
    return Array.from({ length: first[row + 1] - first[row] }, (_, i) => this.#markId(first[row] + i));
  }

  #markId(i: number): string {
    return idText(this.#identity.markIds, this.#snapshot.marks.order[i] + 1);
  }
}

function valueType(value: MarkValue): MarkRow["value_type"] {
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

function valueJson(value: MarkValue): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return `"${value}"`;
  return jsonOf(value);
}

// A moment as the exact digits of its nanoseconds since 1970, without a bigint per span: whole microseconds fit a
// number, and the rest has three digits.
function unixNsText(snapshot: Snapshot, ns: number): string {
  const anchorUs = Number(snapshot.anchorNs / 1000n);
  const rest = Number(snapshot.anchorNs % 1000n) + ns;
  const us = anchorUs + Math.floor(rest / 1000);
  const digits = String(rest - Math.floor(rest / 1000) * 1000);
  return us + "000".slice(digits.length) + digits;
}
