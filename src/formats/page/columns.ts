/**
 * Columns of numbers as bytes that deflate well, and that the page takes apart again exactly (view/decode.ts).
 *
 * @module
 */

/** How the numbers of one column are written; what `decode` needs to read them back. */
export interface ColumnShape {
  readonly key: string;
  /** Whole numbers or doubles, the lowest bytes of all of them before the second ones: what is alike lies together. */
  readonly kind: "whole" | "double";
  /** Each is what it is more than the one before. */
  readonly isDelta: boolean;
  /** 2n for what is not below 0, else -2n - 1. */
  readonly isSigned: boolean;
  readonly count: number;
  /** Fewer than that where some are NaN: then a bit for each stands before the values of the others. */
  readonly valueCount: number;
  readonly byteLength: number;
}

/** Columns behind each other. */
export interface PackedColumns {
  readonly shapes: readonly ColumnShape[];
  readonly bytes: Uint8Array;
}

/** Twice as much, as a signed number takes, is still exact. */
const MOST_WHOLE = 2 ** 50;

/** Collects columns, and gives them as one piece. */
export class ColumnWriter {
  readonly #shapes: ColumnShape[] = [];
  readonly #parts: Uint8Array[] = [];

  /**
   * Adds a column; one that has nothing but NaN is left out.
   * @param wantsDelta Whether neighbours are near each other, as moments are.
   */
  add(key: string, given: ArrayLike<number>, wantsDelta = false): void {
    const noneCount = countNone(given);
    if (noneCount === given.length) return;
    const values = noneCount === 0 ? given : presentOf(given, given.length - noneCount);
    const { isWhole, isSigned, most } = surveyed(values, wantsDelta);
    if (noneCount > 0) this.#parts.push(presence(given));
    const bytes = isWhole ? wholeBytes(values, wantsDelta, isSigned, 2 * most) : doubleBytes(values);
    this.#shapes.push({
      key,
      kind: isWhole ? "whole" : "double",
      isDelta: isWhole && wantsDelta,
      isSigned,
      count: given.length,
      valueCount: values.length,
      byteLength: bytes.length,
    });
    this.#parts.push(bytes);
  }

  /** All that was added. */
  finish(): PackedColumns {
    const bytes = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { shapes: this.#shapes, bytes };
  }
}

function countNone(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) count++;
  return count;
}

function presentOf(values: ArrayLike<number>, count: number): Float64Array {
  const present = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) present[at++] = values[i];
  return present;
}

/** A bit for each: whether it is a number. */
function presence(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) bytes[i >> 3] |= 1 << (i & 7);
  return bytes;
}

interface Survey {
  isWhole: boolean;
  isSigned: boolean;
  /** The greatest that is written, whatever its sign. */
  most: number;
}

function surveyed(values: ArrayLike<number>, isDelta: boolean): Survey {
  let isWhole = true;
  let isSigned = false;
  let before = 0;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const written = isDelta ? value - before : value;
    // A negative zero is none of the whole numbers: it would come back without its sign.
    if (!Number.isInteger(value) || Math.abs(value) > MOST_WHOLE || Object.is(value, -0)) isWhole = false;
    if (written < 0) isSigned = true;
    if (Math.abs(written) > most) most = Math.abs(written);
    before = value;
  }
  return { isWhole, isSigned, most };
}

function wholeBytes(
  values: ArrayLike<number>,
  isDelta: boolean,
  isSigned: boolean,
  most: number,
): Uint8Array {
  const count = values.length;
  const bytes = new Uint8Array(count * planesOf(most));
  let before = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    let left = isDelta ? value - before : value;
    before = value;
    if (isSigned) left = left < 0 ? -2 * left - 1 : 2 * left;
    let at = i;
    while (left >= 0x80000000) {
      bytes[at] = left % 256;
      at += count;
      left = Math.floor(left / 256);
    }
    while (left > 0) {
      bytes[at] = left & 255;
      at += count;
      left >>>= 8;
    }
  }
  return bytes;
}

/** Bytes that the greatest number of a column takes. */
function planesOf(most: number): number {
  let planes = 1;
  while (most >= 256) {
    planes++;
    most = Math.floor(most / 256);
  }
  return planes;
}

function doubleBytes(values: ArrayLike<number>): Uint8Array {
  const count = values.length;
  const view = new DataView(new ArrayBuffer(8));
  const bytes = new Uint8Array(count * 8);
  for (let i = 0; i < count; i++) {
    view.setFloat64(0, values[i], true);
    for (let plane = 0; plane < 8; plane++) bytes[plane * count + i] = view.getUint8(plane);
  }
  return bytes;
}
