// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * Spans and marks as data: the fields that leave the process, and the columns they are kept in until then.
 * Every field has its unit in its name; `null` means not measured, 0 means measured as zero.
 *
 * @module
 */
import type { IdSeries } from "./id_series.ts";

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
  /** The id of the span it was opened in, also when that one is not in the trace; null for a root. */
  parent_id: string | null;
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

/** The state of one hardware or system source. */
export interface ProbeHealth {
  /** Whether it gives readings. */
  present: boolean;
  /** What the figures are read from; null if absent. */
  source: string | null;
  /** Why there are none; null if present. */
  reason: string | null;
}

/** The state of the GPU probe. */
export interface GpuHealth extends ProbeHealth {
  /** The driver's version; null before it is known. */
  driver: string | null;
  /**
   * Whose work `gpu_ns` counts: this process's, or everybody's on the device where it cannot be told apart; null if absent.
   */
  scope: "process" | "device" | null;
  /** Distance of the driver's samples in milliseconds: a span much shorter than it has an estimate, not a measurement. */
  sample_period_ms: number | null;
  /** Share of the session's time about which something is known, from 0 to 1; of the worst device. */
  coverage: number | null;
  /** Every device that could be opened. */
  devices: GpuDeviceHealth[];
}

/** The state of one GPU. */
export interface GpuDeviceHealth {
  /** The product's name. */
  name: string;
  /** NVIDIA's identifier of the device. */
  uuid: string;
  /** What busy time is taken from: the driver's ring of samples, GPM, accounting, or one utilization a tick. */
  source: "ring" | "gpm" | "accounting" | "rates" | null;
  /** Distance of the driver's samples in milliseconds. */
  sample_period_ms: number | null;
  /** Share of the session's time about which something is known, from 0 to 1. */
  coverage: number;
  /** Whose work is counted. */
  scope: "process" | "device";
  /** The part of the device's busy time that is counted, from 0 to 1: less than 1 where others use it too. */
  share: number;
  /** What NVML cannot do here, and why. */
  failures: Record<string, string>;
}

/**
 * What recording has cost the program since the session began, or since the process did: an estimate, of counts of what was
 * done and of costs apiece, measured in this process on a recorder of its own. In nanoseconds of the program's own thread.
 *
 * The costs are those of compiled code in a loop, with the garbage of what is made most: about right for a program that has
 * recorded some ten thousand spans. Not contained are the first use and the time before the compiler is through (2 to 5 us
 * for each of the first thousand scopes), what `AsyncLocalStorage` adds to the program's own awaits, caches that
 * are cold as other code ran in between (a program of many parts pays up to 1.7 times as much), attributes of marks and more
 * than two of a scope, and the threads of the driver and of the collector.
 */
export interface Overhead {
  /** The sum of the rest. */
  estimated_ns: number;
  /** Opening and closing scopes: plain, with functions, with promises, with attributes. */
  span_ns: number;
  /** Marks. */
  mark_ns: number;
  /** Readings of the CPU clock and of the peak of memory. */
  counter_ns: number;
  /** Giving spans to the sinks; measured, not estimated. */
  flush_ns: number;
}

/** What `health()` returns: a snapshot, never live. */
export interface Health {
  /** Whether scopes are recorded; false after `profile({ enabled: false })`. */
  enabled: boolean;
  /** Libraries that are hooked, by name; none as yet. */
  installed_hooks: string[];
  /**
   * What identifies the session's run, as the environment said when it began: `run_id`, `pipeline_id`, `deployment_id` and
   * `workspace_id`, those that `CIRRON_RUN_ID` and its like set. Empty without a session.
   */
  platform_context: Record<string, string>;
  /** How spans leave the process: as files, if at all. */
  transport: "file_only";
  /** The sinks of the running session; empty without one. */
  output: string[];
  /** Open scopes from here outwards in the calling flow. */
  scope_depth: number;
  /** Open scopes in the whole process. */
  open_count: number;
  /** Closed spans that `trace()` can show. */
  span_count: number;
  /** Closed spans that left the full buffer. */
  span_evict_count: number;
  /** Marks never accepted: made on a scope that had ended. */
  mark_drop_count: number;
  /** Point marks that left a span with more than 1024 of them. */
  mark_evict_count: number;
  /** Scopes that were closed while another was innermost in the same flow. */
  misnested_count: number;
  /** Times a sink threw or rejected. */
  sink_error_count: number;
  /** Times something of the package's own failed in a timer, a hook or a listener, where nothing may reach the program. */
  internal_error_count: number;
  /**
   * Spans and marks that a sink was not given: it was too slow, or they were recorded while sinks were given spans, more than
   * the buffer holds or in the session's last flush.
   */
  sink_drop_count: number;
  /** Spool files that were evicted for the bound, whoever wrote them. */
  spool_drop_count: number;
  /** Spans in no spool file: none could be written, and more waited for one than is kept, or the session has ended. */
  spool_span_drop_count: number;
  /** Marks likewise. */
  spool_mark_drop_count: number;
  /** Bytes of spool files on disk, those of other processes as of the last look at the directory. */
  spool_bytes: number;
  /** Where the spool is; null without one. */
  spool_dir: string | null;
  /** Duration of the last flush; null before the first. */
  flush_latency_ns: number | null;
  /**
   * What recording has cost so far. The first call measures the costs apiece of what was done by then, and a later one again
   * what was done ten times as much since: some milliseconds, and some 30 in Deno where every kind of scope is in use.
   */
  overhead: Overhead;
  /** The sources of `wall_us`, `cpu_ns`, `gpu_ns` and `memory_peak_bytes`. */
  probes: { wall: ProbeHealth; cpu: ProbeHealth; gpu: GpuHealth; memory: ProbeHealth };
}

/**
 * A copy-out of the buffer, by columns: closed spans in order of close, then open ones in order of start. Times are
 * nanoseconds on the session's clock (exact in a number for 104 days), to be turned into Unix time by `anchorNs`.
 */
export interface Snapshot {
  /** Number of rows. */
  readonly length: number;
  /** Rows before this one are closed, the rest are open. */
  readonly closedLength: number;
  /** Unix time in nanoseconds at which the session's clock was 0. */
  readonly anchorNs: bigint;
  /** How `id` and `parent` are written: the series that their numbers are of, or the ids themselves by row. */
  readonly ids: IdSeries | SnapshotIds;
  /** Absent if all rows are this thread's. */
  readonly threads?: SnapshotThreads;
  /** Opening order, from 1; 0 is the pseudo-span `"root"` that holds marks made outside any scope and session. */
  readonly id: Float64Array;
  /** The id of the parent; 0 for none. */
  readonly parent: Float64Array;
  readonly name: readonly string[];
  /** NaN for none. */
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  /** For open spans, the moment of the copy. */
  readonly endNs: Float64Array;
  /** NaN for not measured. */
  readonly cpuNs: Float64Array;
  /** NaN for not measured; null if no row was. */
  readonly gpuNs: Float64Array | null;
  /** NaN for not measured; null if no row was. */
  readonly memoryPeakBytes: Float64Array | null;
  /** Time in a batch source's `next()`; NaN for spans that are no batch. */
  readonly dataLoadNs: Float64Array;
  /**
   * Attributes by row, where there are any: shorter than the rows where the last have none. Shared with the buffer, so
   * copy before handing out.
   */
  readonly attrs: readonly (Attrs | undefined)[];
  /** How many marks each row keeps. */
  readonly markCount: Uint32Array;
  /** The marks of a row, in the order they were made. */
  readonly marks: MarkColumns;
}

/** The threads that the rows of a snapshot come from. */
export interface SnapshotThreads {
  /** By process. */
  readonly list: readonly SnapshotThread[];
  /** Index in `list` by row. */
  readonly of: Uint32Array;
}

/** One thread of one of several processes. */
export interface SnapshotThread {
  /** NaN for unknown. */
  readonly pid: number;
  /** NaN for unknown. */
  readonly rank: number;
  /** As the writer numbers its threads; NaN for unknown. */
  readonly threadId: number;
}

/** Ids that were given elsewhere, by row. */
export interface SnapshotIds {
  readonly own: readonly string[];
  readonly parent: readonly (string | null)[];
}

/** Marks of all rows of a snapshot. Row `r` has those from `first[r]` up to `first[r + 1]`. */
export interface MarkColumns {
  readonly first: Uint32Array;
  readonly name: readonly string[];
  readonly value: readonly MarkValue[];
  readonly summary: Uint8Array;
  readonly tsNs: Float64Array;
  /** Where there are any, as in a snapshot. */
  readonly attrs: readonly (Attrs | undefined)[];
  /** Counts marks as they were made; no two of a process share one. */
  readonly order: Float64Array;
  /** 1 where the sinks have seen the mark. */
  readonly drained: Uint8Array;
}

/** Whole microseconds since 1970 of a moment on the session's clock. Rounded down, so order is kept. */
export function unixUs(anchorNs: bigint, ns: number): number {
  return Number(anchorNs / 1000n) + Math.floor((Number(anchorNs % 1000n) + ns) / 1000);
}
