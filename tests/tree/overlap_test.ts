import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import {
  ALONE,
  coveredInRoots,
  coveredNs,
  findOverlaps,
  findShared,
  OVERLAPS,
  shareOfParent,
  WITHIN,
} from "../../src/tree/overlap.ts";
import { buildTree, type Filter, type Tree } from "../../src/tree/tree.ts";
import { type HandRow, snapshotOf } from "../support/cases.ts";

function treeOf(...rows: readonly (readonly [parent: number, from: number, to: number])[]): Tree {
  return buildTree(snapshotOf(rows.map(([parent, startNs, endNs], i): HandRow => ({
    id: i + 1,
    parent,
    startNs,
    endNs,
  }))));
}

test("findOverlaps() finds siblings that ran at once, and what lies in them", () => {
  const tree = treeOf([0, 0, 100], [1, 0, 50], [1, 10, 20], [3, 10, 15], [1, 50, 60], [1, 60, 60], [
    1,
    90,
    100,
  ]);
  assertEquals([...findOverlaps(tree)], [ALONE, OVERLAPS, OVERLAPS, WITHIN, ALONE, ALONE, ALONE]);
});

test("findOverlaps() finds roots that ran at once, but none of another thread", () => {
  const tree = treeOf([0, 0, 10], [0, 5, 15], [0, 6, 7], [0, 20, 30]);
  assertEquals([...findOverlaps(tree)], [OVERLAPS, OVERLAPS, OVERLAPS, ALONE]);
  const thread = { pid: 1, rank: 0, threadId: 0 };
  const apart: Snapshot = {
    ...tree.snapshot,
    threads: { list: [thread, { ...thread, pid: 2 }], of: Uint32Array.of(0, 1, 1, 0) },
  };
  assertEquals([...findOverlaps({ ...tree, snapshot: apart })], [ALONE, OVERLAPS, OVERLAPS, ALONE]);
});

test("shareOfParent() is the part of the parent's time: what lies outside does not count", () => {
  const tree = treeOf([0, 10, 20], [1, 12, 15], [1, 18, 90], [1, 30, 40]);
  assertEquals([0, 1, 2, 3].map(position => shareOfParent(tree, position)), [NaN, 0.3, 0.2, 0]);
  assertEquals(shareOfParent(treeOf([0, 5, 5], [1, 5, 9]), 1), NaN);
});

/** Spans in order of start, each in an earlier one or a root. */
const SPANS = fc.array(fc.tuple(fc.nat(30), fc.nat(9), fc.nat(40)), { maxLength: 30 }).map(spans => {
  const starts = spans.map(([start]) => start).sort((a, b) => a - b);
  return spans.map(([, up, length], i): readonly [number, number, number] => [
    up === 0 || i === 0 ? 0 : 1 + up % i,
    starts[i],
    starts[i] + length,
  ]);
});

test("findOverlaps() finds what goes on when its parent has ended, and what runs beside it", () => {
  const tree = treeOf(
    [0, 0, 100], // 0
    [1, 0, 10], // 1: ends, but not all below it
    [2, 5, 30], // 2: nobody waited for it
    [3, 12, 14], // 3
    [1, 20, 40], // 4: runs beside 2
    [5, 35, 40], // 5
    [1, 50, 60], // 6
  );
  assertEquals([...findOverlaps(tree)], [ALONE, ALONE, WITHIN, WITHIN, WITHIN, WITHIN, ALONE]);
});

test("findOverlaps() finds siblings that ran at once beside what another one left behind", () => {
  const tree = treeOf([0, 0, 100], [1, 0, 4], [2, 2, 90], [1, 5, 20], [1, 10, 15], [1, 95, 99]);
  assertEquals([...findOverlaps(tree)], [ALONE, ALONE, WITHIN, OVERLAPS, OVERLAPS, ALONE]);
});

test("findOverlaps() finds siblings that ran at once as comparing all of them does", () => {
  fc.assert(fc.property(SPANS, spans => {
    const tree = treeOf(...spans);
    const found = findOverlaps(tree);
    const overlaps = (i: number, j: number) => i < j ? spans[j][1] < spans[i][2] : spans[i][1] < spans[j][2];
    for (const i of spans.keys()) {
      const own = spans.some((_, j) => i !== j && tree.parent[i] === tree.parent[j] && overlaps(i, j));
      assertEquals(found[i] === OVERLAPS, own);
      if (tree.parent[i] >= 0 && found[tree.parent[i]] !== ALONE) assert(found[i] !== ALONE);
    }
  }));
});

/** Spans that take time, each begun while its parent ran, as scopes are. */
const BEGUN_INSIDE = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 30 })), {
  maxLength: 20,
})
  .map(steps => {
    const spans: (readonly [parent: number, from: number, to: number])[] = [];
    let now = 0;
    for (const [pick, pause, length] of steps) {
      now += pause % 7;
      const running = [...spans.keys()].filter(i => spans[i][2] > now);
      const up = pick % (running.length + 1);
      spans.push([up === 0 ? 0 : running[up - 1] + 1, now, now + length]);
    }
    return spans;
  });

test("findShared() finds what ran at once, also with what a filter leaves out", () => {
  const { snapshot } = treeOf([0, 0, 10], [1, 2, 5], [0, 4, 12], [3, 5, 6], [0, 20, 30]);
  const shared = (filter: Filter) => {
    const tree = buildTree(snapshot, filter);
    const found = findShared(tree, findOverlaps(tree));
    return [...tree.rows].filter((_, i) => found[i] === 1).map(row => snapshot.id[row]);
  };
  assertEquals(shared({}), [1, 2, 3, 4]);
  assertEquals(shared({ name: ["s1", "s5"] }), [1, 2]);
  assertEquals(shared({ name: "s4" }), [4]);
  assertEquals(shared({ roots: 1 }), []);
});

test("findOverlaps() leaves alone just what shares no moment with anything but what it lies in and what lies in it", () => {
  fc.assert(fc.property(BEGUN_INSIDE, spans => {
    const { parent, ...tree } = treeOf(...spans);
    const isAbove = (i: number, j: number): boolean =>
      parent[j] >= 0 && (parent[j] === i || isAbove(i, parent[j]));
    const shares = spans.map(([, from, to], i) =>
      spans.some(([, otherFrom, otherTo], j) =>
        i !== j && !isAbove(i, j) && !isAbove(j, i) && from < otherTo && otherFrom < to
      )
    );
    const expected = spans.map((_, i) => shares[i] || spans.some((_, j) => isAbove(j, i) && shares[j]));
    assertEquals(Array.from(findOverlaps({ parent, ...tree }), one => one !== ALONE), expected);
  }));
});

test("coveredInRoots() and coveredNs() count every moment once", () => {
  fc.assert(fc.property(SPANS, spans => {
    const tree = treeOf(...spans);
    const groupOf = Uint32Array.from(spans, (_, i) => i % 3);
    const rootOf = (i: number): number => tree.parent[i] < 0 ? i : rootOf(tree.parent[i]);
    const expected = [0, 0, 0];
    for (const root of spans.keys()) {
      if (rootOf(root) !== root) continue;
      for (let moment = spans[root][1]; moment < spans[root][2]; moment++) {
        for (const group of expected.keys()) {
          const runs = spans.some(([, from, to], i) =>
            groupOf[i] === group && rootOf(i) === root && from <= moment && moment < to
          );
          if (runs) expected[group]++;
        }
      }
    }
    assertEquals([...coveredInRoots(tree, groupOf, 3)], expected);
    const roots = [...spans.keys()].filter(i => tree.parent[i] < 0);
    const moments = new Set(roots.flatMap(i => {
      const [, from, to] = spans[i];
      return Array.from({ length: to - from }, (_, k) => from + k);
    }));
    if (roots.length > 0) assertEquals(coveredNs(tree, roots), moments.size);
  }));
});
