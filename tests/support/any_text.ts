/**
 * Text of any characters at all, for property tests.
 *
 * @module
 */
import fc from "fast-check";

/** Any code point but halves of surrogate pairs, as often of one byte of UTF-8 as of two, three or four. */
export const ANY_CHARACTER: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0x7ff }),
  fc.integer({ min: 0x800, max: 0xf7ff }).map(code => code < 0xd800 ? code : code + 0x800),
  fc.integer({ min: 0x10000, max: 0x10ffff }),
).map(code => String.fromCodePoint(code));

/**
 * A text of such characters. fast-check's own, `{ unit: "binary" }`, takes a second to make for each process: it puts a table of
 * all characters together.
 */
export function anyText(maxLength?: number): fc.Arbitrary<string> {
  return fc.string({ unit: ANY_CHARACTER, maxLength });
}
