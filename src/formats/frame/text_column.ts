/**
 * Strings of a column as bytes: what Arrow calls `Utf8View`. A DataFrame's strings are bytes in the end; made into
 * JavaScript strings first, three columns of them took nine tenths of the time.
 *
 * @module
 */
import type { IdSeries } from "../../data/id_series.ts";
import { decoder, encoder, hexOfByte } from "../byte_tables.ts";

/** A string of at most so many bytes lies within its view. */
const INLINE = 12;

/** 32-bit words of a view. */
export const VIEW_WORDS = 4;

/** A column of strings or nulls. */
export class TextColumn implements Iterable<string | null> {
  readonly length: number;
  /** Four words for each string: its bytes' number; then the bytes, or their first four, a zero, and where in `data`. */
  readonly views: Uint32Array;
  readonly data: Uint8Array;
  /** A bit for each string, 0 for null; null if none is. */
  readonly valid: Uint8Array | null;
  readonly nullCount: number;

  /** A column of what the views say. */
  constructor(views: Uint32Array, data: Uint8Array, valid: Uint8Array | null = null, nullCount: number = 0) {
    this.length = views.length / VIEW_WORDS;
    this.views = views;
    this.data = data;
    this.valid = valid;
    this.nullCount = nullCount;
  }

  /** The strings, made one by one. */
  *[Symbol.iterator](): IterableIterator<string | null> {
    const bytes = new Uint8Array(this.views.buffer, this.views.byteOffset, this.views.byteLength);
    for (let i = 0; i < this.length; i++) {
      if (this.valid !== null && (this.valid[i >> 3] & 1 << (i & 7)) === 0) {
        yield null;
        continue;
      }
      const length = this.views[i * VIEW_WORDS];
      const from = length <= INLINE ? (i * VIEW_WORDS + 1) * 4 : this.views[i * VIEW_WORDS + 3];
      yield decoder().decode((length <= INLINE ? bytes : this.data).subarray(from, from + length));
    }
  }
}

/**
 * Strings -> a column.
 * @param views Where the views are written: zeros, four words for each string.
 */
export function textColumn(
  strings: readonly (string | null)[],
  views: Uint32Array = new Uint32Array(strings.length * VIEW_WORDS),
): TextColumn {
  const { length } = strings;
  const texts = new TextData();
  const valid = new Uint8Array((length + 7) >> 3);
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    const text = strings[i];
    if (text === null) nullCount++;
    else {
      valid[i >> 3] |= 1 << (i & 7);
      const view = texts.viewOf(text);
      const at = i * VIEW_WORDS;
      views[at] = view[0];
      views[at + 1] = view[1];
      views[at + 2] = view[2];
      views[at + 3] = view[3];
    }
  }
  return new TextColumn(views, texts.bytes(), nullCount === 0 ? null : valid, nullCount);
}

/** Different names that are looked up rather than written again. A program has dozens; one that makes them up, no end. */
const KNOWN = 4096;

/** The bytes of strings, each once, and their views. */
class TextData {
  readonly #known = new Map<string, Uint32Array>();
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;
  #last = "";
  #lastView: Uint32Array = new Uint32Array(VIEW_WORDS);

  viewOf(text: string): Uint32Array {
    if (text === this.#last) return this.#lastView;
    let view = this.#known.get(text);
    if (view === undefined) {
      view = this.#write(text);
      if (this.#known.size < KNOWN) this.#known.set(text, view);
    }
    this.#last = text;
    return this.#lastView = view;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #write(text: string): Uint32Array {
    const most = text.length * 3;
    if (this.#length + most > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + most));
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    const from = this.#length;
    // A lone surrogate becomes U+FFFD, as it does when a string is handed to polars.
    const { written } = encoder().encodeInto(text, this.#bytes.subarray(from));
    const view = new Uint32Array(VIEW_WORDS);
    view[0] = written;
    const own = this.#bytes.subarray(from, from + written);
    new Uint8Array(view.buffer).set(written <= INLINE ? own : own.subarray(0, 4), 4);
    if (written > INLINE) {
      view[3] = from;
      this.#length += written;
    }
    return view;
  }
}

/** Bytes of an id: 16 hex characters of its number, and 16 of its series. */
const ID_BYTES = 32;

/** The id of the pseudo-span, "root", as a word. */
const ROOT = 0x746f6f72;

/** Words of an id. */
const ID_WORDS = 8;

/** Ids as a column's bytes: no string is made of any. */
export class IdData {
  readonly #words: Uint32Array;
  readonly #series: IdSeries;
  readonly #suffix: Uint32Array;
  readonly #hex: Uint16Array = hexOfByte();
  #count = 0;

  /**
   * @param series What ids are made by.
   * @param words Where they are written: eight words for each.
   */
  constructor(series: IdSeries, words: Uint32Array) {
    this.#series = series;
    this.#suffix = new Uint32Array(encoder().encode(series.suffix).slice().buffer);
    this.#words = words;
  }

  /** Writes an id, and gives its place. */
  add(id: number): number {
    const words = this.#words;
    const series = this.#series;
    const suffix = this.#suffix;
    const hex = this.#hex;
    const place = this.#count++;
    const at = place * ID_WORDS;
    series.scatter(id);
    const { high, low } = series;
    words[at] = hex[high >>> 24] | hex[(high >>> 16) & 255] << 16;
    words[at + 1] = hex[(high >>> 8) & 255] | hex[high & 255] << 16;
    words[at + 2] = hex[low >>> 24] | hex[(low >>> 16) & 255] << 16;
    words[at + 3] = hex[(low >>> 8) & 255] | hex[low & 255] << 16;
    words[at + 4] = suffix[0];
    words[at + 5] = suffix[1];
    words[at + 6] = suffix[2];
    words[at + 7] = suffix[3];
    return place;
  }

  /** Writes the id of the trace that a span began: its own, the halves the other way round. */
  addTrace(root: number): number {
    const place = this.add(root);
    const at = place * ID_WORDS;
    this.#words.copyWithin(at + ID_WORDS / 2, at, at + ID_WORDS / 2);
    this.#words.set(this.#suffix, at);
    return place;
  }

  /** Writes an id of elsewhere, of 16 or 32 hex characters, and gives its place. */
  addText(text: string): number {
    const place = this.#count++;
    const at = this.#words.byteOffset + place * ID_BYTES;
    encoder().encodeInto(text, new Uint8Array(this.#words.buffer, at, ID_BYTES));
    return place;
  }

  /** Makes the string at `i` of a column the id at a place, which has so many characters. */
  viewText(views: Uint32Array, i: number, place: number, characters: number): void {
    const at = i * VIEW_WORDS;
    views[at] = characters;
    views[at + 1] = this.#words[place * ID_WORDS];
    views[at + 3] = place * ID_BYTES;
  }

  /** Makes the string at `i` of a column the id at a place. */
  view(views: Uint32Array, i: number, place: number, id: number): void {
    const at = i * VIEW_WORDS;
    if (id === 0) {
      views[at] = 4;
      views[at + 1] = ROOT;
      return;
    }
    views[at] = ID_BYTES;
    views[at + 1] = this.#words[place * ID_WORDS];
    views[at + 3] = place * ID_BYTES;
  }

  /** All ids that were added, by place. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, this.#words.byteOffset, this.#count * ID_BYTES);
  }
}
