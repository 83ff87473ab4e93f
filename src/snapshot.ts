/**
 * Copies the buffer out into a `Snapshot`: the only bridge from the recording floors to the readers.
 *
 * @module
 */
import type { MarkLists, MarkReader, Marks } from "./marks.ts";
import { OPEN_DATA_LOAD_NS, OPEN_INDEX, OPEN_PARENT, OPEN_START_NS } from "./open_table.ts";
import type { Ring, RowTarget } from "./ring.ts";
import type { Attrs, MarkValue, Snapshot } from "./rows.ts";

/** Name of the pseudo-span that holds marks made outside any scope and session. Its id is the same word. */
export const ORPHANS_NAME = "root";

/** What the builder asks of an open scope. */
export interface OpenRow {
  readonly marks: MarkLists | null;
  readonly id: number;
  readonly name: string;
  readonly attrs: Attrs | undefined;
}

/** Which columns a snapshot has beyond those that every one has. */
export interface SnapshotColumns {
  readonly memory: boolean;
  readonly gpu: boolean;
}

/** Fills one snapshot; add closed rows first. */
export class SnapshotBuilder {
  readonly #closedLength: number;
  readonly #anchorNs: bigint;
  readonly #idPrefix: string;
  readonly #id: Float64Array;
  readonly #parent: Float64Array;
  readonly #index: Float64Array;
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #cpuNs: Float64Array;
  readonly #dataLoadNs: Float64Array;
  readonly #memoryPeakBytes: Float64Array | null;
  readonly #gpuNs: Float64Array | null;
  readonly #markHead: Uint32Array;
  readonly #markCount: Uint32Array;
  readonly #name: string[] = [];
  readonly #attrs: (Attrs | undefined)[] = [];
  readonly #markFirst: Uint32Array;
  readonly #markName: string[] = [];
  readonly #markValue: MarkValue[] = [];
  readonly #markSummary: number[] = [];
  readonly #markTsNs: number[] = [];
  readonly #markAttrs: (Attrs | undefined)[] = [];
  readonly #markOrder: number[] = [];
  readonly #markDrained: number[] = [];
  #rows = 0;

  constructor(
    closedLength: number,
    openLength: number,
    anchorNs: bigint,
    idPrefix: string,
    columns: SnapshotColumns,
  ) {
    const length = closedLength + openLength;
    this.#closedLength = closedLength;
    this.#anchorNs = anchorNs;
    this.#idPrefix = idPrefix;
    this.#id = new Float64Array(length);
    this.#parent = new Float64Array(length);
    this.#index = new Float64Array(length);
    this.#startNs = new Float64Array(length);
    this.#endNs = new Float64Array(length);
    this.#cpuNs = new Float64Array(length);
    this.#dataLoadNs = new Float64Array(length);
    this.#memoryPeakBytes = columns.memory ? new Float64Array(length).fill(NaN) : null;
    this.#gpuNs = columns.gpu ? new Float64Array(length).fill(NaN) : null;
    this.#markHead = new Uint32Array(length);
    this.#markCount = new Uint32Array(length);
    this.#markFirst = new Uint32Array(length + 1);
  }

  /** Adds rows of the ring from number `from` on, as many as were announced. */
  addClosed(ring: Ring, marks: Marks, from: number): void {
    const rows = this.#closedLength;
    const target: RowTarget = {
      id: this.#id,
      parent: this.#parent,
      index: this.#index,
      startNs: this.#startNs,
      endNs: this.#endNs,
      cpuNs: this.#cpuNs,
      dataLoadNs: this.#dataLoadNs,
      memoryPeakBytes: this.#memoryPeakBytes,
      gpuNs: this.#gpuNs,
      markHead: this.#markHead,
      markCount: this.#markCount,
      name: this.#name,
      attrs: this.#attrs,
    };
    ring.read(from, target, from + rows);
    for (let row = 0; row < rows; row++) {
      this.#markFirst[row] = this.#markName.length;
      if (this.#markHead[row] !== 0) marks.read(this.#markHead[row], this.#addMark);
    }
    this.#rows = rows;
  }

  /** Fills in GPU times from a row on, as far as they are known now. */
  fillGpu(fromRow: number, busyNs: (startNs: number, endNs: number) => number): void {
    if (this.#gpuNs === null) return;
    for (let row = fromRow; row < this.#rows; row++) {
      this.#gpuNs[row] = Math.round(busyNs(this.#startNs[row], this.#endNs[row]));
    }
  }

  /** Notes on the closed rows' marks that the sinks have seen them. */
  drainClosed(marks: Marks): void {
    for (let row = 0; row < this.#closedLength; row++) marks.drain(this.#markHead[row]);
  }

  /** Adds an open scope, as of `nowNs`; its numbers lie in the open table's from `at` on. */
  addOpen(
    scope: OpenRow,
    numbers: Float64Array,
    at: number,
    marks: Marks,
    nowNs: number,
    cpuNs: number,
    memoryPeakBytes: number,
  ): void {
    const row = this.#rows;
    if (this.#memoryPeakBytes !== null) this.#memoryPeakBytes[row] = memoryPeakBytes;
    this.#id[row] = scope.id;
    this.#parent[row] = numbers[at + OPEN_PARENT];
    this.#index[row] = numbers[at + OPEN_INDEX];
    this.#startNs[row] = numbers[at + OPEN_START_NS];
    this.#dataLoadNs[row] = numbers[at + OPEN_DATA_LOAD_NS];
    this.#attrs[row] = scope.attrs;
    this.#addOpenRow(scope.name, scope.marks, marks, nowNs, cpuNs);
  }

  /** Adds the pseudo-span of marks made outside any scope and session. */
  addOrphans(lists: MarkLists, marks: Marks, sinceNs: number, nowNs: number): void {
    this.#startNs[this.#rows] = sinceNs;
    this.#index[this.#rows] = NaN;
    this.#dataLoadNs[this.#rows] = NaN;
    this.#addOpenRow(ORPHANS_NAME, lists, marks, nowNs, NaN);
  }

  #addOpenRow(name: string, lists: MarkLists | null, marks: Marks, nowNs: number, cpuNs: number): void {
    const row = this.#rows++;
    this.#name[row] = name;
    this.#endNs[row] = nowNs;
    this.#cpuNs[row] = cpuNs;
    this.#markFirst[row] = this.#markName.length;
    if (lists !== null) marks.readOpen(lists, this.#addMark);
    this.#markCount[row] = this.#markName.length - this.#markFirst[row];
  }

  /** The finished copy. */
  snapshot(): Snapshot {
    this.#markFirst[this.#rows] = this.#markName.length;
    return {
      length: this.#rows,
      closedLength: this.#closedLength,
      anchorNs: this.#anchorNs,
      idText: this.#idPrefix,
      id: this.#id,
      parent: this.#parent,
      name: this.#name,
      index: this.#index,
      startNs: this.#startNs,
      endNs: this.#endNs,
      cpuNs: this.#cpuNs,
      gpuNs: this.#gpuNs,
      memoryPeakBytes: this.#memoryPeakBytes,
      dataLoadNs: this.#dataLoadNs,
      attrs: this.#attrs,
      markCount: this.#markCount,
      marks: {
        first: this.#markFirst,
        name: this.#markName,
        value: this.#markValue,
        summary: Uint8Array.from(this.#markSummary),
        tsNs: Float64Array.from(this.#markTsNs),
        attrs: this.#markAttrs,
        order: Float64Array.from(this.#markOrder),
        drained: Uint8Array.from(this.#markDrained),
      },
    };
  }

  readonly #addMark: MarkReader = (name, value, summary, tsNs, attrs, order, isDrained) => {
    this.#markName.push(name);
    this.#markValue.push(value);
    this.#markSummary.push(summary ? 1 : 0);
    this.#markTsNs.push(tsNs);
    this.#markAttrs.push(attrs);
    this.#markOrder.push(order);
    this.#markDrained.push(isDrained ? 1 : 0);
  };
}
