import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { buildTree, type Filter, type Tree, walk } from "../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** The ids of a tree from the top down: `1(2(3) 4)`. */
function outline(tree: Tree): string {
  let text = "";
  walk(
    tree,
    position => {
      text += `${/[\d)]$/.test(text) ? " " : ""}${tree.snapshot.id[tree.rows[position]]}`;
      if (tree.firstChild[position] >= 0) text += "(";
    },
    position => {
      if (tree.firstChild[position] >= 0) text += ")";
    },
  );
  return text;
}

function outlineOf(snapshot: Snapshot, filter?: Filter): string {
  return outline(buildTree(snapshot, filter));
}

// Closed in the order 3, 2, 5, 4, 1, 7, 6.
const ROWS: readonly HandRow[] = [
  { id: 3, parent: 2, name: "leaf" },
  { id: 2, parent: 1, name: "inner" },
  { id: 5, parent: 4, name: "leaf" },
  { id: 4, parent: 1, name: "inner" },
  { id: 1, name: "outer" },
  { id: 7, parent: 6, name: "inner" },
  { id: 6, name: "outer" },
];

test("buildTree() of an empty snapshot has no rows", () => {
  assertEquals(buildTree(snapshotOf([])).rows.length, 0);
});

test("buildTree() keeps everything without a filter", () => {
  assertEquals(outlineOf(snapshotOf(ROWS)), "1(2(3) 4(5)) 6(7)");
});

test("buildTree() puts positions in order of start, whatever closed first", () => {
  const snapshot = snapshotOf(ROWS);
  const { rows } = buildTree(snapshot);
  assertEquals([...rows].map(row => snapshot.id[row]), [1, 2, 3, 4, 5, 6, 7]);
});

test("buildTree() puts siblings in order of start, whatever closed first", () => {
  const rows = [4, 2, 3].map(id => ({ id, parent: 1 }));
  assertEquals(outlineOf(snapshotOf([...rows, { id: 1 }])), "1(2 3 4)");
});

test("buildTree() puts roots in order of start, whatever closed first", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 3 }, { id: 1 }, { id: 2 }])), "1 2 3");
});

test("buildTree() makes a root of a span whose parent is not there", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 9, parent: 8 }, { id: 8, parent: 3 }])), "8(9)");
});

test("buildTree() does not hang a span on the neighbour of its missing parent", () => {
  const rows = [{ id: 2 }, { id: 4 }, { id: 5, parent: 3 }, { id: 7, parent: 3 }];
  assertEquals(outlineOf(snapshotOf(rows)), "2 4 5 7");
});

test("buildTree() does not hang a grandchild on its grandparent when the link between is missing", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 3, parent: 2 }, { id: 1 }])), "1 3");
});

test("buildTree() counts depth in ancestors that are there", () => {
  const tree = buildTree(snapshotOf([{ id: 9, parent: 8 }, { id: 8, parent: 3 }, { id: 1 }]));
  assertEquals([...tree.depth], [0, 0, 1]);
});

test("buildTree() counts depth in kept ancestors after the filter", () => {
  const tree = buildTree(snapshotOf(ROWS), { name: "inner" });
  assertEquals([...tree.depth], [0, 1, 0, 1, 0]);
});

test("buildTree() says -1 for the parent of a root", () => {
  assertEquals([...buildTree(snapshotOf(ROWS)).parent], [-1, 0, 1, 0, 3, -1, 5]);
});

test("buildTree() keeps a name's spans with their descendants", () => {
  assertEquals(outlineOf(snapshotOf(ROWS), { name: "inner" }), "2(3) 4(5) 7");
});

test("buildTree() keeps a span once that is named and below one that is named", () => {
  const rows = [{ id: 3, parent: 2, name: "a" }, { id: 2, parent: 1, name: "b" }, { id: 1, name: "a" }];
  assertEquals(outlineOf(snapshotOf(rows), { name: "a" }), "1(2(3))");
});

test("buildTree() compares names whole", () => {
  const names = ["inner", "inne", "inner2", "Inner", " inner"];
  const rows = names.map((name, i) => ({ id: i + 1, name }));
  assertEquals(outlineOf(snapshotOf(rows), { name: "inner" }), "1");
});

test("buildTree() takes the empty name as a name", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 1, name: "" }, { id: 2, name: "a" }]), { name: "" }), "1");
});

test("buildTree() keeps nothing for a name that does not occur", () => {
  assertEquals(outlineOf(snapshotOf(ROWS), { name: "nowhere" }), "");
});

test("buildTree() does not follow descent through an evicted link", () => {
  const rows = [{ id: 3, parent: 2, name: "leaf" }, { id: 1, name: "a" }];
  assertEquals(outlineOf(snapshotOf(rows), { name: "a" }), "1");
});

for (
  const [last, kept] of [
    [0, ""],
    [1, "6"],
    [2, "6(7)"],
    [3, "1 6(7)"],
    [4, "1(4) 6(7)"],
    [5, "1(4(5)) 6(7)"],
    [6, "1(2 4(5)) 6(7)"],
    [7, "1(2(3) 4(5)) 6(7)"],
    [8, "1(2(3) 4(5)) 6(7)"],
    [Number.MAX_SAFE_INTEGER, "1(2(3) 4(5)) 6(7)"],
  ] as const
) {
  test(`buildTree() keeps the ${last} most recently closed of seven`, () => {
    assertEquals(outlineOf(snapshotOf(ROWS), { last }), kept);
  });
}

for (const [last, kept] of [[0, ""], [1, "7"], [2, "4 7"], [3, "4(5) 7"], [9, "2(3) 4(5) 7"]] as const) {
  test(`buildTree() keeps the ${last} most recently closed of what the name keeps`, () => {
    assertEquals(outlineOf(snapshotOf(ROWS), { name: "inner", last }), kept);
  });
}

test("buildTree() shows open rows among the closed ones", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 2, parent: 1 }], [{ id: 1 }, { id: 3, parent: 1 }])), "1(2 3)");
});

test("buildTree() does not count open rows as the last", () => {
  const snapshot = snapshotOf([{ id: 2, parent: 1 }, { id: 3, parent: 1 }], [{ id: 1 }, {
    id: 4,
    parent: 1,
  }]);
  assertEquals(outlineOf(snapshot, { last: 1 }), "1(3 4)");
});

test("buildTree() keeps open rows beside the last none", () => {
  const snapshot = snapshotOf([{ id: 2, parent: 1 }], [{ id: 1 }, { id: 4, parent: 1 }]);
  assertEquals(outlineOf(snapshot, { last: 0 }), "1(4)");
});

test("buildTree() keeps open rows when there are no closed ones", () => {
  assertEquals(outlineOf(snapshotOf([], [{ id: 1 }, { id: 2, parent: 1 }]), { last: 0 }), "1(2)");
});

test("buildTree() filters open rows by name", () => {
  const open = [{ id: 1, name: "a" }, { id: 2, parent: 1, name: "b" }];
  assertEquals(outlineOf(snapshotOf([], open), { name: "b" }), "2");
});

test("buildTree() hangs no root on the pseudo-span", () => {
  assertEquals(outlineOf(snapshotOf([{ id: 1 }], [{ id: 0 }, { id: 2 }])), "0 1 2");
});

test("buildTree() builds the same tree of sparse ids as of dense ones", () => {
  const sparse = ROWS.map(row => ({ ...row, id: row.id ** 9, parent: (row.parent ?? 0) ** 9 }));
  const dense = buildTree(snapshotOf(ROWS));
  const tree = buildTree(snapshotOf(sparse));
  for (const key of ["rows", "parent", "depth", "firstChild", "nextSibling"] as const) {
    assertEquals(tree[key], dense[key], key);
  }
});

test("buildTree() filters sparse ids as it does dense ones", () => {
  const sparse = ROWS.map(row => ({ ...row, id: row.id * 10_000, parent: (row.parent ?? 0) * 10_000 }));
  assertEquals(
    outlineOf(snapshotOf(sparse), { name: "inner", last: 3 }),
    "40000(50000) 70000",
  );
});

// Ids count as dense up to 8 per row and 1024: the last that does, and the first that does not.
for (const highest of [1024 + 3 * 8, 1024 + 3 * 8 + 1, 1024 + 3 * 8 + 2]) {
  test(`buildTree() links three rows with ids up to ${highest}`, () => {
    const rows = [{ id: highest, parent: 5 }, { id: 5, parent: 1 }, { id: 1 }];
    assertEquals(outlineOf(snapshotOf(rows)), `1(5(${highest}))`);
  });
}

test("buildTree() finds a parent across a wide gap of ids", () => {
  const rows = [2 ** 40, 2 ** 40 + 1, 2 ** 50].map(id => ({ id, parent: 1 }));
  assertEquals(outlineOf(snapshotOf(rows, [{ id: 1 }])), `1(${2 ** 40} ${2 ** 40 + 1} ${2 ** 50})`);
});

test("buildTree() links ids at the end of the exact range", () => {
  const high = Number.MAX_SAFE_INTEGER;
  assertEquals(
    outlineOf(snapshotOf([{ id: high, parent: high - 1 }, { id: high - 1 }])),
    `${high - 1}(${high})`,
  );
});

test("trace() links what a long-open root holds, thousands of spans later", () => {
  const ci = new TestEngine(3);
  using _root = ci.scope("root");
  for (let i = 0; i < 3000; i++) ci.scope("step", { index: i }, () => ci.scope("leaf", () => {}));
  assertEquals(
    ci.shape({ open: true }),
    ["root open", "  step[2998]", "  step[2999]", "    leaf"].join("\n"),
  );
});

largeTest("buildTree() links 100 000 levels", () => {
  const depth = 100_000;
  const tree = buildTree(snapshotOf(chain(depth)));
  assertEquals([tree.depth[0], tree.depth[depth - 1]], [0, depth - 1]);
});

largeTest("buildTree() filters 100 000 levels by name", () => {
  assertEquals(buildTree(snapshotOf(chain(100_000)), { name: "x" }).rows.length, 100_000);
});

largeTest("buildTree() starts anew below an evicted level of a deep tree", () => {
  const rows = chain(100_000).filter(row => row.id !== 50_000);
  const { depth, parent } = buildTree(snapshotOf(rows));
  assertEquals([depth[49_998], depth[49_999], parent[49_999], depth[99_998]], [49_998, 0, -1, 49_999]);
});

test("walk() calls nothing for an empty tree", () => {
  let calls = 0;
  walk(buildTree(snapshotOf([])), () => calls++, () => calls++);
  assertEquals(calls, 0);
});

test("walk() enters parents before children and leaves them after", () => {
  const tree = buildTree(snapshotOf(ROWS));
  const steps: string[] = [];
  walk(tree, at => void steps.push(`+${at}`), at => void steps.push(`-${at}`));
  assertEquals(steps.join(" "), "+0 +1 +2 -2 -1 +3 +4 -4 -3 -0 +5 +6 -6 -5");
});

test("walk() goes on to later roots without being told of leaving", () => {
  const steps: number[] = [];
  walk(buildTree(snapshotOf(ROWS)), at => void steps.push(at));
  assertEquals(steps, [0, 1, 2, 3, 4, 5, 6]);
});

test("walk() enters a child that was opened after its parent's younger sibling in its place", () => {
  // 1 and 2 are siblings; 3 is a late child of 1.
  assertEquals(outlineOf(snapshotOf([{ id: 2 }, { id: 3, parent: 1 }, { id: 1 }])), "1(3) 2");
});

largeTest("walk() goes 100 000 levels down and up again", () => {
  let entered = 0;
  let left = 0;
  walk(buildTree(snapshotOf(chain(100_000))), () => entered++, () => left++);
  assertEquals([entered, left], [100_000, 100_000]);
});

test("walk() leaves the deepest level first", () => {
  const order: number[] = [];
  walk(buildTree(snapshotOf(chain(5))), () => {}, at => void order.push(at));
  assertEquals(order, [4, 3, 2, 1, 0]);
});

largeTest("walk() visits 100 000 siblings", () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => ({ id: i + 2, parent: 1 }));
  let visits = 0;
  walk(buildTree(snapshotOf(rows, [{ id: 1 }])), () => visits++);
  assertStrictEquals(visits, 100_001);
});

test("buildTree() keeps spans down to a depth", () => {
  assertEquals(outlineOf(snapshotOf(ROWS), { depth: 1 }), "1(2 4) 6(7)");
});

test("buildTree() counts a depth in ancestors that the other filters keep", () => {
  assertEquals(outlineOf(snapshotOf(ROWS), { name: "inner", depth: 0 }), "2 4 7");
});

test("buildTree() keeps what takes long enough, and the ancestors of that", () => {
  const rows = ROWS.map(row => ({ ...row, endNs: row.id === 5 ? 3000 : 2999 }));
  assertEquals(outlineOf(snapshotOf(rows), { minWallUs: 3 }), "1(4(5))");
});

test("buildTree() keeps everything that takes 0 or more", () => {
  assertEquals(outlineOf(snapshotOf(ROWS), { minWallUs: 0 }), "1(2(3) 4(5)) 6(7)");
});

largeTest("buildTree() drops short spans of 100 000 levels but for the ancestors of the last", () => {
  const rows = chain(100_000).map(row => ({ ...row, endNs: row.id === 50_000 ? 1000 : 0 }));
  assertEquals(buildTree(snapshotOf(rows), { minWallUs: 1 }).rows.length, 50_000);
  assertEquals(buildTree(snapshotOf(rows), { depth: 9 }).rows.length, 10);
});
