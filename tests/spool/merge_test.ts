import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { toDict } from "../../src/formats/dict.ts";
import { toJson } from "../../src/formats/json.ts";
import { toTraceEvents } from "../../src/formats/perfetto.ts";
import { toSpeedscope } from "../../src/formats/speedscope.ts";
import { toText } from "../../src/formats/text.ts";
import { parseExact } from "../../src/spool/exact_json.ts";
import { mergeFiles, type ParsedFile, type SpoolRows } from "../../src/spool/merge.ts";
import { closedOnly } from "../../src/tree/newest_rows.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { flat } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { shape } from "../support/engine.ts";
import { type Fields, fileOf, markOf, PYTHON_FILE, spanOf, START_NS, toJsonText } from "../support/spool.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** Files as they come from disk. */
function merge(...files: Fields[]): SpoolRows {
  return mergeParsed(...files.map(file => parseExact(toJsonText(file))));
}

/** Files of some contents, called `0`, `1` and so on. */
function mergeParsed(...contents: unknown[]): SpoolRows {
  return mergeFiles(contents.map((content, i): ParsedFile => ({ name: String(i), content, failure: null })));
}

/** What `trace()` shows of some spans and marks. */
function dictOf(spans: Fields[], marks: Fields[] = []): TraceDict {
  return toDict(buildTree(closedOnly(merge(fileOf(spans, marks)).snapshot)));
}

/** What `trace({ open: true })` shows of some spans and marks. */
function openDictOf(spans: Fields[], marks: Fields[] = []): TraceDict {
  return toDict(buildTree(merge(fileOf(spans, marks)).snapshot));
}

/** The node of a span with some fields changed. */
function nodeOf(more: Fields): TraceNode {
  const { roots } = dictOf([spanOf("a", 0, more)]);
  assertEquals(roots.length, 1);
  return roots[0];
}

test("mergeFiles() of nothing is empty", () => {
  const rows = mergeFiles([]);
  assertEquals(rows.snapshot.length, 0);
  assertEquals(toDict(buildTree(rows.snapshot)), { roots: [], span_count: 0 });
  assertEquals(rows.processCount, 0);
});

test("mergeFiles() of a file without rows counts the file", () => {
  const rows = merge(fileOf([]));
  assertEquals([rows.fileCount, rows.skippedFileCount, rows.spanCount], [1, 0, 0]);
});

test("mergeFiles() keeps every field of a span", () => {
  assertEquals(
    nodeOf({
      name: "x",
      trace_id: "t",
      index: 3,
      cpu_ns: 1,
      gpu_ns: 0,
      memory_peak_bytes: 5,
      attrs: { k: [1] },
    }),
    {
      id: "a",
      parent_id: null,
      trace_id: "t",
      name: "x",
      index: 3,
      start_us: 1_767_323_045_678_901,
      end_us: 1_767_323_045_679_901,
      wall_us: 1000,
      cpu_ns: 1,
      gpu_ns: 0,
      memory_peak_bytes: 5,
      attrs: { k: [1] },
      marks: [],
      children: [],
    },
  );
});

test("mergeFiles() gives null for what was not measured, or is not there", () => {
  for (const absent of [null, undefined]) {
    const node = nodeOf({
      parent_id: absent,
      trace_id: absent,
      index: absent,
      cpu_ns: absent,
      gpu_ns: absent,
      memory_peak_bytes: absent,
      thread_id: absent,
      pid: absent,
      rank: absent,
      attrs: absent,
      mark_ids: absent,
    });
    assertEquals([node.index, node.cpu_ns, node.gpu_ns, node.memory_peak_bytes], [null, null, null, null]);
    assertEquals([node.parent_id, node.trace_id, node.attrs], [null, null, {}]);
  }
});

test("mergeFiles() rounds readings that have a fraction", () => {
  const node = nodeOf({ cpu_ns: 617283.5, gpu_ns: 0.25, memory_peak_bytes: 1e9 });
  assertEquals([node.cpu_ns, node.gpu_ns, node.memory_peak_bytes], [617284, 0, 1e9]);
});

test("mergeFiles() keeps nanoseconds exact", () => {
  const { snapshot } = merge(fileOf([
    spanOf("a", 0, { start_ns: 1767323045678901231n, end_ns: 1767323045678901234n }),
    spanOf("b", 0, { start_ns: 1767323045678901232n, end_ns: 1767323045678901233n }),
  ]));
  const exact = (ns: Float64Array) => Array.from(ns, value => snapshot.anchorNs + BigInt(value));
  assertEquals(exact(snapshot.startNs), [1767323045678901232n, 1767323045678901231n]);
  assertEquals(exact(snapshot.endNs), [1767323045678901233n, 1767323045678901234n]);
});

test("mergeFiles() keeps nanoseconds exact when one machine's clock stands at 1970", () => {
  const spans = [
    spanOf("1970", 0, { start_ns: 0, end_ns: 5 }),
    spanOf("a", 0, { end_ns: START_NS + 1n }),
    spanOf("b", 1, { end_ns: START_NS + 1001n }),
  ];
  for (let turn = 0; turn < spans.length; turn++) {
    spans.push(spans.shift()!);
    const { snapshot } = merge(fileOf(spans));
    assertEquals(snapshot.anchorNs + BigInt(snapshot.startNs[2]), START_NS + 1000n);
    assertEquals(snapshot.endNs[2] - snapshot.startNs[2], 1);
    assertEquals(toDict(buildTree(snapshot)).roots.map(root => root.name), ["1970", "a", "b"]);
  }
});

test("mergeFiles() puts rows in order of end, equals in the order of the files", () => {
  const at = (ns: bigint) => ({ end_ns: START_NS + ns });
  const { snapshot } = merge(
    fileOf([spanOf("c", 0, at(3n)), spanOf("e", 0, at(9n))]),
    fileOf([spanOf("a", 0, at(1n)), spanOf("d", 0, at(3n))]),
  );
  assertEquals(snapshot.name, ["a", "c", "d", "e"]);
  assertEquals(snapshot.closedLength, 4);
});

test("mergeFiles() puts siblings and roots in order of start", () => {
  const { roots } = dictOf([
    spanOf("z", 30),
    spanOf("p2", 20, { parent_id: "p" }),
    spanOf("p1", 10, { parent_id: "p" }),
    spanOf("p", 5),
    spanOf("b", 2),
  ]);
  assertEquals(roots.map(root => root.name), ["b", "p", "z"]);
  assertEquals(roots[1].children.map(child => child.name), ["p1", "p2"]);
});

test("mergeFiles() puts children under a parent that started after them", () => {
  const dict = dictOf([
    spanOf("grandchild", 5, { parent_id: "child" }),
    spanOf("second", 1, { parent_id: "parent" }),
    spanOf("child", 0, { parent_id: "parent" }),
    spanOf("parent", 1000),
    spanOf("other", 500),
  ]);
  assertEquals(shape(dict), "other\nparent\n  child\n    grandchild\n  second");
});

test("mergeFiles() keeps the order of start for spans whose parents a filter takes away", () => {
  const spans = [0, 1].flatMap(rank => [
    spanOf(`${rank}a`, 10 + rank, { parent_id: `${rank}`, name: "x", rank }),
    spanOf(`${rank}b`, 20 + rank, { parent_id: `${rank}`, name: "x", rank }),
    spanOf(`${rank}`, rank, { rank }),
  ]);
  const { snapshot } = merge(fileOf(spans));
  const { roots } = toDict(buildTree(snapshot, { name: "x" }));
  assertEquals(roots.map(root => root.id), ["0a", "1a", "0b", "1b"]);
});

test("mergeFiles() makes a child a root when its parent is in no file, and still names it", () => {
  const { roots } = dictOf([
    spanOf("child", 0, { parent_id: "gone" }),
    spanOf("x", 0, { parent_id: "child" }),
  ]);
  assertEquals(roots.length, 1);
  assertEquals([roots[0].parent_id, roots[0].children[0].parent_id], ["gone", "child"]);
});

test("mergeFiles() takes a span whose parent came in an earlier file, or comes in a later one", () => {
  const child = (id: string) => fileOf([spanOf(id, 1, { parent_id: "p" })]);
  const rows = merge(child("a"), fileOf([spanOf("p")]), child("b"));
  assertEquals(shape(toDict(buildTree(rows.snapshot))), "p\n  a\n  b");
});

test("mergeFiles() cuts circles of parents and keeps every span of them", () => {
  for (const circle of [["a"], ["a", "b"], ["a", "b", "c", "d"]]) {
    const spans = circle.map((id, i) => spanOf(id, i, { parent_id: circle[(i + 1) % circle.length] }));
    const dict = dictOf([...spans, spanOf("leaf", 9, { parent_id: "a" }), spanOf("apart", 10)]);
    const names = flat(dict).map(row => row.node.name);
    assertEquals(names.toSorted(), [...circle, "apart", "leaf"].toSorted());
    assertEquals(dict.roots.length, 2);
  }
});

test("mergeFiles() makes a forest of any spans, parents first, siblings in order of start", () => {
  const ids = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");
  const spans = fc.array(fc.record({ id: ids, parent: fc.option(ids), us: fc.nat(5) }), { maxLength: 12 });
  fc.assert(fc.property(spans, list => {
    const dict = dictOf(list.map(({ id, parent, us }) => spanOf(id, us, { parent_id: parent })));
    const last = new Map<string, { parent: string | null }>(list.map(span => [span.id, span]));
    const rows = flat(dict);
    assertEquals(rows.map(row => row.node.id).toSorted(), [...last.keys()].toSorted());
    for (const siblings of [dict.roots, ...rows.map(row => row.node.children)]) {
      const starts = siblings.map(node => node.start_us);
      assertEquals(starts, starts.toSorted((a, b) => a - b));
    }
    for (const { node } of rows) {
      for (const child of node.children) assertStrictEquals(child.parent_id, node.id);
    }
    const up = (id: string) => last.get(id)?.parent ?? null;
    const isOnCircle = (id: string) => {
      let at = up(id);
      for (let steps = 0; at !== null && at !== id && steps < last.size; steps++) at = up(at);
      return at === id;
    };
    for (const { id, parent_id } of dict.roots) {
      assert(parent_id === null || !last.has(parent_id) || isOnCircle(id));
    }
  }));
});

largeTest("mergeFiles() follows a chain of 50 000 parents", () => {
  const spans = Array.from(
    { length: 50_000 },
    (_, i) => spanOf(`s${i}`, i, { parent_id: i === 0 ? null : `s${i - 1}` }),
  ).reverse();
  const tree = buildTree(merge(fileOf(spans)).snapshot);
  assertEquals(tree.depth.at(-1), 49_999);
  for (const span of spans) span.parent_id ??= "s49999";
  assertEquals(buildTree(merge(fileOf(spans)).snapshot).depth.at(-1), 49_999);
});

test("mergeFiles() counts a span that is there twice once, the last complete one", () => {
  const rows = merge(
    fileOf([spanOf("a", 0, { name: "first" })], [markOf("m", "a", { value: 1.5 })]),
    fileOf([spanOf("a", 0, { name: "last" })], [markOf("m", "a", { value: 2.5 })]),
    fileOf([spanOf("a", 0, { name: 5 })], [markOf("m", "a", { value: "x" })]),
  );
  assertEquals(shape(toDict(buildTree(rows.snapshot))), "last {m=2.5}");
  assertEquals([rows.spanCount, rows.markCount, rows.skippedRowCount], [1, 1, 2]);
});

test("mergeFiles() keeps processes and ranks together and counts them", () => {
  const rows = merge(
    fileOf([spanOf("a", 0), spanOf("b", 1)]),
    fileOf([spanOf("c", 2, { rank: 1 })]),
    fileOf([spanOf("d", 3, { pid: 8, rank: 1 })]),
  );
  assertEquals([rows.fileCount, rows.spanCount, rows.processCount], [3, 4, 3]);
});

test("mergeFiles() finds the span of a mark in an earlier and in a later file", () => {
  const rows = merge(
    fileOf([], [markOf("early", "a")]),
    fileOf([spanOf("a", 0)], [markOf("along", "a", { ts_ns: START_NS + 1n })]),
    fileOf([], [markOf("late", "a", { ts_ns: START_NS + 2n })]),
  );
  assertEquals(shape(toDict(buildTree(rows.snapshot))), "a {early=0.5, along=0.5, late=0.5}");
  assertEquals(rows.snapshot.markCount[0], 3);
});

test("mergeFiles() puts the marks of a span in the order they were made", () => {
  const at = (id: string, ns: bigint) => markOf(id, "a", { ts_ns: START_NS + ns });
  const { roots } = dictOf(
    [spanOf("a"), spanOf("b")],
    [at("m3", 3n), markOf("other", "b"), at("m1", 1n), at("m2", 2n), at("m2too", 2n)],
  );
  assertEquals(roots[0].marks.map(mark => mark.name), ["m1", "m2", "m2too", "m3"]);
  assertEquals(roots[1].marks.map(mark => mark.name), ["other"]);
});

test("mergeFiles() keeps a mark's kind, moment and attributes", () => {
  const { roots } = dictOf([spanOf("a")], [
    markOf("m", "a", { name: "x", kind: "summary", ts_ns: START_NS + 2766n, attrs: { k: "v" } }),
  ]);
  assertEquals(roots[0].marks, [
    { name: "x", value: 0.5, kind: "summary", ts_us: 1_767_323_045_678_904, attrs: { k: "v" } },
  ]);
});

for (
  const [type, written, read] of [
    ["float", 0.5, 0.5],
    ["float", 2, 2],
    ["float", 10n ** 20n, 1e20],
    ["float", "NaN", NaN],
    ["float", "Infinity", Infinity],
    ["float", "-Infinity", -Infinity],
    ["int", 0, 0],
    ["int", -3, -3],
    ["int", 9007199254740993n, "9007199254740993"],
    ["int", -(2n ** 64n), "-18446744073709551616"],
    ["int", 10n ** 1200n, String(10n ** 1200n)],
    ["int", 1e21, 1e21],
    ["string", "", ""],
    ["string", "NaN", "NaN"],
    ["string", "1767323045678901234", "1767323045678901234"],
    ["string", "é".repeat(200), "é".repeat(128)],
    ["bool", true, true],
    ["bool", false, false],
  ] as const
) {
  test(`mergeFiles() reads the ${type} ${String(written).slice(0, 30)}`, () => {
    const { roots } = dictOf([spanOf("a")], [markOf("m", "a", { value_type: type, value: written })]);
    assertStrictEquals(roots[0].marks[0].value, read);
  });
}

const DAMAGED_SPANS: readonly (readonly [field: string, values: readonly unknown[]])[] = [
  ["id", [undefined, null, 5, "", {}]],
  ["name", [undefined, null, 5, ["x"]]],
  ["parent_id", [5, "", {}, false]],
  ["start_ns", [undefined, null, "1", 0.5, {}, true, 10n ** 30n, "NaN"]],
  ["end_ns", [undefined, null, "x", 1e300, [], -(10n ** 30n)]],
  ["cpu_ns", ["1", true, {}, 10n ** 1200n, 1e300, 2n ** 63n]],
  ["gpu_ns", ["1", true, {}, 10n ** 1200n]],
  ["memory_peak_bytes", ["1", true, {}, 10n ** 1200n]],
  ["pid", ["7", {}, 10n ** 1200n]],
  ["rank", ["0", {}, 10n ** 1200n]],
  ["attrs", [5, "x", [1], true]],
];

test("mergeFiles() skips and counts spans with a damaged field", () => {
  for (const [field, values] of DAMAGED_SPANS) {
    for (const value of values) {
      const rows = merge(fileOf([spanOf("good"), spanOf("a", 0, { [field]: value })]));
      assertEquals([rows.spanCount, rows.skippedRowCount], [1, 1], `${field}: ${String(value)}`);
      assertEquals(rows.snapshot.name, ["good"]);
    }
  }
});

test("mergeFiles() keeps a span whose index is no whole number, without it", () => {
  for (const index of ["1", 0.5, [], true, 10n ** 1200n, 1e300, "NaN", -(2n ** 63n)]) {
    assertStrictEquals(nodeOf({ index }).index, null, String(index).slice(0, 30));
  }
  assertStrictEquals(nodeOf({ index: -(2n ** 62n) }).index, -(2 ** 62));
});

/** Numbers as a file may have them: what is damaged, what Python writes, and what no number of JavaScript holds. */
const NUMBERS: readonly string[] = [
  "NaN",
  "Infinity",
  "-Infinity",
  '"NaN"',
  '"Infinity"',
  "9".repeat(1200),
  `-${"9".repeat(1200)}`,
  `${"9".repeat(1200)}.5`,
  "9".repeat(5000),
  "1e400",
  "-1e400",
  "1e308",
  String(2n ** 63n),
  String(2n ** 63n - 1n),
  String(-(2n ** 64n)),
  "1e18",
  "0.5",
  "-0",
  "0",
];

/** What a file with such a number in one field is read as: a span `a` that holds a mark, and one to compare with. */
function readNumber(list: "spans" | "marks", field: string, number: string): SpoolRows {
  const one = { [field]: "@" };
  const file = fileOf(
    [spanOf("a", 0, list === "spans" ? one : {}), spanOf("good")],
    [markOf("m", "a", list === "marks" ? one : {}), markOf("good", "good")],
  );
  return mergeParsed(parseExact(toJsonText(file).replace('"@"', number)));
}

/** Every number of a snapshot that is no mark's value, NaN where it says not measured. */
function numbersOf({ snapshot }: SpoolRows): number[] {
  const { startNs, endNs, counters, index, id, parent, threads, marks } = snapshot;
  const columns = [startNs, endNs, ...Object.values(counters), index, id, parent, marks.tsNs];
  const own = threads!.list.flatMap(({ pid, rank, threadId }) => [pid, rank, threadId]);
  return [...columns.flatMap(column => Array.from(column)), ...own];
}

test("Every number that is read from a file is finite, or its row is skipped and counted", () => {
  const fields = ["start_ns", "end_ns", "cpu_ns", "gpu_ns", "memory_peak_bytes", "index", "thread_id", "pid"];
  for (
    const [list, field] of [
      ...[...fields, "rank"].map(field => ["spans", field] as const),
      ["marks", "ts_ns"] as const,
    ]
  ) {
    for (const number of NUMBERS) {
      const what = `${field}: ${number.slice(0, 30)}`;
      const rows = readNumber(list, field, number);
      assertStrictEquals(rows.spanCount + rows.markCount + rows.skippedRowCount, 4, what);
      assert(numbersOf(rows).every(value => Number.isNaN(value) || Number.isFinite(value)), what);
      const tree = buildTree(rows.snapshot);
      for (const text of [toJson(tree), toTraceEvents(tree, { pid: 1 }), toSpeedscope(tree, 1)]) {
        assert(!/NaN|Infinity/.test(JSON.stringify(JSON.parse(text))), what);
      }
      assertEquals(JSON.parse(toJson(tree)), toDict(tree) as unknown, what);
    }
  }
});

test("mergeFiles() takes a counter of Python's that is NaN for one that was not measured", () => {
  for (const field of ["cpu_ns", "gpu_ns", "memory_peak_bytes", "index", "thread_id", "pid", "rank"]) {
    const { spanCount, snapshot } = readNumber("spans", field, "NaN");
    assertStrictEquals(spanCount, 2, field);
    assert(toDict(buildTree(snapshot)).roots.every(({ cpu_ns, index }) => cpu_ns === null && index === null));
  }
});

for (
  const [field, skipped] of [["cpu_ns", 1], ["start_ns", 1], ["ts_ns", 1], ["index", 0], [
    "thread_id",
    0,
  ]] as const
) {
  test(`mergeFiles() ${skipped === 1 ? "skips and counts a row" : "keeps a span"} with a ${field} of 1200 digits`, () => {
    const rows = readNumber(field === "ts_ns" ? "marks" : "spans", field, "9".repeat(1200));
    assertEquals([rows.skippedRowCount, rows.spanCount + rows.markCount], [skipped, 4 - skipped]);
  });
}

test("mergeFiles() reads a mark's bare NaN and infinities as the numbers, also among attributes", () => {
  const values = ["NaN", "Infinity", "-Infinity"].map(number => {
    const { snapshot } = readNumber("marks", "value", number);
    return toDict(buildTree(snapshot)).roots[0].marks[0].value;
  });
  assertEquals(values, [NaN, Infinity, -Infinity]);
  const { snapshot } = mergeParsed(
    parseExact(
      toJsonText(fileOf([spanOf("a", 0, { attrs: { loss: "@" } })])).replace('"@"', "[NaN, -Infinity]"),
    ),
  );
  assertEquals(toDict(buildTree(snapshot)).roots[0].attrs, { loss: ["NaN", "-Infinity"] });
});

const DAMAGED_MARKS: readonly (readonly [field: string, values: readonly unknown[]])[] = [
  ["id", [undefined, null, 5, ""]],
  ["span_id", [undefined, null, 5, ""]],
  ["name", [undefined, null, 5]],
  ["value_type", [undefined, null, "double", 5]],
  ["value", [undefined, null, "x", "nan", true, [], {}]],
  ["attrs", [5, "x", [1]]],
  ["ts_ns", [undefined, null, "x", 0.5]],
  ["kind", [undefined, null, "other", 5]],
];

test("mergeFiles() skips and counts marks with a damaged field", () => {
  for (const [field, values] of DAMAGED_MARKS) {
    for (const value of values) {
      const marks = [markOf("good", "a"), markOf("m", "a", { [field]: value })];
      const rows = merge(fileOf([spanOf("a")], marks));
      assertEquals([rows.markCount, rows.skippedRowCount], [1, 1], `${field}: ${String(value)}`);
    }
  }
});

test("mergeFiles() skips and counts marks whose value is not of their type", () => {
  const wrong = [
    ["int", 0.5],
    ["int", "5"],
    ["int", true],
    ["int", 10n ** 2000n],
    ["string", 5],
    ["bool", 0],
    ["bool", "true"],
  ];
  const marks = wrong.map(([value_type, value], i) => markOf(`m${i}`, "a", { value_type, value }));
  assertEquals(merge(fileOf([spanOf("a")], marks)).skippedRowCount, wrong.length);
});

test("mergeFiles() skips and counts rows that are no objects", () => {
  const rows = merge(fileOf([null, 5, "x", [], spanOf("a")], [null, 5, "x", [], markOf("m", "a")]));
  assertEquals([rows.spanCount, rows.markCount, rows.skippedRowCount], [1, 1, 8]);
});

test("mergeFiles() skips and counts files that are not of the format", () => {
  const wrong = [
    undefined,
    null,
    5,
    "x",
    [],
    {},
    ...[undefined, null, 0, 2, "1", true, [1]].map(version => ({ ...fileOf([]), schema_version: version })),
    ...[undefined, null, 5, "x", {}].flatMap(list => [
      { ...fileOf([]), spans: list },
      { ...fileOf([]), marks: list },
    ]),
  ];
  const rows = mergeParsed(...wrong, parseExact(toJsonText(fileOf([spanOf("a")]))));
  assertEquals([rows.fileCount, rows.skippedFileCount, rows.spanCount], [1, wrong.length, 1]);
});

test("mergeFiles() takes unknown keys at every level", () => {
  const rows = merge(
    fileOf([spanOf("a", 0, { extra: { deep: [1] } })], [markOf("m", "a", { extra: null })], { extra: [] }),
  );
  assertEquals([rows.spanCount, rows.markCount, rows.skippedRowCount], [1, 1, 0]);
});

test("mergeFiles() takes keys that are special in JavaScript", () => {
  const text = toJsonText(fileOf([spanOf("__proto__", 0, { parent_id: "constructor", attrs: { x: 0 } })]))
    .replace('"x":0', '"__proto__":{"polluted":1},"toString":2');
  const { roots } = toDict(buildTree(mergeParsed(parseExact(text)).snapshot, { name: "__proto__" }));
  const { attrs } = roots[0];
  assertEquals(Object.keys(attrs), ["__proto__", "toString"]);
  assertEquals(Object.getPrototypeOf(attrs), Object.prototype);
  assertStrictEquals(({} as Fields).polluted, undefined);
});

test("mergeFiles() cuts long names as trace() does", () => {
  const { snapshot } = merge(
    fileOf([spanOf("a", 0, { name: "x".repeat(1000) })], [markOf("m", "a", { name: "y".repeat(1000) })]),
  );
  assertEquals([snapshot.name[0].length, snapshot.marks.name[0].length], [256, 256]);
});

test("mergeFiles() copies attributes out: two readers do not share them", () => {
  const { snapshot } = merge(fileOf([spanOf("a", 0, { attrs: { list: [1] } })]));
  const first = toDict(buildTree(snapshot)).roots[0];
  first.attrs.list = "changed";
  assertEquals(toDict(buildTree(snapshot)).roots[0].attrs, { list: [1] });
});

test("mergeFiles() keeps attributes of any depth within the bounds of scope()", () => {
  let attrs: Fields = {};
  for (let i = 0; i < 500; i++) attrs = { a: attrs };
  const { snapshot } = merge(fileOf([spanOf("a", 0, { attrs })]));
  assert(JSON.stringify(toDict(buildTree(snapshot))).includes("[Object]"));
});

test("mergeFiles() keeps attributes of marks within the bounds of mark(), in json as in the dict", () => {
  let attrs: Fields = {};
  for (let i = 0; i < 500; i++) attrs = { a: attrs };
  const { snapshot } = merge(fileOf([spanOf("a")], [markOf("m", "a", { attrs })]));
  const tree = buildTree(snapshot);
  assertStrictEquals(toJson(tree), JSON.stringify(toDict(tree)));
});

test("mergeFiles() has a row (open) for a span that only marks name, shown on demand", () => {
  const marks = [
    markOf("m2", "x", { ts_ns: START_NS + 5000n }),
    markOf("m1", "x", { ts_ns: START_NS + 2000n }),
  ];
  assertEquals(shape(dictOf([spanOf("a")], marks)), "a");
  const { roots, span_count } = openDictOf([spanOf("a")], marks);
  assertEquals(shape({ roots, span_count }), "a\n(open) open {m1=0.5, m2=0.5}");
  const { id, start_us, end_us, wall_us, cpu_ns } = roots[1];
  assertEquals({ id, start_us, end_us, wall_us, cpu_ns }, {
    id: "x",
    start_us: 1_767_323_045_678_903,
    end_us: null,
    wall_us: 3,
    cpu_ns: null,
  });
});

test("mergeFiles() hangs children on the row (open) of their parent, on demand", () => {
  const spans = [spanOf("b", 20, { parent_id: "x" }), spanOf("a", 10, { parent_id: "x" }), spanOf("z", 5)];
  const marks = [markOf("m", "x", { ts_ns: START_NS + 12_000n })];
  assertEquals(shape(dictOf(spans, marks)), "z\na\nb");
  assertEquals(shape(openDictOf(spans, marks)), "z\n(open) open {m=0.5}\n  a\n  b");
  assertEquals(openDictOf(spans, marks).roots[1].wall_us, 1010);
});

test("mergeFiles() has one row root for marks made outside any scope, shown on demand", () => {
  const marks = [markOf("m1", "root"), markOf("m2", "root", { ts_ns: START_NS + 1n })];
  assertEquals(shape(dictOf([], marks)), "");
  assertEquals(shape(openDictOf([], marks)), "root open {m1=0.5, m2=0.5}");
  assertEquals(openDictOf([], marks).roots[0].id, "root");
});

test("mergeFiles() counts marks whose span is in no file", () => {
  assertEquals(merge(fileOf([], [markOf("a", "root"), markOf("b", "x")])).markCount, 2);
});

test("mergeFiles() reads what the Python package writes", () => {
  const rows = mergeParsed(parseExact(PYTHON_FILE));
  assertEquals([rows.spanCount, rows.markCount, rows.skippedRowCount, rows.processCount], [1, 3, 0, 1]);
  const { snapshot } = rows;
  assertEquals(
    toText(buildTree(closedOnly(snapshot))),
    "batch[3] - 2.0us {loss=0.5000, lr=1.00e-5, seen=18446744073709551617}",
  );
  assertEquals(snapshot.anchorNs + BigInt(snapshot.endNs[0]), 1767323045678903236n);
  const [node] = toDict(buildTree(closedOnly(snapshot))).roots;
  assertEquals(node.attrs, { data_load_ns: 250, note: "déjà" });
  assertEquals(node.parent_id, "c0ffee00c0ffee00c0ffee00c0ffee00");
});
