/**
 * Texts that come again, out of bytes: a million names are made of a few dozen strings.
 *
 * @module
 */
import { decoder } from "./byte_tables.ts";

/** Slots of the table, of which half are used at most. A power of two. */
const SLOTS = 1 << 14;

/** Longer texts are not looked up. */
const LONGEST = 256;

/** Slots looked at for one text: bytes can be chosen so that they all meet. */
const PROBES = 16;

interface Pooled {
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Makes strings of UTF-8, the same one for the same bytes as long as there are not too many different ones. */
export class TextPool {
  #slots: (Pooled | undefined)[] = new Array(SLOTS);
  #count = 0;

  /** The text of the bytes from `from` up to `until`. */
  text(data: Uint8Array, from: number, until: number): string {
    const length = until - from;
    if (length > LONGEST) return decoder().decode(data.subarray(from, until));
    let hash = length;
    for (let i = from; i < until; i++) hash = Math.imul(hash, 0x01000193) ^ data[i];
    const first = hash ^ hash >>> 15;
    for (let i = 0; i < PROBES; i++) {
      const slot = (first + i) & (SLOTS - 1);
      const pooled = this.#slots[slot];
      if (pooled === undefined) return this.#keep(slot, hash, data.slice(from, until));
      if (pooled.hash === hash && isSame(pooled.bytes, data, from, length)) return pooled.text;
    }
    return decoder().decode(data.subarray(from, until));
  }

  #keep(slot: number, hash: number, bytes: Uint8Array): string {
    const text = decoder().decode(bytes);
    if (this.#count >= SLOTS / 2) {
      // A program that makes names up: what is in the table will not come again.
      this.#slots = new Array(SLOTS);
      this.#count = 0;
    }
    this.#slots[slot] = { hash, bytes, text };
    this.#count++;
    return text;
  }
}

function isSame(bytes: Uint8Array, data: Uint8Array, from: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== data[from + i]) return false;
  return true;
}
