// deno-lint-ignore-file camelcase -- `top --json` is data that leaves the process
/**
 * What `cirron top` shows at a moment, as data: `--json` writes it as it is.
 *
 * @module
 */

/** One look at a program. What is null is not known. */
export interface Picture {
  readonly run: PictureRun;
  /** When it was looked, in microseconds since 1970. */
  readonly time_us: number;
  /** Seconds that the figures of names are of: a minute, or what there is of it. */
  readonly window_s: number;
  /** Spans that closed since the run began, as far as its files are there. */
  readonly span_count: number;
  /** In the last five seconds. */
  readonly spans_per_s: number;
  /** Which share of the spans that came with the last look was read; the others are reckoned from those. */
  readonly read_share: number;
  readonly losses: PictureLosses;
  readonly processes: readonly PictureProcess[];
  readonly threads: readonly PictureThread[];
  /** Open for 100 ms or more, parents before children. */
  readonly open: readonly PictureOpen[];
  /** Names that the rows lie in; empty for all. */
  readonly within: readonly string[];
  /** The last of those itself. */
  readonly here: PictureRow | null;
  readonly names: readonly PictureRow[];
}

/** The run that is looked at. */
export interface PictureRun {
  /** Its folder. */
  readonly path: string;
  readonly pid: number;
  readonly rank: number | null;
  readonly runtime: string | null;
  readonly state: "running" | "ended" | "unfinished" | "unknown" | "gone";
  readonly start_us: number;
  readonly wall_us: number;
  /** Numbers of the processes whose runs go on beside it. */
  readonly other_pids: readonly number[];
}

/** What cannot be seen. */
export interface PictureLosses {
  /** Spans that could not be written; known at a thread's end. */
  readonly dropped_spans: number;
  /** Rows that make no sense. */
  readonly damaged_rows: number;
  /** Segments that went before they were read to their end. */
  readonly gone_segments: number;
  /** Open spans that are too many. */
  readonly open_spans_left_out: number;
}

/** A process of the run. */
export interface PictureProcess {
  readonly pid: number;
  /** CPU time by wall time: 1 is one core. */
  readonly cpu_share: number | null;
  /** Resident memory; where only spans tell, the highest of the last minute. */
  readonly memory_bytes: number | null;
  /** Where both come from: the system, or what the spans measured. */
  readonly source: "system" | "spans";
}

/** A thread of the run. */
export interface PictureThread {
  readonly pid: number;
  readonly thread_id: number;
  readonly thread_name: string | null;
  readonly state: "running" | "ended" | "unfinished" | "unknown";
  readonly spans_per_s: number;
  readonly open_count: number;
}

/** A span that is open. */
export interface PictureOpen {
  readonly pid: number;
  readonly thread_id: number;
  readonly name: string;
  readonly index: number | null;
  /** Open spans that it lies in. */
  readonly depth: number;
  readonly age_us: number;
}

/** What the spans of a name did. */
export interface PictureRow {
  readonly name: string;
  /** Since the look began, with what was read back then. */
  readonly count: number;
  readonly rate_per_s: number;
  readonly p50_us: number | null;
  readonly p95_us: number | null;
  readonly max_us: number | null;
  /** Time in them by the time that went by: 1 is one open all the time. */
  readonly wall_share: number;
  /** CPU time in them likewise. */
  readonly cpu_share: number | null;
  /** The highest. */
  readonly memory_peak_bytes: number | null;
  /** How many ended in each second of the last minute, the oldest first. */
  readonly per_second: readonly number[];
}
