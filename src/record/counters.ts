/**
 * The counters of a session, as recording takes them.
 *
 * @module
 */
import type { CounterColumn } from "../data/counters.ts";
import type { CpuMeter } from "../meters/cpu.ts";
import type { LateMeter, SpanMeter } from "../meters/meter.ts";

/** A meter, and the column that it fills. */
export interface Counted<Meter> {
  readonly column: CounterColumn;
  readonly meter: Meter;
}

/** What is counted, besides time. */
export interface Counters {
  /** Apart from the others: its readings go with those of the clock. */
  readonly cpu: CpuMeter | null;
  /** Read at both ends of each span. */
  readonly span: readonly Counted<SpanMeter>[];
  /** Known some time after spans have closed. */
  readonly late: readonly Counted<LateMeter>[];
}

/** What has columns of its own in the ring: CPU time is among the numbers of each row. */
export type CounterColumns = Pick<Counters, "span" | "late">;

/** Nothing is counted. */
export const NO_COUNTERS: Counters = { cpu: null, span: [], late: [] };
