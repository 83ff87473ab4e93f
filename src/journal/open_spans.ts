/**
 * Which spans of `opens.arrow` were open when their recorder wrote last.
 *
 * @module
 */
import { endOf, type JournalSpans, newestBatches, put } from "./read_spans.ts";
import type { IndexedStream } from "./stream.ts";

/**
 * The rows of `opens` whose spans have not closed, in order of opening: of each span the last one, and only if it is not among the
 * spans of `streams`, which are read from their end to where the oldest of the rows was written.
 */
export function stillOpen(opens: JournalSpans, streams: readonly IndexedStream[]): number[] {
  const { id, endNs, length } = opens;
  const rowOf = new Map<number, number>();
  for (let row = 0; row < length; row++) if (id[row] > 0) rowOf.set(id[row], row);
  // By when they were written: the oldest that is left says how far back to look.
  const byTime = [...rowOf.values()].sort((a, b) => endNs[a] - endNs[b]);
  let oldest = 0;
  let ids = new Float64Array(0);
  for (const { batch, rows } of newestBatches(streams)) {
    while (oldest < byTime.length && rowOf.get(id[byTime[oldest]]) === undefined) oldest++;
    if (oldest === byTime.length) break;
    if (batch === null) continue;
    // A span closes after each of its rows was written.
    if (endOf(batch) < endNs[byTime[oldest]]) break;
    const column = batch.integers("id");
    if (column === null) continue;
    if (ids.length < rows) ids = new Float64Array(rows);
    put(ids, 0, rows, column, 0);
    for (let i = 0; i < rows; i++) rowOf.delete(ids[i]);
  }
  return [...rowOf.values()].sort((a, b) => id[a] - id[b]);
}
