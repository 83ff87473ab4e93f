/**
 * Rows of spool files, in the order of the files, as columns that grow. A row that is read and not kept leaves nothing.
 *
 * @module
 */
import type { SnapshotThread } from "../data/snapshot.ts";
import type { MarkValue } from "../data/values.ts";
import { COUNTERS } from "../meters/counters.ts";
import { AttrTexts } from "./attr_texts.ts";
import type { SpoolMark, SpoolSpan } from "./decode.ts";
import { IdTable } from "./id_table.ts";
import { Moments } from "./moments.ts";
import { isUnfinished } from "./unfinished.ts";

/** No id. */
export const NONE = -1;

/** Spans, by row. */
export class SpanColumns {
  length = 0;
  /** Numbers of ids. */
  id: Int32Array = new Int32Array(1024);
  /** Numbers of ids, or `NONE`. */
  parent: Int32Array = new Int32Array(1024);
  /** Numbers among the traces, or `NONE`. */
  trace: Int32Array = new Int32Array(1024);
  /** Which of the threads. */
  thread: Int32Array = new Int32Array(1024);
  /** NaN for none. */
  index: Float64Array = new Float64Array(1024);
  readonly name: string[] = [];
  readonly start: Moments = new Moments();
  readonly end: Moments = new Moments();
  /** As the counters are listed; null as long as no row was measured. NaN for not measured. */
  readonly counters: (Float64Array | null)[] = COUNTERS.map(() => null);
  /** `data_load_ns` of the rows that have it. */
  readonly dataLoadNs: Map<number, number> = new Map();
  /** Sessions whose end is not in these rows. */
  readonly unfinished: Set<number> = new Set();
  readonly attrs: AttrTexts = new AttrTexts();

  /** Makes room for one more. */
  reserve(): void {
    if (this.length < this.id.length) return;
    this.id = doubled(this.id);
    this.parent = doubled(this.parent);
    this.trace = doubled(this.trace);
    this.thread = doubled(this.thread);
    const index = new Float64Array(this.index.length * 2);
    index.set(this.index);
    this.index = index;
  }

  /** Notes what was measured of a row. */
  count(k: number, row: number, reading: number): void {
    let column = this.counters[k];
    if (column === null || row >= column.length) {
      if (column === null && Number.isNaN(reading)) return;
      const larger: Float64Array = new Float64Array(this.id.length).fill(NaN);
      if (column !== null) larger.set(column);
      column = this.counters[k] = larger;
    }
    column[row] = reading;
  }
}

/** Marks, by row. */
export class SpoolMarks {
  length = 0;
  /** Numbers among the marks' ids. */
  id: Int32Array = new Int32Array(256);
  /** Numbers among the spans' ids. */
  span: Int32Array = new Int32Array(256);
  readonly name: string[] = [];
  readonly value: MarkValue[] = [];
  summary: Int32Array = new Int32Array(256);
  readonly moment: Moments = new Moments();
  readonly attrs: AttrTexts = new AttrTexts();

  /** Makes room for one more. */
  reserve(): void {
    if (this.length < this.id.length) return;
    this.id = doubled(this.id);
    this.span = doubled(this.span);
    this.summary = doubled(this.summary);
  }
}

/** All rows of some files. */
export class SpoolColumns {
  readonly spans: SpanColumns = new SpanColumns();
  readonly marks: SpoolMarks = new SpoolMarks();
  readonly ids: IdTable = new IdTable();
  readonly markIds: IdTable = new IdTable();
  readonly traces: IdTable = new IdTable();
  readonly threads: SnapshotThread[] = [];
  readonly #threadOf = new Map<string, number>();

  /** The number of a thread. */
  thread(pid: number, rank: number, threadId: number): number {
    const key = `${pid} ${rank} ${threadId}`;
    let number = this.#threadOf.get(key);
    if (number === undefined) {
      number = this.threads.length;
      this.threads.push({ pid, rank, threadId });
      this.#threadOf.set(key, number);
    }
    return number;
  }

  /** Begins a file. */
  begin(): { readonly spans: number; readonly marks: number } {
    this.spans.attrs.begin(this.spans.length);
    this.marks.attrs.begin(this.marks.length);
    return { spans: this.spans.length, marks: this.marks.length };
  }

  /** Takes back what came since a file was begun. */
  undo({ spans, marks }: { readonly spans: number; readonly marks: number }): void {
    for (let row = spans; row < this.spans.length; row++) {
      this.spans.dataLoadNs.delete(row);
      this.spans.unfinished.delete(row);
    }
    this.spans.length = this.spans.name.length = spans;
    this.marks.length = this.marks.name.length = this.marks.value.length = marks;
  }

  /** Adds a span. */
  addSpan(span: SpoolSpan): void {
    const { spans } = this;
    spans.reserve();
    const row = spans.length++;
    spans.id[row] = this.ids.of(span.id);
    spans.parent[row] = span.parentId === null ? NONE : this.ids.of(span.parentId);
    spans.trace[row] = span.traceId === null ? NONE : this.traces.of(span.traceId);
    spans.thread[row] = this.thread(span.pid, span.rank, span.threadId);
    spans.index[row] = span.index;
    spans.name[row] = span.name;
    spans.start.setNs(row, span.startNs);
    spans.end.setNs(row, span.endNs);
    span.counters.forEach((reading, k) => spans.count(k, row, reading));
    const { attrs } = span;
    if (attrs === undefined) return;
    spans.attrs.give(row, attrs);
    if (typeof attrs.data_load_ns === "number") spans.dataLoadNs.set(row, attrs.data_load_ns);
    if (isUnfinished(span)) spans.unfinished.add(row);
  }

  /** Adds a mark. */
  addMark(mark: SpoolMark): void {
    const { marks } = this;
    marks.reserve();
    const row = marks.length++;
    marks.id[row] = this.markIds.of(mark.id);
    marks.span[row] = this.ids.of(mark.spanId);
    marks.name[row] = mark.name;
    marks.value[row] = mark.value;
    marks.summary[row] = mark.isSummary ? 1 : 0;
    marks.moment.setNs(row, mark.tsNs);
    if (mark.attrs !== undefined) marks.attrs.give(row, mark.attrs);
  }
}

function doubled(column: Int32Array): Int32Array {
  const larger = new Int32Array(column.length * 2);
  larger.set(column);
  return larger;
}
