/**
 * Columns -> the bytes of one record batch, put together in memory that is used again.
 *
 * Every row of a busy program passes here: a 64-bit integer is never a BigInt, and a column of nothing but nulls costs nothing,
 * since all such columns of a batch lie in the same zeros.
 *
 * @module
 */
import { type ArrowField, BatchHeader, BUFFERS_OF, CONTINUATION } from "../formats/arrow/messages.ts";
import { ByteBuffer, type EncodedText } from "./byte_buffer.ts";

/** Added to a whole number below it, it leaves the number's bits in the lower 52 of the double. */
const TWO_52 = 2 ** 52;
const LOW_20 = 0xfffff;

const WORD = 0x100000000;

/** Places of buffers that lie nowhere, and in the zeros at the end of the body. */
const NOWHERE = -1;
const ZEROS = -2;

/**
 * Writes batches of one schema: `begin()`, each column in the order of the fields by the method that its type asks for,
 * `finish()`.
 */
export class BatchWriter {
  /** Where texts are appended to. */
  readonly out: ByteBuffer = new ByteBuffer();
  readonly #fields: readonly ArrowField[];
  readonly #header: BatchHeader;
  readonly #bodyAt: number;
  /** Place and length of each buffer of the batch. */
  readonly #places: Int32Array;
  #rows = 0;
  #column = 0;
  #buffer = 0;
  #wantsZeros = false;

  /** @param fields Those of the stream's schema. */
  constructor(fields: readonly ArrowField[]) {
    this.#fields = fields;
    this.#header = new BatchHeader(fields);
    this.#bodyAt = 8 + this.#header.bytes.length;
    this.#places = new Int32Array(2 * fields.reduce((sum, { type }) => sum + BUFFERS_OF[type], 0));
  }

  /** Begins a batch of so many rows. */
  begin(rows: number): void {
    this.out.clear();
    this.out.take(this.#bodyAt);
    this.#rows = rows;
    this.#column = this.#buffer = 0;
    this.#wantsZeros = false;
  }

  /**
   * Adds whole numbers, exact up to 2^53.
   * @param from Where in `values` the batch begins.
   * @param isZeroNull Whether 0 is null, as NaN is.
   */
  integers(values: Float64Array, from: number, isZeroNull: boolean = false): void {
    const rows = this.#rows;
    const at = this.out.take(rows * 8);
    const nullCount = putIntegers(this.out, at >> 3, values, from, rows, isZeroNull);
    if (nullCount === rows) {
      this.out.at = at;
      this.nulls();
      return;
    }
    let valid = NOWHERE;
    if (nullCount > 0) {
      valid = this.#bits();
      const { bytes } = this.out;
      for (let i = 0; i < rows; i++) {
        const value = values[from + i];
        if (value === value && !(isZeroNull && value === 0)) bytes[valid + (i >> 3)] |= 1 << (i & 7);
      }
    }
    this.#beginColumn(nullCount, valid);
    this.#place(at, rows * 8);
  }

  /** Adds `ends[i] - starts[i]`, whole numbers. */
  differences(ends: Float64Array, starts: Float64Array, from: number): void {
    const rows = this.#rows;
    const at = this.out.take(rows * 8);
    putDifferences(this.out, at >> 3, ends, starts, from, rows);
    this.#beginColumn(0, NOWHERE);
    this.#place(at, rows * 8);
  }

  /** Adds doubles, `valid[i]` of them not null. */
  numbers(values: Float64Array, valid: Uint8Array, nullCount: number): void {
    const rows = this.#rows;
    if (nullCount === rows) {
      this.nulls();
      return;
    }
    this.#beginColumn(nullCount, nullCount === 0 ? NOWHERE : this.#bits(valid));
    const at = this.out.take(rows * 8);
    this.out.doubles.set(values.subarray(0, rows), at >> 3);
    this.#place(at, rows * 8);
  }

  /** Adds bits, 0 or 1 each in `values`; `valid[i]` of them not null. */
  flags(values: Uint8Array, valid: Uint8Array | null, nullCount: number): void {
    if (nullCount > 0 && nullCount === this.#rows) {
      this.nulls();
      return;
    }
    this.#beginColumn(nullCount, nullCount === 0 ? NOWHERE : this.#bits(valid!));
    this.#place(this.#bits(values), this.#bitBytes());
  }

  /**
   * Begins a column of texts, whose bytes are then appended to `out` row by row; gives the place of its offsets.
   * @param valid 1 for each that is not null; not all are.
   */
  beginTexts(valid: Uint8Array | null, nullCount: number): number {
    this.#beginColumn(nullCount, nullCount === 0 ? NOWHERE : this.#bits(valid));
    const bytes = (this.#rows + 1) * 4;
    const offsets = this.out.take(bytes);
    this.#place(offsets, bytes);
    return offsets;
  }

  /** Notes that the text of row `i` begins here. */
  beginText(offsets: number, i: number): void {
    this.out.words[(offsets >> 2) + i] = this.out.at - this.#dataOf(offsets);
  }

  /** Ends a column of texts. */
  endTexts(offsets: number): void {
    this.beginText(offsets, this.#rows);
    const data = this.#dataOf(offsets);
    this.#place(data, this.out.at - data);
    this.out.pad();
  }

  /** Adds texts that were encoded before, none of them null. */
  encodedTexts(textOf: { encoded(text: string): EncodedText }, texts: ArrayLike<string>, from: number): void {
    const { out } = this;
    const offsets = this.beginTexts(null, 0);
    const data = this.#dataOf(offsets);
    for (let i = 0, to = offsets >> 2; i < this.#rows; i++, to++) {
      out.words[to] = out.at - data;
      out.encoded(textOf.encoded(texts[from + i]));
    }
    this.endTexts(offsets);
  }

  /** Adds nulls alone, of whatever type the column has. */
  nulls(): void {
    const { type } = this.#fields[this.#column];
    this.#wantsZeros = true;
    this.#beginColumn(this.#rows, ZEROS);
    if (type === "Utf8") {
      this.#place(ZEROS, (this.#rows + 1) * 4);
      this.#place(NOWHERE, 0);
    } else this.#place(ZEROS, type === "Bool" ? this.#bitBytes() : this.#rows * 8);
  }

  /** The message: a view that holds until the next batch begins. */
  finish(): Uint8Array {
    const { out } = this;
    let zeros = 0;
    if (this.#wantsZeros) {
      zeros = out.take((this.#rows + 1) * 8);
      out.doubles.fill(0, zeros >> 3, out.at >> 3);
    }
    const header = this.#header;
    const places = this.#places;
    for (let i = 0; i < this.#buffer; i++) {
      const at = places[i * 2];
      const place = at === NOWHERE ? 0 : (at === ZEROS ? zeros : at) - this.#bodyAt;
      header.setBuffer(i, place, places[i * 2 + 1]);
    }
    header.setSize(this.#rows, out.at - this.#bodyAt);
    out.view.setUint32(0, CONTINUATION, true);
    out.view.setUint32(4, header.bytes.length, true);
    out.bytes.set(header.bytes, 8);
    return out.bytes.subarray(0, out.at);
  }

  #beginColumn(nullCount: number, valid: number): void {
    this.#header.setColumn(this.#column++, this.#rows, nullCount);
    this.#place(valid, valid === NOWHERE ? 0 : this.#bitBytes());
  }

  #place(at: number, length: number): void {
    this.#places[this.#buffer * 2] = at;
    this.#places[this.#buffer * 2 + 1] = length;
    this.#buffer++;
  }

  #bitBytes(): number {
    return (this.#rows + 7) >> 3;
  }

  /** Takes room for a bit of each row, and sets those of `values`. */
  #bits(values: Uint8Array | null = null): number {
    const at = this.out.take(this.#bitBytes());
    const { bytes } = this.out;
    bytes.fill(0, at, this.out.at);
    if (values !== null) {
      for (let i = 0; i < this.#rows; i++) bytes[at + (i >> 3)] |= values[i] << (i & 7);
    }
    return at;
  }

  #dataOf(offsets: number): number {
    return offsets + (((this.#rows + 1) * 4 + 7) & ~7);
  }
}

/**
 * Writes numbers as 64-bit integers, zeros for nulls; gives how many those are.
 *
 * From a double beyond 2^31 to a word an engine may go a long way. A double between 2^52 and 2^53 has its number in its lower bits.
 */
function putIntegers(
  { doubles, words }: ByteBuffer,
  to: number,
  values: Float64Array,
  from: number,
  rows: number,
  isZeroNull: boolean,
): number {
  const quick = isZeroNull ? 1 : 0;
  let nullCount = 0;
  for (let i = 0; i < rows; i++) {
    const value = values[from + i];
    if (value >= quick && value < TWO_52) {
      doubles[to + i] = value + TWO_52;
      words[(to + i) * 2 + 1] &= LOW_20;
    } else if (value === value && !(isZeroNull && value === 0)) {
      putInteger(words, to + i, value);
    } else {
      nullCount++;
      doubles[to + i] = 0;
    }
  }
  return nullCount;
}

function putDifferences(
  { doubles, words }: ByteBuffer,
  to: number,
  ends: Float64Array,
  starts: Float64Array,
  from: number,
  rows: number,
): void {
  for (let i = 0; i < rows; i++) {
    const value = ends[from + i] - starts[from + i];
    if (value >= 0 && value < TWO_52) {
      doubles[to + i] = value + TWO_52;
      words[(to + i) * 2 + 1] &= LOW_20;
    } else putInteger(words, to + i, value);
  }
}

function putInteger(words: Int32Array, to: number, value: number): void {
  const high = Math.floor(value / WORD);
  words[to * 2] = value - high * WORD;
  words[to * 2 + 1] = high;
}
