/**
 * Who recorded a snapshot.
 *
 * @module
 */
import type { IdSeries } from "./id_series.ts";

/** One thread of one process, as what leaves the process names it. */
export interface Identity {
  readonly pid: number;
  readonly rank: number;
  readonly threadId: number;
  /** What ids of marks are made by. */
  readonly markIds: IdSeries;
}
