/**
 * Segments of `marks.arrow` -> columns of marks.
 *
 * @module
 */
import type { MarkValue } from "../data/values.ts";
import { TextPool } from "../formats/text_pool.ts";
import { BatchColumns, type Bits, type Doubles, type Texts } from "./decode.ts";
import { put } from "./read_spans.ts";
import type { ByteSource } from "./source.ts";
import { type IndexedStream, indexStreams } from "./stream.ts";
import { TextRows } from "./text_rows.ts";

/** Marks of one recorder, in the order in which they were written. */
export interface JournalMarks {
  readonly length: number;
  /** Counts marks as they were made, from 1. */
  readonly id: Float64Array;
  /** The span that a mark hangs on; 0 outside any. */
  readonly span: Float64Array;
  readonly name: readonly string[];
  readonly tsNs: Float64Array;
  /** 1 for results. */
  readonly summary: Uint8Array;
  readonly value: readonly MarkValue[];
  /** As JSON. */
  readonly attrs: TextRows;
  /** Rows of batches that made no sense, or are of a version to come. */
  readonly damagedRows: number;
}

/**
 * Reads segments, oldest first. Never throws.
 * @param fromNs Batches in which every mark is older are left out.
 */
export function readMarks(sources: readonly ByteSource[], fromNs: number = -Infinity): JournalMarks {
  return readMarkStreams(indexStreams(sources), fromNs);
}

/** The same of segments that were looked through. */
export function readMarkStreams(
  streams: readonly IndexedStream[],
  fromNs: number = -Infinity,
): JournalMarks {
  const gathered = new Gathered(streams.reduce((sum, { index }) => sum + index.rows, 0), fromNs);
  for (const { source, index } of streams) {
    for (let i = 0; i < index.batchCount; i++) {
      gathered.add(BatchColumns.read(source, index, i), index.batch(i).rows);
    }
  }
  return gathered.finish();
}

class Gathered {
  readonly #fromNs: number;
  readonly #id: Float64Array;
  readonly #span: Float64Array;
  readonly #tsNs: Float64Array;
  readonly #summary: Uint8Array;
  readonly #name: string[] = [];
  readonly #value: MarkValue[] = [];
  readonly #attrs = new TextRows();
  readonly #pool = new TextPool();
  #length = 0;
  #damagedRows = 0;

  constructor(most: number, fromNs: number) {
    this.#fromNs = fromNs;
    this.#id = new Float64Array(most);
    this.#span = new Float64Array(most);
    this.#tsNs = new Float64Array(most);
    this.#summary = new Uint8Array(most);
  }

  /** Adds a batch, if it makes sense. */
  add(batch: BatchColumns | null, rows: number): void {
    const id = batch?.integers("id") ?? null;
    const span = batch?.integers("span") ?? null;
    const name = batch?.texts("name") ?? null;
    const ts = batch?.integers("ts_ns") ?? null;
    if (batch === null || id === null || span === null || name === null || ts === null) {
      this.#damagedRows += rows;
      return;
    }
    const summary = batch.bits("is_summary");
    const values = new Values(batch, this.#pool);
    const attrs = batch.texts("attrs");
    if (batch.isDamaged) {
      this.#damagedRows += rows;
      return;
    }
    const to = this.#length;
    put(this.#tsNs, to, rows, ts, 0);
    if (!this.#tsNs.subarray(to, to + rows).some(ns => ns >= this.#fromNs)) return;
    put(this.#id, to, rows, id, 0);
    put(this.#span, to, rows, span, 0);
    for (let i = 0; i < rows; i++) {
      this.#name.push(this.#pool.text(name.data, name.offsets[i], name.offsets[i + 1]));
      this.#summary[to + i] = isSet(summary, i) ? 1 : 0;
      this.#value.push(values.at(i));
    }
    if (attrs !== null) this.#attrs.add(to, attrs);
    this.#length += rows;
  }

  finish(): JournalMarks {
    const length = this.#length;
    return {
      length,
      id: this.#id.subarray(0, length),
      span: this.#span.subarray(0, length),
      name: this.#name,
      tsNs: this.#tsNs.subarray(0, length),
      summary: this.#summary.subarray(0, length),
      value: this.#value,
      attrs: this.#attrs,
      damagedRows: this.#damagedRows,
    };
  }
}

/** The values of a batch's marks. */
class Values {
  readonly #number: Doubles | null;
  readonly #text: Texts | null;
  readonly #flag: Bits | null;
  readonly #integer: Texts | null;
  readonly #pool: TextPool;

  constructor(batch: BatchColumns, pool: TextPool) {
    this.#number = batch.doubles("number");
    this.#text = batch.texts("text");
    this.#flag = batch.bits("flag");
    this.#integer = batch.texts("integer");
    this.#pool = pool;
  }

  /** The value of row `i`; NaN where there is none. */
  at(i: number): MarkValue {
    if (this.#number !== null && isValid(this.#number, i)) return this.#number.values[i];
    if (this.#text !== null && isValid(this.#text, i)) return this.#textAt(this.#text, i);
    if (this.#flag !== null && isValid(this.#flag, i)) return (this.#flag.bits[i >> 3] & 1 << (i & 7)) !== 0;
    if (this.#integer !== null && isValid(this.#integer, i)) return bigintOf(this.#textAt(this.#integer, i));
    return NaN;
  }

  #textAt({ offsets, data }: Texts, i: number): string {
    return this.#pool.text(data, offsets[i], offsets[i + 1]);
  }
}

/** Digits beyond which no mark has any: an integer of more bits is named, not kept. */
const MOST_DIGITS = 1300;

function bigintOf(digits: string): MarkValue {
  return digits.length <= MOST_DIGITS && /^-?\d+$/.test(digits) ? BigInt(digits) : digits;
}

function isValid({ valid }: { readonly valid: Uint8Array | null }, i: number): boolean {
  return valid === null || (valid[i >> 3] & 1 << (i & 7)) !== 0;
}

function isSet(column: Bits | null, i: number): boolean {
  return column !== null && isValid(column, i) && (column.bits[i >> 3] & 1 << (i & 7)) !== 0;
}
