import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { cutText } from "../../../src/data/text_limits.ts";
import { chosenPositions } from "../../../src/formats/page/choice.ts";
import { ColumnWriter } from "../../../src/formats/page/columns.ts";
import { FAILED, OPEN, OVERLAPPING, toPageData } from "../../../src/formats/page/data.ts";
import { shownText } from "../../../src/formats/page/json.ts";
import { ALPHABET, pairsOf } from "../../../src/formats/page/packing.ts";
import { toCell, toPage } from "../../../src/formats/page/page.ts";
import { pageScript } from "../../../src/formats/page/script.ts";
import { decoder } from "../../../src/formats/page/view/decode.ts";
import { buildTree, type Tree } from "../../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../../support/cases.ts";
import { LARGE, testUnless } from "../../support/conditions.ts";
import { TEXTS } from "../../support/hostile.ts";
import { detailsIn, elementOf, readPage } from "../../support/page_reader.ts";
import { countReads, type Steps } from "../../support/steps.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function treeOf(closed: readonly HandRow[], open: readonly HandRow[] = []): Tree {
  return buildTree(snapshotOf(closed, open));
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

const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(NaN, -0, 0, 127, 128, 255, 256, 2 ** 31, 2 ** 50, 2 ** 50 + 1, -(2 ** 50), Infinity),
);

test("decoder() gives the columns that ColumnWriter took, whatever they hold", () => {
  const columns = fc.array(
    fc.tuple(fc.oneof(fc.array(fc.nat(1000)), fc.array(anyNumber), fc.array(fc.constant(NaN))), fc.boolean()),
  );
  fc.assert(fc.property(columns, list => {
    const writer = new ColumnWriter();
    list.forEach(([values, isDelta], i) => writer.add(`c${i}`, values, isDelta));
    const { shapes, bytes } = writer.finish();
    const read =
      decoder()({ shapes, textLengths: [], isDeflated: false, byteLength: bytes.length }, bytes).columns;
    list.forEach(([values], i) => {
      if (values.every(value => Number.isNaN(value))) assertEquals(read[`c${i}`], undefined);
      else assertEquals([...read[`c${i}`]], values);
    });
  }));
});

test("pairsOf() uses printable characters that mean nothing to HTML alone", () => {
  assertEquals(new Set(ALPHABET).size, 91);
  const text = pairsOf(Uint8Array.from({ length: 10_000 }, (_, i) => i * 7 + (i >> 8)));
  assertEquals(/[^ -~]|[<&'\\]/.exec(text), null);
});

const anySpans = fc.array(
  fc.record({
    parent: fc.nat(),
    name: fc.constantFrom("a", "b", "", "c\nd", "<script>"),
    start: fc.nat(40),
    length: fc.integer({ min: -2, max: 20 }),
    cpu: fc.option(fc.nat(100)),
    index: fc.option(fc.nat(9)),
    fails: fc.boolean(),
    isOpen: fc.boolean(),
    marks: fc.array(fc.tuple(fc.constantFrom("loss", "state"), fc.oneof(fc.double(), fc.constant("x")))),
  }),
  { maxLength: 40 },
);

test("The page has each span of the tree, with times, counters, attributes and marks", async () => {
  await fc.assert(
    fc.asyncProperty(anySpans, async list => {
      const rows = list.map(({ parent, name, start, length, cpu, index, fails, isOpen, marks }, i) => ({
        row: {
          id: i + 1,
          parent: parent % (i + 1),
          name,
          startNs: start,
          endNs: start + length,
          cpuNs: cpu ?? NaN,
          index: index ?? NaN,
          ...(fails ? { attrs: { error: "E", n: i } } : {}),
          marks: marks.map(([mark, value]) => ({ name: mark, value, tsNs: start })),
        } satisfies HandRow,
        isOpen,
      }));
      const tree = treeOf(
        rows.filter(({ isOpen }) => !isOpen).map(({ row }) => row),
        rows.filter(({ isOpen }) => isOpen).map(({ row }) => row),
      );
      const page = await readPage(toPage(tree));
      const { model } = page;
      const origin = Math.min(...rows.map(({ row }) => row.startNs));
      assertEquals(model.count, rows.length);
      rows.forEach(({ row, isOpen }, i) => {
        const found = {
          name: model.names[model.name[i]],
          parent: model.parent[i] + 1,
          start: model.start[i] + origin,
          end: model.end[i] + origin,
          cpu: model.optional.cpu_ns?.[i] ?? NaN,
          index: model.optional.index?.[i] ?? NaN,
          isOpen: model.isOpen(i),
          isFailed: model.isFailed(i),
        };
        assertEquals(found, {
          name: shownText(row.name, 80),
          parent: row.parent,
          start: row.startNs,
          end: Math.max(row.startNs, row.endNs),
          cpu: row.cpuNs,
          index: row.index,
          isOpen,
          isFailed: "attrs" in row,
        });
        const { attrs, marks } = detailsIn(page, i);
        assertEquals(attrs, "attrs" in row ? [["error", "E"], ["n", String(i)]] : []);
        assertEquals(marks, row.marks.map(({ name, value, tsNs }) => [name, value, tsNs - origin]));
      });
    }),
    { numRuns: 60 },
  );
});

test("The page says what is open, failed and overlaps, and has the time of the whole", async () => {
  const { header, model } = await readPage(toPage(treeOf(
    [
      { id: 2, parent: 1, name: "a", startNs: 10, endNs: 60, attrs: { error: "no" } },
      { id: 3, parent: 1, name: "b", startNs: 50, endNs: 90 },
      { id: 1, name: "all", startNs: 10, endNs: 100 },
    ],
    [{ id: 4, name: "c", startNs: 200, endNs: 210 }],
  )));
  assertEquals([...model.flags], [0, FAILED | OVERLAPPING, OVERLAPPING, OPEN]);
  assertEquals([header.totalNs, header.spanCount, header.leftOutCount], [200, 4, 0]);
  assertEquals(header.threads, [{ process: "", name: "main" }]);
});

test("The page of nothing is empty", async () => {
  const { header, model } = await readPage(toPage(treeOf([])));
  assertEquals([header.spanCount, model.count, header.title], [0, 0, "(no spans)"]);
});

test("chosenPositions() keeps the longest, what they are in, and of equals the first", () => {
  const rows: HandRow[] = Array.from({ length: 30 }, (_, i) => [
    { id: 2 * i + 1, name: `outer${i}`, startNs: i * 100, endNs: i * 100 + 1 },
    { id: 2 * i + 2, parent: 2 * i + 1, name: `inner${i}`, startNs: i * 100, endNs: i * 100 + i },
  ]).flat();
  assertEquals([...chosenPositions(treeOf(rows), 6)], [54, 55, 56, 57, 58, 59]);
  assertEquals([...chosenPositions(treeOf(epoch(9)), 4)], [0, 1, 2, 3]);
  assertEquals(chosenPositions(treeOf(epoch(9)), 10).length, 10);
});

test("The page of more spans than it holds counts those that are left out, and keeps the time of the whole", () => {
  const { header } = toPageData(treeOf(epoch(50)), 10, 20);
  assertEquals([header.leftOutCount, header.spanCount, header.totalNs], [31, 51, 500]);
});

test("selfTimes() counts the time in which no child ran, within a stretch", async () => {
  const { model } = await readPage(toPage(treeOf([
    { id: 2, parent: 1, name: "a", startNs: 10, endNs: 40 },
    { id: 3, parent: 1, name: "b", startNs: 30, endNs: 60 },
    { id: 1, name: "all", startNs: 0, endNs: 100 },
  ])));
  assertEquals([...model.selfTimes(0, 100)], [50, 30, 30]);
  assertEquals([...model.selfTimes(20, 50)], [0, 20, 20]);
  assertEquals([...model.selfTimes(50, 80)], [20, 0, 10]);
});

test("toPage() holds nothing of what names, attributes and marks say, outside its data, and its data ends where it should", async () => {
  const texts = [
    ...Object.values(TEXTS).map(cutText),
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--><!--",
    "<!--<script>",
    "\u2028\u2029",
    "__proto__",
  ];
  const bare = toPage(treeOf([{ id: 1, name: "x" }]));
  for (const text of texts) {
    const page = toPage(treeOf([{
      id: 1,
      name: text,
      attrs: { [text]: text },
      marks: [{ name: text, value: text }],
    }]));
    const without = (html: string) => html.replace(/(id="(data|spans|more)">)[^<]*(<\/script>)/g, "$1$3");
    assertEquals(without(page), without(bare));
    const read = await readPage(page);
    assertEquals(read.model.names[read.model.name[0]], shownText(text, 80));
    const [attr, own] = [shownText(text, 1000), shownText(text, 1000)];
    const { attrs, marks } = detailsIn(read, 0);
    assertEquals([attrs, marks.map(([name, value]) => [name, value])], [[[attr, own]], [[attr, own]]]);
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
  const page = toPage(treeOf([]));
  assertStringIncludes(page, "default-src 'none'");
  assertEquals(page.match(/\b(src|href)=/g), null);
  assertEquals(page.match(/https?:\/\//g), null);
});

test("The page's program is JavaScript that cannot end its own element, and makes no markup of text", () => {
  const script = pageScript();
  new Function(script);
  assertEquals(/<\/script|<!--/i.test(script), false);
  assertEquals(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/.test(script),
    false,
  );
});

test("toCell() quotes the page for an attribute, lets it reach nothing, and is as high as its rows need", () => {
  const cell = toCell(`<p title="a&b" class='c'>`);
  assertStringIncludes(cell, `srcdoc='<p title="a&amp;b" class=&#39;c&#39;>'`);
  assertStringIncludes(cell, 'sandbox="allow-scripts"');
  const heightOf = (rows: readonly HandRow[]) =>
    Number(/height:(\d+)px/.exec(toCell(toPage(treeOf(rows))))![1]);
  assertEquals(heightOf(epoch(3)), 420);
  assertEquals(heightOf(chain(500)), 760);
});

const WIDE = "a name that is not short, and another word or two ";

const SHAPES:
  readonly (readonly [shape: string, mostBytes: number, makeRows: (count: number) => readonly HandRow[]])[] =
    [
      [
        "of a training loop",
        2e6,
        count =>
          epoch(count - 1, i => ({ marks: [{ name: "loss", value: 1 / i }], attrs: { data_load: i } })),
      ],
      ["in a chain", 2e6, chain],
      [
        "with a name each",
        2e6,
        count =>
          Array.from({ length: count }, (_, i): HandRow => ({
            id: i + 1,
            name: WIDE + i,
            startNs: i,
            endNs: i + (i % 77),
            attrs: { [WIDE]: WIDE.repeat(10) },
          })),
      ],
      [
        "all at once",
        2e6,
        count =>
          Array.from(
            { length: count },
            (_, i): HandRow => ({ id: i + 1, name: `${i % (count / 20)}`, startNs: i, endNs: 1e6 + i }),
          ),
      ],
    ];

for (const [shape, mostBytes, makeRows] of SHAPES) {
  largeTest(`toPage() of 100 000 spans ${shape} has all of them, and is under 2 MB`, async () => {
    const page = toPage(treeOf(makeRows(100_000)));
    assertLess(new TextEncoder().encode(page).length, mostBytes);
    assertEquals((await readPage(page)).model.count, 100_000);
  });

  largeTest(`toPage() looks at twice as many spans ${shape} little more than twice as often`, () => {
    const looked = [5000, 10_000, 20_000].map(count => {
      const tree = treeOf(makeRows(count));
      const steps: Steps = { count: 0 };
      const counted = countReads(tree, steps);
      assertEquals(elementOf(toPage(counted), "spans"), elementOf(toPage(tree), "spans"));
      return steps.count;
    });
    assertLess(looked[1] / looked[0], 2.3);
    assertLess(looked[2] / looked[1], 2.3);
  });
}

test("Nothing recurses: a chain of 30 000 is read by the page's program", async () => {
  const { model } = await readPage(toPage(treeOf(chain(30_000))));
  assert(model.depth[29_999] === 29_999);
  assertEquals(model.paths().name.length, 30_000);
});
