/**
 * Attributes of a journal's rows: JSON until somebody asks for them.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import { parseJson } from "../data/json_text.ts";
import type { AttrRows } from "../data/snapshot.ts";
import type { Attrs } from "../data/values.ts";
import type { RowTexts } from "./text_rows.ts";

/** Attributes of a snapshot's rows, of which the first come from a journal and the rest were given. */
export class ParsedAttrs implements AttrRows {
  readonly length: number;
  readonly #texts: RowTexts;
  readonly #rows: ArrayLike<number>;
  readonly #given: readonly (Attrs | undefined)[];
  // Readers ask several things of one row.
  #lastRow = -1;
  #last: Attrs | undefined;

  /**
   * @param rows Which texts the first rows have.
   * @param given Those of the rows behind them.
   */
  constructor(texts: RowTexts, rows: ArrayLike<number>, given: readonly (Attrs | undefined)[] = []) {
    this.#texts = texts;
    this.#rows = rows;
    this.#given = given;
    this.length = rows.length + given.length;
  }

  /** Those of a row. What is no object of attributes counts as none. */
  at(row: number): Attrs | undefined {
    if (row >= this.#rows.length) return this.#given[row - this.#rows.length];
    if (row === this.#lastRow) return this.#last;
    const text = this.#texts.text(this.#rows[row]);
    this.#lastRow = row;
    return this.#last = text === null ? undefined : parseAttrs(text);
  }
}

/** What a text says; undefined if it is no object, or has nothing in it. */
export function parseAttrs(text: string): Attrs | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // Within bounds from here on: a file may nest and repeat as it likes.
  for (const _ in value) return copyAttrs(value);
  return undefined;
}
