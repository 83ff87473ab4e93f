import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { toText } from "../../src/formats/text.ts";
import { type FoldedTree, foldSiblings } from "../../src/tree/fold.ts";
import { buildTree, type Tree, walk } from "../../src/tree/tree.ts";
import { type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** Roots of one name, each as long in microseconds as its number from 1 on, but for those in `more`. */
function roots(count: number, more: Record<number, Partial<HandRow>> = {}): HandRow[] {
  return Array.from(
    { length: count },
    (_, i) => ({ id: i + 1, name: "a", index: i, endNs: 1000 * (i + 1), ...more[i] }),
  );
}

function folded(snapshot: Snapshot, limit?: number): FoldedTree {
  return foldSiblings(buildTree(snapshot), limit);
}

/** What `walk` comes to: ids, and `name xcount` for a fold. */
function shown(tree: FoldedTree): (number | string)[] {
  const seen: (number | string)[] = [];
  walk(tree, position => {
    const fold = tree.folds.get(position);
    seen.push(fold === undefined ? tree.snapshot.id[tree.rows[position]] : `${fold.name} x${fold.count}`);
  });
  return seen;
}

test("foldSiblings() of an empty tree has no folds", () => {
  assertStrictEquals(folded(snapshotOf([])).folds.size, 0);
});

test("foldSiblings() leaves as many siblings of a name as its limit", () => {
  assertEquals(shown(folded(snapshotOf(roots(10)))), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("foldSiblings() of one more keeps the slowest three, in order of start, after what stands for the rest", () => {
  assertEquals(shown(folded(snapshotOf(roots(11)))), ["a x8", 9, 10, 11]);
});

test("foldSiblings() puts what stands for the rest where the first of them was", () => {
  const rows = roots(12, { 0: { endNs: 99_000 }, 5: { endNs: 98_000 }, 11: { endNs: 97_000 } });
  assertEquals(shown(folded(snapshotOf(rows))), [1, "a x9", 6, 12]);
});

test("foldSiblings() keeps the first of equally slow ones", () => {
  const rows = roots(20).map(row => ({ ...row, endNs: 5 }));
  assertEquals(shown(folded(snapshotOf(rows))), [1, 2, 3, "a x17"]);
});

test("foldSiblings() folds each name for itself", () => {
  const rows = Array.from({ length: 24 }, (_, i) => ({ id: i + 1, name: i % 2 === 0 ? "a" : "b", endNs: i }));
  assertEquals(shown(folded(snapshotOf(rows))), ["a x9", "b x9", 19, 20, 21, 22, 23, 24]);
});

test("foldSiblings() leaves different names alone, however many", () => {
  const rows = Array.from({ length: 50 }, (_, i) => ({ id: i + 1 }));
  assertStrictEquals(shown(folded(snapshotOf(rows))).length, 50);
});

test("foldSiblings() takes names as they are, those of an object's prototype too", () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({ id: i + 1, name: "__proto__", endNs: i }));
  assertEquals(shown(folded(snapshotOf(rows))), ["__proto__ x9", 10, 11, 12]);
});

test("foldSiblings() does not count cousins together", () => {
  const rows = Array.from({ length: 12 }, (_, i): HandRow => ({
    id: i + 10,
    parent: i < 6 ? 1 : 2,
    name: "a",
  }));
  assertStrictEquals(folded(snapshotOf([{ id: 1 }, { id: 2 }, ...rows])).folds.size, 0);
});

test("foldSiblings() hides what is below what it folds", () => {
  const rows = roots(12).map(row => [{ id: row.id + 100, parent: row.id, name: "b" }, row]).flat();
  // Ids are the order of start, so the children come after all roots.
  assertEquals(shown(folded(snapshotOf(rows))), ["a x9", 10, 110, 11, 111, 12, 112]);
});

test("foldSiblings() folds at every depth of what is shown", () => {
  const rows: HandRow[] = [{ id: 1, name: "top" }];
  for (let i = 0; i < 12; i++) rows.push({ id: 2 + i, parent: 1, name: "a", endNs: i });
  for (let i = 0; i < 12; i++) rows.push({ id: 20 + i, parent: 13, name: "b", endNs: i });
  for (let i = 0; i < 12; i++) rows.push({ id: 40 + i, parent: 2, name: "c", endNs: i }); // below what is folded
  assertEquals(shown(folded(snapshotOf(rows))), [1, "a x9", 11, 12, 13, "b x9", 29, 30, 31]);
});

test("foldSiblings() leaves one alone that would be the whole rest", () => {
  assertEquals(shown(folded(snapshotOf(roots(3)), 2)), [1, 2, 3]);
  assertEquals(shown(folded(snapshotOf(roots(4)), 2)), ["a x2", 3, 4]);
});

test("foldSiblings() with 0 folds every two of a name", () => {
  assertEquals(shown(folded(snapshotOf(roots(2)), 0)), ["a x2"]);
});

test("foldSiblings() with 0 leaves one that has no sibling of its name", () => {
  const rows = [{ id: 1, name: "a" }, { id: 2, name: "b" }, { id: 3, parent: 1, name: "b" }];
  assertEquals(shown(folded(snapshotOf(rows), 0)), [1, 3, 2]);
});

test("foldSiblings() with 1 keeps the slowest", () => {
  assertEquals(shown(folded(snapshotOf(roots(3)), 1)), ["a x2", 3]);
});

test("foldSiblings() keeps no more than three of the slowest, whatever the limit", () => {
  assertEquals(shown(folded(snapshotOf(roots(31)), 30)), ["a x28", 29, 30, 31]);
});

test("foldSiblings() sums up what it folds: nearest ranks of their durations", () => {
  const [fold] = folded(snapshotOf(roots(103))).folds.values();
  assertEquals(fold, {
    name: "a",
    count: 100,
    totalUs: 5050,
    coveredUs: 100,
    isOverlapping: true,
    p50Us: 50,
    p95Us: 95,
    maxUs: 100,
    failedCount: 0,
    openCount: 0,
  });
});

test("foldSiblings() keeps the first three that failed beside the slowest, and counts the others", () => {
  const failed = { attrs: { error: "Error: x" } };
  const rows = roots(20, { 1: failed, 4: failed, 6: failed, 7: failed, 9: failed });
  const tree = folded(snapshotOf(rows));
  assertEquals(shown(tree), ["a x14", 2, 5, 7, 18, 19, 20]);
  assertStrictEquals(tree.folds.get(0)!.failedCount, 2);
});

test("foldSiblings() keeps what holds a failure far below", () => {
  const rows = [
    ...roots(20),
    { id: 30, parent: 4, name: "b" },
    { id: 31, parent: 30, name: "c", attrs: { error: "Error: x" } },
  ];
  assertEquals(shown(folded(snapshotOf(rows))), ["a x16", 4, 30, 31, 18, 19, 20]);
});

test("foldSiblings() keeps the three that are open for longest beside the slowest, and counts the others", () => {
  const open = Array.from({ length: 5 }, (_, i) => ({ id: 100 + i, name: "a" }));
  const tree = folded(snapshotOf(roots(20), open));
  assertEquals(shown(tree), ["a x19", 18, 19, 20, 100, 101, 102]);
  assertEquals([...tree.folds.values()].map(fold => fold.openCount), [2]);
});

test("foldSiblings() counts a sibling once that failed and holds another failure", () => {
  const rows = [
    ...roots(2, { 0: { attrs: { error: "x" } } }),
    { id: 3, parent: 1, name: "b", attrs: { error: "x" } },
    { id: 4, parent: 1, name: "b", attrs: { error: "x" } },
  ];
  assertStrictEquals(folded(snapshotOf(rows), 0).folds.get(0)!.failedCount, 1);
});

test("foldSiblings() leaves the tree it was given as it was", () => {
  const tree = buildTree(snapshotOf(roots(20)));
  const before = toText(tree);
  foldSiblings(tree, 0);
  assertStrictEquals(toText(tree), before);
});

largeTest("foldSiblings() takes 100 000 levels", () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => ({ id: i + 1, parent: i, name: "x" }));
  assertStrictEquals(shown(folded(snapshotOf(rows), 0)).length, 100_000);
});

largeTest("foldSiblings() takes 100 000 siblings of one name, and of as many names", () => {
  const same = Array.from({ length: 100_000 }, (_, i) => ({ id: i + 1, name: "x", endNs: i }));
  assertEquals(shown(folded(snapshotOf(same))), ["x x99997", 99_998, 99_999, 100_000]);
  const different = same.map(row => ({ ...row, name: `x${row.id}` }));
  assertStrictEquals(shown(folded(snapshotOf(different))).length, 100_000);
});

/** Spans at a position and below. */
function sizes(tree: Tree): number[] {
  const size = new Array<number>(tree.rows.length).fill(1);
  for (let i = size.length - 1; i > 0; i--) if (tree.parent[i] >= 0) size[tree.parent[i]] += size[i];
  return size;
}

test("foldSiblings() shows of any tree every span, or something that stands for it", () => {
  const row = fc.record({
    up: fc.nat(8),
    name: fc.constantFrom("a", "b"),
    us: fc.nat(5),
    failed: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(row, { maxLength: 60, size: "max" }), fc.nat(4), (list, limit) => {
    const rows = list.map(({ up, name, us, failed }, i): HandRow => ({
      id: i + 1,
      parent: Math.max(0, i - up),
      name,
      endNs: us * 1000,
      attrs: failed ? { error: "x" } : undefined,
    }));
    const tree = buildTree(snapshotOf(rows));
    const size = sizes(tree);
    const result = foldSiblings(tree, limit);
    const seen: number[] = [];
    let spans = 0;
    walk(result, position => {
      seen.push(position);
      const fold = result.folds.get(position);
      if (fold === undefined) {
        spans++;
        return;
      }
      assert(fold.count >= 2 && fold.p50Us <= fold.p95Us && fold.p95Us <= fold.maxUs);
      // Its members: siblings of that name that are not shown for themselves.
      let at = result.parent[position] < 0 ? 0 : tree.firstChild[result.parent[position]];
      let count = 0;
      for (; at >= 0; at = tree.nextSibling[at]) {
        if (tree.snapshot.name[tree.rows[at]] !== fold.name || isShown(result, at)) continue;
        count++;
        spans += size[at];
      }
      assertStrictEquals(count, fold.count);
    });
    assertStrictEquals(spans, rows.length);
    assertStrictEquals(new Set(seen).size, seen.length);
  }));
});

/** Whether the siblings' links lead to the span itself. */
function isShown(tree: FoldedTree, position: number): boolean {
  const up = tree.parent[position];
  let at = up < 0 ? 0 : tree.firstChild[up];
  while (at >= 0 && at !== position) at = tree.nextSibling[at];
  return at === position && !tree.folds.has(position);
}

// --- In the printed tree ---

/** Ten thousand batches under one epoch: three slow ones, one that failed inside, each with a forward. */
function trainedFor10000(): TestEngine {
  const ci = new TestEngine();
  for (const _epoch of ci.epochs(1)) {
    for (const batch of ci.batches(10_000)) {
      ci.scope("forward", () => ci.clock.us(batch % 4000 === 3999 ? 5000 : 100 + batch % 100));
      if (batch === 77) {
        try {
          ci.scope("backward", () => {
            throw new RangeError("NaN");
          });
        } catch {
          // the program goes on with the next batch
        }
      }
      ci.mark("loss", 1 / (1 + batch));
    }
    ci.scope("validate", () => ci.clock.us(20_000));
  }
  return ci;
}

test("trace() with fold prints 10 000 batches in twelve lines", () => {
  assertEquals(
    trainedFor10000().text({ fold: true }),
    literal(`
      epoch[0] - 1.52s
        batch x9996 - 1.49s total, p50 149us, p95 194us, max 199us
        batch[77] - 177us {loss=0.0128}
          forward - 177us
          backward - 0.00us !RangeError: NaN
        batch[99] - 199us {loss=0.0100}
          forward - 199us
        batch[3999] - 5.0ms {loss=2.50e-4}
          forward - 5.0ms
        batch[7999] - 5.0ms {loss=1.25e-4}
          forward - 5.0ms
        validate - 20.0ms
    `),
  );
});

test("trace() prints 10 000 batches one by one where no terminal is", () => {
  assertStrictEquals(trainedFor10000().text().split("\n").length, 1 + 10_000 * 2 + 1 + 1);
});

test("trace() with fold: false prints them all on a terminal too", () => {
  const ci = trainedFor10000();
  ci.terminal = { colors: false };
  assertStrictEquals(ci.text({ fold: false }).split("\n").length, 1 + 10_000 * 2 + 1 + 1);
});

test("trace() on a terminal folds", () => {
  const ci = trainedFor10000();
  ci.terminal = { colors: false };
  assertStrictEquals(ci.text().split("\n").length, 12);
});

test("trace() with fold: 0 stands one line for all batches, and says that one failed", () => {
  assertEquals(
    trainedFor10000().text({ fold: 0 }),
    literal(`
      epoch[0] - 1.52s
        batch x10000 - 1.50s total, p50 149us, p95 194us, max 5.0ms, 1 failed
        validate - 20.0ms
    `),
  );
});

test("trace() folds in the text of a notebook's cell", () => {
  const ci = trainedFor10000();
  ci.isNotebook = true;
  assertStrictEquals(String(ci.host.trace()), trainedFor10000().text({ fold: true }));
});

test("trace() with fold: false gives a notebook's cell every span", () => {
  const ci = trainedFor10000();
  ci.isNotebook = true;
  assertStrictEquals(String(ci.host.trace({ fold: false })), trainedFor10000().text());
});

test("trace() with fold says how many of what it folds are open", () => {
  const ci = new TestEngine();
  const parent = ci.scope("parent");
  for (let i = 0; i < 6; i++) parent.scope("job", { index: i }, () => new Promise(() => {}));
  ci.clock.us(3);
  assertEquals(
    ci.text({ open: true, fold: 0 }),
    "parent - 3.0us open\n  job x6 - 18us total, p50 3.0us, p95 3.0us, max 3.0us, 6 open",
  );
});
