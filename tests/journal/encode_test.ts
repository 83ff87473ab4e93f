import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pl } from "../../polars.ts";
import { encodeSchema, MarkEncoder, SpanEncoder } from "../../src/journal/encode.ts";
import { fieldsOf, JOURNAL_KINDS } from "../../src/journal/format.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { bytesSource } from "../../src/journal/source.ts";
import { sourcePath } from "../support/checkout.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import {
  anyMark,
  anySpan,
  columnsOf,
  joined,
  markColumnsOf,
  marksIn,
  markStream,
  type MarkValues,
  METADATA,
  rowsOf,
  span,
  spansIn,
  spanStream,
  type SpanValues,
  TRACEPARENTS,
} from "../support/journal.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const SPANS: readonly SpanValues[] = [
  span(3, {
    parent: 2,
    root: -1,
    name: "näme",
    index: -7,
    cpuNs: 2 ** 40,
    memoryPeakBytes: 5,
    dataLoadNs: 0,
    attrs: { a: 1, b: 'x"\n', c: [true, null] },
  }),
  span(2, { parent: -1, root: -1, gpuNs: 9 }),
  span(1, { root: 1, startNs: 2 ** 40, endNs: 2 ** 40 + 2 ** 33 }),
];

const MARKS: readonly MarkValues[] = [
  { id: 1, span: 1, name: "loss", tsNs: 2 ** 40, isSummary: false, value: 0.5, attrs: null },
  { id: 2, span: 0, name: "stage", tsNs: 3, isSummary: true, value: "", attrs: { a: "b" } },
  { id: 3, span: 3, name: "ok", tsNs: 4, isSummary: false, value: true, attrs: null },
  { id: 4, span: 3, name: "big", tsNs: 5, isSummary: false, value: -(2n ** 80n), attrs: null },
  { id: 5, span: 3, name: "not", tsNs: 6, isSummary: true, value: NaN, attrs: null },
];

// Streams as they were written when the format was made. Ones that a later version adds columns to get files beside them.
const GOLDEN_SPANS = new Uint8Array(readFileSync(sourcePath("tests/journal/golden/spans.arrow")));
const GOLDEN_MARKS = new Uint8Array(readFileSync(sourcePath("tests/journal/golden/marks.arrow")));

test("A stream of spans, and one of marks, is byte for byte what it was", () => {
  assertEquals(spanStream(SPANS, 2), GOLDEN_SPANS);
  assertEquals(markStream(MARKS), GOLDEN_MARKS);
});

test("What was written long ago is read", () => {
  assertEquals(spansIn(GOLDEN_SPANS), SPANS);
  assertEquals(marksIn(GOLDEN_MARKS), MARKS);
});

test("Any spans come back as they went in, in batches of any size", () => {
  const rows = fc.array(anySpan, { maxLength: 40 });
  fc.assert(fc.property(rows, fc.integer({ min: 1, max: 50 }), (rows, perBatch) => {
    assertEquals(spansIn(spanStream(rows, perBatch)), rows);
  }));
});

test("Any marks come back as they went in", () => {
  fc.assert(fc.property(fc.array(anyMark, { maxLength: 40 }), rows => {
    assertEquals(marksIn(markStream(rows)), rows);
  }));
});

test("SpanEncoder gives the same bytes for the same rows, whatever it encoded before and whatever lies around them", () => {
  const rows = fc.array(anySpan, { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(rows, rows, rows, (before, rows, after) => {
    const fresh = new SpanEncoder().encode(columnsOf(rows), 0, rows.length);
    const used = new SpanEncoder();
    used.encode(columnsOf(before), 0, before.length);
    const columns = columnsOf([...before, ...rows, ...after]);
    // A column that is there because of other rows is one of nulls.
    const read = (message: Uint8Array) => spansIn(joined([encodeSchema("spans", METADATA), message]));
    assertEquals(read(used.encode(columns, before.length, before.length + rows.length)), rows);
    assertEquals(used.encode(columnsOf(rows), 0, rows.length), fresh);
  }));
});

test("A context of elsewhere is told with each of its children, and with the first span of a batch whose trace it is", () => {
  const rows = [
    span(5, { parent: 4, root: -1 }),
    span(6, { parent: 4, root: -1 }),
    span(4, { parent: -1, root: -1 }),
    span(7, { parent: -2, root: -2 }),
    span(8, { parent: -1, root: -1 }),
    span(9, { parent: 1, root: 1 }),
    span(10, { parent: 7, root: -2 }),
    span(11, { parent: -3, root: -3 }), // not known any more
  ];
  const told = (stream: Uint8Array) => throughPolars(stream).map(row => row.remote_parent);
  const [one, two] = [-1, -2].map(number => TRACEPARENTS.get(number)!);
  assertEquals(told(spanStream(rows)), [one, null, one, two, one, null, null, null]);
  const inTwo = spanStream(rows, 6);
  assertEquals(told(inTwo), [one, null, one, two, one, null, two, null]);
  const spans = readSpans([bytesSource(inTwo)]);
  assertEquals([rowsOf(spans), spans.foreign], [rows, TRACEPARENTS]);
  // Where nobody knows the roots, the children do.
  const bare = rows.map(row => ({ ...row, root: null }));
  assertEquals(readSpans([bytesSource(spanStream(bare))]).foreign, TRACEPARENTS);
});

test("Attributes are written as JSON.stringify writes them", () => {
  fc.assert(fc.property(anySpan, row => {
    const spans = readSpans([bytesSource(spanStream([row]))]);
    assertEquals(spans.attrs.text(0), row.attrs === null ? null : JSON.stringify(row.attrs));
  }));
});

test("Attributes are written as they are whatever a program gives to every object", () => {
  const attrs = { a: "1", b: [{ c: 1 }], d: undefined as unknown as string };
  Object.assign(Object.prototype, { listed: 1, toJSON: () => "no" });
  try {
    const stream = spanStream([span(1, { attrs }), span(2, { attrs: {} }), span(3)]);
    const spans = readSpans([bytesSource(stream)]);
    assertEquals([0, 1, 2].map(row => spans.attrs.text(row)), ['{"a":"1","b":[{"c":1}]}', "{}", null]);
  } finally {
    for (const name of ["listed", "toJSON"]) Reflect.deleteProperty(Object.prototype, name);
  }
});

largeTest("Names that have no bytes, and texts and batches of megabytes, are written", () => {
  assertEquals(spansIn(spanStream([span(1, { name: "a\ud800" })]))[0].name, "a\ufffd");
  const long = "é".repeat(3_000_000);
  const rows = [span(1, { name: long }), span(2, { attrs: { long } }), span(3)];
  assertEquals(spansIn(spanStream(rows)), rows);
  const many = Array.from({ length: 100_000 }, (_, i) => span(i + 1, { name: `made up ${i}` }));
  assertEquals(spansIn(spanStream(many)), many);
});

test("No rows are a batch without rows, and no marks are none", () => {
  assertEquals(spansIn(joined([spanStream([]), new SpanEncoder().encode(columnsOf([]), 0, 0)])), []);
  const { ids, marks } = markColumnsOf(MARKS);
  marks.drained.fill(1);
  assertEquals(new MarkEncoder().encode(ids, marks, 0, ids.length), null);
});

test("MarkEncoder leaves out marks that are drained, and marks of other rows", () => {
  const { ids, marks } = markColumnsOf(MARKS);
  marks.drained[2] = 1;
  const message = new MarkEncoder().encode(ids, marks, 1, 4)!;
  assertEquals(marksIn(joined([encodeSchema("marks", METADATA), message])), [MARKS[1], MARKS[3]]);
});

test("Messages are multiples of 8 bytes, so that columns of a file can be used as they lie there", () => {
  for (const kind of JOURNAL_KINDS) assertEquals(encodeSchema(kind, METADATA).length % 8, 0);
  fc.assert(fc.property(fc.array(anySpan, { maxLength: 10 }), rows => {
    assertEquals(new SpanEncoder().encode(columnsOf(rows), 0, rows.length).length % 8, 0);
  }));
});

test("A plain span takes under 80 bytes in batches of 512", () => {
  const rows = Array.from({ length: 512 }, (_, i) => span(i + 1, { parent: i, name: "backward" }));
  const bytes = new SpanEncoder().encode(columnsOf(rows), 0, rows.length).length;
  assert(bytes < 80 * rows.length, `${bytes / rows.length}`);
});

// What a stranger reads.

type Row = Record<string, unknown>;

/** Rows as polars reads them. */
function throughPolars(stream: Uint8Array): Row[] {
  return pl.readIPCStream(bufferOf(stream)).toRecords() as Row[];
}

/** The same bytes as what polars takes. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
}

test("polars reads spans, in several batches, with equal values", () => {
  assertEquals(
    throughPolars(spanStream(SPANS, 2)),
    SPANS.map((row): Row => ({
      id: row.id,
      parent: row.parent,
      root: row.root,
      remote_parent: TRACEPARENTS.get(row.root ?? 0) ?? null,
      name: row.name,
      index: row.index,
      start_ns: row.startNs,
      wall_ns: row.endNs - row.startNs,
      cpu_ns: row.cpuNs,
      gpu_ns: row.gpuNs,
      memory_peak_bytes: row.memoryPeakBytes,
      data_load_ns: row.dataLoadNs,
      attrs: row.attrs === null ? null : JSON.stringify(row.attrs),
    })),
  );
});

test("polars reads marks with equal values", () => {
  assertEquals(
    throughPolars(markStream(MARKS)),
    MARKS.map((row): Row => ({
      id: row.id,
      span: row.span,
      name: row.name,
      ts_ns: row.tsNs,
      is_summary: row.isSummary,
      number: typeof row.value === "number" ? row.value : null,
      text: typeof row.value === "string" ? row.value : null,
      flag: typeof row.value === "boolean" ? row.value : null,
      integer: typeof row.value === "bigint" ? String(row.value) : null,
      attrs: row.attrs === null ? null : JSON.stringify(row.attrs),
    })),
  );
});

test("polars reads any spans with equal names, numbers and nulls", () => {
  fc.assert(
    fc.property(
      fc.array(anySpan, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 8 }),
      (rows, perBatch) => {
        const read = throughPolars(spanStream(rows, perBatch));
        assertEquals(
          read.map(({ name, index, cpu_ns, start_ns }) => ({ name, index, cpu_ns, start_ns })),
          rows.map(row => ({
            name: row.name,
            index: row.index,
            cpu_ns: row.cpuNs,
            start_ns: row.startNs,
          })),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("Streams of all kinds have the columns of their kind", () => {
  for (const kind of JOURNAL_KINDS) {
    const frame = pl.readIPCStream(bufferOf(encodeSchema(kind, METADATA)));
    assertEquals([frame.height, frame.columns], [0, fieldsOf(kind).map(({ name }) => name)]);
  }
});
