import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { printable } from "../../src/data/printable.ts";

const UNPRINTABLE: readonly (readonly [text: string, escaped: string])[] = [
  ["plain text", "plain text"],
  ["größe 数 🎉", "größe 数 🎉"],
  ["a\nb", "a\\nb"],
  ["a\rb", "a\\rb"],
  ["a\tb", "a\\tb"],
  ["\u0000", "\\x00"],
  ["\u001b]0;title\u0007", "\\x1b]0;title\\x07"],
  ["\u007f", "\\x7f"],
  ["\u009b31m", "\\x9b31m"],
  ["\u2028", "\\u2028"],
  ["\u202eabc", "\\u202eabc"],
  ["\u2066abc", "\\u2066abc"],
  ["\ufeff", "\\ufeff"],
  ["\ud800", "\\ud800"],
  ["\udc00x", "\\udc00x"],
];

for (const [text, escaped] of UNPRINTABLE) {
  test(`printable() writes ${escaped}`, () => assertEquals(printable(text), escaped));
}
