/**
 * The row of a span by its number.
 *
 * @module
 */

/** Finds rows by the numbers of their spans. Of two of one number, the last one is found. */
export class RowLookup {
  readonly #low: number;
  /** The highest number; below all numbers if there are no rows. */
  readonly high: number;
  /** By number from the lowest on, -1 for none; null where the numbers lie too far apart. */
  readonly #dense: Int32Array | null;
  readonly #sparse: Map<number, number> | null;
  /** Rows that another one of the same number comes after. */
  readonly repeated: readonly number[];

  /** @param length Rows that are looked at, the first of `ids`. */
  constructor(ids: Float64Array, length: number = ids.length) {
    let low = Infinity;
    let high = -Infinity;
    for (let row = 0; row < length; row++) {
      if (ids[row] < low) low = ids[row];
      if (ids[row] > high) high = ids[row];
    }
    this.#low = low;
    this.high = high;
    const repeated: number[] = [];
    const range = length === 0 ? 0 : high - low + 1;
    // Numbers are counted, so they nearly always lie close together.
    if (range <= length * 8 + 1024) {
      const dense = new Int32Array(range).fill(-1);
      for (let row = 0; row < length; row++) {
        const at = ids[row] - low;
        if (dense[at] >= 0) repeated.push(dense[at]);
        dense[at] = row;
      }
      this.#dense = dense;
      this.#sparse = null;
    } else {
      const sparse = new Map<number, number>();
      for (let row = 0; row < length; row++) {
        const before = sparse.get(ids[row]);
        if (before !== undefined) repeated.push(before);
        sparse.set(ids[row], row);
      }
      this.#dense = null;
      this.#sparse = sparse;
    }
    this.repeated = repeated;
  }

  /** The row of a number, or -1. */
  rowOf(id: number): number {
    if (this.#dense === null) return this.#sparse!.get(id) ?? -1;
    const at = id - this.#low;
    return at >= 0 && at < this.#dense.length ? this.#dense[at] : -1;
  }
}
