import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { unitsOfPage } from "../../../src/formats/page/view/units.ts";
import {
  formatBytes,
  formatCounter,
  formatDuration,
  formatShare,
  formatValue,
} from "../../../src/formats/units.ts";

// What a page writes by a program of its own is what the printed tree has.

const { time, moment, size, number, percent, counted, count } = unitsOfPage();

/** Numbers of every size alike, as spans and bytes are. */
const whole = fc.tuple(fc.integer({ min: 0, max: 53 }), fc.double({ min: 1, max: 2, noNaN: true }))
  .map(([power, part]) => Math.floor(part * 2 ** power));

const EDGES = [0, 995, 9949, 9950, 999_499, 999_500, 999_949_999, 999_950_000];

test("The page writes durations as the printed tree does", () => {
  const same = (ns: number): void => assertEquals(time(ns), formatDuration(ns / 1000));
  EDGES.forEach(same);
  fc.assert(fc.property(whole, same));
  // Percentiles are whole nanoseconds, means are not.
  fc.assert(fc.property(fc.double({ min: 0, max: 1e18, noNaN: true }), same));
});

test("The page writes moments as durations, but for the first", () => {
  assertEquals(moment(0), "0us");
  fc.assert(fc.property(whole, ns => assertEquals(moment(ns + 1), formatDuration((ns + 1) / 1000))));
});

test("The page writes sizes as the printed tree does", () => {
  const same = (bytes: number): void => assertEquals(size(bytes), formatBytes(bytes));
  for (let power = 0; power <= 50; power++) {
    for (const bytes of [2 ** power - 1, 2 ** power, 2 ** power + 1]) same(bytes);
  }
  for (const bytes of [1_048_524, 1_048_525, 1_048_575]) same(bytes);
  fc.assert(fc.property(whole, same));
  assertEquals([size(1_048_575), formatBytes(1_048_575)], ["1.0MiB", "1.0MiB"]);
});

test("The page writes what was counted as the printed tree does, with the sign where it adds up", () => {
  for (const unit of ["ns", "bytes", "number"] as const) {
    const text = formatCounter({ unit }, 123_456);
    assertEquals(counted({ unit, total: "sum" }, "~", 123_456), `~${text}`);
    assertEquals(counted({ unit, total: "highest" }, "~", 123_456), text);
  }
});

test("The page writes a mark's number as the printed tree does", () => {
  const same = (value: number): void => assertEquals(number(value), formatValue(value));
  for (const value of [0, -0, 1e15, -1e15, 1e15 - 1, 0.001, 1e6 + 0.5, 999_999.5, ...EDGES]) same(value);
  fc.assert(fc.property(whole, same));
  fc.assert(fc.property(whole, fc.constantFrom(-1, 1 / 7, 1e-6, -1e-9), (value, by) => same(value * by)));
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), same));
});

test("The page writes what is no number as it is: it was made readable before", () => {
  assertEquals([number("NaN"), number("a b"), number(true)], ["NaN", "a b", "true"]);
});

test("The page's shares have a decimal more than the printed tree's, and say the same", () => {
  assertEquals([0, 0.005, 0.4821, 1].map(percent), ["0%", "0.5%", "48.2%", "100%"]);
  assertEquals([0, 0.005, 0.4821, 1].map(formatShare), ["0%", "<1%", "48%", "100%"]);
  assertEquals([percent(NaN), percent(Infinity)], ["", ""]);
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), share => {
    const [page, tree] = [percent(share), formatShare(share)];
    assert(Math.abs(parseFloat(page) - 100 * share) < 0.0501, page);
    // Both are rounded from the share itself, so they may part by half of the tree's last digit and of the page's.
    if (tree === "<1%") assert(parseFloat(page) <= 1, page);
    else assert(Math.abs(parseFloat(page) - parseFloat(tree)) <= 0.5501, `${page}, ${tree}`);
  }));
});

test("The page writes whole numbers with separators", () => {
  assertEquals([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
});
