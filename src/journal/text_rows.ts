/**
 * Texts of rows that are seldom asked for, such as attributes: kept as bytes, made strings one by one.
 *
 * @module
 */
import { decoder } from "../formats/byte_tables.ts";
import type { Texts } from "./decode.ts";

/** Texts by row. */
export interface RowTexts {
  /** Whether no row has any. */
  readonly isEmpty: boolean;
  /** The text of a row, or null. */
  text(row: number): string | null;
}

/** Texts by row, of several batches. */
export class TextRows implements RowTexts {
  readonly #firsts: number[] = [];
  readonly #texts: Texts[] = [];
  /** Where the last text was found: the next is near. */
  #near = 0;

  /** Whether no row has any. */
  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  /** Adds the texts of the rows from `first` on. Rows must come in order. */
  add(first: number, texts: Texts): void {
    const { offsets, data, valid } = texts;
    if (offsets[offsets.length - 1] === offsets[0] && valid !== null && valid.every(bits => bits === 0)) {
      return;
    }
    this.#firsts.push(first);
    // Copies: the views would keep whole segments in memory.
    this.#texts.push({
      offsets: offsets.slice(),
      data: data.slice(),
      valid: valid === null ? null : valid.slice(),
    });
  }

  /** The text of a row, or null. */
  text(row: number): string | null {
    const firsts = this.#firsts;
    if (!(firsts[this.#near] <= row && !(firsts[this.#near + 1] <= row))) {
      let low = 0;
      for (let high = firsts.length; low < high;) {
        const middle = (low + high) >> 1;
        if (firsts[middle] <= row) low = middle + 1;
        else high = middle;
      }
      if (low === 0) return null;
      this.#near = low - 1;
    }
    const { offsets, data, valid } = this.#texts[this.#near];
    const i = row - firsts[this.#near];
    if (i + 1 >= offsets.length || (valid !== null && (valid[i >> 3] & 1 << (i & 7)) === 0)) return null;
    return decoder().decode(data.subarray(offsets[i], offsets[i + 1]));
  }
}
