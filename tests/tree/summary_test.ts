import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { nearestRank, summarize, type SummaryRow } from "../../src/tree/summary.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, columnEngine, counting, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function rowsOf(closed: readonly HandRow[], open: readonly HandRow[] = []): SummaryRow[] {
  return summarize(buildTree(snapshotOf(closed, open)));
}

/** The rows of what an engine recorded. */
function summaryOf(ci: TestEngine, options: object = {}): SummaryRow[] {
  return (ci.host.trace({ ...options, format: "summary" }) as { rows: SummaryRow[] }).rows;
}

function us(from: number, to: number): Pick<HandRow, "startNs" | "endNs"> {
  return { startNs: from * 1000, endNs: to * 1000 };
}

function paths(rows: readonly SummaryRow[]): string[] {
  return rows.map(row => row.path);
}

test("summarize() of an empty tree has no rows", () => {
  assertEquals(rowsOf([]), []);
});

test("summarize() gives a whole row", () => {
  const ci = new TestEngine();
  for (const _epoch of ci.epochs(2)) {
    ci.clock.us(10, 0.5);
    for (let i = 1; i <= 3; i++) ci.scope("step", () => ci.clock.us(10 * i, 1));
  }
  assertEquals(summaryOf(ci), [
    {
      path: "epoch",
      name: "epoch",
      depth: 0,
      count: 2,
      total_us: 140,
      self_us: 20,
      mean_us: 70,
      p50_us: 70,
      p95_us: 70,
      p99_us: 70,
      max_us: 70,
      cpu_ns: 130_000,
      gpu_ns: null,
      memory_peak_bytes: null,
      data_load_ns: null,
      share: 1,
      overlap_count: 0,
      shared_count: 0,
      error_count: 0,
      open_count: 0,
    },
    {
      path: "epoch > step",
      name: "step",
      depth: 1,
      count: 6,
      total_us: 120,
      self_us: 120,
      mean_us: 20,
      p50_us: 20,
      p95_us: 30,
      p99_us: 30,
      max_us: 30,
      cpu_ns: 120_000,
      gpu_ns: null,
      memory_peak_bytes: null,
      data_load_ns: null,
      share: 120 / 140,
      overlap_count: 0,
      shared_count: 0,
      error_count: 0,
      open_count: 0,
    },
  ]);
});

test("summarize() gives a row for each path, not for each name", () => {
  const rows = rowsOf([
    { id: 1, name: "a", ...us(0, 9) },
    { id: 2, parent: 1, name: "x", ...us(0, 4) },
    { id: 3, parent: 2, name: "x", ...us(0, 3) },
    { id: 4, name: "b", ...us(0, 5) },
    { id: 5, parent: 4, name: "x", ...us(0, 1) },
    { id: 6, parent: 4, name: "x", ...us(1, 2) },
  ]);
  assertEquals(rows.map(row => [row.path, row.depth, row.count]), [
    ["a", 0, 1],
    ["a > x", 1, 1],
    ["a > x > x", 2, 1],
    ["b", 0, 1],
    ["b > x", 1, 2],
  ]);
});

test("summarize() puts the greatest total first among the paths of one parent, and the earlier among equals", () => {
  const names = ["small", "great", "equal", "equal too"];
  const rows = names.map((name, i) => ({ id: i + 2, parent: 1, name, ...us(0, [1, 5, 3, 3][i]) }));
  assertEquals(paths(rowsOf([...rows, { id: 1, name: "a" }])).slice(1), [
    "a > great",
    "a > equal",
    "a > equal too",
    "a > small",
  ]);
});

test("summarize() keeps paths apart whose names hold what joins them", () => {
  const rows = rowsOf([
    { id: 1, name: "a", ...us(0, 4) },
    { id: 2, parent: 1, name: "b", ...us(0, 3) },
    { id: 3, parent: 2, name: "c", ...us(0, 2) },
    { id: 4, name: "a > b", ...us(0, 1) },
    { id: 5, parent: 4, name: "c", ...us(0, 1) },
    { id: 6, name: '"a > b"' },
    { id: 7, parent: 6, name: "c" },
  ]);
  assertEquals(paths(rows), [
    "a",
    "a > b",
    "a > b > c",
    '"a > b"',
    '"a > b" > c',
    '"\\"a > b\\""',
    '"\\"a > b\\"" > c',
  ]);
});

test("summarize() keeps paths apart whose names look like the numbers of others", () => {
  const names = ["0:a", "a", "0", "-1:a", ":", ""];
  const rows = names.flatMap((name, i) => [
    { id: 2 * i + 1, name },
    { id: 2 * i + 2, parent: 2 * i + 1, name: "a" },
  ]);
  assertStrictEquals(rowsOf(rows).length, 12);
});

test("summarize() takes names of an object's prototype", () => {
  const names = ["__proto__", "constructor", "toString"];
  assertEquals(rowsOf(names.map((name, i) => ({ id: i + 1, name }))).map(row => row.name), names);
});

test("summarize() writes 16 names of a path in full, and of more the last 15 and the number of the others", () => {
  const deep = (depth: number) =>
    rowsOf(Array.from({ length: depth }, (_, i) => ({ id: i + 1, parent: i, name: `n${i}` }))).at(-1)!.path;
  const names = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`).join(" > ");
  assertStrictEquals(deep(16), names(0, 15));
  assertStrictEquals(deep(17), `(2 more) > ${names(2, 16)}`);
  assertStrictEquals(deep(100), `(85 more) > ${names(85, 99)}`);
});

const RANKS: readonly (readonly [count: number, percent: number, place: number])[] = [
  [1, 50, 1],
  [1, 99, 1],
  [2, 50, 1],
  [2, 95, 2],
  [3, 50, 2],
  [4, 50, 2],
  [5, 50, 3],
  [10, 95, 10],
  [20, 95, 19],
  [21, 95, 20],
  [100, 50, 50],
  [100, 95, 95],
  [100, 99, 99],
  [101, 99, 100],
  [1000, 95, 950],
  [100, 7, 7],
  [100, 100, 100],
];

for (const [count, percent, place] of RANKS) {
  test(`nearestRank() of ${percent} % among ${count} is the value at place ${place}`, () => {
    const values = Float64Array.from({ length: count + 2 }, (_, i) => i);
    // One value before and one behind, which are not asked about.
    assertStrictEquals(nearestRank(values, 1, count + 1, percent), place);
  });
}

test("summarize() takes percentiles from all durations of a path, whatever their order", () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ id: i + 1, name: "a", ...us(0, (i * 37) % 200) }));
  const [row] = rowsOf(rows);
  assertEquals([row.p50_us, row.p95_us, row.p99_us, row.max_us], [99, 189, 197, 199]);
});

test("summarize() sorts durations as numbers", () => {
  const rows = [9, 10, 100, 1].map((end, i) => ({ id: i + 1, name: "a", ...us(0, end) }));
  assertEquals([rowsOf(rows)[0].p50_us, rowsOf(rows)[0].max_us], [9, 100]);
});

// --- Self time ---

const SELF:
  readonly (readonly [what: string, children: (readonly [from: number, to: number])[], self: number])[] = [
    ["no children", [], 100],
    ["one after the other", [[110, 120], [130, 160]], 60],
    ["at once, in part", [[110, 150], [130, 160]], 50],
    ["one within the other", [[110, 160], [120, 130]], 50],
    ["one within the other, then one more", [[110, 160], [120, 130], [155, 170]], 40],
    ["three at once, all the time", [[100, 200], [100, 200], [100, 200]], 0],
    ["one that goes on after its parent's end", [[150, 300]], 50],
    ["one that starts at its parent's end", [[200, 300]], 100],
    ["one that starts before its parent, by another clock", [[50, 120]], 80],
    ["one that ends before its parent starts, by another clock", [[10, 20]], 100],
  ];

for (const [what, children, self] of SELF) {
  test(`summarize() gives as self time what no child covers: ${what}`, () => {
    const rows = children.map(([from, to], i) => ({ id: i + 2, parent: 1, name: "x", ...us(from, to) }));
    assertStrictEquals(rowsOf([...rows, { id: 1, name: "a", ...us(100, 200) }])[0].self_us, self);
  });
}

test("summarize() takes no grandchildren off the self time", () => {
  const rows = rowsOf([
    { id: 1, name: "a", ...us(0, 100) },
    { id: 2, parent: 1, name: "b", ...us(0, 10) },
    { id: 3, parent: 2, name: "c", ...us(0, 10) },
  ]);
  assertEquals(rows.map(row => row.self_us), [90, 0, 10]);
});

test("summarize() counts what a filter leaves out as its parent's own time", () => {
  const ci = new TestEngine();
  ci.scope("a", () => {
    ci.clock.us(1);
    ci.scope("b", () => ci.clock.us(5));
  });
  assertEquals(summaryOf(ci, { depth: 0 }).map(row => [row.path, row.self_us]), [["a", 6]]);
});

// --- Counters, shares, failures ---

test("summarize() gives null for CPU time that no span has, and the sum of what some have", () => {
  const rows = rowsOf([
    { id: 1, name: "none" },
    { id: 2, name: "some", cpuNs: 5 },
    { id: 3, name: "some" },
    { id: 4, name: "some", cpuNs: 7 },
    { id: 5, name: "nothing used", cpuNs: 0 },
  ]);
  assertEquals(rows.map(row => [row.name, row.cpu_ns]), [["none", null], ["some", 12], ["nothing used", 0]]);
});

test("summarize() sums up GPU time where it was measured", () => {
  const rows = [{ id: 1, name: "a" }, { id: 2, name: "a" }, { id: 3, name: "b" }];
  const snapshot = counting(snapshotOf(rows), { gpu_ns: Float64Array.of(3, 4, NaN) });
  assertEquals(summarize(buildTree(snapshot)).map(row => [row.name, row.gpu_ns]), [["a", 7], ["b", null]]);
});

test("summarize() gives shares of the sum of the roots", () => {
  const rows = rowsOf([
    { id: 1, name: "a", ...us(0, 60) },
    { id: 2, parent: 1, name: "x", ...us(0, 30) },
    { id: 3, name: "b", ...us(60, 100) },
  ]);
  assertEquals(rows.map(row => [row.path, row.share]), [["a", 0.6], ["a > x", 0.3], ["b", 0.4]]);
});

test("summarize() gives the highest peak of memory and the sum of data loading, null where none was measured", () => {
  const rows = [
    { id: 1, name: "batch", dataLoadNs: 3000 },
    { id: 2, name: "batch", dataLoadNs: 4000 },
    { id: 3, name: "other" },
    { id: 4, name: "none" },
  ];
  const snapshot = counting(snapshotOf(rows), { memory_peak_bytes: Float64Array.of(7, 5, 0, NaN) });
  assertEquals(
    summarize(buildTree(snapshot)).map(row => [row.name, row.memory_peak_bytes, row.data_load_ns]),
    [["batch", 7, 7000], ["other", 0, null], ["none", null, null]],
  );
});

test("summarize() counts the time once in which children of a root ran at once: no share is above 1", () => {
  const rows = rowsOf(
    [1, 2, 3].map(i => ({ id: i + 1, parent: 1, name: "x", ...us(0, 10) }))
      .concat({ id: 1, parent: 0, name: "a", ...us(0, 10) }),
  );
  assertEquals(rows.map(row => [row.share, row.overlap_count]), [[1, 0], [1, 3]]);
});

test("summarize() gives six flows of 98 % of their root a share of 98 %, and says that they ran at once", async () => {
  const ci = new TestEngine();
  await ci.scope("root", async () => {
    const flows = Array.from({ length: 6 }, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      return { done: ci.scope("request", () => promise), resolve };
    });
    ci.clock.us(98, 1);
    for (const { done, resolve } of flows) {
      resolve();
      await done;
    }
    ci.clock.us(2);
  });
  assertEquals(
    summaryOf(ci).map(row => [row.path, row.total_us, row.share, row.overlap_count]),
    [["root", 100, 1, 0], ["root > request", 588, 0.98, 6]],
  );
});

test("summarize() takes shares within each root: what ran in another one at the same time is not taken off", () => {
  const rows = rowsOf([
    { id: 1, name: "request", ...us(0, 10) },
    { id: 2, name: "request", ...us(0, 10) },
    { id: 3, parent: 1, name: "db", ...us(0, 8) },
    { id: 4, parent: 2, name: "db", ...us(0, 8) },
    { id: 5, parent: 2, name: "late", ...us(9, 30) },
  ]);
  assertEquals(
    rows.map(row => [row.path, row.share, row.overlap_count]),
    [["request", 1, 2], ["request > late", 0.05, 1], ["request > db", 0.8, 2]],
  );
});

test("summarize() gives null as share where the roots took no time", () => {
  assertStrictEquals(rowsOf([{ id: 1, name: "a" }])[0].share, null);
});

test("summarize() counts failed and open spans", () => {
  const failed = { attrs: { error: "Error: x" } };
  const rows = rowsOf(
    [{ id: 1, name: "a", ...failed }, { id: 2, name: "a" }, { id: 3, name: "a", ...failed }],
    [{ id: 4, name: "a", ...us(0, 7) }],
  );
  assertEquals([rows[0].count, rows[0].error_count, rows[0].open_count, rows[0].max_us], [4, 2, 1, 7]);
});

test("summarize() names the pseudo-span of marks outside any scope", () => {
  const ci = new TestEngine();
  ci.mark("lost", 1);
  assertEquals(paths(summaryOf(ci, { open: true })), ["root"]);
});

test("trace() as summary starts paths at what a name keeps", () => {
  const ci = new TestEngine();
  ci.scope("a", () => ci.scope("b", () => ci.scope("c", () => {})));
  assertEquals(paths(summaryOf(ci, { name: "b" })), ["b", "b > c"]);
});

test("trace() as summary agrees with the DataFrame on count and total of every name", () => {
  const ci = columnEngine();
  for (const _epoch of ci.epochs(3)) {
    for (const batch of ci.batches(7)) ci.scope("forward", () => ci.clock.us(1 + batch));
  }
  const columns = ci.host.trace({ format: "df" }) as { name: string; values: ArrayLike<unknown> }[];
  const names = Array.from(columns.find(column => column.name === "name")!.values) as string[];
  const walls = Array.from(columns.find(column => column.name === "wall_us")!.values) as number[];
  for (const row of summaryOf(ci)) {
    const own = walls.filter((_, i) => names[i] === row.name);
    assertEquals([row.count, row.total_us], [own.length, own.reduce((sum, wall) => sum + wall, 0)]);
  }
});

largeTest("summarize() takes 100 000 levels, with paths of bounded length", () => {
  const rows = rowsOf(chain(100_000));
  assertStrictEquals(rows.length, 100_000);
  assert(rows.at(-1)!.path.length < 100);
  assertStrictEquals(rows.at(-1)!.depth, 99_999);
});

largeTest("summarize() takes 100 000 roots of one name, and of as many names", () => {
  const same = Array.from({ length: 100_000 }, (_, i) => ({ id: i + 1, name: "x", ...us(0, i) }));
  assertEquals(rowsOf(same).map(row => [row.count, row.max_us]), [[100_000, 99_999]]);
  assertStrictEquals(rowsOf(same.map(row => ({ ...row, name: `x${row.id}` }))).length, 100_000);
});

test("summarize() of any tree is what a count by hand gives", () => {
  const row = fc.record({
    up: fc.nat(6),
    name: fc.constantFrom("a", "b", " > "),
    from: fc.nat(20),
    us: fc.nat(20),
  });
  fc.assert(fc.property(fc.array(row, { maxLength: 40, size: "max" }), list => {
    let now = 0;
    const spans = list.map(({ up, name, from, us: wall }, i) => {
      now += from; // in order of start
      return { id: i + 1, parent: Math.max(0, i - up), name, from: now, to: now + wall };
    });
    const rows = rowsOf(spans.map(span => ({ ...span, ...us(span.from, span.to) })));
    const keyOf = (id: number): string => {
      const span = spans[id - 1];
      return JSON.stringify([...(span.parent === 0 ? [] : JSON.parse(keyOf(span.parent))), span.name]);
    };
    const byKey = Map.groupBy(spans, span => keyOf(span.id));
    assertStrictEquals(rows.length, byKey.size);
    const names: string[] = [];
    for (const row of rows) {
      names.length = row.depth;
      names.push(row.name);
      const own = byKey.get(JSON.stringify(names))!;
      const walls = own.map(span => span.to - span.from).sort((a, b) => a - b);
      assertStrictEquals(row.count, own.length);
      assertAlmostEquals(row.total_us, walls.reduce((sum, wall) => sum + wall, 0));
      assertStrictEquals(row.p95_us, walls.find((_, i) => (i + 1) * 100 >= 95 * walls.length));
      assertStrictEquals(row.max_us, walls.at(-1));
      // Microsecond by microsecond.
      let self = 0;
      for (const span of own) {
        const children = spans.filter(child => child.parent === span.id);
        for (let t = span.from; t < span.to; t++) {
          if (!children.some(child => child.from <= t && t < child.to)) self++;
        }
      }
      assertAlmostEquals(row.self_us, self);
    }
  }));
});
