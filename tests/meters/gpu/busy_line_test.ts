import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { BusyLine, LEAST_COVERAGE } from "../../../src/meters/gpu/busy_line.ts";
import { LARGE, testUnless } from "../../support/conditions.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** Starts at a large moment, so that nobody counts from 0. */
const T = 777_777_777_777;

function line(...pieces: [startNs: number, endNs: number, busy: number][]): BusyLine {
  const made = new BusyLine();
  for (const [startNs, endNs, busy] of pieces) made.add(T + startNs, T + endNs, busy);
  return made;
}

test("BusyLine.busyNs() is NaN before anything is known", () => {
  assertEquals(new BusyLine().busyNs(T, T + 1), NaN);
  assertEquals(new BusyLine().untilNs, -Infinity);
  assertEquals(new BusyLine().coverage(T, T + 1), 0);
});

test("BusyLine.busyNs() sums the shares of pieces", () => {
  const known = line([0, 100, 0.5], [100, 300, 0.25], [300, 400, 0]);
  assertEquals(known.busyNs(T, T + 400), 100);
  assertEquals(known.busyNs(T + 100, T + 300), 50);
  assertEquals(known.busyNs(T + 300, T + 400), 0);
  assertEquals(known.untilNs, T + 400);
});

test("BusyLine.busyNs() takes busy time as even within a piece", () => {
  const known = line([0, 100, 0.5]);
  assertEquals(known.busyNs(T + 10, T + 30), 10);
});

test("BusyLine.busyNs() is NaN if less than 90 % is known, and counts what is known if more is", () => {
  const known = line([0, 900, 1]);
  assertEquals(LEAST_COVERAGE, 0.9);
  assertEquals(known.busyNs(T, T + 1000), 900);
  assertEquals(known.busyNs(T, T + 1001), NaN);
  assertEquals(known.busyNs(T - 100, T + 900), 900);
  assertEquals(known.busyNs(T - 101, T + 900), NaN);
});

test("BusyLine.busyNs() knows nothing of a hole", () => {
  const known = line([0, 100, 1], [200, 300, 1]);
  assertEquals(known.busyNs(T + 120, T + 180), NaN);
  assertEquals(known.busyNs(T, T + 300), NaN);
  assertEquals(known.busyNs(T + 210, T + 290), 80);
  assertAlmostEquals(known.coverage(T, T + 300), 2 / 3);
});

test("BusyLine.busyNs() of a moment is 0 where something is known, else NaN", () => {
  const known = line([0, 100, 1], [200, 300, 1]);
  assertEquals(known.busyNs(T + 50, T + 50), 0);
  assertEquals(known.busyNs(T + 150, T + 150), NaN);
  assertEquals(known.busyNs(T - 1, T - 1), NaN);
  assertEquals(known.busyNs(T + 301, T + 301), NaN);
});

test("BusyLine.add() leaves what is known as it is", () => {
  const known = line([0, 100, 1], [50, 150, 0], [20, 30, 0]);
  assertEquals(known.busyNs(T, T + 150), 100);
  assertEquals(known.untilNs, T + 150);
});

test("BusyLine.add() ignores a piece without a length, or that is not a number", () => {
  const known = line([0, 100, 1], [200, 200, 1], [300, 250, 1], [NaN, NaN, 1]);
  assertEquals(known.untilNs, T + 100);
});

test("BusyLine agrees with a plain sum over pieces, holes included", () => {
  const piece = fc.record({
    gap: fc.nat(50),
    width: fc.integer({ min: 1, max: 300 }),
    busy: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 60 }),
      fc.nat(9999),
      fc.nat(9999),
      (pieces, a, b) => {
        const known = new BusyLine();
        const list: { start: number; end: number; busy: number }[] = [];
        let at = 0;
        for (const { gap, width, busy } of pieces) {
          list.push({ start: at + gap, end: at + gap + width, busy });
          at += gap + width;
          known.add(T + list.at(-1)!.start, T + at, busy);
        }
        const [from, to] = [a % (at + 20), b % (at + 20)].sort((x, y) => x - y);
        if (from === to) return;
        let covered = 0;
        let busyNs = 0;
        for (const { start, end, busy } of list) {
          const width = Math.max(0, Math.min(end, to) - Math.max(start, from));
          covered += width;
          busyNs += width * busy;
        }
        const found = known.busyNs(T + from, T + to);
        if (Number.isNaN(found)) {
          assert(covered < LEAST_COVERAGE * (to - from) + 1e-3);
        } else {
          assert(covered >= LEAST_COVERAGE * (to - from) - 1e-3);
          assertAlmostEquals(found, busyNs, 1e-2);
        }
      },
    ),
  );
});

largeTest(
  "BusyLine stays small over a month of samples, and right to a part in a thousand of any span",
  () => {
    const known = new BusyLine();
    const periodNs = 1e9 / 6;
    const samples = 6 * 3600 * 24 * 30;
    const ends: number[] = [];
    const sums: number[] = [];
    let sum = 0;
    for (let i = 0; i < samples; i++) {
      const busy = (i * 7919 % 101) / 100;
      known.add(i * periodNs, (i + 1) * periodNs, busy);
      sum += busy * periodNs;
      if (i % 1000 === 0) {
        ends.push((i + 1) * periodNs);
        sums.push(sum);
      }
    }
    const endNs = samples * periodNs;
    for (let i = 0; i < ends.length; i += 97) {
      const wanted = sum - sums[i];
      const error = Math.abs(known.busyNs(ends[i], endNs) - wanted);
      assert(error <= 1e-3 * (endNs - ends[i]), `off by ${error} of ${endNs - ends[i]}`);
    }
    assert(known.pointCount < 60_000, `${known.pointCount} points`);
  },
);
