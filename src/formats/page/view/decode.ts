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
    for (const { key, kind, isDelta, isSigned, hasNone, count, byteLength } of block.shapes) {
      const values = new Float64Array(count);
      if (kind === "double") {
        const view = new DataView(new ArrayBuffer(8));
        for (let i = 0; i < count; i++) {
          for (let plane = 0; plane < 8; plane++) view.setUint8(plane, bytes[at + plane * count + i]);
          values[i] = view.getFloat64(0, true);
        }
      } else {
        const planes = byteLength / count;
        let before = 0;
        for (let i = 0; i < count; i++) {
          let value = bytes[at + i];
          let scale = 256;
          for (let plane = 1; plane < planes; plane++) {
            const byte = bytes[at + plane * count + i];
            if (byte !== 0) value += byte * scale;
            scale *= 256;
          }
          if (hasNone && value === 0) {
            values[i] = NaN;
            continue;
          }
          if (hasNone) value--;
          if (isSigned) value = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
          if (isDelta) value = before += value;
          values[i] = value;
        }
      }
      columns[key] = values;
      at += byteLength;
    }
    const texts = block.textLengths.map(length => {
      const from = at;
      at += length;
      return () => length === 0 ? [] : new TextDecoder().decode(bytes.subarray(from, from + length)).split("\n");
    });
    return { columns, texts };
  };
}
