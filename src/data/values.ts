// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * Spans and marks as data that leaves the process. Every field has its unit in its name; `null` means not measured, 0 means
 * measured as zero.
 *
 * @module
 */

/** What a mark can hold. */
export type MarkValue = number | string | boolean | bigint;

/** `"point"`: one of many samples, of which a span keeps the newest 1024. `"summary"`: a result, always kept. */
export type MarkKind = "point" | "summary";

/** Anything JSON can say. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Attributes after they were copied in: only what JSON can say. */
export type Attrs = { [key: string]: JsonValue };

/** A mark as `trace({ format: "dict" })` returns it. */
export interface TraceMark {
  /** Cut at 256 bytes of UTF-8. */
  name: string;
  /** A bigint beyond the exact range of a number is given as its decimal digits. */
  value: number | string | boolean;
  /** One of many samples, or a result. */
  kind: MarkKind;
  /** Whole microseconds since 1970. */
  ts_us: number;
  /** As given to `mark()`. */
  attrs: Attrs;
}

/** A span as `trace({ format: "dict" })` returns it, with its children. */
export interface TraceNode {
  /** 32 lower-case hex characters. */
  id: string;
  /**
   * The id of the span it was opened in, also when that one is not in the trace; null for a root. Of a span that continues a trace
   * of elsewhere, the 16 hex characters of the remote span's id.
   */
  parent_id: string | null;
  /** The trace it belongs to: 32 lower-case hex characters. Null where that is not known. */
  trace_id: string | null;
  /** Cut at 256 bytes of UTF-8. */
  name: string;
  /** As given to `scope()`, or the turn of the loop. */
  index: number | null;
  /** Whole microseconds since 1970. */
  start_us: number;
  /** Whole microseconds since 1970; null while the span is open. */
  end_us: number | null;
  /** Duration in microseconds, to the clock's resolution; of an open span, so far. */
  wall_us: number;
  /** CPU time consumed meanwhile in nanoseconds: by the whole process or by one thread, as the session's counters say. */
  cpu_ns: number | null;
  /** Time in nanoseconds during which a GPU was busy. */
  gpu_ns: number | null;
  /** Highest resident set in bytes during the span. */
  memory_peak_bytes: number | null;
  /** As given to `scope()`; `error` if it threw, `data_load_ns` on a batch. */
  attrs: Attrs;
  /** In the order they were made. */
  marks: TraceMark[];
  /** In order of start. */
  children: TraceNode[];
}

/** What `trace({ format: "dict" })` returns. */
export interface TraceDict {
  /** Spans without a parent in this trace, in order of start. */
  roots: TraceNode[];
  /** Spans in the trace, at every depth. */
  span_count: number;
}
