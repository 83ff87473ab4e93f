import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Constant, TextBytes } from "../../src/formats/bytes.ts";
import { formatDuration, formatValue } from "../../src/formats/units.ts";
import { anyText } from "../support/any_text.ts";

/** What a text holds to which `write` wrote. */
function written(write: (text: TextBytes) => void): string {
  const text = TextBytes.begin();
  write(text);
  return text.finish();
}

/** Numbers around every place where digits are counted, and some of each size. */
const WHOLE = fc.oneof(
  fc.maxSafeNat(),
  fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: -2, max: 2 }))
    .map(([exponent, offset]) => Math.max(0, 10 ** exponent + offset)),
);

/** Any number, and such that lie on the edge between two roundings or beside it. */
const NUMBER = fc.oneof(
  fc.double(),
  WHOLE,
  WHOLE.map(value => -value),
  fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom(10, 100, 1000, 10_000, 1e5, 1e6, 1e7))
    .map(([value, scale]) => value / scale),
);

const UNICODE = anyText();

test("TextBytes.finish() gives nothing of a text that was not written to", () => {
  assertEquals(written(() => {}), "");
});

test("TextBytes.begin() begins an empty text, also while another is being written", () => {
  const first = TextBytes.begin();
  first.text("first");
  assertEquals(written(text => text.text("second")), "second");
  assertEquals(first.finish(), "first");
  assertEquals(written(text => text.text("third")), "third");
});

test("TextBytes.put() writes constants of every length", () => {
  const all = "abcdefghijklmnopqrstuvwxyz".repeat(10);
  const lengths = Array.from({ length: 251 }, (_, i) => i);
  assertEquals(
    written(text => lengths.forEach(length => text.put(new Constant(all.slice(0, length))))),
    lengths.map(length => all.slice(0, length)).join(""),
  );
});

test("TextBytes.number() writes what String() gives of any finite number", () => {
  fc.assert(fc.property(NUMBER, number => {
    if (Number.isFinite(number)) assertEquals(written(text => text.number(number)), String(number));
  }));
});

test("TextBytes.thousandths() writes what the quotient is, of any number", () => {
  fc.assert(fc.property(NUMBER, number => {
    assertEquals(written(text => text.thousandths(number)), String(number / 1000));
  }));
});

test("TextBytes.duration() writes what formatDuration() gives of any number", () => {
  fc.assert(fc.property(fc.oneof(NUMBER, WHOLE.map(ns => ns / 1000)), us => {
    assertEquals(written(text => text.duration(us)), formatDuration(us));
  }));
});

test("TextBytes.duration() rounds every duration up to 12 us, and ties above, as formatDuration() does", () => {
  for (let ns = 0; ns < 12_000; ns++) {
    assertEquals(written(text => text.duration(ns / 1000)), formatDuration(ns / 1000));
  }
  for (let us = 10.5; us < 2_000_000; us += us < 2000 ? 0.5 : 5025) {
    assertEquals(written(text => text.duration(us)), formatDuration(us));
  }
});

test("TextBytes.value() writes what formatValue() gives of any number", () => {
  fc.assert(fc.property(NUMBER, number => {
    assertEquals(written(text => text.value(number)), formatValue(number));
  }));
});

test("TextBytes.json() writes what JSON.stringify() gives of any string", () => {
  fc.assert(fc.property(UNICODE, string => {
    assertEquals(written(text => text.json(string)), JSON.stringify(string));
  }));
});

test("TextBytes.text() writes any string that has no lone surrogates", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), string => {
    assertEquals(written(text => text.text(string)), string);
  }));
});

test("TextBytes.textBy() converts what is not plain ASCII, and nothing else", () => {
  const convert = (text: string) => `<${text.length}>`;
  for (const plain of ["", "a b~", '"\\']) {
    assertEquals(written(text => text.textBy(plain, convert)), plain);
  }
  for (const other of ["\n", "a\x7f", "é", "a\u2028", "\ud800"]) {
    assertEquals(written(text => text.textBy(other, convert)), `<${other.length}>`);
  }
});

test("TextBytes.hex64() writes two halves as 16 hex digits, whatever their signs", () => {
  for (
    const [high, low] of [[0, 0], [0, 1], [1, 255], [-1, 2 ** 31 - 1], [-(2 ** 31), -2], [
      2 ** 32 - 1,
      2 ** 31,
    ]]
  ) {
    const expected = [high, low].map(half => (half >>> 0).toString(16).padStart(8, "0")).join("");
    assertEquals(written(text => text.hex64(high, low)), expected);
  }
});

test("TextBytes keeps the order of pieces of every length, over the borders of its buffer", () => {
  const lengths = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(300) }, fc.nat(50_000)), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(lengths, fc.constantFrom("a", "é", "\u{1f600}", '"'), (lengths, character) => {
      const text = TextBytes.begin();
      let expected = "";
      lengths.forEach((length, i) => {
        const string = character.repeat(length);
        if (i % 3 === 0) text.text(string);
        else if (i % 3 === 1) text.json(string);
        else text.textBy(string, string => string);
        expected += i % 3 === 1 ? JSON.stringify(string) : string;
        text.number(i);
        text.hex64(0, i);
        expected += i + i.toString(16).padStart(16, "0");
      });
      assertEquals(text.finish(), expected);
    }),
    { numRuns: 40 },
  );
});

test("TextBytes keeps the order of the longest pieces, wherever its buffer ends", () => {
  const longest = new Constant("x".repeat(250));
  const text = TextBytes.begin();
  let expected = "";
  for (let i = 0; i < 1000; i++) {
    text.put(longest);
    text.hex64(0, i);
    text.number(Number.MAX_SAFE_INTEGER);
    text.thousandths(123_456_789_012_345);
    text.character(0x2c);
    expected += `${"x".repeat(250)}${i.toString(16).padStart(16, "0")}9007199254740991123456789012.345,`;
  }
  assertEquals(text.finish(), expected);
});

test("TextBytes keeps U+FEFF where a chunk of the text begins with it", () => {
  const text = TextBytes.begin();
  for (let i = 0; i < 30_000; i++) text.text("\ufeff");
  assertEquals(text.finish(), "\ufeff".repeat(30_000));
});
