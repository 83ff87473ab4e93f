/**
 * One batch of a segment -> its columns, as views of the bytes wherever they lie at a multiple of 8.
 *
 * @module
 */
import { ABSENT, FlatReader } from "./flat_reader.ts";
import type { ByteSource } from "./source.ts";
import type { StreamBatch, StreamField, StreamIndex } from "./stream.ts";

/** 64-bit integers: two words each, the lower one first. */
export interface IntegerWords {
  readonly words: Uint32Array;
  /** A bit for each row, 0 for null; null if none is. */
  readonly valid: Uint8Array | null;
}

/** Doubles. */
export interface Doubles {
  readonly values: Float64Array;
  readonly valid: Uint8Array | null;
}

/** Bits. */
export interface Bits {
  readonly bits: Uint8Array;
  readonly valid: Uint8Array | null;
}

/** Texts as UTF-8: that of row `i` lies in `data` from `offsets[i]` up to `offsets[i + 1]`. */
export interface Texts {
  readonly offsets: Uint32Array;
  readonly data: Uint8Array;
  readonly valid: Uint8Array | null;
}

/** The columns of one batch. A column that is not there, or is of another type, is null. */
export class BatchColumns {
  readonly rows: number;
  readonly #index: StreamIndex;
  readonly #reader: FlatReader;
  readonly #body: Uint8Array;
  readonly #nodes: { first: number; count: number };
  readonly #buffers: { first: number; count: number };
  /** Whether it cannot be read, or a column was asked for that does not fit its body. */
  isDamaged: boolean;

  private constructor(index: StreamIndex, rows: number, reader: FlatReader, body: Uint8Array) {
    this.rows = rows;
    this.#index = index;
    this.#reader = reader;
    this.#body = body;
    const batch = reader.fieldReferred(reader.root(), 2);
    this.#nodes = reader.vector(reader.fieldReferred(batch, 1), 16);
    this.#buffers = reader.vector(reader.fieldReferred(batch, 2), 16);
    // Compressed, which a journal never is; or of a version to come.
    this.isDamaged = reader.fieldReferred(batch, 3) !== ABSENT || !index.isKnown;
  }

  /** Reads batch `i`; null if its bytes cannot be read. */
  static read(source: ByteSource, index: StreamIndex, i: number): BatchColumns | null {
    const { at, headerLength, bodyLength, rows }: StreamBatch = index.batch(i);
    const bytes = source.read(at, headerLength + bodyLength);
    if (bytes.length < headerLength + bodyLength) return null;
    const reader = new FlatReader(bytes.subarray(0, headerLength));
    return new BatchColumns(index, rows, reader, aligned(bytes.subarray(headerLength)));
  }

  /** A column of integers. */
  integers(name: string): IntegerWords | null {
    const field = this.#field(name, "Int64");
    if (field === null) return null;
    const bytes = this.#buffer(field.buffer + 1, this.rows * 8);
    if (bytes === null) return null;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, this.rows * 2);
    return this.#withBits(field, valid => ({ words, valid }));
  }

  /** A column of doubles. */
  doubles(name: string): Doubles | null {
    const field = this.#field(name, "Float64");
    if (field === null) return null;
    const bytes = this.#buffer(field.buffer + 1, this.rows * 8);
    if (bytes === null) return null;
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, this.rows);
    return this.#withBits(field, valid => ({ values, valid }));
  }

  /** A column of bits. */
  bits(name: string): Bits | null {
    const field = this.#field(name, "Bool");
    if (field === null) return null;
    const bits = this.#buffer(field.buffer + 1, (this.rows + 7) >> 3);
    return bits === null ? null : this.#withBits(field, valid => ({ bits, valid }));
  }

  /** A column of texts. */
  texts(name: string): Texts | null {
    const field = this.#field(name, "Utf8");
    if (field === null) return null;
    // A batch without rows may do without offsets.
    const bytes = this.rows === 0
      ? aligned(new Uint8Array(4))
      : this.#buffer(field.buffer + 1, (this.rows + 1) * 4);
    const data = this.#buffer(field.buffer + 2, 0);
    if (bytes === null || data === null) return null;
    const offsets = new Uint32Array(bytes.buffer, bytes.byteOffset, this.rows + 1);
    for (let i = 0; i < this.rows; i++) {
      if (offsets[i] > offsets[i + 1]) return this.#damage();
    }
    if (offsets[this.rows] > data.length) return this.#damage();
    return this.#withBits(field, valid => ({ offsets, data, valid }));
  }

  #field(name: string, type: StreamField["type"]): StreamField | null {
    const field = this.#index.fields.get(name);
    return field?.type === type ? field : null;
  }

  #withBits<T>(field: StreamField, make: (valid: Uint8Array | null) => T): T | null {
    const { first, count } = this.#nodes;
    if (field.node >= count || this.#reader.long(first + field.node * 16) !== this.rows) {
      return this.#damage();
    }
    if (this.#reader.long(first + field.node * 16 + 8) === 0) return make(null);
    const valid = this.#buffer(field.buffer, (this.rows + 7) >> 3);
    return valid === null ? null : make(valid);
  }

  /** The bytes of a buffer, which are `least` at least. */
  #buffer(i: number, least: number): Uint8Array | null {
    const { first, count } = this.#buffers;
    if (i >= count) return this.#damage();
    const at = this.#reader.long(first + i * 16);
    const length = this.#reader.long(first + i * 16 + 8);
    const isWithin = at >= 0 && length >= least && at % 8 === 0 && at + length <= this.#body.length;
    return isWithin ? this.#body.subarray(at, at + length) : this.#damage();
  }

  #damage(): null {
    this.isDamaged = true;
    return null;
  }
}

/** The same bytes where they begin at a multiple of 8, else a copy. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
