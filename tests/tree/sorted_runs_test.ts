import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { RowLookup } from "../../src/tree/row_lookup.ts";
import { sortRuns } from "../../src/tree/sorted_runs.ts";

test("sortRuns() sorts as Array.sort() does, equals as they were, and leaves what it was given", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), values => {
    const indexes = Uint32Array.from(values.keys());
    const given = indexes.slice();
    const expected = [...indexes].sort((a, b) => values[a] - values[b]);
    assertEquals([...sortRuns(indexes, (a, b) => values[a] - values[b])], expected);
    assertEquals(indexes, given);
  }));
});

test("RowLookup finds the last row of a number, near and far, and tells which come before another one", () => {
  const near = fc.integer({ min: -5, max: 50 });
  const far = fc.integer({ min: 1, max: 2 ** 50 });
  fc.assert(fc.property(fc.array(fc.oneof(near, far), { maxLength: 40 }), numbers => {
    const lookup = new RowLookup(Float64Array.from(numbers));
    for (const number of [...numbers, -7, 0, 3, 2 ** 51, NaN]) {
      assertEquals(lookup.rowOf(number), numbers.lastIndexOf(number));
    }
    const repeated = numbers.flatMap((number, row) => numbers.lastIndexOf(number) === row ? [] : [row]);
    assertEquals([...lookup.repeated].sort((a, b) => a - b), repeated);
  }));
});
