/**
 * Bytes as text that may stand in a script element, deflated where the runtime can.
 *
 * @module
 */
import { load } from "../../runtime/builtins.ts";

/** Bytes as text. */
export interface Packed {
  readonly isDeflated: boolean;
  /** Bytes in the text, which has bits left over. */
  readonly byteLength: number;
  readonly text: string;
}

/** What is used of `node:zlib`. */
interface Zlib {
  deflateRawSync(bytes: Uint8Array, options: { level: number }): Uint8Array;
}

// Level 1 leaves a quarter more; 6 and 9 leave 1 % less and take as long again.
const LEVEL = 4;

/** `bytes`, deflated where `node:zlib` can be had: a program that froze what runtimes build it on has none. */
export function packed(bytes: Uint8Array): Packed {
  let deflated: Uint8Array | null = null;
  try {
    deflated = load<Zlib>("node:zlib").deflateRawSync(bytes, { level: LEVEL });
  } catch {
    // As it is, then: the page is larger, and shows the same.
  }
  return {
    isDeflated: deflated !== null,
    byteLength: (deflated ?? bytes).length,
    text: pairsOf(deflated ?? bytes),
  };
}

/**
 * The 91 printable characters of ASCII that mean nothing to HTML, and no backslash. Two of them hold 13 bits: a twelfth less text
 * than base64.
 */
export const ALPHABET: string =
  ' !"#$%()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~';

const BITS = 13;

/** Thirteen bits for two characters; what is left over is filled with zeros. The page's program reads it back (view/open.ts). */
export function pairsOf(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length * 8 / BITS) * 2);
  const codes = new TextEncoder().encode(ALPHABET);
  let at = 0;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    held |= bytes[i] << bits;
    bits += 8;
    if (bits < BITS) continue;
    const value = held & 8191;
    held >>>= BITS;
    bits -= BITS;
    out[at++] = codes[value % 91];
    out[at++] = codes[(value / 91) | 0];
  }
  if (bits > 0) {
    out[at++] = codes[held % 91];
    out[at++] = codes[(held / 91) | 0];
  }
  return new TextDecoder().decode(out.subarray(0, at));
}
