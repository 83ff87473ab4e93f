/**
 * Counters as JSON has them: every span has all, and those that nothing was measured of stand in one piece with the next key.
 *
 * @module
 */
import type { SnapshotCounters } from "../data/snapshot.ts";
import { COUNTERS } from "../meters/counters.ts";

/** What stands before the figures of a span, and after them. */
export interface CounterKeys {
  /** Before the figure of each column that is there: its key, and those before it that are not there. */
  readonly before: readonly string[];
  /** After the last: those that are not there. */
  readonly after: string;
}

/** The keys of a snapshot's counters, with the comma before each. */
export function counterKeys(counters: SnapshotCounters): CounterKeys {
  const before: string[] = [];
  let absent = "";
  for (const { column } of COUNTERS) {
    if (counters[column] === undefined) {
      absent += `,"${column}":null`;
    } else {
      before.push(`${absent},"${column}":`);
      absent = "";
    }
  }
  return { before, after: absent };
}
