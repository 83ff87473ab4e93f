/**
 * Bytes that grow, with the ways in which a batch writes them.
 *
 * @module
 */
import { encoder, fourDigits } from "../formats/byte_tables.ts";

/** What a buffer starts with, and goes back to when it was once larger than most. */
const USUAL_BYTES = 1 << 17;
const KEPT_BYTES = 1 << 22;

/** A text as UTF-8, eight bytes in a double, and zeros after the last. No eight bytes of UTF-8 make a NaN. */
export interface EncodedText {
  readonly length: number;
  readonly words: Float64Array;
}

/** Encodes a text for `ByteBuffer.encoded()`. A lone surrogate becomes U+FFFD. */
export function encodeText(text: string): EncodedText {
  const bytes = encoder().encode(text);
  const words = new Float64Array((bytes.length + 7) >> 3);
  const view = new DataView(words.buffer);
  bytes.forEach((byte, i) => view.setUint8(i, byte));
  return { length: bytes.length, words };
}

/** Appends to memory that is used again. The bytes begin at a multiple of 8. */
export class ByteBuffer {
  bytes!: Uint8Array;
  words!: Int32Array;
  doubles!: Float64Array;
  view!: DataView;
  /** Where the next byte goes. */
  at = 0;
  readonly #digits: Uint32Array = fourDigits();

  constructor() {
    this.#use(new ArrayBuffer(USUAL_BYTES));
  }

  /** Begins anew; what a large batch took is given back. */
  clear(): void {
    this.at = 0;
    if (this.bytes.length > KEPT_BYTES) this.#use(new ArrayBuffer(USUAL_BYTES));
  }

  /** Sees to it that so many bytes fit. */
  ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const old = this.bytes;
    this.#use(new ArrayBuffer(Math.max(old.length * 2, Math.ceil((this.at + count) / 8) * 8)));
    this.bytes.set(old.subarray(0, this.at));
  }

  /** Takes so many bytes from a multiple of 8 on, and gives their place. They hold anything, and zeros up to a multiple of 8. */
  take(count: number): number {
    const size = (count + 7) & ~7;
    this.ensure(size);
    const { at } = this;
    this.at += size;
    if (size !== count) this.doubles[(this.at >> 3) - 1] = 0;
    return at;
  }

  /** Appends zeros up to a multiple of 8. */
  pad(): void {
    this.ensure(8);
    while ((this.at & 7) !== 0) this.bytes[this.at++] = 0;
  }

  /** Appends a text that was encoded before. */
  encoded({ words, length }: EncodedText): void {
    const count = words.length;
    if (this.at + count * 8 > this.bytes.length) this.ensure(count * 8);
    const { view, at } = this;
    // The last word may end in zeros beyond the text; what comes next goes over them.
    for (let k = 0; k < count; k++) view.setFloat64(at + k * 8, words[k], true);
    this.at = at + length;
  }

  /** Appends one byte. */
  byte(value: number): void {
    if (this.at === this.bytes.length) this.ensure(1);
    this.bytes[this.at++] = value;
  }

  /** Appends any text as UTF-8; a lone surrogate becomes U+FFFD. */
  text(text: string): void {
    const { length } = text;
    this.ensure(length * 3);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.at = at + encoder().encodeInto(text, bytes.subarray(at)).written;
        return;
      }
      bytes[at + i] = code;
    }
    this.at = at + length;
  }

  /** Appends a text in quotes if that is how JSON has it: whether it is plain ASCII with nothing to escape. Else appends nothing. */
  plainJson(text: string): boolean {
    const { length } = text;
    this.ensure(length + 2);
    const { bytes } = this;
    let to = this.at;
    bytes[to++] = 0x22;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
      bytes[to++] = code;
    }
    bytes[to++] = 0x22;
    this.at = to;
    return true;
  }

  /** Appends a finite number as JavaScript writes it. */
  number(value: number): void {
    if (!(value >= 0 && value < 1e8 && Math.floor(value) === value) || Object.is(value, -0)) {
      this.text(String(value));
      return;
    }
    this.ensure(8);
    const high = (value / 10_000) | 0;
    if (high === 0) {
      this.#leading(value);
      return;
    }
    this.#leading(high);
    this.view.setUint32(this.at, this.#digits[value - high * 10_000], true);
    this.at += 4;
  }

  #leading(value: number): void {
    const zeros = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    this.view.setUint32(this.at, this.#digits[value] >>> (zeros * 8), true);
    this.at += 4 - zeros;
  }

  #use(buffer: ArrayBuffer): void {
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.view = new DataView(buffer);
  }
}
