/**
 * The page's own program: the text of a block -> its bytes.
 *
 * @module
 */
import type { PageBlock } from "../data.ts";
import type { Browser } from "./browser.ts";

/** Reads the text of an element, and inflates it if it is deflated. */
export type Open = (id: string, block: PageBlock) => Promise<Uint8Array>;

/** Makes the function that does. */
export function opener(browser: Browser, alphabet: string): Open {
  const values = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return async (id, { isDeflated, byteLength }) => {
    const text = browser.document.getElementById(id)!.textContent ?? "";
    const bytes = new Uint8Array(byteLength);
    let at = 0;
    let held = 0;
    let bits = 0;
    for (let i = 0; i < text.length; i += 2) {
      held |= (values[text.charCodeAt(i)] + 91 * values[text.charCodeAt(i + 1)]) << bits;
      bits += 13;
      while (bits >= 8) {
        if (at < bytes.length) bytes[at++] = held & 255;
        held >>>= 8;
        bits -= 8;
      }
    }
    if (!isDeflated) return bytes;
    if (browser.DecompressionStream === undefined) {
      throw new Error("This browser cannot inflate; one from 2023 on can");
    }
    const stream = new browser.Blob([bytes]).stream().pipeThrough(
      new browser.DecompressionStream("deflate-raw"),
    );
    return new Uint8Array(await new browser.Response(stream).arrayBuffer());
  };
}
