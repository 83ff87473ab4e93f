/**
 * JSON text -> values, with every integer exact. `JSON.parse` rounds what lies beyond 2^53, and nanoseconds since 1970 do.
 *
 * A reviver with `context.source` would see the digits, but Node 20 has none, it takes ten times as long as a plain parse
 * (Deno 2.9.6, Bun 1.4.5; this takes three to four times as long), and it recurses. Here the text is scanned once, and such
 * integers are put in quotes.
 *
 * @module
 */

/** An integer of 16 digits or more that stands alone: no piece of a fraction, an exponent or a longer number. */
const LONG_INTEGER = /(?<![\w.+-])-?[1-9]\d{15,}(?![\w.+-])/g;

/** Shorter stretches between two strings cannot hold a `LONG_INTEGER`. */
const LONG = 16;

/**
 * Parses JSON; integers beyond the exact range of a number come as strings of their digits.
 * @throws {SyntaxError} If `text` is not JSON.
 */
export function parseExact(text: string): unknown {
  return JSON.parse(quoteLongIntegers(text));
}

function quoteLongIntegers(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    if (end - at >= LONG) {
      const between = text.slice(at, end);
      const quoted = between.replace(LONG_INTEGER, quoteUnlessSafe);
      if (quoted.length !== between.length) {
        parts.push(text.slice(copied, at), quoted);
        copied = end;
      }
    }
    if (quote < 0) break;
    at = endOfString(text, quote);
  }
  if (parts.length === 0) return text;
  parts.push(text.slice(copied));
  return parts.join("");
}

function quoteUnlessSafe(digits: string): string {
  return Number.isSafeInteger(Number(digits)) ? digits : `"${digits}"`;
}

/** Where the text goes on after the string that `quote` opens. */
function endOfString(text: string, quote: number): number {
  for (let at = quote + 1;;) {
    const end = text.indexOf('"', at);
    if (end < 0) return text.length;
    let before = end - 1;
    while (text[before] === "\\") before--; // never below `quote`, which is no backslash
    if ((end - before) % 2 === 1) return end + 1;
    at = end + 1;
  }
}
