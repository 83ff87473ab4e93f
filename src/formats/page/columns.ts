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
  /** 0 for NaN, and all else is one more. */
  readonly hasNone: boolean;
  readonly count: number;
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
  add(key: string, values: ArrayLike<number>, wantsDelta = false): void {
    const { isWhole, isSigned, hasNone, noneCount, most } = surveyed(values, wantsDelta);
    if (noneCount === values.length) return;
    const bytes = isWhole ? wholeBytes(values, wantsDelta, isSigned, hasNone, 2 * most + 2) : doubleBytes(values);
    this.#shapes.push({
      key,
      kind: isWhole ? "whole" : "double",
      isDelta: isWhole && wantsDelta,
      isSigned,
      hasNone,
      count: values.length,
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

interface Survey {
  isWhole: boolean;
  isSigned: boolean;
  hasNone: boolean;
  noneCount: number;
  /** The greatest that is written, whatever its sign. */
  most: number;
}

function surveyed(values: ArrayLike<number>, isDelta: boolean): Survey {
  let isWhole = true;
  let isSigned = false;
  let noneCount = 0;
  let before = 0;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) {
      noneCount++;
      continue;
    }
    const written = isDelta ? value - before : value;
    // A negative zero is none of the whole numbers: it would come back without its sign.
    if (!Number.isInteger(value) || Math.abs(value) > MOST_WHOLE || Object.is(value, -0)) isWhole = false;
    if (written < 0) isSigned = true;
    if (Math.abs(written) > most) most = Math.abs(written);
    before = value;
  }
  return { isWhole, isSigned, hasNone: noneCount > 0, noneCount, most };
}

function wholeBytes(
  values: ArrayLike<number>,
  isDelta: boolean,
  isSigned: boolean,
  hasNone: boolean,
  most: number,
): Uint8Array {
  const count = values.length;
  const planes = planesOf(most);
  const bytes = new Uint8Array(count * planes);
  let before = 0;
  const none = hasNone ? 1 : 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (value !== value) continue;
    let left = isDelta ? value - before : value;
    before = value;
    if (isSigned) left = left < 0 ? -2 * left - 1 : 2 * left;
    left += none;
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
