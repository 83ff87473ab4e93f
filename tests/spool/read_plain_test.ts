import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { SpoolColumns } from "../../src/spool/columns.ts";
import { IdTable } from "../../src/spool/id_table.ts";
import { mergeFiles, parseFile, type RawFile, type SpoolRows } from "../../src/spool/merge.ts";
import { PlainReader } from "../../src/spool/read_plain.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { fileOf, markOf, PYTHON_FILE, spanOf, toJsonText } from "../support/spool.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const hex = (i: number) => String(i).padStart(32, "0");

/** What this package writes, and more: each kind of value, a span that is there twice, one that is open, and another's parent. */
const OWN_FILE = toJsonText(fileOf([
  spanOf(hex(1), 0, { trace_id: hex(1), attrs: { "cirron.unfinished": true }, name: "cirron.session" }),
  spanOf(hex(2), 5, {
    parent_id: hex(1),
    index: -3,
    cpu_ns: 12,
    attrs: { data_load_ns: 7, a: [1e-7, { b: null }] },
  }),
  spanOf(hex(3), 9, {
    parent_id: "0".repeat(15) + "9",
    name: 'é "quoted"\u2028',
    thread_id: null,
    rank: null,
  }),
  spanOf(hex(2), 6, { parent_id: hex(8), gpu_ns: 0, attrs: { far: 2n ** 60n, on: true } }),
  spanOf("plain id", 7, { parent_id: "plain parent", attrs: null, trace_id: "x" }),
], [
  markOf(hex(1), hex(2), { value: -0.1 }),
  markOf(hex(2), hex(2), { value: 12345678901234567890.5, kind: "summary" }),
  markOf(hex(3), "root", { value_type: "string", value: "\\t" }),
  markOf(hex(4), hex(7), { value_type: "int", value: 2n ** 70n, attrs: { of: "x" } }),
  markOf(hex(5), hex(1), { value_type: "bool", value: false }),
  markOf(hex(6), hex(1), { value_type: "float", value: "NaN" }),
  markOf(hex(1), hex(2), { value: 1e-320 }),
]));

function rawOf(text: string, name = "a"): RawFile {
  return { name, bytes: new TextEncoder().encode(text) };
}

/** All that rows say, as one would compare it. */
function plainOf({ snapshot, ...counts }: SpoolRows): unknown {
  const { length, ids, attrs, marks, threads, ...columns } = snapshot;
  const all = [...Array(length).keys()];
  return {
    counts,
    columns,
    threads,
    ids: "own" in ids && all.map(row => [ids.own(row), ids.parent(row), ids.trace(row)]),
    attrs: all.map(row => attrs.at(row)),
    marks: { ...marks, attrs: marks.name.map((_, i) => marks.attrs.at(i)) },
  };
}

function checkSame(...texts: string[]): void {
  const files = texts.map((text, i) => rawOf(text, String(i)));
  assertEquals(plainOf(mergeFiles(files)), plainOf(mergeFiles(files.map(parseFile))));
}

for (
  const [writer, text] of Object.entries({ "this package": OWN_FILE, "the Python package": PYTHON_FILE })
) {
  test(`A file of ${writer} is read without the parser, and the rows are those that the parser gives`, () => {
    assert(new PlainReader(new SpoolColumns()).read(rawOf(text).bytes));
    checkSame(text);
    checkSame(text, PYTHON_FILE, OWN_FILE);
  });

  largeTest(
    `A file of ${writer} with any byte changed is read as the parser reads it, or skipped as it would be`,
    () => {
      for (let at = 0; at < text.length; at++) {
        for (const byte of ['"', "1", "}", "e", "\\", " ", "\u0001"]) {
          checkSame(text.slice(0, at) + byte + text.slice(at + 1), PYTHON_FILE);
          if (at % 7 !== 0) break;
        }
      }
    },
  );
}

test("What is no plain file leaves no row", () => {
  const columns = new SpoolColumns();
  const reader = new PlainReader(columns);
  for (const text of [OWN_FILE.slice(0, -1), `${OWN_FILE}x`, OWN_FILE.replace('"pid":7', '"pid":7.5')]) {
    assertEquals(reader.read(rawOf(text).bytes), false);
    assertEquals([columns.spans.length, columns.marks.length], [0, 0]);
    assertEquals([columns.spans.unfinished.size, columns.spans.dataLoadNs.size], [0, 0]);
  }
});

test("A key that is there twice, or escaped, counts as the parser says", () => {
  checkSame(OWN_FILE.replace('"pid":7', '"pid":7,"pid":8'));
  checkSame(OWN_FILE.replace('"attrs":null', '"attrs":{"x":1},"attrs":null'));
  checkSame(OWN_FILE.replace('"name":"cirron', '"n\\u0061me":"cirron'));
  checkSame(OWN_FILE.replace('"data_load_ns"', '"data\\u005fload_ns"'));
  checkSame(OWN_FILE.replace('"pid":7', '"pid":07'), OWN_FILE.replace('"pid":7', '"pid":-0'));
  checkSame(OWN_FILE.replace("{", "\ufeff{"), ` ${OWN_FILE}\n`);
});

test("IdTable numbers ids as they come, also those whose places meet", () => {
  const table = new IdTable();
  const ids = Array.from(
    { length: 5000 },
    (_, i) => i % 3 === 0 ? `id ${i}` : i.toString(16).padStart(32, "0"),
  );
  assertEquals(ids.map(id => table.of(id)), [...ids.keys()]);
  assertEquals(ids.map(id => table.of(id)), [...ids.keys()]);
  assertEquals(ids.map((_, i) => table.text(i)), ids);
});

test("IdTable finds ids that had no place again when there is more room", () => {
  const inverse = inverseOf(0x27d4eb2f);
  // Hashes that differ above the bits that the first table looks at.
  const ids = Array.from({ length: 300 }, (_, i) => {
    const hash = i * 2048;
    return Math.imul(hash ^ hash >>> 15 ^ hash >>> 30, inverse);
  });
  const table = new IdTable();
  const numbers = () => ids.map(word => table.ofWords(0, 0, word, 0));
  assertEquals(numbers(), [...ids.keys()]);
  for (let i = 0; i < 30_000; i++) table.of(`1${String(i).padStart(31, "0")}`);
  assertEquals(numbers(), [...ids.keys()]);
  assertEquals(ids.map((_, i) => table.of(table.text(i))), [...ids.keys()]);
});

/** What a number is multiplied with for 1, in 32 bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
