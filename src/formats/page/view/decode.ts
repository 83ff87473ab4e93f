/**
 * The page's own program: blocks of the page -> columns. What columns.ts wrote comes back exactly.
 *
 * @module
 */
import type { PageBlock } from "../data.ts";

/** A block as the page reads it. */
export interface Block {
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly texts: readonly (() => string[])[];
}

/** Takes the bytes of a block apart. */
export type Decode = (block: PageBlock, bytes: Uint8Array) => Block;

/** Makes the function that does. */
export function decoder(): Decode {
  return (block, bytes) => {
    const columns: Record<string, Float64Array> = {};
    let at = 0;
    for (const { key, kind, isDelta, isSigned, count, valueCount, byteLength } of block.shapes) {
      const present = at;
      if (valueCount < count) at += Math.ceil(count / 8);
      const values = new Float64Array(valueCount);
      if (kind === "double") {
        const view = new DataView(new ArrayBuffer(8));
        for (let i = 0; i < valueCount; i++) {
          for (let plane = 0; plane < 8; plane++) view.setUint8(plane, bytes[at + plane * valueCount + i]);
          values[i] = view.getFloat64(0, true);
        }
      } else {
        // Plane by plane: each loop does one thing, which an engine makes fast at once.
        let scale = 1;
        for (let plane = at; plane < at + byteLength; plane += valueCount) {
          for (let i = 0; i < valueCount; i++) values[i] += bytes[plane + i] * scale;
          scale *= 256;
        }
        let before = 0;
        if (isSigned) {
          for (let i = 0; i < valueCount; i++) {
            values[i] = values[i] % 2 === 0
              ? values[i] / 2
              : -(values[i] + 1) / 2;
          }
        }
        if (isDelta) { for (let i = 0; i < valueCount; i++) values[i] = before += values[i]; }
      }
      at += byteLength;
      if (valueCount === count) {
        columns[key] = values;
        continue;
      }
      const spread = columns[key] = new Float64Array(count);
      let next = 0;
      for (let i = 0; i < count; i++) {
        spread[i] = (bytes[present + (i >> 3)] >> (i & 7) & 1) === 1 ? values[next++] : NaN;
      }
    }
    const texts = block.textLengths.map(length => {
      const from = at;
      at += length;
      return () =>
        length === 0 ? [] : new TextDecoder().decode(bytes.subarray(from, from + length)).split("\n");
    });
    return { columns, texts };
  };
}
