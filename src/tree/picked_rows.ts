/**
 * A snapshot of some of another's rows.
 *
 * @module
 */
import { areMade, type MarkColumns, type Snapshot, type SnapshotCounters } from "../data/snapshot.ts";

/** `snapshot` with only `rows` of it, which ascend. Its columns are copies, but for marks and attributes. */
export function pickedRows(snapshot: Snapshot, rows: Uint32Array): Snapshot {
  const { ids, threads, root, attrs, counters } = snapshot;
  const { length } = rows;
  const numbers = (column: Float64Array) => Float64Array.from(rows, row => column[row]);
  const words = (column: Uint32Array) => Uint32Array.from(rows, row => column[row]);
  const closedLength = rows.findIndex(row => row >= snapshot.closedLength);
  return {
    ...snapshot,
    length,
    closedLength: closedLength < 0 ? length : closedLength,
    ids: areMade(ids) ? ids : {
      own: row => ids.own(rows[row]),
      parent: row => ids.parent(rows[row]),
      trace: row => ids.trace(rows[row]),
    },
    threads: threads && { ...threads, of: words(threads.of) },
    id: numbers(snapshot.id),
    parent: numbers(snapshot.parent),
    root: root && numbers(root),
    name: Array.from(rows, row => snapshot.name[row]),
    index: numbers(snapshot.index),
    startNs: numbers(snapshot.startNs),
    endNs: numbers(snapshot.endNs),
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, column]) => [name, numbers(column)]),
    ) as SnapshotCounters,
    dataLoadNs: numbers(snapshot.dataLoadNs),
    attrs: { length: attrs.length === 0 ? 0 : length, at: row => attrs.at(rows[row]) },
    markCount: words(snapshot.markCount),
    marks: pickedMarks(snapshot.marks, rows),
  };
}

function pickedMarks(marks: MarkColumns, rows: Uint32Array): MarkColumns {
  const first = new Uint32Array(rows.length + 1);
  const picked: number[] = [];
  rows.forEach((row, i) => {
    for (let mark = marks.first[row]; mark < marks.first[row + 1]; mark++) picked.push(mark);
    first[i + 1] = picked.length;
  });
  return {
    first,
    name: picked.map(mark => marks.name[mark]),
    value: picked.map(mark => marks.value[mark]),
    summary: Uint8Array.from(picked, mark => marks.summary[mark]),
    tsNs: Float64Array.from(picked, mark => marks.tsNs[mark]),
    attrs: { length: marks.attrs.length === 0 ? 0 : picked.length, at: mark => marks.attrs.at(picked[mark]) },
    order: Float64Array.from(picked, mark => marks.order[mark]),
    drained: Uint8Array.from(picked, mark => marks.drained[mark]),
  };
}
