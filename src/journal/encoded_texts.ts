/**
 * Texts that come again, as bytes.
 *
 * @module
 */
import { type EncodedText, encodeText } from "./byte_buffer.ts";

/** Different texts whose bytes are kept. A program has dozens of names; one that makes them up, no end. */
const KNOWN = 4096;

/** Longer ones are not kept. */
const KNOWN_LENGTH = 256;

/** Encodes texts, and keeps what it made of those that are short and not too many. */
export class EncodedTexts {
  readonly #known = new Map<string, EncodedText>();
  readonly #encode: (text: string) => EncodedText;
  #last: string | null = null;
  #lastEncoded: EncodedText = encodeText("");

  /** @param encode What a text is written as. */
  constructor(encode: (text: string) => EncodedText) {
    this.#encode = encode;
  }

  /** A text's bytes. */
  encoded(text: string): EncodedText {
    if (text === this.#last) return this.#lastEncoded;
    let encoded = this.#known.get(text);
    if (encoded === undefined) {
      encoded = this.#encode(text);
      if (this.#known.size >= KNOWN) this.#known.clear();
      if (text.length <= KNOWN_LENGTH) this.#known.set(text, encoded);
    }
    this.#last = text;
    return this.#lastEncoded = encoded;
  }
}
