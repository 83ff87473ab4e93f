import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { layTracks } from "../../src/tree/tracks.ts";
import { buildTree, type Tree } from "../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { sequential, sequentialRows } from "../support/programs.ts";
import { countUses, type Steps } from "../support/steps.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** Rows by id, with times in seconds: `[id, parent, start, end]`. */
function tree(...rows: [id: number, parent: number, start: number, end: number][]): Tree {
  return buildTree(snapshotOf(rows.map(([id, parent, start, end]): HandRow => ({
    id,
    parent,
    startNs: start * 1e9,
    endNs: end * 1e9,
  }))));
}

/** Each track as the ids on it, with what nests in brackets. */
function drawn(laid: Tree): string[] {
  const { rows, snapshot } = laid;
  return layTracks(laid).list.map(({ positions, nestsIn, thread }) => {
    let text = snapshot.threads === undefined ? "" : `t${thread}:`;
    const open: number[] = [];
    const close = () => {
      open.pop();
      text += ")";
    };
    positions.forEach((position, place) => {
      while (open.length > 0 && open.at(-1) !== nestsIn[place]) close();
      text += ` ${snapshot.id[rows[position]]}(`;
      open.push(place);
    });
    while (open.length > 0) close();
    return text.trim().replaceAll("()", "");
  });
}

test("layTracks() of nothing is nothing", () => {
  assertEquals(layTracks(tree()).list, []);
});

test("layTracks() lays a program without concurrency onto one track", () => {
  assertEquals(drawn(tree([1, 0, 0, 10], [2, 1, 1, 3], [3, 2, 1, 2], [4, 1, 3, 9], [5, 0, 10, 11])), [
    "1( 2( 3) 4) 5",
  ]);
});

test("layTracks() gives siblings that run at once tracks of their own, each with what is below it", () => {
  assertEquals(
    drawn(tree([1, 0, 0, 10], [2, 1, 1, 8], [3, 1, 2, 9], [4, 2, 3, 4], [5, 3, 3, 4], [6, 1, 9, 10])),
    ["1( 2( 4) 6)", "3( 5)"],
  );
});

test("layTracks() never shows a span inside a sibling that happens to last longer", () => {
  assertEquals(drawn(tree([1, 0, 0, 10], [2, 1, 1, 9], [3, 1, 2, 3])), ["1( 2)", "3"]);
});

test("layTracks() gives a span that outlives its parent a track of its own", () => {
  assertEquals(drawn(tree([1, 0, 0, 5], [2, 1, 4, 8])), ["1", "2"]);
  assertEquals(drawn(tree([1, 0, 0, 5], [2, 1, 6, 8])), ["1 2"]); // the lowest that is free
});

test("layTracks() uses the lowest track that is free", () => {
  assertEquals(
    drawn(tree([1, 0, 0, 4], [2, 0, 1, 3], [3, 0, 2, 5], [4, 0, 3, 9], [5, 0, 4, 9], [6, 0, 5, 9])),
    ["1 5", "2 4", "3 6"],
  );
});

test("layTracks() nests spans without a length where they began and ended", () => {
  assertEquals(drawn(tree([1, 0, 0, 5], [2, 1, 0, 0], [3, 1, 5, 5], [4, 1, 2, 2])), ["1( 2 4 3)"]);
  assertEquals(drawn(tree([1, 0, 3, 3], [2, 1, 3, 3], [3, 2, 3, 3])), ["1( 2( 3))"]);
});

test("layTracks() lets a span begin where one before it ended", () => {
  assertEquals(drawn(tree([1, 0, 0, 2], [2, 0, 2, 4], [3, 2, 2, 3], [4, 2, 3, 4])), ["1 2( 3 4)"]);
});

test("layTracks() takes a child whose clock is behind its parent's for a span of its own", () => {
  assertEquals(drawn(tree([1, 0, 5, 9], [2, 1, 3, 8])), ["2", "1"]);
});

test("layTracks() takes a span that ends before it starts for one without a length", () => {
  assertEquals(drawn(tree([1, 0, 0, 9], [2, 1, 5, 3], [3, 2, 5, 4], [4, 1, 5, 8])), ["1( 2( 3) 4)"]);
});

test("layTracks() does not take spans that follow each other while the clock stands still for concurrent ones", () => {
  // 2 is over before 3 begins, and 3 is the longer one.
  assertEquals(drawn(tree([1, 0, 0, 5], [2, 1, 5, 5], [3, 0, 5, 8])), ["1( 2) 3"]);
});

test("layTracks() keeps threads apart, in their order", () => {
  const snapshot: Snapshot = {
    ...snapshotOf([1, 2, 3, 4].map(id => ({ id, startNs: id, endNs: id + 5 }))),
    threads: {
      list: [{ pid: 7, rank: 0, threadId: 0 }, { pid: 7, rank: 0, threadId: 1 }],
      of: Uint32Array.of(1, 0, 1, 0),
    },
  };
  assertEquals(drawn(buildTree(snapshot)), ["t0: 2", "t0: 4", "t1: 1", "t1: 3"]);
});

test("layTracks() gives a child on another thread a track there", () => {
  const snapshot: Snapshot = {
    ...snapshotOf([{ id: 1, endNs: 9 }, { id: 2, parent: 1, startNs: 2, endNs: 5 }, {
      id: 3,
      parent: 2,
      startNs: 3,
      endNs: 4,
    }]),
    threads: {
      list: [{ pid: 7, rank: 0, threadId: 0 }, { pid: 7, rank: 0, threadId: 1 }],
      of: Uint32Array.of(0, 1, 1),
    },
  };
  assertEquals(drawn(buildTree(snapshot)), ["t0: 1", "t1: 2( 3)"]);
});

test("layTracks() needs one track for any program without concurrency, however coarse its clock", () => {
  fc.assert(fc.property(sequential, steps => {
    const laid = buildTree(snapshotOf(sequentialRows(steps)));
    const { list } = layTracks(laid);
    assert(list.length <= 1, `${list.length} tracks`);
    list.forEach(({ positions, nestsIn }) => {
      const parents = nestsIn.map(place => place < 0 ? -1 : positions[place]);
      assertEquals(parents, positions.map(position => laid.parent[position]));
    });
  }));
});

const spans = fc.array(fc.record({ parent: fc.nat(), start: fc.nat(40), length: fc.nat(20) }), {
  maxLength: 60,
});

test("layTracks() lays every span once, and what lies on a track nests, for any spans at all", () => {
  fc.assert(fc.property(spans, list => {
    const rows = list.map(({ parent, start, length }, i): HandRow => ({
      id: i + 1,
      parent: parent % (i + 1),
      startNs: start,
      endNs: start + length,
    }));
    const laid = buildTree(snapshotOf(rows));
    const { startNs, endNs } = laid.snapshot;
    const { list: tracks, of } = layTracks(laid);
    const seen = tracks.flatMap(track => [...track.positions]).sort((a, b) => a - b);
    assertEquals(seen, [...laid.rows.keys()]);
    tracks.forEach((track, number) => {
      assertEquals([track.thread, track.number], [0, number]);
      track.positions.forEach((position, place) => {
        assertEquals(of[position], number);
        const row = laid.rows[position];
        const outer = track.nestsIn[place];
        if (outer >= 0) {
          const up = track.positions[outer];
          assertEquals(up, laid.parent[position], "nests in nothing but its parent");
          assert(startNs[laid.rows[up]] <= startNs[row] && endNs[row] <= endNs[laid.rows[up]]);
        }
        // What came before on the same level is over.
        for (let before = place - 1; before >= 0 && before !== outer; before--) {
          assert(endNs[laid.rows[track.positions[before]]] <= startNs[row]);
        }
      });
    });
  }));
});

test("layTracks() uses no more tracks than spans run at once, for spans without children", () => {
  fc.assert(fc.property(spans, list => {
    const rows = list.map(({ start, length }, i): HandRow => ({
      id: i + 1,
      startNs: start,
      endNs: start + length + 1,
    }));
    let most = 0;
    for (let at = 0; at < 70; at++) {
      most = Math.max(most, rows.filter(row => row.startNs! <= at && at < row.endNs!).length);
    }
    assertEquals(layTracks(buildTree(snapshotOf(rows))).list.length, most);
  }));
});

/** Shapes of so many spans, at no two of which one begins as another ends. */
const SHAPES: Record<string, (count: number) => HandRow[]> = {
  deep: count => chain(count).map(row => ({ ...row, startNs: row.id, endNs: 3 * count - row.id })),
  "wide, one after the other": count =>
    Array.from({ length: count }, (_, i) => ({ id: i + 1, startNs: 2 * i, endNs: 2 * i + 1 })),
  "wide, all at once": count =>
    Array.from({ length: count }, (_, i) => ({ id: i + 1, startNs: i, endNs: 3 * count + i })),
  "siblings that overlap, each with a child": count =>
    Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      parent: i % 2 === 0 ? 0 : i,
      startNs: 2 * i,
      endNs: i % 2 === 0 ? 2 * i + 2001 : 2 * i + 1001,
    })),
};

for (const [shape, makeRows] of Object.entries(SHAPES)) {
  largeTest(`layTracks() lays 100 000 spans, ${shape}`, () => {
    const { list } = layTracks(buildTree(snapshotOf(makeRows(100_000))));
    assertEquals(list.reduce((sum, track) => sum + track.positions.length, 0), 100_000);
  });

  largeTest(
    `layTracks() looks at the times of twice as many spans, ${shape}, little more than twice as often`,
    () => {
      const looked = [10_000, 20_000, 40_000].map(count => {
        const tree = buildTree(snapshotOf(makeRows(count)));
        const steps: Steps = { count: 0 };
        const { snapshot } = tree;
        const counted = { ...snapshot, startNs: countUses(snapshot.startNs, steps) };
        assertEquals(layTracks({ ...tree, snapshot: counted }).of, layTracks(tree).of);
        return steps.count;
      });
      assertLess(looked[1] / looked[0], 2.3);
      assertLess(looked[2] / looked[1], 2.3);
    },
  );
}
