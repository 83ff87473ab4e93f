/**
 * Attributes -> a column of JSON texts, byte by byte: `JSON.stringify` and the encoding of what it gives take twice as long.
 *
 * @module
 */
import { jsonOf, jsonOfText } from "../data/json_text.ts";
import type { AttrRows } from "../data/snapshot.ts";
import type { Attrs } from "../data/values.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { type ByteBuffer, type EncodedText, encodeText } from "./byte_buffer.ts";
import { EncodedTexts } from "./encoded_texts.ts";

/** Keys of a row that are compared with those of the row before. */
const LAST_KEYS = 16;

/** Writes attributes as JSON. */
export class AttrsWriter {
  readonly #keys = new EncodedTexts(key => encodeText(`,${jsonOfText(key)}:`));
  readonly #lastKeys: string[] = [];
  readonly #lastEncoded: EncodedText[] = [];
  readonly #true = encodeText("true");
  readonly #false = encodeText("false");
  #valid: Uint8Array = new Uint8Array(0);
  #isPolluted = false;

  /**
   * Adds a column of attributes.
   * @param from Where in `attrs` the batch begins.
   * @param picked Where in `attrs` each row's are, if they do not come one after the other.
   */
  addColumn(
    writer: BatchWriter,
    attrs: AttrRows,
    from: number,
    rows: number,
    picked: Int32Array | null,
  ): void {
    if (this.#valid.length < rows) this.#valid = new Uint8Array(rows);
    const valid = this.#valid;
    let nullCount = rows;
    if (attrs.length > 0) {
      for (let i = 0; i < rows; i++) {
        const at = picked === null ? from + i : picked[i];
        const isThere = at < attrs.length && attrs.at(at) !== undefined ? 1 : 0;
        valid[i] = isThere;
        nullCount -= isThere;
      }
    }
    if (nullCount === rows) {
      writer.nulls();
      return;
    }
    this.#isPolluted = isPolluted();
    const offsets = writer.beginTexts(valid, nullCount);
    for (let i = 0; i < rows; i++) {
      writer.beginText(offsets, i);
      if (valid[i] === 1) this.write(writer.out, attrs.at(picked === null ? from + i : picked[i])!);
    }
    writer.endTexts(offsets);
  }

  // The next row's keys are those of the last, as a rule.
  #key(i: number, key: string): EncodedText {
    if (i < this.#lastKeys.length && this.#lastKeys[i] === key) return this.#lastEncoded[i];
    const encoded = this.#keys.encoded(key);
    if (i < LAST_KEYS) {
      this.#lastKeys[i] = key;
      this.#lastEncoded[i] = encoded;
    }
    return encoded;
  }

  /** Appends attributes as `JSON.stringify` writes them. */
  write(out: ByteBuffer, attrs: Attrs): void {
    const from = out.at;
    let i = 0;
    // Half the time of a list of the keys, which is made anew for each row. What lies in the prototype is passed over.
    for (const key in attrs) {
      if (this.#isPolluted && !Object.hasOwn(attrs, key)) continue;
      const value = attrs[key];
      if (value === undefined) continue;
      out.encoded(this.#key(i++, key)); // with a comma before it
      if (typeof value === "string") {
        if (!out.plainJson(value)) out.text(jsonOfText(value));
      } else if (typeof value === "number" && Number.isFinite(value)) out.number(value);
      else if (value === true) out.encoded(this.#true);
      else if (value === false) out.encoded(this.#false);
      else out.text(jsonOf(value));
    }
    if (i === 0) out.byte(0x7b);
    else out.bytes[from] = 0x7b; // in the place of the first comma
    out.byte(0x7d);
  }
}

/** Whether every object has something to list that is not its own: an old library's work. */
function isPolluted(): boolean {
  for (const _ in {}) return true;
  return false;
}
