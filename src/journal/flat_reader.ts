/**
 * Reads a FlatBuffer that anybody may have written: whatever its words say, nothing outside of it is read and nothing is thrown.
 *
 * @module
 */
import { decoder } from "../formats/byte_tables.ts";

/** Bytes of a text. Many fields may refer to the same: together they could ask for more than there is memory. */
const LONGEST = 1024;

/** Where nothing is. */
export const ABSENT = -1;

/** Reads tables, vectors and numbers by their places. What lies at no place is 0, empty, or at no place itself. */
export class FlatReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The root table. */
  root(): number {
    return this.referred(0);
  }

  /** What the word at a place refers to. */
  referred(at: number): number {
    if (!this.#has(at, 4)) return ABSENT;
    const to = at + this.#view.getUint32(at, true);
    return to > at && this.#has(to, 4) ? to : ABSENT;
  }

  /** The place of a table's field number `i` of `size` bytes; absent if it was left out. */
  field(table: number, i: number, size: number): number {
    if (!this.#has(table, 4)) return ABSENT;
    const vtable = table - this.#view.getInt32(table, true);
    if (!this.#has(vtable, 4) || vtable + 6 + i * 2 > vtable + this.#view.getUint16(vtable, true)) {
      return ABSENT;
    }
    if (!this.#has(vtable + 4 + i * 2, 2)) return ABSENT;
    const offset = this.#view.getUint16(vtable + 4 + i * 2, true);
    return offset !== 0 && this.#has(table + offset, size) ? table + offset : ABSENT;
  }

  /** What a table's field refers to. */
  fieldReferred(table: number, i: number): number {
    const at = this.field(table, i, 4);
    return at === ABSENT ? ABSENT : this.referred(at);
  }

  /** A vector's first element and their number, which all lie within. */
  vector(at: number, size: number): { first: number; count: number } {
    if (!this.#has(at, 4)) return { first: ABSENT, count: 0 };
    const count = this.#view.getUint32(at, true);
    return this.#has(at + 4, count * size) ? { first: at + 4, count } : { first: ABSENT, count: 0 };
  }

  /** A text; empty if it is longer than any name. */
  text(at: number): string {
    const { first, count } = this.vector(at, 1);
    if (count > LONGEST) return "";
    return decoder().decode(this.#bytes.subarray(Math.max(first, 0), Math.max(first, 0) + count));
  }

  /** A byte. */
  byte(at: number): number {
    return this.#has(at, 1) ? this.#bytes[at] : 0;
  }

  /** 16 bits with a sign. */
  short(at: number): number {
    return this.#has(at, 2) ? this.#view.getInt16(at, true) : 0;
  }

  /** 32 bits with a sign. */
  word(at: number): number {
    return this.#has(at, 4) ? this.#view.getInt32(at, true) : 0;
  }

  /** 64 bits with a sign, rounded beyond 2^53. */
  long(at: number): number {
    if (!this.#has(at, 8)) return 0;
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 0x100000000;
  }

  #has(at: number, size: number): boolean {
    return at >= 0 && at + size <= this.#bytes.length;
  }
}
