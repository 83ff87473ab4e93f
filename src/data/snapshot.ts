/**
 * A copy of the buffer in columns, which every format, filter and sink reads.
 *
 * @module
 */
import type { CounterColumn } from "./counters.ts";
import type { IdSeries } from "./id_series.ts";
import type { ForeignContext } from "./trace_context.ts";
import type { Attrs, MarkValue } from "./values.ts";

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
  /** True if spans that closed before the first row were left unread. */
  readonly isPart?: boolean;
  /** Absent if no span was evicted, or nobody knows. */
  readonly eviction?: SnapshotEviction;
  /** How `id` and `parent` are written: the series that their numbers are of, or the ids themselves by row. */
  readonly ids: IdSeries | SnapshotIds;
  /** False if closed rows need not be in the order of their ends, for some were given. */
  readonly isInOrder?: boolean;
  /** Absent if all rows are this thread's. */
  readonly threads?: SnapshotThreads;
  /** Opening order, from 1; 0 is the pseudo-span `"root"` that holds marks made outside any scope and session. */
  readonly id: Float64Array;
  /** The id of the parent; 0 for none. Below 0 the parent is another recorder's: one of `foreign`. */
  readonly parent: Float64Array;
  /**
   * The id of the span that began the trace: a row's own for the first, below 0 one of `foreign`, 0 for the pseudo-span. Not asked
   * where ids were given elsewhere. Absent if an older copy of the package recorded the snapshot.
   */
  readonly root?: Float64Array;
  /** The contexts that rows continue, by number; absent as `root` is. */
  readonly foreign?: ReadonlyMap<number, ForeignContext>;
  readonly name: readonly string[];
  /** NaN for none. */
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  /** For open spans, the moment of the copy. */
  readonly endNs: Float64Array;
  /** What was counted, by column. */
  readonly counters: SnapshotCounters;
  /** Time in a batch source's `next()`; NaN for spans that are no batch. */
  readonly dataLoadNs: Float64Array;
  /**
   * Attributes by row, where there are any: shorter than the rows where the last have none. Shared with the buffer, so
   * copy before handing out.
   */
  readonly attrs: AttrRows;
  /** How many marks each row keeps. */
  readonly markCount: Uint32Array;
  /** The marks of a row, in the order they were made. */
  readonly marks: MarkColumns;
}

/**
 * Columns of counters: NaN for not measured, and absent if no row was. Nobody counts on which there are: a snapshot may be another
 * copy's of the package, whose list of counters is longer or shorter.
 */
export type SnapshotCounters = { readonly [column in CounterColumn]?: Float64Array };

/** What is known of the spans that a snapshot's buffer had to let go of. */
export interface SnapshotEviction {
  /** None closed later. */
  readonly untilNs: number;
  /** The id of the span that was opened last, of all there were. */
  readonly lastId: number;
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
  /** As the program named it; absent or null if it did not. */
  readonly name?: string | null;
}

/** Attributes by row: an array, or what makes them when they are asked for. */
export interface AttrRows {
  /** None is further behind. */
  readonly length: number;
  /** Those of a row from 0 on, if it has any. */
  at(row: number): Attrs | undefined;
}

/** Ids that were given elsewhere, or by several recorders, by row. They may be made when they are asked for. */
export interface SnapshotIds {
  own(row: number): string;
  /** Null for a root. */
  parent(row: number): string | null;
  /** The id of the row's trace; null if it is not known. */
  trace(row: number): string | null;
}

/**
 * Whether ids are made from numbers; else they were given. Not asked by class: the series may be another copy's of the package, which
 * recorded the snapshot.
 */
export function areMade(ids: IdSeries | SnapshotIds): ids is IdSeries {
  return !("own" in ids);
}

/** Marks of all rows of a snapshot. Row `r` has those from `first[r]` up to `first[r + 1]`. */
export interface MarkColumns {
  readonly first: Uint32Array;
  readonly name: readonly string[];
  readonly value: readonly MarkValue[];
  readonly summary: Uint8Array;
  readonly tsNs: Float64Array;
  /** Where there are any, as in a snapshot. */
  readonly attrs: AttrRows;
  /** Counts marks as they were made; no two of a process share one. */
  readonly order: Float64Array;
  /** 1 where the sinks have seen the mark. */
  readonly drained: Uint8Array;
}

/** Marks of a snapshot that the sinks have not seen, on closed and on open rows. */
export function newMarkCount({ marks }: Snapshot): number {
  let count = marks.drained.length;
  for (const isDrained of marks.drained) count -= isDrained;
  return count;
}

/** Whole microseconds since 1970 of a moment on the session's clock. Rounded down, so order is kept. */
export function unixUs(anchorNs: bigint, ns: number): number {
  return Number(anchorNs / 1000n) + Math.floor((Number(anchorNs % 1000n) + ns) / 1000);
}
