/**
 * One piece of memory for all columns of a frame, with room around them for what a stream of them needs, so that it can be
 * handed over as it is: copied together at the end, the columns took half as long again.
 *
 * @module
 */

/** Bytes before the columns, for the stream's headers. Those of a trace take 1800. */
const HEAD = 4096;

/** Bytes after them, for what is small and only known when all is written: the bytes of names, as a rule. */
const TAIL = 16384;

/** And for the end of the stream. */
const END = 8;

/** Columns begin at multiples of this, as Arrow advises. */
const ALIGNMENT = 64;

const bodies = new WeakMap<ArrayBufferLike, FrameBody>();

/** Memory of the columns of a frame. */
export class FrameBody {
  /** Where the columns begin. */
  static readonly head: number = HEAD;
  readonly buffer: ArrayBuffer;
  #at = HEAD;

  /** @param size Bytes of all columns, each of them `padded()`. */
  constructor(size: number) {
    this.buffer = new ArrayBuffer(HEAD + size + TAIL + END);
    bodies.set(this.buffer, this);
  }

  /** Bytes that so many take. */
  static padded(bytes: number): number {
    return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  }

  /** The body that an array lies in. */
  static of(array: ArrayBufferView): FrameBody | undefined {
    return bodies.get(array.buffer);
  }

  /** Bytes of what has been taken. */
  get length(): number {
    return this.#at - HEAD;
  }

  /** A column of words, zeros. */
  words(length: number): Uint32Array {
    return new Uint32Array(this.buffer, this.#take(length * 4), length);
  }

  /** A column of doubles, zeros. */
  doubles(length: number): Float64Array {
    return new Float64Array(this.buffer, this.#take(length * 8), length);
  }

  /** A column of bits, zeros. */
  bits(length: number): Uint8Array {
    const bytes = Math.ceil(length / 8);
    return new Uint8Array(this.buffer, this.#take(bytes), bytes);
  }

  /** Copies bytes in, and gives their place; null if there is no room left. */
  add(bytes: Uint8Array): number | null {
    if (this.#at + FrameBody.padded(bytes.length) > this.buffer.byteLength - END) return null;
    const at = this.#take(bytes.length);
    new Uint8Array(this.buffer).set(bytes, at);
    return at - HEAD;
  }

  #take(bytes: number): number {
    const at = this.#at;
    this.#at += FrameBody.padded(bytes);
    return at;
  }
}
