import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { ATTR_TEXT_BYTES, cutText, describeError, TEXT_BYTES } from "../../src/data/text_limits.ts";
import { anyText } from "../support/any_text.ts";
import { TEXTS, THROWN } from "../support/hostile.ts";

const encoder = new TextEncoder();
const byteLength = (text: string) => encoder.encode(text).length;

test("cutText() leaves alone what is short enough", () => {
  for (const text of ["", "a", "x".repeat(256), "é".repeat(128), "世".repeat(85), "\u{1f600}".repeat(64)]) {
    assertStrictEquals(cutText(text), text);
  }
});

const CUTS: readonly (readonly [what: string, text: string, maxBytes: number, cut: string])[] = [
  ["one byte too many", "x".repeat(257), 256, "x".repeat(256)],
  ["a character of 2 bytes across the bound", "x".repeat(255) + "é", 256, "x".repeat(255)],
  ["a character of 3 bytes across the bound", "x".repeat(254) + "世", 256, "x".repeat(254)],
  ["an emoji across the bound", "x".repeat(253) + "\u{1f600}", 256, "x".repeat(253)],
  ["an emoji right before the bound", "x".repeat(252) + "\u{1f600}y", 256, "x".repeat(252) + "\u{1f600}"],
  ["a lone surrogate as 3 bytes", "x".repeat(253) + "\ud800y", 256, "x".repeat(253) + "\ud800"],
  ["a lone surrogate across the bound", "x".repeat(254) + "\udc00", 256, "x".repeat(254)],
  ["nothing at all allowed", "abc", 0, ""],
  ["no room for the first character", "\u{1f600}", 3, ""],
];

for (const [what, text, maxBytes, cut] of CUTS) {
  test(`cutText() with ${what}`, () => assertStrictEquals(cutText(text, maxBytes), cut));
}

for (const [what, text] of Object.entries(TEXTS)) {
  test(`cutText() of ${what} is a prefix of at most 256 bytes`, () => {
    const cut = cutText(text);
    assert(text.startsWith(cut));
    assert(byteLength(cut) <= TEXT_BYTES);
  });
}

test("cutText() gives the longest prefix that fits and breaks no code point", () => {
  const bound = fc.integer({ min: 0, max: 40 });
  const text = anyText(40);
  const units = fc.array(fc.integer({ min: 0xd7f0, max: 0xe00f }), { maxLength: 30 })
    .map(codes => String.fromCharCode(...codes)); // surrogates in any order
  fc.assert(fc.property(fc.oneof(text, units), bound, (whole, maxBytes) => {
    const cut = cutText(whole, maxBytes);
    assert(whole.startsWith(cut));
    assert(byteLength(cut) <= maxBytes);
    if (cut.length < whole.length) {
      const next = String.fromCodePoint(whole.codePointAt(cut.length)!);
      assert(byteLength(cut + next) > maxBytes, "one more code point must not fit");
      const isPair = /[\ud800-\udbff]$/.test(cut) && /^[\udc00-\udfff]/.test(whole.slice(cut.length));
      assert(!isPair, "a pair must stay whole");
    }
    assertStrictEquals(cutText(cut, maxBytes), cut);
  }));
});

test("Strings in attributes may be longer than names", () => {
  assert(ATTR_TEXT_BYTES > TEXT_BYTES);
  assertStrictEquals(byteLength(cutText("x".repeat(ATTR_TEXT_BYTES + 1), ATTR_TEXT_BYTES)), ATTR_TEXT_BYTES);
});

test("describeError() gives name and message", () => {
  assertStrictEquals(describeError(new RangeError("too far")), "RangeError: too far");
});

test("describeError() gives the name alone without a message", () => {
  assertStrictEquals(describeError(new TypeError()), "TypeError");
});

test("describeError() gives the name that an error says it has", () => {
  class OwnError extends Error {
    override name = "OwnError";
  }
  assertStrictEquals(describeError(new OwnError("x")), "OwnError: x");
});

test("describeError() names what is thrown and is no error", () => {
  const cases: [unknown, string][] = [
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [0, "0"],
    [5n, "5"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "an unprintable object"],
  ];
  for (const [thrown, said] of cases) assertEquals(describeError(thrown), said);
});

for (const [what, make] of Object.entries(THROWN)) {
  test(`describeError() of ${what} is a text of at most 256 bytes`, () => {
    const said = describeError(make());
    assertStrictEquals(typeof said, "string");
    assert(byteLength(said) <= TEXT_BYTES);
  });
}
