import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import { randomIdSuffix } from "../../src/data/ids.ts";
import { idText } from "../../src/tree/columns.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { expectedId, numberOf } from "../support/ids.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const suffixes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(bits => bits.toString(16).padStart(16, "0"));
const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
)
  .map(number => Math.max(number, 1));

/** The 64 bits of so many numbers from 1 on, as bigints. */
function bitsOf(series: IdSeries, count: number): BigUint64Array {
  const halves = new Int32Array(count * 2);
  for (let i = 0; i < count; i++) {
    series.scatter(i + 1);
    halves[i * 2] = series.low;
    halves[i * 2 + 1] = series.high;
  }
  return new BigUint64Array(halves.buffer);
}

/** How many of sorted values are like the one before. */
function repeats(sorted: ArrayLike<bigint | number>): number {
  let count = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) count++;
  return count;
}

// Known ids: those of the same numbers, in any runtime and version. Whoever changes one splits the ids of a program that
// was upgraded in the middle from its parents'.
const KNOWN: readonly (readonly [suffix: string, number: number, id: string])[] = [
  ["0000000000000000", 1, "077b720ade9a68270000000000000000"],
  ["0123456789abcdef", 1, "23a2639c04c384b90123456789abcdef"],
  ["0123456789abcdef", 2, "928103b5d63a017e0123456789abcdef"],
  ["0123456789abcdef", 4294967295, "11f88eb609eabaf60123456789abcdef"],
  ["0123456789abcdef", 4294967296, "d38262a8f766d20f0123456789abcdef"],
  ["0123456789abcdef", 9007199254740991, "4042ec0419a49f4f0123456789abcdef"],
  ["ffffffffffffffff", 123456789, "ded02cb147b828a2ffffffffffffffff"],
];
for (const [suffix, number, id] of KNOWN) {
  test(`IdSeries of ${suffix} makes of ${number} the id ${id}`, () => {
    assertEquals(idText(new IdSeries(suffix), number), id);
    assertEquals(expectedId(suffix, BigInt(number)), id);
    assertEquals(numberOf(id), number);
  });
}

test("IdSeries does what its description says in big integers, and that can be undone", () => {
  fc.assert(
    fc.property(suffixes, numbers, (suffix, number) => {
      const id = idText(new IdSeries(suffix), number);
      assertEquals(id, expectedId(suffix, BigInt(number)));
      assertEquals(numberOf(id), number);
    }),
    { numRuns: 1000 },
  );
});

test("IdSeries gives two numbers different halves of ids, and none of them zeros", () => {
  fc.assert(
    fc.property(suffixes, numbers, numbers, (suffix, a, b) => {
      const [idA, idB] = [a, b].map(number => idText(new IdSeries(suffix), number).slice(0, 16));
      assertEquals(idA === idB, a === b);
      assertNotEquals(idA, "0".repeat(16));
    }),
    { numRuns: 1000 },
  );
});

test("IdSeries keeps the zeros for 0, whatever the process's randomness", () => {
  fc.assert(
    fc.property(suffixes, suffix => {
      const series = new IdSeries(suffix);
      series.scatter(5);
      series.scatter(0);
      assertEquals([series.high, series.low], [0, 0]);
    }),
    { numRuns: 200 },
  );
});

largeTest("IdSeries gives each of a million numbers 64 bits of its own", () => {
  const bits = bitsOf(new IdSeries("0123456789abcdef"), 1_000_000).sort();
  assertEquals([repeats(bits), bits[0] === 0n], [0, false]);
});

largeTest(
  "IdSeries gives the spans of ten processes different 64 bits, even where their randomness is nearly the same",
  () => {
    const near = (i: number) => i.toString(16).padStart(16, "0");
    for (const suffixOf of [near, (i: number) => near(i).split("").reverse().join(""), randomIdSuffix]) {
      const bits = new BigUint64Array(1_000_000);
      for (let i = 0; i < 10; i++) bits.set(bitsOf(new IdSeries(suffixOf(i)), 100_000), i * 100_000);
      assertEquals(repeats(bits.sort()), 0);
    }
  },
);

largeTest("IdSeries gives a million spans in each of ten processes 64 bits that no other has", () => {
  const count = 1_000_000;
  const bits = new BigUint64Array(10 * count); // 80 MB
  for (let i = 0; i < 10; i++) bits.set(bitsOf(new IdSeries(randomIdSuffix()), count), i * count);
  assertEquals(repeats(bits.sort()), 0);
});

// A million random numbers of 32 bits have 116 repeats on average; more than 200 or fewer than 50 come once in 10^11 tries.
largeTest("IdSeries scatters each half of an id as randomness would", () => {
  for (const suffix of ["0000000000000000", "ffffffffffffffff", "0123456789abcdef"]) {
    const halves = new Uint32Array(bitsOf(new IdSeries(suffix), 1_000_000).buffer);
    for (const half of [0, 1]) {
      const count = repeats(halves.filter((_, i) => i % 2 === half).sort());
      assert(count > 50 && count < 200, `${suffix} half ${half}: ${count}`);
    }
  }
});

test("numberOf() undoes scatter()", () => {
  fc.assert(fc.property(suffixes, numbers, (suffix, number) => {
    const series = new IdSeries(suffix);
    series.scatter(number);
    assertEquals(series.numberOf(series.high, series.low), number);
  }));
});
