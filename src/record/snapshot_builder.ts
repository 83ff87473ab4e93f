/**
 * Copies the buffer out into a `Snapshot`: the only bridge from the recording floors to the readers.
 *
 * @module
 */
import type { CounterColumn } from "../data/counters.ts";
import { IdSeries } from "../data/id_series.ts";
import { ORPHANS } from "../data/session_names.ts";
import type { Snapshot, SnapshotCounters, SnapshotEviction } from "../data/snapshot.ts";
import type { ForeignContext } from "../data/trace_context.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import type { LateMeter } from "../meters/meter.ts";
import { type CounterColumns, NO_COUNTERS } from "./counters.ts";
import type { ForeignContexts } from "./foreign.ts";
import { markCount, type MarkLists, type Marks, type MarkTarget } from "./marks.ts";
import { OPEN_DATA_LOAD_NS, OPEN_INDEX, OPEN_PARENT, OPEN_ROOT, OPEN_START_NS } from "./open_table.ts";
import type { Ring, RowTarget } from "./ring.ts";
import { COUNTED_MARKS } from "./span_chunk.ts";

/** What the builder asks of an open scope. */
export interface OpenRow {
  readonly marks: MarkLists | null;
  readonly number: number;
  readonly name: string;
  readonly attrs: Attrs | undefined;
}

/** Fills one snapshot; add closed rows first. */
export class SnapshotBuilder {
  readonly #closedLength: number;
  readonly #openMarks: number;
  readonly #anchorNs: bigint;
  readonly #ids: IdSeries;
  readonly #id: Float64Array;
  readonly #parent: Float64Array;
  readonly #root: Float64Array;
  readonly #index: Float64Array;
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #cpuNs: Float64Array;
  readonly #dataLoadNs: Float64Array;
  readonly #counted: CounterColumns;
  /** Of the counters that are read at both ends; NaN until they are written. */
  readonly counters: readonly Float64Array[];
  readonly #late: readonly Float64Array[];
  readonly #markHead: Uint32Array;
  readonly #markCount: Uint32Array;
  readonly #name: string[];
  /** Empty while there are none. */
  #attrs: (Attrs | undefined)[] = [];
  readonly #markFirst: Uint32Array;
  #marks: MarkTarget;
  #markTotal = 0;
  #rows = 0;

  /**
   * @param closedLength Closed rows that will be added.
   * @param openLength Open rows that will be added.
   * @param openMarks Marks that the open rows have together. Columns are made in their size: growing took five times as long.
   */
  constructor(
    closedLength: number,
    openLength: number,
    openMarks: number,
    anchorNs: bigint,
    ids: IdSeries,
    counted: CounterColumns,
  ) {
    const length = closedLength + openLength;
    this.#closedLength = closedLength;
    this.#openMarks = openMarks;
    this.#anchorNs = anchorNs;
    this.#ids = ids;
    this.#id = new Float64Array(length);
    this.#parent = new Float64Array(length);
    this.#root = new Float64Array(length);
    this.#index = new Float64Array(length);
    this.#startNs = new Float64Array(length);
    this.#endNs = new Float64Array(length);
    this.#cpuNs = new Float64Array(length);
    this.#dataLoadNs = new Float64Array(length);
    this.#counted = counted;
    this.counters = counted.span.map(() => new Float64Array(length).fill(NaN));
    this.#late = counted.late.map(() => new Float64Array(length).fill(NaN));
    this.#markHead = new Uint32Array(length);
    this.#markCount = new Uint32Array(length);
    this.#name = new Array<string>(length);
    this.#markFirst = new Uint32Array(length + 1);
    this.#marks = markTarget(0, false);
  }

  /** Adds rows of the ring from number `from` on, as many as were announced. */
  addClosed(ring: Ring, marks: Marks, from: number): void {
    const rows = this.#closedLength;
    if (ring.haveAttrs(from)) this.#attrs = new Array(this.#id.length);
    const target: RowTarget = {
      id: this.#id,
      parent: this.#parent,
      root: this.#root,
      index: this.#index,
      startNs: this.#startNs,
      endNs: this.#endNs,
      cpuNs: this.#cpuNs,
      dataLoadNs: this.#dataLoadNs,
      counters: this.counters,
      late: this.#late,
      markHead: this.#markHead,
      markCount: this.#markCount,
      name: this.#name,
      attrs: this.#attrs,
    };
    ring.read(from, target, from + rows);
    let total = this.#openMarks;
    for (let row = 0; row < rows; row++) {
      if (this.#markCount[row] === COUNTED_MARKS) this.#markCount[row] = marks.countFrom(this.#markHead[row]);
      total += this.#markCount[row];
    }
    const to = this.#marks = markTarget(total, marks.haveAttrs);
    for (let row = 0; row < rows; row++) {
      this.#markFirst[row] = this.#markTotal;
      if (this.#markHead[row] !== 0) {
        this.#markTotal = marks.readInto(this.#markHead[row], to, this.#markTotal);
      }
    }
    this.#rows = rows;
  }

  /** Fills in late figures from a row on, as far as they are known now. */
  fillLate(fromRow: number, meters: readonly LateMeter[]): void {
    for (let k = 0; k < meters.length; k++) {
      for (let row = fromRow; row < this.#rows; row++) {
        this.#late[k][row] = Math.round(meters[k].between(this.#startNs[row], this.#endNs[row]));
      }
    }
  }

  /** Notes on the closed rows' marks that the sinks have seen them. */
  drainClosed(marks: Marks): void {
    for (let row = 0; row < this.#closedLength; row++) marks.drain(this.#markHead[row]);
  }

  /**
   * Adds an open scope, as of `nowNs`; its numbers lie in the open table's from `at` on. Gives its row.
   * @param marks Null leaves its marks out.
   */
  addOpen(
    scope: OpenRow,
    numbers: Float64Array,
    at: number,
    marks: Marks | null,
    nowNs: number,
    cpuNs: number,
  ): number {
    const row = this.#rows;
    this.#id[row] = scope.number;
    this.#root[row] = numbers[at + OPEN_ROOT];
    this.#parent[row] = numbers[at + OPEN_PARENT];
    this.#index[row] = numbers[at + OPEN_INDEX];
    this.#startNs[row] = numbers[at + OPEN_START_NS];
    this.#dataLoadNs[row] = numbers[at + OPEN_DATA_LOAD_NS];
    if (scope.attrs !== undefined) {
      if (this.#attrs.length === 0) this.#attrs = new Array(this.#id.length);
      this.#attrs[row] = { ...scope.attrs }; // a copy: a span of OpenTelemetry goes on adding to them
    }
    this.#addOpenRow(scope.name, scope.marks, marks, nowNs, cpuNs);
    return row;
  }

  /** Adds the pseudo-span of marks made outside any scope and session. */
  addOrphans(lists: MarkLists, marks: Marks, sinceNs: number, nowNs: number): void {
    this.#startNs[this.#rows] = sinceNs;
    this.#index[this.#rows] = NaN;
    this.#dataLoadNs[this.#rows] = NaN;
    this.#addOpenRow(ORPHANS, lists, marks, nowNs, NaN);
  }

  #addOpenRow(
    name: string,
    lists: MarkLists | null,
    marks: Marks | null,
    nowNs: number,
    cpuNs: number,
  ): void {
    const row = this.#rows++;
    this.#name[row] = name;
    this.#endNs[row] = nowNs;
    this.#cpuNs[row] = cpuNs;
    this.#markFirst[row] = this.#markTotal;
    if (lists === null || marks === null) return;
    this.#markCount[row] = markCount(lists);
    this.#markTotal = marks.readOpenInto(lists, this.#marks, this.#markTotal);
  }

  #counters(): SnapshotCounters {
    const { span, late } = this.#counted;
    const counters: { [column in CounterColumn]?: Float64Array } = { cpu_ns: this.#cpuNs };
    span.forEach(({ column }, k) => counters[column] = this.counters[k]);
    late.forEach(({ column }, k) => counters[column] = this.#late[k]);
    return counters;
  }

  // Rows that began a trace have no root but themselves; those of other recorders' traces keep what they continue.
  #takeRoots(contexts: ForeignContexts): ReadonlyMap<number, ForeignContext> {
    let foreign: Map<number, ForeignContext> | null = null;
    for (let row = 0; row < this.#rows; row++) {
      const root = this.#root[row];
      if (root > 0) continue;
      if (root === 0) this.#root[row] = this.#id[row];
      else {
        const context = contexts.get(root);
        if (context !== undefined) (foreign ??= new Map()).set(root, context);
      }
    }
    return foreign ?? NO_FOREIGN;
  }

  /**
   * The finished copy.
   * @param eviction What was evicted; undefined if nothing was.
   */
  snapshot(contexts: ForeignContexts, eviction?: SnapshotEviction): Snapshot {
    if (this.#rows > 0) kept ??= keep(contexts);
    this.#markFirst[this.#rows] = this.#markTotal;
    return {
      length: this.#rows,
      closedLength: this.#closedLength,
      anchorNs: this.#anchorNs,
      eviction,
      ids: this.#ids,
      id: this.#id,
      parent: this.#parent,
      root: this.#root,
      foreign: this.#takeRoots(contexts),
      name: this.#name,
      index: this.#index,
      startNs: this.#startNs,
      endNs: this.#endNs,
      counters: this.#counters(),
      dataLoadNs: this.#dataLoadNs,
      attrs: this.#attrs,
      markCount: this.#markCount,
      marks: { first: this.#markFirst, ...this.#marks },
    };
  }
}

// V8 throws away what it has compiled for a class or a shape once a garbage collection finds no object of it. One empty
// one is kept, so that the readers' code need not be compiled for each trace anew.
let kept: readonly unknown[] | null = null;

const NO_FOREIGN: ReadonlyMap<number, ForeignContext> = new Map();

function keep(contexts: ForeignContexts): readonly unknown[] {
  const empty = new SnapshotBuilder(0, 0, 0, 0n, new IdSeries("0".repeat(16)), NO_COUNTERS);
  return [empty, empty.snapshot(contexts)];
}

function markTarget(length: number, haveAttrs: boolean): MarkTarget {
  return {
    name: new Array<string>(length),
    value: new Array<MarkValue>(length),
    summary: new Uint8Array(length),
    tsNs: new Float64Array(length),
    attrs: haveAttrs ? new Array<Attrs | undefined>(length) : [],
    order: new Float64Array(length),
    drained: new Uint8Array(length),
  };
}
