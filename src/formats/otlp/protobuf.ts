/**
 * Protocol Buffers' wire format, as far as OTLP needs it. https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */
import { encoder } from "../byte_tables.ts";

const USUAL_BYTES = 1 << 16;

/** What a field's value is written as. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field's number and wire type as one byte: numbers up to 15. */
export function tag(field: number, type: number): number {
  return field << 3 | type;
}

/**
 * A message that grows. Of what is nested the length is written before it and known after it: place for one byte is left, and what
 * turns out longer is moved.
 */
export class ProtobufWriter {
  bytes: Uint8Array = new Uint8Array(USUAL_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  /** Where the next byte goes. */
  at = 0;

  /** Begins anew. */
  clear(): void {
    this.at = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }

  /** Sees to it that so many bytes fit. */
  ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const old = this.bytes;
    this.bytes = new Uint8Array(Math.max(old.length * 2, this.at + count));
    this.bytes.set(old.subarray(0, this.at));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Appends one byte. */
  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.at++] = value;
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Appends a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.ensure(10);
    let { at } = this;
    const { bytes } = this;
    while (value >= 0x80) {
      bytes[at++] = value % 0x80 | 0x80;
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
    }
    bytes[at++] = value;
    this.at = at;
  }

  /** Appends a 64-bit number with its sign. */
  varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    this.ensure(10);
    while (rest >= 0x80n) {
      this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  /** Appends 64 bits, given as two halves. */
  fixed64(high: number, low: number): void {
    this.ensure(8);
    this.view.setUint32(this.at, low, true);
    this.view.setUint32(this.at + 4, high, true);
    this.at += 8;
  }

  /** Appends a double. */
  double(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** Appends a field that is a text. A lone surrogate becomes U+FFFD. */
  textField(fieldTag: number, text: string): void {
    const { length } = text;
    this.ensure(length * 3 + 11);
    const { bytes } = this;
    bytes[this.at++] = fieldTag;
    if (length < 0x80 && this.#ascii(text, this.at + 1)) {
      bytes[this.at] = length;
      this.at += 1 + length;
      return;
    }
    const start = this.open();
    this.at += encoder().encodeInto(text, bytes.subarray(this.at)).written;
    this.close(start);
  }

  #ascii(text: string, at: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    return true;
  }

  /** Leaves place for a length. Gives what `close()` needs. */
  open(): number {
    this.ensure(1);
    return ++this.at;
  }

  /** Writes the length of all since `open()`. */
  close(start: number): void {
    const length = this.at - start;
    if (length < 0x80) {
      this.bytes[start - 1] = length;
      return;
    }
    const more = length < 0x4000 ? 1 : length < 0x200000 ? 2 : length < 0x10000000 ? 3 : 4;
    this.ensure(more);
    this.bytes.copyWithin(start + more, start, this.at);
    this.at = start - 1;
    this.varint(length);
    this.at += length;
  }
}

/** The fields of a message, as far as it can be read: numbers, and the places of what is nested. Unknown ones are the caller's to leave. */
export function* fieldsOf(
  bytes: Uint8Array,
): Generator<{ field: number; number: number; bytes: Uint8Array | null }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1;; shift *= 0x80) {
      if (at >= bytes.length || shift > 2 ** 63) throw new RangeError("No protocol buffer");
      const byte = bytes[at++];
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    switch (key % 8) {
      case WIRE.varint:
        yield { field, number: varint(), bytes: null };
        break;
      case WIRE.fixed64:
        at += 8;
        break;
      case WIRE.fixed32:
        at += 4;
        break;
      case WIRE.bytes: {
        const length = varint();
        if (length > bytes.length - at) throw new RangeError("No protocol buffer");
        yield { field, number: NaN, bytes: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        throw new RangeError("No protocol buffer");
    }
  }
  if (at > bytes.length) throw new RangeError("No protocol buffer");
}
