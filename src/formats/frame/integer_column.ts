/**
 * Whole numbers of a column as 64-bit integers. Two words each: as a bigint each they took ten times as long.
 *
 * @module
 */

const WORD = 0x100000000;

/** A column of whole numbers, exact up to 2^53, or nulls. */
export class IntegerColumn implements Iterable<number | null> {
  readonly length: number;
  /** Two words for each number, the lower one first. */
  readonly words: Uint32Array;
  /** A bit for each number, 0 for null. */
  readonly valid: Uint8Array;
  nullCount = 0;

  /** A column of zeros to be set; all must be. */
  constructor(words: Uint32Array, valid: Uint8Array) {
    this.length = words.length / 2;
    this.words = words;
    this.valid = valid;
  }

  /** A column of numbers; NaN for null. */
  static from(numbers: ArrayLike<number>): IntegerColumn {
    const { length } = numbers;
    const column = new IntegerColumn(new Uint32Array(length * 2), new Uint8Array(Math.ceil(length / 8)));
    for (let i = 0; i < length; i++) column.set(i, numbers[i]);
    return column;
  }

  /** Sets a number; NaN for null. */
  set(i: number, value: number): void {
    if (value !== value) {
      this.nullCount++;
      return;
    }
    this.valid[i >> 3] |= 1 << (i & 7);
    const high = Math.floor(value / WORD);
    this.words[i * 2] = value - high * WORD;
    this.words[i * 2 + 1] = high;
  }

  /** Makes all of them null. */
  setNull(): void {
    this.nullCount = this.length;
  }

  /** The numbers, one by one. */
  *[Symbol.iterator](): IterableIterator<number | null> {
    for (let i = 0; i < this.length; i++) {
      const isNull = (this.valid[i >> 3] & 1 << (i & 7)) === 0;
      yield isNull ? null : this.words[i * 2] + (this.words[i * 2 + 1] | 0) * WORD;
    }
  }
}
