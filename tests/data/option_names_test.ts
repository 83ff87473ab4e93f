import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { checkOptionNames, nearestOption, unknownOption } from "../../src/data/option_names.ts";

const KNOWN = ["output", "outputDir", "flushIntervalMs", "last", "open"];

const NEAREST: readonly (readonly [name: string, nearest: string | undefined])[] = [
  ["ouptut", "output"],
  ["OUTPUT", "output"],
  ["outputdir", "outputDir"],
  ["output_dir", "outputDir"],
  ["dir", "outputDir"],
  ["interval", "flushIntervalMs"],
  ["flushIntervalSeconds", "flushIntervalMs"],
  ["lst", "last"],
  ["opened", "open"],
  ["x", undefined],
  ["", undefined],
  ["zebra", undefined],
  ["output".repeat(1000), undefined],
];

for (const [name, nearest] of NEAREST) {
  test(`nearestOption() takes "${name.slice(0, 20)}" for ${nearest}`, () => {
    assertEquals(nearestOption(name, KNOWN), nearest);
  });
}

test("unknownOption() finds a key of the object's own, and no inherited one", () => {
  assertEquals(unknownOption({ last: 1, open: 2 }, KNOWN), undefined);
  assertEquals(unknownOption({ last: 1, first: 2 }, KNOWN), "first");
  assertEquals(unknownOption(Object.create({ first: 2 }), KNOWN), undefined);
  assertEquals(unknownOption({ [Symbol("first")]: 1 }, KNOWN), undefined);
});

test("checkOptionNames() cuts a long name, and lets none move the cursor", () => {
  const error = assertThrows(
    () => checkOptionNames({ ["\x1b[2J".repeat(1e5)]: 1 }, KNOWN, "do it"),
    TypeError,
  );
  assertEquals([error.message.length < 1000, error.message.includes("\x1b")], [true, false]);
});
