/**
 * Columns of spool files -> one snapshot.
 *
 * @module
 */
import { OPEN_NAME, ORPHANS, SESSION_NAME } from "../data/session_names.ts";
import type { MarkColumns, Snapshot, SnapshotCounters, SnapshotThreads } from "../data/snapshot.ts";
import { COUNTERS } from "../meters/counters.ts";
import { compareThreads } from "../tree/merge_snapshots.ts";
import { numberRows } from "../tree/number_rows.ts";
import { sortRuns } from "../tree/sorted_runs.ts";
import { PickedAttrs } from "./attr_texts.ts";
import { NONE, type SpoolColumns } from "./columns.ts";
import { joinForeign } from "./foreign_parents.ts";
import { stretchUnfinished } from "./unfinished.ts";

/** At most so many starts are looked at for the moment from which times count. */
const SAMPLES = 1024;

/** What files hold. */
export interface MergedRows {
  /** Closed spans by end; then, in order of start, those that were not closed as far as the files know. */
  readonly snapshot: Snapshot;
  /** Spans, each counted once. */
  readonly spanCount: number;
  /** Marks, each counted once. */
  readonly markCount: number;
  /** Sessions that began, and whose end is in no file. */
  readonly unfinishedCount: number;
  /** Different pairs of `pid` and `rank`. */
  readonly processCount: number;
}

/** A span that marks or children name and that is in no file. */
interface Guessed {
  readonly id: number;
  startNs: number;
  endNs: number;
  readonly thread: number;
}

/** Merges rows. What is there twice counts once: the last one, and its place. */
export class SpoolMerge {
  readonly #columns: SpoolColumns;
  /** The last row of each id, or below 0. */
  readonly #lastRow: Int32Array;
  /** Rows that are kept. */
  readonly #kept: Uint32Array;
  /** Rows of marks that are kept, in the order in which they first came. */
  readonly #marks: Uint32Array;
  readonly #anchorNs: bigint;
  readonly #markNs: Float64Array;

  constructor(columns: SpoolColumns) {
    const { spans, marks, ids, markIds } = columns;
    this.#columns = columns;
    this.#lastRow = lastRows(spans.id, spans.length, ids.length);
    this.#kept = keptRows(spans.id, spans.length, this.#lastRow);
    const lastMark = lastRows(marks.id, marks.length, markIds.length);
    const isFirst = new Uint8Array(markIds.length).fill(1);
    this.#marks = counted(marks.length).filter(row => {
      const id = marks.id[row];
      const first = isFirst[id];
      isFirst[id] = 0;
      return first === 1;
    }).map(row => lastMark[marks.id[row]]);
    this.#anchorNs = this.#anchor();
    this.#markNs = marks.moment.since(this.#anchorNs, this.#marks);
  }

  /** What there is. */
  rows(): MergedRows {
    const { spans, ids } = this.#columns;
    const kept = this.#kept;
    const isForeign = joinForeign(spans, kept, ids);
    const unfinished = [...spans.unfinished].filter(row => this.#lastRow[spans.id[row]] === row);
    // Before names are put in order.
    const unfinishedCount = unfinished.filter(row => spans.name[row] === SESSION_NAME).length;
    return {
      snapshot: this.#snapshot(isForeign, unfinished),
      spanCount: kept.length,
      markCount: this.#marks.length,
      unfinishedCount,
      processCount: this.#processCount(),
    };
  }

  #snapshot(isForeign: ReadonlySet<number>, unfinished: readonly number[]): Snapshot {
    const { spans, ids, traces } = this.#columns;
    const kept = this.#kept;
    const closedLength = kept.length;
    const startAt = spans.start.since(this.#anchorNs, kept);
    const endAt = spans.end.since(this.#anchorNs, kept);
    this.#stretch(unfinished, startAt, endAt);
    const open = this.#guess(isForeign, startAt, endAt);
    const length = closedLength + open.length;
    const order = sortRuns(counted(closedLength), (a, b) => endAt[a] - endAt[b]);
    const source = new Uint32Array(closedLength);
    for (let row = 0; row < closedLength; row++) source[row] = kept[order[row]];
    const startNs = new Float64Array(length);
    const endNs = new Float64Array(length);
    const own = new Int32Array(length);
    const parentId = new Int32Array(length).fill(NONE);
    const trace = new Int32Array(length).fill(NONE);
    const index = new Float64Array(length).fill(NaN);
    const name = new Array<string>(length);
    const rowOf = new Int32Array(ids.length).fill(-1);
    const from = {
      id: spans.id,
      parent: spans.parent,
      trace: spans.trace,
      index: spans.index,
      name: spans.name,
    };
    for (let row = 0; row < closedLength; row++) {
      const at = source[row];
      startNs[row] = startAt[order[row]];
      endNs[row] = endAt[order[row]];
      own[row] = from.id[at];
      parentId[row] = from.parent[at];
      trace[row] = from.trace[at];
      index[row] = from.index[at];
      name[row] = from.name[at];
      rowOf[own[row]] = row;
    }
    open.forEach((one, i) => {
      const row = closedLength + i;
      startNs[row] = one.startNs;
      endNs[row] = one.endNs;
      own[row] = one.id;
      name[row] = ids.text(one.id) === ORPHANS ? ORPHANS : OPEN_NAME;
      rowOf[one.id] = row;
    });
    const parentRow = new Int32Array(length);
    for (let row = 0; row < length; row++) {
      parentRow[row] = parentId[row] === NONE
        ? -1
        : rowOf[parentId[row]];
    }
    const marks = this.#markColumns(rowOf, length);
    return {
      length,
      closedLength,
      anchorNs: this.#anchorNs,
      threads: this.#threads(source, open),
      ids: {
        own: row => ids.text(own[row]),
        parent: row => parentId[row] === NONE ? null : ids.text(parentId[row]),
        trace: row => trace[row] === NONE ? null : traces.text(trace[row]),
      },
      ...numberRows(parentRow, startNs),
      name,
      index,
      startNs,
      endNs,
      counters: this.#counters(source, length),
      dataLoadNs: this.#dataLoad(source, length),
      attrs: spans.attrs.isEmpty ? [] : new PickedAttrs(spans.attrs, source),
      markCount: countsOf(marks.first),
      marks,
    };
  }

  #stretch(unfinished: readonly number[], startNs: Float64Array, endNs: Float64Array): void {
    if (unfinished.length === 0) return;
    const { spans, marks } = this.#columns;
    const kept = this.#kept;
    const placeOf = new Int32Array(spans.length).fill(-1);
    kept.forEach((row, i) => placeOf[row] = i);
    stretchUnfinished({
      length: kept.length,
      unfinished: unfinished.map(row => placeOf[row]),
      name: i => spans.name[kept[i]],
      thread: i => spans.thread[kept[i]],
      startNs,
      endNs,
    }, {
      length: this.#marks.length,
      row: i => {
        const row = this.#lastRow[marks.span[this.#marks[i]]];
        return row < 0 ? -1 : placeOf[row];
      },
      ns: this.#markNs,
    });
  }

  /**
   * Spans that marks or children name and that are in no file, from the first of them to the last, in order of start. Each ran where its
   * first child did, as far as anybody knows.
   */
  #guess(isForeign: ReadonlySet<number>, startAt: Float64Array, endAt: Float64Array): Guessed[] {
    const { spans, marks } = this.#columns;
    const seen = new Map<number, Guessed>();
    const see = (id: number, startNs: number, endNs: number, thread: () => number): void => {
      const known = seen.get(id);
      if (known === undefined) {
        seen.set(id, { id, startNs, endNs, thread: thread() });
        return;
      }
      if (startNs < known.startNs) known.startNs = startNs;
      if (endNs > known.endNs) known.endNs = endNs;
    };
    const { parent } = spans;
    const kept = this.#kept;
    const lastRow = this.#lastRow;
    for (let i = 0; i < kept.length; i++) {
      const row = kept[i];
      const id = parent[row];
      if (id === NONE || lastRow[id] >= 0 || isForeign.has(row)) continue;
      see(id, startAt[i], endAt[i], () => spans.thread[row]);
    }
    const unknown = () => this.#columns.thread(NaN, NaN, NaN);
    this.#marks.forEach((row, i) => {
      const id = marks.span[row];
      if (this.#lastRow[id] < 0) see(id, this.#markNs[i], this.#markNs[i], unknown);
    });
    return [...seen.values()].sort((a, b) => a.startNs - b.startNs);
  }

  /** The columns of what was counted in any row. */
  #counters(source: Uint32Array, length: number): SnapshotCounters {
    const columns = COUNTERS.map(({ column }, k) => {
      const from = this.#columns.spans.counters[k];
      if (from === null) return null;
      const to = new Float64Array(length).fill(NaN);
      let isThere = false;
      for (let row = 0; row < source.length; row++) {
        const reading = source[row] < from.length ? from[source[row]] : NaN;
        to[row] = reading;
        isThere ||= reading === reading;
      }
      return isThere ? [column, to] as const : null;
    });
    return Object.fromEntries(columns.filter(column => column !== null));
  }

  #dataLoad(source: Uint32Array, length: number): Float64Array {
    const column = new Float64Array(length).fill(NaN);
    const { dataLoadNs } = this.#columns.spans;
    if (dataLoadNs.size > 0) source.forEach((from, row) => column[row] = dataLoadNs.get(from) ?? NaN);
    return column;
  }

  /** The threads of the rows, by rank, process and number. */
  #threads(source: Uint32Array, open: readonly Guessed[]): SnapshotThreads {
    const { spans, threads } = this.#columns;
    const of = new Uint32Array(source.length + open.length);
    for (let row = 0; row < source.length; row++) of[row] = spans.thread[source[row]];
    open.forEach(({ thread }, i) => of[source.length + i] = thread);
    const isUsed = new Uint8Array(threads.length);
    for (let row = 0; row < of.length; row++) isUsed[of[row]] = 1;
    const used = [...threads.keys()].filter(thread => isUsed[thread] === 1)
      .sort((a, b) => compareThreads(threads[a], threads[b]));
    const place = new Uint32Array(threads.length);
    used.forEach((thread, i) => place[thread] = i);
    for (let row = 0; row < of.length; row++) of[row] = place[of[row]];
    return { list: used.map(thread => threads[thread]), of };
  }

  #processCount(): number {
    const { spans, threads } = this.#columns;
    const isUsed = new Uint8Array(threads.length);
    for (let row = 0; row < spans.length; row++) isUsed[spans.thread[row]] = 1;
    return new Set(threads.filter((_, i) => isUsed[i] === 1).map(({ pid, rank }) => `${pid} ${rank}`)).size;
  }

  /**
   * The moment from which times count: one in the middle, so that everything within 104 days of it is exact in a number, even if one
   * machine's clock stands at 1970.
   */
  #anchor(): bigint {
    const { spans, marks } = this.#columns;
    const [rows, moments] = this.#kept.length > 0 ? [this.#kept, spans.start] : [this.#marks, marks.moment];
    if (rows.length === 0) return 0n;
    const step = Math.ceil(rows.length / SAMPLES);
    const samples = Array.from({ length: Math.ceil(rows.length / step) }, (_, i) => rows[i * step])
      .sort((a, b) => moments.seconds(a) - moments.seconds(b));
    return moments.ns(samples[samples.length >> 1]);
  }

  #markColumns(rowOf: Int32Array, length: number): MarkColumns {
    const { marks } = this.#columns;
    const count = this.#marks.length;
    const ns = this.#markNs;
    const first = new Uint32Array(length + 1);
    const row = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      row[i] = rowOf[marks.span[this.#marks[i]]];
      first[row[i] + 1]++;
    }
    for (let i = 0; i < length; i++) first[i + 1] += first[i];
    const next = first.slice();
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[next[row[i]]++] = i;
    for (let i = 0; i < length; i++) {
      if (first[i + 1] - first[i] > 1) {
        order.subarray(first[i], first[i + 1]).sort((a, b) => ns[a] - ns[b] || a - b);
      }
    }
    const source = order.map(i => this.#marks[i]);
    return {
      first,
      name: Array.from(source, from => marks.name[from]),
      value: Array.from(source, from => marks.value[from]),
      summary: Uint8Array.from(source, from => marks.summary[from]),
      tsNs: Float64Array.from(order, i => ns[i]),
      attrs: marks.attrs.isEmpty ? [] : new PickedAttrs(marks.attrs, source),
      order: Float64Array.from(counted(count)),
      drained: new Uint8Array(count).fill(1),
    };
  }
}

/** The last row of each id. */
function lastRows(ids: Int32Array, length: number, count: number): Int32Array {
  const last = new Int32Array(count).fill(-1);
  for (let row = 0; row < length; row++) last[ids[row]] = row;
  return last;
}

/** The rows that are the last of their id. */
function keptRows(ids: Int32Array, length: number, lastRow: Int32Array): Uint32Array {
  const kept = new Uint32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) if (lastRow[ids[row]] === row) kept[count++] = row;
  return count === length ? kept : kept.slice(0, count);
}

function countsOf(first: Uint32Array): Uint32Array {
  const counts = new Uint32Array(first.length - 1);
  for (let row = 0; row < counts.length; row++) counts[row] = first[row + 1] - first[row];
  return counts;
}

/** 0, 1, 2, ... */
function counted(length: number): Uint32Array {
  const numbers = new Uint32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}
