/**
 * A snapshot's newest closed rows, and its open ones.
 *
 * @module
 */
import { areMade, type Snapshot, type SnapshotCounters } from "../data/snapshot.ts";

/** `snapshot` without its oldest closed rows, so that `last` are left. Its columns are parts of the same ones. */
export function newestRows(snapshot: Snapshot, last: number): Snapshot {
  const from = snapshot.closedLength - last;
  if (from <= 0) return snapshot;
  const { ids, threads, root, attrs, marks, counters } = snapshot;
  return {
    ...snapshot,
    length: snapshot.length - from,
    closedLength: last,
    ids: areMade(ids) ? ids : {
      own: row => ids.own(row + from),
      parent: row => ids.parent(row + from),
      trace: row => ids.trace(row + from),
    },
    threads: threads && { ...threads, of: threads.of.subarray(from) },
    id: snapshot.id.subarray(from),
    parent: snapshot.parent.subarray(from),
    root: root?.subarray(from),
    name: snapshot.name.slice(from),
    index: snapshot.index.subarray(from),
    startNs: snapshot.startNs.subarray(from),
    endNs: snapshot.endNs.subarray(from),
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, column]) => [name, column.subarray(from)]),
    ) as SnapshotCounters,
    dataLoadNs: snapshot.dataLoadNs.subarray(from),
    attrs: { length: Math.max(0, attrs.length - from), at: row => attrs.at(row + from) },
    markCount: snapshot.markCount.subarray(from),
    marks: { ...marks, first: marks.first.subarray(from) },
  };
}

/** The closed rows of a snapshot. Its columns stay as long as they are: readers stop at `length`. */
export function closedOnly(snapshot: Snapshot): Snapshot {
  return { ...snapshot, length: snapshot.closedLength };
}
