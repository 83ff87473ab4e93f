import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Histogram } from "../../../src/cli/top/histogram.ts";
import { Minute, MINUTE_S, MinuteSums } from "../../../src/cli/top/minute.ts";
import { OTHER_NAME, Paths } from "../../../src/cli/top/paths.ts";

const duration = fc.oneof(fc.nat(100), fc.nat(), fc.integer({ min: 0, max: 2 ** 50 }));

test("Quantiles of a histogram are within 1/64 of those of the durations themselves", () => {
  const any = fc.array(duration, { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(any, fc.double({ min: 0.01, max: 1, noNaN: true }), (durations, share) => {
    const histogram = new Histogram();
    for (const ns of durations) histogram.add(ns, 1);
    const sorted = [...durations].sort((a, b) => a - b);
    // A weight is a 32-bit number: where a rank falls between two, either will do.
    const near = [share * durations.length - 1e-6, share * durations.length + 1e-6]
      .map(rank => sorted[Math.min(durations.length, Math.max(1, Math.ceil(rank))) - 1]);
    const found = histogram.quantile(share);
    assert(near.some(exact => Math.abs(found - exact) <= exact / 64), `${found} for ${near}`);
  }));
});

test("A histogram of nothing has no quantile, and one that was cleared is of nothing", () => {
  const histogram = new Histogram();
  assertEquals(histogram.quantile(0.5), NaN);
  histogram.add(1000, 3);
  histogram.clear();
  assertEquals([histogram.quantile(0.5), histogram.count, histogram.max], [NaN, 0, 0]);
});

test("Histograms put together are one of all durations, by their weights", () => {
  const [a, b] = [new Histogram(), new Histogram()];
  a.add(10, 1);
  b.add(30, 3);
  a.merge(b);
  assertEquals([a.count, a.max, a.quantile(0.25), a.quantile(0.5)], [4, 30, 10, 30]);
});

function sumsOf(minute: Minute, second: number): MinuteSums {
  const sums = new MinuteSums();
  minute.addTo(sums, second);
  return sums;
}

test("A minute forgets what is older, without being told", () => {
  const minute = new Minute();
  const start = 1_767_000_000; // a whole ten seconds
  minute.add(start, 100, NaN, NaN, 1);
  minute.add(start + 5, 200, 50, 1000, 2);
  const now = sumsOf(minute, start + 5);
  assertEquals([now.total, now.durations.count, now.wallNs, now.cpuNs, now.memoryPeak], [
    3,
    3,
    500,
    100,
    1000,
  ]);
  assertEquals([now.perSecond[MINUTE_S - 1], now.perSecond[MINUTE_S - 6]], [2, 1]);
  const later = sumsOf(minute, start + 64);
  assertEquals([later.total, later.durations.count, later.perSecond[0]], [3, 0, 2]);
  minute.add(start + 60, 7, NaN, NaN, 1); // in the place of the first
  const last = sumsOf(minute, start + 60);
  assertEquals([last.perSecond[MINUTE_S - 1], last.durations.count, last.durations.max], [1, 1, 7]);
  minute.add(start, 1, NaN, NaN, 1);
  assertEquals(sumsOf(minute, start + 60).durations.count, 1);
});

test("Paths are found by the names that they end with, wherever those lie", () => {
  const paths = new Paths();
  const add = (...names: string[]) => {
    const path = names.reduce((parent, name) => paths.child(parent, name), paths.root);
    path.minute.add(100, 10, NaN, NaN, 1);
  };
  add("request");
  add("request", "query");
  add("job", "request", "query");
  add("job", "query");
  const totals = (...within: string[]) =>
    [...paths.byName(within, 100)].map(([name, { total }]) => [name, total]);
  assertEquals(totals(), [["request", 1], ["query", 3], ["job", 0]]);
  assertEquals(totals("request"), [["query", 2]]);
  assertEquals(totals("job", "request"), [["query", 1]]);
  assertEquals(paths.at(["request", "query"], 100).total, 2);
  assertEquals(paths.at(["no"], 100).total, 0);
});

test("Names and paths that are too many are one", () => {
  const paths = new Paths();
  for (let i = 0; i < 1500; i++) paths.child(paths.root, `n${i}`).minute.add(1, 1, NaN, NaN, 1);
  const names = paths.byName([], 1);
  assertEquals(names.size, 1001);
  assertEquals(names.get(OTHER_NAME)?.total, 500);
  let path = paths.root;
  for (let i = 0; i < 5000; i++) path = paths.child(path, `n${i % 3}`);
  assert(paths.root.children.size <= 1001);
});
