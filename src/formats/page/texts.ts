/**
 * Texts that many spans share, each once, as bytes with a line for each.
 *
 * @module
 */

/** Collects texts without line breaks, up to a bound of bytes. */
export class TextTable {
  readonly #indexOf: Map<string, number> = new Map();
  readonly #texts: string[] = [];
  #room: number;

  /** @param mostBytes Of UTF-8, about: a character counts as what it can take. */
  constructor(mostBytes: number) {
    this.#room = mostBytes;
  }

  /** The number of a text; -1 if it is new and finds no room. */
  index(text: string): number {
    const known = this.#indexOf.get(text);
    if (known !== undefined) return known;
    this.#room -= text.length + 1;
    if (this.#room < 0) return -1;
    const index = this.#texts.push(text) - 1;
    this.#indexOf.set(text, index);
    return index;
  }

  /** All of them. */
  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#texts.join("\n"));
  }
}
