/**
 * Attributes of a spool's rows: JSON until somebody asks for them.
 *
 * @module
 */
import type { AttrRows } from "../data/snapshot.ts";
import type { Attrs } from "../data/values.ts";
import { decoder } from "../formats/byte_tables.ts";
import { toAttrs } from "./decode.ts";
import { parseExact } from "./exact_json.ts";

/** Those of one file's rows, one behind the other. */
interface FileTexts {
  readonly first: number;
  /** Where the text of each row ends. */
  readonly ends: Uint32Array;
  readonly data: Uint8Array;
}

/** Attributes by row, as files have them. */
export class AttrTexts {
  readonly #files: FileTexts[] = [];
  readonly #given = new Map<number, Attrs>();
  /** Of the file that is read. */
  #ends: Uint32Array = new Uint32Array(1024);
  #data: Uint8Array = new Uint8Array(1 << 16);
  #first = 0;
  #rows = 0;
  #bytes = 0;
  #near = 0;

  /** Whether no row has any. */
  get isEmpty(): boolean {
    return this.#files.length === 0 && this.#given.size === 0;
  }

  /** Those of a row that were parsed already. */
  give(row: number, attrs: Attrs): void {
    this.#given.set(row, attrs);
  }

  /** Begins a file whose rows come one after the other from `first` on. */
  begin(first: number): void {
    this.#first = first;
    this.#rows = this.#bytes = 0;
  }

  /** Adds the text of the next row, which lies in `bytes`; nothing for none. */
  add(bytes: Uint8Array, from: number, until: number): void {
    const length = until - from;
    if (this.#bytes + length > this.#data.length) {
      const data = new Uint8Array(Math.max(this.#data.length * 2, this.#bytes + length));
      data.set(this.#data.subarray(0, this.#bytes));
      this.#data = data;
    }
    if (length > 0) this.#data.set(bytes.subarray(from, until), this.#bytes);
    this.#bytes += length;
    if (this.#rows === this.#ends.length) {
      const ends = new Uint32Array(this.#rows * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.#rows++] = this.#bytes;
  }

  /** Keeps the file's rows. */
  keep(): void {
    if (this.#bytes === 0) return;
    this.#files.push({
      first: this.#first,
      ends: this.#ends.slice(0, this.#rows),
      data: this.#data.slice(0, this.#bytes),
    });
  }

  /** Those of a row. */
  at(row: number): Attrs | undefined {
    const file = this.#fileOf(row);
    if (file === undefined) return this.#given.get(row);
    const i = row - file.first;
    const from = i === 0 ? 0 : file.ends[i - 1];
    if (!(file.ends[i] > from)) return this.#given.get(row);
    return toAttrs(parseExact(decoder().decode(file.data.subarray(from, file.ends[i])))) ?? undefined;
  }

  #fileOf(row: number): FileTexts | undefined {
    const files = this.#files;
    if (!(files[this.#near]?.first <= row && !(files[this.#near + 1]?.first <= row))) {
      let low = 0;
      for (let high = files.length; low < high;) {
        const middle = (low + high) >> 1;
        if (files[middle].first <= row) low = middle + 1;
        else high = middle;
      }
      if (low === 0) return undefined;
      this.#near = low - 1;
    }
    return files[this.#near];
  }
}

/** Those of the rows of a snapshot. */
export class PickedAttrs implements AttrRows {
  readonly length: number;
  readonly #texts: AttrTexts;
  readonly #rows: Uint32Array;
  // Readers ask several things of one row.
  #lastRow = -1;
  #last: Attrs | undefined;

  /** @param rows Which rows of the files the first rows are; those behind have none. */
  constructor(texts: AttrTexts, rows: Uint32Array) {
    this.#texts = texts;
    this.#rows = rows;
    this.length = rows.length;
  }

  /** Those of a row. */
  at(row: number): Attrs | undefined {
    if (row >= this.length) return undefined;
    if (row === this.#lastRow) return this.#last;
    this.#lastRow = row;
    return this.#last = this.#texts.at(this.#rows[row]);
  }
}
