/**
 * What turns text into bytes and back, made when first needed: importing the package should cost nothing.
 *
 * @module
 */

let digits: Uint32Array | null = null;
let hex: Uint16Array | null = null;
let theEncoder: TextEncoder | null = null;
let theDecoder: TextDecoder | null = null;

/** The four ASCII digits of each number below 10 000, the first in the lowest byte. */
export function fourDigits(): Uint32Array {
  if (digits !== null) return digits;
  digits = new Uint32Array(10_000);
  for (let i = 0; i < 10_000; i++) {
    const thousands = Math.floor(i / 1000);
    const hundreds = Math.floor(i / 100) % 10;
    const tens = Math.floor(i / 10) % 10;
    digits[i] = 0x30303030 + (thousands | hundreds << 8 | tens << 16 | i % 10 << 24);
  }
  return digits;
}

/** The two hex digits of each byte, the first in the lower byte. */
export function hexOfByte(): Uint16Array {
  const characters = "0123456789abcdef";
  return hex ??= Uint16Array.from(
    { length: 256 },
    (_, i) => characters.charCodeAt(i >> 4) | characters.charCodeAt(i & 15) << 8,
  );
}

/** Text to UTF-8. */
export function encoder(): TextEncoder {
  return theEncoder ??= new TextEncoder();
}

/** UTF-8 to text. U+FEFF at its beginning is part of the text: it may be a piece from the middle. */
export function decoder(): TextDecoder {
  return theDecoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
}
