/**
 * JSON text -> values, with every integer exact. `JSON.parse` rounds what lies beyond 2^53, and nanoseconds since 1970 do.
 *
 * A reviver with `context.source` would see the digits, but Node 20 has none, it takes ten times as long as a plain parse
 * (Deno 2.9.6, Bun 1.4.5; this takes three to four times as long), and it recurses. Here the text is scanned once, and such
 * integers are put in quotes. Python also writes `NaN` and infinities, which JSON does not know: those are looked for in a
 * text that is no JSON as it stands.
 *
 * @module
 */

/** As it was when the package was loaded, whatever the program puts in its place. */
const { parse } = JSON;

/** An integer of 16 digits or more that stands alone: no piece of a fraction, an exponent or a longer number. */
const LONG_INTEGER = /(?<![\w.+-])-?[1-9]\d{15,}(?![\w.+-])/g;

/** What Python writes of a float that JSON cannot say; the minus before an infinity is none of it. */
const NOT_FINITE = /(?<![\w.+])(?:NaN|Infinity)(?![\w.+-])/g;

/** Shorter stretches between two strings cannot hold a `LONG_INTEGER`. */
const LONG = 16;

/**
 * Parses JSON and what Python takes for it. Integers beyond the exact range of a number come as strings of their digits, a
 * bare `NaN` as the string `"NaN"`, `Infinity` and `-Infinity` as the numbers.
 * @throws {SyntaxError} If `text` is neither.
 */
export function parseExact(text: string): unknown {
  const exact = replaceBetweenStrings(text, LONG, LONG_INTEGER, quoteUnlessSafe);
  try {
    return parse(exact);
  } catch (error) {
    const plain = replaceBetweenStrings(exact, "NaN".length, NOT_FINITE, quoteNotFinite);
    if (plain === exact) throw error;
    return parse(plain);
  }
}

/** Replaces in the stretches of `least` characters or more that lie outside strings. */
function replaceBetweenStrings(
  text: string,
  least: number,
  pattern: RegExp,
  replacer: (match: string) => string,
): string {
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    if (end - at >= least) {
      const between = text.slice(at, end);
      const replaced = between.replace(pattern, replacer);
      if (replaced !== between) {
        parts.push(text.slice(copied, at), replaced);
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

/** Beyond a number's range JSON's numbers are infinite. */
function quoteNotFinite(word: string): string {
  return word === "NaN" ? '"NaN"' : "1e999";
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
