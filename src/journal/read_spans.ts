/**
 * Segments of `spans.arrow` or `opens.arrow` -> columns as a snapshot has them.
 *
 * @module
 */
import { TextPool } from "../formats/text_pool.ts";
import { BatchColumns, type IntegerWords, type Texts } from "./decode.ts";
import { JOURNAL_COUNTERS, type JournalCounter } from "./format.ts";
import type { ByteSource } from "./source.ts";
import { type IndexedStream, indexStreams } from "./stream.ts";
import { type RowTexts, TextRows } from "./text_rows.ts";

const WORD = 0x100000000;

/** Spans of one recorder, in the order in which they were written: that of their close. */
export interface JournalSpans {
  readonly length: number;
  /** Opening order, from 1. */
  readonly id: Float64Array;
  /** 0 for none; below 0 it is another recorder's, one of `foreign`. */
  readonly parent: Float64Array;
  /** The span that began the trace, or, below 0, the foreign context that it continues; 0 for unknown. */
  readonly root: Float64Array;
  /** Trace contexts of other recorders' spans, by number, as W3C writes them. One may be missing. */
  readonly foreign: ReadonlyMap<number, string>;
  readonly name: readonly string[];
  /** NaN for none. */
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** NaN for not measured; absent if no row was. */
  readonly counters: Readonly<Partial<Record<JournalCounter, Float64Array>>>;
  /** NaN for spans that are no batch. */
  readonly dataLoadNs: Float64Array;
  /** As JSON. */
  readonly attrs: RowTexts;
  /** Rows of batches that made no sense, or are of a version to come. */
  readonly damagedRows: number;
}

/** Which rows are wanted; all if nothing is said. */
export interface RowRange {
  /** The newest so many, at least: whole batches are read. */
  readonly last?: number;
  /** Those that ended at this moment of the session's clock or later, at least. */
  readonly fromNs?: number;
}

/** Reads segments, oldest first. Of a range only the newest batches are read. Never throws. */
export function readSpans(sources: readonly ByteSource[], range?: RowRange): JournalSpans {
  return readSpanStreams(indexStreams(sources), range);
}

/** The same of segments that were looked through. */
export function readSpanStreams(
  streams: readonly IndexedStream[],
  { last = Infinity, fromNs = -Infinity }: RowRange = {},
): JournalSpans {
  if (last === Infinity && fromNs === -Infinity) {
    const gathered = new Gathered(streams.reduce((sum, { index }) => sum + index.rows, 0));
    for (const { source, index } of streams) {
      for (let i = 0; i < index.batchCount; i++) {
        gathered.add(BatchColumns.read(source, index, i), index.batch(i).rows);
      }
    }
    return gathered.finish();
  }
  const newestFirst: { batch: BatchColumns | null; rows: number }[] = [];
  let total = 0;
  for (const { batch, rows } of newestBatches(streams)) {
    if (total >= last || (batch !== null && endOf(batch) < fromNs)) break;
    newestFirst.push({ batch, rows });
    total += rows;
  }
  const gathered = new Gathered(total);
  for (const { batch, rows } of newestFirst.reverse()) gathered.add(batch, rows);
  return gathered.finish();
}

/** The batches of segments, the last one first. */
export function* newestBatches(
  streams: readonly IndexedStream[],
): Iterable<{ batch: BatchColumns | null; rows: number }> {
  for (let k = streams.length - 1; k >= 0; k--) {
    const { source, index } = streams[k];
    for (let i = index.batchCount - 1; i >= 0; i--) {
      yield { batch: BatchColumns.read(source, index, i), rows: index.batch(i).rows };
    }
  }
}

/** When the last row of a batch ended: spans are written in order of close. */
export function endOf(batch: BatchColumns): number {
  const start = batch.integers("start_ns");
  const wall = batch.integers("wall_ns");
  const row = batch.rows - 1;
  if (start === null || wall === null || row < 0) return Infinity;
  return integerAt(start.words, row) + integerAt(wall.words, row);
}

class Gathered {
  readonly #id: Float64Array;
  readonly #parent: Float64Array;
  readonly #root: Float64Array;
  readonly #index: Float64Array;
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #dataLoadNs: Float64Array;
  readonly #counters: Partial<Record<JournalCounter, Float64Array>> = {};
  readonly #name: string[];
  readonly #attrs = new TextRows();
  readonly #pool = new TextPool();
  readonly #foreign = new Map<number, string>();
  readonly #most: number;
  #length = 0;
  #damagedRows = 0;

  constructor(most: number) {
    this.#most = most;
    this.#id = new Float64Array(most);
    this.#parent = new Float64Array(most);
    this.#root = new Float64Array(most);
    this.#index = new Float64Array(most);
    this.#startNs = new Float64Array(most);
    this.#endNs = new Float64Array(most);
    this.#dataLoadNs = new Float64Array(most);
    this.#name = new Array<string>(most);
  }

  /** Adds a batch, if it makes sense. */
  add(batch: BatchColumns | null, rows: number): void {
    const id = batch?.integers("id") ?? null;
    const name = batch?.texts("name") ?? null;
    const start = batch?.integers("start_ns") ?? null;
    const wall = batch?.integers("wall_ns") ?? null;
    if (batch === null || id === null || name === null || start === null || wall === null) {
      this.#damagedRows += rows;
      return;
    }
    const parent = batch.integers("parent");
    const root = batch.integers("root");
    const remote = batch.texts("remote_parent");
    const index = batch.integers("index");
    const counters = JOURNAL_COUNTERS.map(counter => batch.integers(counter));
    const dataLoad = batch.integers("data_load_ns");
    const attrs = batch.texts("attrs");
    if (batch.isDamaged) {
      this.#damagedRows += rows;
      return;
    }
    const to = this.#length;
    put(this.#id, to, rows, id, 0);
    put(this.#parent, to, rows, parent, 0);
    put(this.#root, to, rows, root, 0);
    put(this.#index, to, rows, index, NaN);
    put(this.#startNs, to, rows, start, 0);
    put(this.#endNs, to, rows, wall, 0);
    for (let i = to; i < to + rows; i++) this.#endNs[i] += this.#startNs[i];
    put(this.#dataLoadNs, to, rows, dataLoad, NaN);
    JOURNAL_COUNTERS.forEach((counter, i) => this.#putCounter(counter, to, rows, counters[i]));
    this.#putNames(to, rows, name);
    if (remote !== null) this.#putForeign(to, rows, remote);
    if (attrs !== null) this.#attrs.add(to, attrs);
    this.#length += rows;
  }

  finish(): JournalSpans {
    const length = this.#length;
    const cut = (column: Float64Array) => length === this.#most ? column : column.subarray(0, length);
    this.#name.length = length;
    return {
      length,
      id: cut(this.#id),
      parent: cut(this.#parent),
      root: cut(this.#root),
      foreign: this.#foreign,
      name: this.#name,
      index: cut(this.#index),
      startNs: cut(this.#startNs),
      endNs: cut(this.#endNs),
      counters: Object.fromEntries(
        Object.entries(this.#counters).map(([name, column]) => [name, cut(column)]),
      ),
      dataLoadNs: cut(this.#dataLoadNs),
      attrs: this.#attrs,
      damagedRows: this.#damagedRows,
    };
  }

  // Few recorders have all of them: a column is made for the first row that was measured.
  #putCounter(counter: JournalCounter, to: number, rows: number, from: IntegerWords | null): void {
    const isEmpty = from === null || (from.valid !== null && from.valid.every(bits => bits === 0));
    if (isEmpty) return; // its rows are NaN
    put(this.#counters[counter] ??= new Float64Array(this.#most).fill(NaN), to, rows, from, NaN);
  }

  #putNames(to: number, rows: number, { offsets, data }: Texts): void {
    const names = this.#name;
    const pool = this.#pool;
    for (let i = 0; i < rows; i++) names[to + i] = pool.text(data, offsets[i], offsets[i + 1]);
  }

  #putForeign(to: number, rows: number, { offsets, data, valid }: Texts): void {
    if (offsets[0] === offsets[rows]) return;
    for (let i = 0; i < rows; i++) {
      if (valid !== null && (valid[i >> 3] & 1 << (i & 7)) === 0) continue;
      const parent = this.#parent[to + i];
      const number = parent < 0 ? parent : this.#root[to + i];
      if (number < 0) this.#foreign.set(number, this.#pool.text(data, offsets[i], offsets[i + 1]));
    }
  }
}

/** A 64-bit integer as a number, rounded beyond 2^53. */
function integerAt(words: Uint32Array, i: number): number {
  return words[i * 2] + (words[i * 2 + 1] | 0) * WORD;
}

/** Copies a column of integers. */
export function put(
  column: Float64Array,
  to: number,
  rows: number,
  from: IntegerWords | null,
  otherwise: number,
): void {
  if (from === null) {
    column.fill(otherwise, to, to + rows);
    return;
  }
  const { words, valid } = from;
  for (let i = 0; i < rows; i++) column[to + i] = integerAt(words, i);
  if (valid === null) return;
  for (let i = 0; i < rows; i++) if ((valid[i >> 3] & 1 << (i & 7)) === 0) column[to + i] = otherwise;
}
