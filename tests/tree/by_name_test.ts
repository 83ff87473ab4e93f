import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { TraceSummary } from "../../src/formats/summary_table.ts";
import { type NameSummaryRow, summarizeByName } from "../../src/tree/by_name.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, counting, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function rowsOf(closed: readonly HandRow[], open: readonly HandRow[] = []): NameSummaryRow[] {
  return summarizeByName(buildTree(snapshotOf(closed, open)));
}

function us(from: number, to: number): Pick<HandRow, "startNs" | "endNs"> {
  return { startNs: from * 1000, endNs: to * 1000 };
}

/** What an engine recorded, by name. */
function summaryOf(ci: TestEngine, options: object = {}): TraceSummary<NameSummaryRow> {
  return ci.host.trace({ ...options, format: "summary", by: "name" }) as TraceSummary<NameSummaryRow>;
}

test("summarizeByName() of an empty tree has no rows", () => assertEquals(rowsOf([]), []));

test("summarizeByName() gives a whole row for a name wherever it occurs, the greatest self time first", () => {
  const ci = new TestEngine();
  for (const path of ["/", "/users"]) {
    ci.scope(path, () => {
      ci.clock.us(10, 0.5);
      ci.scope("query", () => ci.clock.us(path.length * 20, 1));
    });
  }
  const common = {
    gpu_ns: null,
    memory_peak_bytes: null,
    data_load_ns: null,
    overlap_count: 0,
    shared_count: 0,
    error_count: 0,
    open_count: 0,
  };
  const one = (us: number) => ({ mean_us: us, p50_us: us, p95_us: us, p99_us: us, max_us: us });
  assertEquals(summaryOf(ci).rows, [
    {
      name: "query",
      count: 2,
      total_us: 140,
      self_us: 140,
      mean_us: 70,
      p50_us: 20,
      p95_us: 120,
      p99_us: 120,
      max_us: 120,
      cpu_ns: 140_000,
      share: 140 / 160,
      ...common,
    },
    {
      name: "/users",
      count: 1,
      total_us: 130,
      self_us: 10,
      ...one(130),
      cpu_ns: 125_000,
      share: 130 / 160,
      ...common,
    },
    {
      name: "/",
      count: 1,
      total_us: 30,
      self_us: 10,
      ...one(30),
      cpu_ns: 25_000,
      share: 30 / 160,
      ...common,
    },
  ]);
});

test("summarizeByName() counts what recurs once: time and CPU of the outermost, self time and durations of each", () => {
  const rows = rowsOf([
    { id: 1, name: "walk", cpuNs: 100, ...us(0, 100) },
    { id: 2, name: "visit", parent: 1, cpuNs: 80, ...us(10, 90) },
    { id: 3, name: "walk", parent: 2, cpuNs: 60, ...us(20, 80) },
    { id: 4, name: "walk", parent: 3, cpuNs: 40, ...us(30, 70) },
    { id: 5, name: "walk", cpuNs: 7, ...us(100, 107) },
  ]);
  assertEquals(
    rows.map(row => [row.name, row.count, row.total_us, row.self_us, row.max_us, row.cpu_ns, row.share]),
    [["walk", 4, 107, 87, 100, 107, 1], ["visit", 1, 80, 20, 80, 80, 80 / 107]],
  );
  assertEquals([rows[0].mean_us, rows[0].p50_us], [(100 + 60 + 40 + 7) / 4, 40]);
});

test("summarizeByName() takes the highest peak and all data loading, of inner spans too", () => {
  const snapshot = counting(
    snapshotOf([
      { id: 1, name: "batch", dataLoadNs: 3000 },
      { id: 2, name: "batch", parent: 1, dataLoadNs: 4000 },
      { id: 3, name: "none" },
    ]),
    { memory_peak_bytes: Float64Array.of(5, 7, NaN), gpu_ns: Float64Array.of(5, 2, NaN) },
  );
  assertEquals(
    summarizeByName(buildTree(snapshot)).map(row => [row.memory_peak_bytes, row.data_load_ns, row.gpu_ns]),
    [[7, 7000, 5], [null, null, null]],
  );
});

largeTest("summarizeByName() takes 100 000 levels of one name, and of as many names", () => {
  assertEquals(rowsOf(chain(100_000)).map(row => row.count), [100_000]);
  assertEquals(rowsOf(chain(100_000).map(row => ({ ...row, name: `x${row.id}` }))).length, 100_000);
});

test("trace() as summary by name prints a table without indentation, and marks what ran at once", async () => {
  const ci = new TestEngine();
  await Promise.all([1, 2].map(i =>
    ci.scope("request", async () => {
      await ci.scope("query", () => Promise.resolve());
      ci.clock.us(10 * i, 1);
    })
  ));
  const lines = String(summaryOf(ci)).split("\n").map(line => line.trim().split(/ +/));
  assertEquals(lines.slice(0, 3).map(line => [line[0], line[2], ...line.slice(-2)]), [
    ["count", "share", "cpu", "name"],
    ["2", "~100%", "~60us", "request"],
    ["2", "~0%", "~0.00us", "query"],
  ]);
  assertEquals([lines[3][0], lines.length], ["~", 4]);
});

test("trace() as summary by name takes every filter", () => {
  const ci = new TestEngine();
  for (const [path, time] of [["/", 5], ["/users", 7], ["/", 3]] as const) {
    ci.scope("request", { attrs: { path } }, () => ci.scope("query", () => ci.clock.us(time)));
  }
  const totals = (options: object) => summaryOf(ci, options).rows.map(row => [row.name, row.total_us]);
  assertEquals(totals({ where: { path: "/" } }), [["query", 8], ["request", 8]]);
  assertEquals(totals({ slowest: 1, name: /r/g, depth: 0 }), [["request", 7]]);
  assertEquals(totals({ roots: 1 }), [["query", 3], ["request", 3]]);
});

test("summarizeByName() of any tree is what a count by hand gives", () => {
  const row = fc.record({
    up: fc.nat(6),
    name: fc.constantFrom("a", "b", "c"),
    from: fc.nat(9),
    us: fc.nat(20),
  });
  fc.assert(fc.property(fc.array(row, { maxLength: 30, size: "max" }), list => {
    let now = 0;
    const spans = list.map(({ up, name, from, us: wall }, i) => {
      now += from; // in order of start
      return { id: i + 1, parent: Math.max(0, i - up), name, from: now, to: now + wall };
    });
    const rows = rowsOf(spans.map(span => ({ ...span, cpuNs: span.id, ...us(span.from, span.to) })));
    assertEquals(new Set(rows.map(one => one.name)), new Set(spans.map(span => span.name)));
    const liesIn = (span: typeof spans[number], name: string): boolean =>
      span.parent !== 0 && (spans[span.parent - 1].name === name || liesIn(spans[span.parent - 1], name));
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    for (const one of rows) {
      const own = spans.filter(span => span.name === one.name);
      const outer = own.filter(span => !liesIn(span, one.name));
      assertEquals(one.count, own.length);
      assertAlmostEquals(one.total_us, sum(outer.map(span => span.to - span.from)));
      assertEquals(one.cpu_ns, sum(outer.map(span => span.id)));
      assertAlmostEquals(one.mean_us, sum(own.map(span => span.to - span.from)) / own.length);
      assertAlmostEquals(
        one.self_us,
        sum(own.map(span => {
          const children = spans.filter(child => child.parent === span.id);
          return Array.from({ length: span.to - span.from }, (_, t) => span.from + t)
            .filter(t => !children.some(child => child.from <= t && t < child.to)).length;
        })),
      );
    }
    const selves = rows.map(one => one.self_us);
    assertEquals(selves, [...selves].sort((a, b) => b - a));
  }));
});
