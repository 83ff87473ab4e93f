import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { parseExact } from "../../src/spool/exact_json.ts";
import { LARGE, testUnless } from "../support/conditions.ts";

const largeTest = testUnless(LARGE, import.meta.url);

for (
  const [text, value] of [
    ["1767323045678901234", "1767323045678901234"],
    ["-1767323045678901234", "-1767323045678901234"],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["1767323045678901", 1767323045678901],
    ["[1767323045678901234,1767323045678901235]", ["1767323045678901234", "1767323045678901235"]],
    ['{"a":1767323045678901234}', { a: "1767323045678901234" }],
    ['{"a"\n:\t1767323045678901234\r\n}', { a: "1767323045678901234" }],
    ["0.1767323045678901234", 0.1767323045678901234],
    ["12345678901234567.5", 12345678901234567.5],
    ["12345678901234567e3", 12345678901234567e3],
    ["12345678901234567E+3", 12345678901234567e3],
    ["1e-0000000000000000005", 1e-5],
    ["1e00000000000000000010", 1e10],
    ['"1767323045678901234"', "1767323045678901234"],
    ['"a 1767323045678901234 b"', "a 1767323045678901234 b"],
    ['"\\" 1767323045678901234 \\""', '" 1767323045678901234 "'],
    ['["\\\\",1767323045678901234]', ["\\", "1767323045678901234"]],
    ['["\\\\\\" , 1767323045678901234 ,"]', ['\\" , 1767323045678901234 ,']],
    ["[true , false , null , 1767323045678901234]", [true, false, null, "1767323045678901234"]],
    ['{"1767323045678901234":1}', { "1767323045678901234": 1 }],
    ["NaN", "NaN"],
    ["[NaN,Infinity,-Infinity]", ["NaN", Infinity, -Infinity]],
    ['{"a": NaN, "b": -Infinity}', { a: "NaN", b: -Infinity }],
    ['{"a"\n:\tInfinity\r\n}', { a: Infinity }],
    ['["NaN", NaN, "\\"NaN", "Infinity,NaN"]', ["NaN", "NaN", '"NaN', "Infinity,NaN"]],
    ['{"NaN":NaN,"\\\\":NaN}', { "NaN": "NaN", "\\": "NaN" }],
    ["[1767323045678901234, NaN]", ["1767323045678901234", "NaN"]],
  ] as const
) {
  test(`parseExact() reads ${JSON.stringify(text)}`, () => {
    assertEquals(parseExact(text), value as unknown);
  });
}

test("parseExact() gives what a reviver with the source text gives, for any JSON", () => {
  const exact = (text: string) =>
    JSON.parse(
      text,
      ((_key: string, value: unknown, context: { source: string }) =>
        typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source)
          ? context.source
          : value) as (key: string, value: unknown) => unknown,
    );
  const strings = fc.oneof(fc.string(), fc.stringMatching(/^[\d"\\ ,:{}\[\]-]*$/));
  const { value } = fc.letrec<{ value: unknown; big: bigint; list: unknown[]; fields: object }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      strings,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      tie("big"),
      tie("list"),
      tie("fields"),
    ),
    big: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    list: fc.array(tie("value")),
    fields: fc.dictionary(strings.filter(name => name !== "__proto__"), tie("value")),
  }));
  const write = (item: unknown): string => {
    if (typeof item === "bigint") return String(item);
    if (Array.isArray(item)) return `[${item.map(write).join(" , ")}]`;
    if (typeof item === "object") {
      return `{${Object.entries(item!).map(([name, field]) => `${JSON.stringify(name)}:${write(field)}`)}}`;
    }
    return JSON.stringify(item);
  };
  fc.assert(fc.property(value, item => {
    const text = write(item);
    assertEquals(parseExact(text), exact(text));
  }));
});

const NO_JSON = ["", "{", "[1767323045678901234", '"1767323045678901234', '{"a":', '"\\', "]"];
const NEARLY_NAN = [
  "nan",
  "-NaN",
  "+Infinity",
  "5Infinity",
  "Infinity5",
  ".Infinity",
  "1e-Infinity",
  "--Infinity",
];
const NEARLY_JSON = [
  ...NEARLY_NAN,
  "NaNNaN",
  "NaN NaN",
  "[NaN",

  '"NaN',
  "Infinity.5",
  "xNaN",
  "NaN-1",
];

for (const text of [...NO_JSON, ...NEARLY_JSON]) {
  test(`parseExact() throws a SyntaxError for ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseExact(text), SyntaxError);
  });
}

test("parseExact() takes linear time over long numbers and long strings", () => {
  const digits = "1".repeat(1_000_000);
  assertStrictEquals(parseExact(digits), digits);
  assertStrictEquals(parseExact(`${digits}.5`), Infinity);
  assertStrictEquals(parseExact(JSON.stringify("\\".repeat(1_000_000))), "\\".repeat(1_000_000));
  assertStrictEquals(parseExact(JSON.stringify('"'.repeat(1_000_000))), '"'.repeat(1_000_000));
});

largeTest(
  "parseExact() reads 50 MB of Python's, with strings full of quotes and backslashes, in a few seconds",
  () => {
    const MANY = 8_000_000;
    const text = [
      `{"quotes":"${'\\"'.repeat(MANY)}"`,
      `"backslashes":"${"\\\\".repeat(MANY)}"`,
      `"words":"${"NaN,".repeat(MANY / 4)}"`,
      `"numbers":[${"NaN,".repeat(MANY / 4)}-Infinity]`,
      `"bare":NaN,"strings":["${'","'.repeat(MANY / 4)}"]}`,
    ].join(", ");
    assert(text.length > 50_000_000);
    const { quotes, backslashes, words, numbers, bare, strings } = parseExact(text) as Record<string, string>;
    assertEquals([quotes.length, backslashes.length, words.length], [MANY, MANY, MANY]);
    assertEquals([numbers.length, numbers[0], numbers.at(-1) as unknown], [MANY / 4 + 1, "NaN", -Infinity]);
    assertEquals([bare, strings.length], ["NaN", MANY / 4 + 1]);
  },
);
