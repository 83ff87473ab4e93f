import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { cutText } from "../../../src/data/text_limits.ts";
import {
  FAILED,
  FOLDED,
  MOST_NODES,
  OPEN,
  type PageData,
  toPageData,
} from "../../../src/formats/page/data.ts";
import { shownText } from "../../../src/formats/page/json.ts";
import { toCell, toPage } from "../../../src/formats/page/page.ts";
import { layRows } from "../../../src/formats/page/rows.ts";
import { PAGE_SCRIPT } from "../../../src/formats/page/script.ts";
import { foldSiblings } from "../../../src/tree/fold.ts";
import { buildTree, type Tree } from "../../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../../support/cases.ts";
import { LARGE, testUnless } from "../../support/conditions.ts";
import { TEXTS } from "../../support/hostile.ts";
import { countReads, type Steps } from "../../support/steps.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function treeOf(closed: readonly HandRow[], open: readonly HandRow[] = []): Tree {
  return buildTree(snapshotOf(closed, open));
}

function dataOf(closed: readonly HandRow[], open: readonly HandRow[] = [], fold = 10): PageData {
  const tree = treeOf(closed, open);
  return toPageData(tree, foldSiblings(tree, fold));
}

/** `count` batches of 10 ns in an epoch. */
function epoch(count: number, extra: (i: number) => Partial<HandRow> = () => ({})): HandRow[] {
  return [
    ...Array.from({ length: count }, (_, i): HandRow => ({
      id: i + 2,
      parent: 1,
      name: "batch",
      index: i,
      startNs: 1000 + i * 10,
      endNs: 1010 + i * 10,
      ...extra(i),
    })),
    { id: 1, name: "epoch", startNs: 1000, endNs: 1000 + count * 10 },
  ];
}

test("toPageData() has a node per span, with times from the first start, and null for what was not measured", () => {
  const data = dataOf([
    { id: 2, parent: 1, name: "inner", index: 3, startNs: 1200, endNs: 1300, cpuNs: 7 },
    { id: 1, name: "outer", startNs: 1000, endNs: 1500 },
  ]);
  assertEquals(data.name.map(name => data.names[name]), ["outer", "inner"]);
  assertEquals([data.parent, data.startNs, data.endNs, data.wallNs], [[-1, 0], [0, 200], [500, 300], [
    500,
    100,
  ]]);
  assertEquals(data.index, [null, 3]);
  assertEquals(data.counters.map(({ column, values }) => [column, values]), [
    ["cpu_ns", [null, 7]],
    ["gpu_ns", null],
    ["memory_peak_bytes", null],
  ]);
  assertEquals([data.totalNs, data.spanCount, data.foldedCount, data.leftOutCount], [500, 2, 0, 0]);
  assertEquals([data.row, data.rowCount, data.title], [[0, 1], 2, "outer"]);
});

test("toPageData() of nothing is empty", () => {
  const data = dataOf([]);
  assertEquals([data.spanCount, data.name, data.rowCount, data.title], [0, [], 0, "(no spans)"]);
});

test("toPageData() folds siblings into one node from the first start to the last end, with their sum", () => {
  const data = dataOf(epoch(100));
  const at = data.flags.findIndex(flags => (flags & FOLDED) !== 0);
  const { fold } = data.details[at];
  assertEquals([data.names[data.name[at]], fold!.count, data.wallNs[at]], ["batch", 97, 970]);
  // The three that are kept are the first, as all are as slow.
  assertEquals([data.startNs[at], data.endNs[at]], [30, 1000]);
  assertEquals(data.foldedCount, 97);
});

test("toPageData() says of a fold that some in it failed or are open, and of nodes likewise", () => {
  const failing = dataOf(epoch(100, i => i >= 50 ? { attrs: { error: "Error: no" } } : {}));
  assert(failing.flags.some(flags => (flags & FOLDED) !== 0 && (flags & FAILED) !== 0));
  assert(failing.flags.some(flags => flags === FAILED));
  assertEquals(dataOf([], [{ id: 1 }]).flags, [OPEN]);
});

test("toPageData() counts what is below folded spans among the folded", () => {
  const rows = epoch(50).flatMap(row =>
    row.name === "batch" ? [{ ...row, id: row.id + 1000, parent: row.id, name: "step" }, row] : [row]
  );
  const data = dataOf(rows);
  assertEquals(data.foldedCount, 94);
  assertEquals(data.spanCount, 101);
});

largeTest(
  "toPageData() keeps the longest nodes of a trace that is too large, with their ancestors, and counts the rest",
  () => {
    const rows: HandRow[] = Array.from({ length: 30_000 }, (_, i) => ({
      id: i + 2,
      parent: 1,
      name: `n${i}`,
      startNs: i * 100,
      endNs: i * 100 + (i % 90),
    }));
    const data = dataOf([...rows, { id: 1, name: "all", startNs: 0, endNs: 3_000_000 }]);
    assertEquals(data.name.length, MOST_NODES);
    assertEquals(data.leftOutCount, 30_001 - MOST_NODES);
    assertEquals(data.parent[0], -1);
    assert(Math.min(...data.wallNs) > 40);
  },
);

largeTest(
  "toPageData() keeps the longest span of a trace that is too large wherever it is, and the time of the whole",
  () => {
    const rows: HandRow[] = Array.from(
      { length: 30_000 },
      (_, i) => ({ id: i + 1, name: `n${i}`, startNs: i * 100, endNs: i * 100 + 90 }),
    );
    rows.push({ id: 30_001, name: "last", startNs: 3_000_000, endNs: 5_000_000 });
    const data = dataOf(rows);
    assertEquals([data.name.length, data.totalNs], [MOST_NODES, 5_000_000]);
    assert(data.names.includes("last"));
  },
);

largeTest("toPageData() keeps what a kept span is in, even if that is shorter", () => {
  const rows: HandRow[] = Array.from({ length: 30_000 }, (_, i) => [
    { id: 2 * i + 1, name: `outer${i}`, startNs: i * 100, endNs: i * 100 + 1 },
    { id: 2 * i + 2, parent: 2 * i + 1, name: `inner${i}`, startNs: i * 100, endNs: i * 100 + i },
  ]).flat();
  const data = dataOf(rows);
  assertEquals(data.name.length, MOST_NODES);
  assertEquals(data.parent.filter(parent => parent >= 0).length, MOST_NODES / 2);
});

test("layRows() puts children below their parent, and siblings that overlap below each other with all they carry", () => {
  //         0: 0-10      1: 0-6 in 0   2: 1-2 in 1   3: 3-9 in 0   4: 4-5 in 3   5: 9-10 in 0   6: 12-13
  const parent = [-1, 0, 1, 0, 3, 0, -1];
  const start = [0, 0, 1, 3, 4, 9, 12];
  const end = [10, 6, 2, 9, 5, 10, 13];
  assertEquals(layRows(parent, start, end), { row: [0, 1, 2, 3, 4, 1, 0], rowCount: 5 });
});

test("layRows() never lays two boxes over each other, for any spans at all", () => {
  const spans = fc.array(fc.record({ parent: fc.nat(), start: fc.nat(40), length: fc.nat(20) }), {
    maxLength: 50,
  });
  fc.assert(fc.property(spans, list => {
    const tree = treeOf(list.map(({ parent, start, length }, i) => ({
      id: i + 1,
      parent: parent % (i + 1),
      startNs: start,
      endNs: start + length,
    })));
    const data = toPageData(tree, tree);
    for (let a = 0; a < data.row.length; a++) {
      if (data.parent[a] >= 0) assert(data.row[a] > data.row[data.parent[a]]);
      for (let b = 0; b < a; b++) {
        if (data.row[a] !== data.row[b]) continue;
        const overlap = Math.min(data.endNs[a], data.endNs[b]) - Math.max(data.startNs[a], data.startNs[b]);
        assert(overlap <= 0, `${a} and ${b} overlap`);
      }
    }
  }));
});

test("toPageData() draws a curve per mark and name of span, also of spans that are folded; what is not finite is counted", () => {
  const data = dataOf(epoch(100, i => ({
    marks: [{ name: "loss", value: i === 40 ? NaN : 100 - i, tsNs: 1000 + i * 10 }, {
      name: "state",
      value: "x",
    }],
  })));
  assertEquals(data.series.length, 1);
  const [{ span, mark, count, notFinite, first, last, min, max, x, y }] = data.series;
  assertEquals([span, mark, count, notFinite, first, last, min, max], [
    "batch",
    "loss",
    100,
    1,
    100,
    1,
    1,
    100,
  ]);
  assertEquals([x.length, y.length, x[0], y[0]], [99, 99, 0, 100]);
});

test("toPageData() thins a long curve and loses no peak", () => {
  const data = dataOf(
    epoch(
      20_000,
      i => ({ marks: [{ name: "loss", value: i === 12_345 ? 99 : i === 54 ? -99 : 1, tsNs: i }] }),
    ),
  );
  const [{ y, count }] = data.series;
  assertLess(y.length, 300);
  assertEquals([count, Math.max(...y), Math.min(...y)], [20_000, 99, -99]);
});

test("toPageData() has the newest 100 marks of a span, and says how many more there are", () => {
  const marks = Array.from({ length: 250 }, (_, i) => ({ name: "m", value: i }));
  const { details } = dataOf([{ id: 1, marks }]);
  assertEquals([details[0].marks!.length, details[0].marks![99], details[0].moreMarks], [
    100,
    ["m", 249],
    150,
  ]);
});

test("toPageData() has the summary of all spans", () => {
  const { summary } = dataOf(epoch(100));
  assertEquals(summary.map(({ path, count }) => [path, count]), [["epoch", 1], ["epoch > batch", 100]]);
});

/** The data in a page, as its script reads it. */
function embedded(page: string): PageData {
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)!;
  return JSON.parse(json);
}

test("toPage() holds nothing of what names, attributes and marks say, outside its data, and its data ends where it should", () => {
  const texts = [
    ...Object.values(TEXTS).map(cutText),
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--><!--",
    "<!--<script>",
    "\u2028\u2029",
    "__proto__",
  ];
  const bare = toPage(treeOf([{ id: 1, name: "x" }]), treeOf([{ id: 1, name: "x" }]));
  for (const text of texts) {
    const tree = treeOf([{
      id: 1,
      name: text,
      attrs: { [text]: text },
      marks: [{ name: text, value: text }],
    }]);
    const page = toPage(tree, tree);
    const without = (html: string) => html.replace(/(id="data">).*?(<\/script>)/s, "$1$2");
    assertEquals(without(page), without(bare));
    const data = embedded(page);
    assertEquals(data.names, [shownText(text, 80)]);
    assertEquals(data.details[0].attrs, [[shownText(text, 1000), shownText(text, 1000)]]);
    assertEquals(data.details[0].marks, [[shownText(text, 1000), shownText(text, 1000)]]);
  }
});

test("shownText() keeps what turns, moves or ends text from doing so, within bounds and between code points", () => {
  assertEquals(shownText("a\u202eb\x1b[2J\u2028\ud800", 80), "a\\u202eb\\x1b[2J\\u2028\\ud800");
  assertEquals(shownText("abcd", 4), "abcd");
  assertEquals(shownText("abcde", 4), "abcd\u2026");
  assertEquals(shownText("abc\u{1f600}d", 4), "abc\u2026");
  assertEquals(shownText("\x00".repeat(1_000_000), 80).length, 81);
});

test("toPage() forbids the browser to load anything, and names nothing to load", () => {
  const page = toPage(treeOf([]), treeOf([]));
  assertStringIncludes(page, "default-src 'none'");
  assertEquals(page.match(/\b(src|href)=/g), null);
  assertEquals(page.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/g), null);
});

test("PAGE_SCRIPT is JavaScript that cannot end its own element", () => {
  new Function(PAGE_SCRIPT);
  assertEquals(PAGE_SCRIPT.includes("</script"), false);
  assertEquals(PAGE_SCRIPT.includes("<!--"), false);
  assertEquals(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/.test(PAGE_SCRIPT), false);
});

test("toCell() quotes the page for an attribute, and lets it reach nothing", () => {
  const cell = toCell(`<p title="a&b" class='c'>`);
  assertStringIncludes(cell, `srcdoc='<p title="a&amp;b" class=&#39;c&#39;>'`);
  assertStringIncludes(cell, 'sandbox="allow-scripts"');
});

const WIDE = "a name that is not short, and another word or two ";

const SHAPES:
  readonly (readonly [shape: string, makeRows: (count: number) => readonly HandRow[], fold?: number])[] = [
    [
      "of a training loop",
      count => epoch(count - 1, i => ({ marks: [{ name: "loss", value: 1 / i }], attrs: { data_load: i } })),
    ],
    ["in a chain", chain],
    [
      "with a name each",
      count =>
        Array.from({ length: count }, (_, i): HandRow => ({
          id: i + 1,
          name: WIDE.repeat(4) + i,
          startNs: i,
          endNs: i + (i % 77),
          attrs: { [WIDE]: WIDE.repeat(10) },
        })),
    ],
    [
      "with names that grow where they are quoted",
      count =>
        Array.from({ length: count }, (_, i): HandRow => ({
          id: i + 1,
          name: i + (i % 2 === 0 ? "<\u0001'&\"\\" : "\u4e2d\u202e").repeat(40),
          startNs: i,
          endNs: i + 1000 + i % 7,
          attrs: { [i + "<".repeat(200)]: "&".repeat(50) },
          marks: [{ name: "'".repeat(99) + i % 50, value: i / 7 }, { name: "x", value: i / 7 + 1 }],
        })),
    ],
    [
      "in pairs that fold",
      count =>
        Array.from({ length: count }, (_, i): HandRow => ({
          id: i + 1,
          parent: i % 3 === 0 ? 0 : i - i % 3 + 1,
          name: i % 3 === 0 ? `p${i}` : "<".repeat(250),
          startNs: i * 10,
          endNs: i * 10 + 99,
        })),
      0,
    ],
    [
      "all at once",
      count =>
        Array.from(
          { length: count },
          (_, i): HandRow => ({ id: i + 1, name: `${i % (count / 20)}`, startNs: i, endNs: 1e6 + i }),
        ),
    ],
  ];

for (const [shape, makeRows, fold] of SHAPES) {
  largeTest(`toPage() of 100 000 spans ${shape} is under 3 MB, also in a cell`, () => {
    const tree = treeOf(makeRows(100_000));
    const page = toPage(tree, foldSiblings(tree, fold));
    assertLess(new TextEncoder().encode(page).length, 3_000_000);
    assertLess(new TextEncoder().encode(toCell(page)).length, 3_000_000);
    assertEquals(embedded(page).spanCount, 100_000);
  });

  // Sizes below and above what a page holds.
  largeTest(`toPage() looks at twice as many spans ${shape} little more than twice as often`, () => {
    const looked = [5000, 10_000, 20_000].map(count => {
      const tree = treeOf(makeRows(count));
      const steps: Steps = { count: 0 };
      const counted = countReads(tree, steps);
      assertEquals(toPage(counted, foldSiblings(counted, fold)), toPage(tree, foldSiblings(tree, fold)));
      return steps.count;
    });
    assertLess(looked[1] / looked[0], 2.3);
    assertLess(looked[2] / looked[1], 2.3);
  });
}
