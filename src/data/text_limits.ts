/**
 * Where strings are cut on their way into the buffer, so that no name and no message can fill memory.
 *
 * @module
 */

/** Names, string marks and error descriptions keep this many bytes of UTF-8. */
export const TEXT_BYTES = 256;

/** Strings inside attributes keep this many bytes of UTF-8. */
export const ATTR_TEXT_BYTES = 4096;

/**
 * Cuts `text` to at most `maxBytes` of UTF-8, between code points. A lone surrogate counts 3, as the U+FFFD that an
 * encoder makes of it. Costs one comparison where the text is certainly short enough.
 */
export function cutText(text: string, maxBytes: number = TEXT_BYTES): string {
  return text.length * 3 <= maxBytes ? text : cutLong(text, maxBytes);
}

function cutLong(text: string, maxBytes: number): string {
  let bytes = 0;
  for (let i = 0; i < text.length;) {
    const codePoint = text.codePointAt(i)!;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    if (bytes > maxBytes) return ownCopy(text.slice(0, i));
    i += codePoint < 0x10000 ? 1 : 2;
  }
  return text;
}

/**
 * A copy of a slice. Engines keep a slice as a view that pins the whole string it was cut from; joining characters makes a
 * string of its own. Not for long ones: of cut strings, at most TEXT or ATTR_TEXT bytes come here.
 */
export function ownCopy(slice: string): string {
  const units = new Array<number>(slice.length);
  for (let i = 0; i < slice.length; i++) units[i] = slice.charCodeAt(i);
  return String.fromCharCode(...units);
}

/** What was thrown, as `Name: message`. Never throws, whatever it is given. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) {
      const message = String(error.message);
      return cutText(message === "" ? String(error.name) : `${error.name}: ${message}`);
    }
    return cutText(String(error));
  } catch {
    return `an unprintable ${typeof error}`;
  }
}
