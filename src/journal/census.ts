/**
 * How many spans a recorder's streams hold, and how many of them failed, without keeping any.
 *
 * @module
 */
import { decoder } from "../formats/byte_tables.ts";
import type { Texts } from "./decode.ts";
import { parseAttrs } from "./parsed_attrs.ts";
import { newestBatches, put } from "./read_spans.ts";
import type { IndexedStream } from "./stream.ts";

/** What was counted. */
export interface Census {
  readonly spans: number;
  readonly errors: number;
}

/** Counts closed spans, each once: rows may be repeated, and the last one counts. */
export function census(streams: readonly IndexedStream[]): Census {
  const seen = new NumberSet();
  let spans = 0;
  let errors = 0;
  let ids = new Float64Array(0);
  for (const { batch, rows } of newestBatches(streams)) {
    const column = batch?.integers("id") ?? null;
    if (batch === null || column === null) continue;
    const attrs = batch.texts("attrs");
    if (batch.isDamaged) continue;
    if (ids.length < rows) ids = new Float64Array(rows);
    put(ids, 0, rows, column, 0);
    const mayFail = attrs !== null && haveErrors(attrs);
    for (let i = rows - 1; i >= 0; i--) {
      if (!seen.add(ids[i])) continue;
      spans++;
      if (mayFail && isFailed(attrs, i)) errors++;
    }
  }
  return { spans, errors };
}

const KEY = '"error":';

// Nearly no batch has any: one look at its text tells.
function haveErrors({ offsets, data }: Texts): boolean {
  return decoder().decode(data.subarray(offsets[0], offsets[offsets.length - 1])).includes(KEY);
}

function isFailed({ offsets, data, valid }: Texts, i: number): boolean {
  if (valid !== null && (valid[i >> 3] & 1 << (i & 7)) === 0) return false;
  const text = decoder().decode(data.subarray(offsets[i], offsets[i + 1]));
  return text.includes(KEY) && typeof parseAttrs(text)?.error === "string";
}

/** Numbers that have a bit each; beyond these, which no recorder counts to, a set. */
const MOST_BITS = 2 ** 30;

/** Whole numbers from 0 on, which lie close together. */
class NumberSet {
  #bits: Uint8Array = new Uint8Array(4096);
  readonly #far = new Set<number>();

  /** Adds a number; false if it was there. */
  add(number: number): boolean {
    if (!(number >= 0 && number < MOST_BITS)) {
      const before = this.#far.size;
      return this.#far.add(number).size > before;
    }
    const at = Math.floor(number / 8);
    if (at >= this.#bits.length) {
      const more = new Uint8Array(2 ** Math.ceil(Math.log2(at + 1)));
      more.set(this.#bits);
      this.#bits = more;
    }
    const bit = 1 << (number & 7);
    if ((this.#bits[at] & bit) !== 0) return false;
    this.#bits[at] |= bit;
    return true;
  }
}
