import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  type ArrowField,
  BatchHeader,
  CONTINUATION,
  schemaHeader,
} from "../../src/formats/arrow/messages.ts";
import { BatchColumns } from "../../src/journal/decode.ts";
import { encodeSchema } from "../../src/journal/encode.ts";
import { SPAN_FIELDS } from "../../src/journal/format.ts";
import { readMarks } from "../../src/journal/read_marks.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { type ByteSource, bytesSource, FileSource } from "../../src/journal/source.ts";
import { indexStream } from "../../src/journal/stream.ts";
import { trimSegment } from "../../src/journal/trim.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import {
  joined,
  markStream,
  METADATA,
  rowsOf,
  span,
  spansIn,
  spanStream,
  type SpanValues,
} from "../support/journal.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const ROWS: readonly SpanValues[] = Array.from({ length: 7 }, (_, i) =>
  span(i + 1, {
    parent: i === 3 ? -1 : i || null,
    index: i % 2 === 0 ? i : null,
    attrs: i % 3 === 0 ? { i, text: "y" } : null,
    name: `name ${i % 4}`,
  }));

const STREAM = spanStream(ROWS, 3);
const MARKS = markStream(
  [0.5, "text", true, 7n].map((value, i) => (
    { id: i + 1, span: 1, name: "m", tsNs: i, isSummary: false, value, attrs: i === 1 ? { a: 1 } : null }
  )),
);

/** Where the messages of a stream end. */
function ends(stream: Uint8Array): number[] {
  const index = indexStream(bytesSource(stream));
  const places = [encodeSchema("spans", METADATA).length];
  for (let i = 0; i < index.batchCount; i++) {
    const { at, headerLength, bodyLength } = index.batch(i);
    places.push(at + headerLength + bodyLength);
  }
  return places;
}

test("indexStream() says what a stream holds", () => {
  const index = indexStream(bytesSource(STREAM));
  assertEquals([index.rows, index.batchCount, index.goodBytes, index.end], [7, 3, STREAM.length, "whole"]);
  assertEquals([...index.fields.keys()], SPAN_FIELDS.map(({ name }) => name));
  assertEquals(index.metadata.get("cirron.anchor_unix_ns"), String(METADATA.anchorNs));
  assertEquals(index.metadata.get("cirron.id_suffix"), METADATA.idSuffix);
});

test("A stream that is cut anywhere gives the batches that are complete, and says where they end", () => {
  const places = ends(STREAM);
  for (let length = 0; length < STREAM.length; length++) {
    const cut = STREAM.subarray(0, length);
    const whole = places.filter(place => place <= length);
    const index = indexStream(bytesSource(cut));
    const good = whole.at(-1) ?? 0;
    assertEquals([index.goodBytes, index.end], [good, good === length ? "whole" : "torn"], `${length}`);
    assertEquals(spansIn(cut).length, Math.min(7, Math.max(0, whole.length - 1) * 3));
  }
});

test("Zeros behind a stream, which a machine that lost its power leaves, are damage, and what is before them is read", () => {
  const zeros = joined([STREAM, new Uint8Array(4096)]);
  const index = indexStream(bytesSource(zeros));
  assertEquals([index.goodBytes, index.end], [STREAM.length, "damaged"]);
  assertEquals(spansIn(zeros), ROWS);
});

test("A stream with an end says so, and one that somebody put together from two is read up to the second", () => {
  const end = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
  const ended = joined([STREAM, end]);
  assertEquals(indexStream(bytesSource(ended)).goodBytes, ended.length);
  assertEquals(spansIn(ended), ROWS);
  assertEquals(indexStream(bytesSource(joined([STREAM, STREAM]))).goodBytes, STREAM.length);
});

/** Reads all there is in all ways, and checks that it is no more than fits the bytes. */
function readAll(bytes: Uint8Array): void {
  const source = bytesSource(bytes);
  const index = indexStream(source);
  assert(index.goodBytes <= bytes.length && index.rows * 8 <= bytes.length);
  for (const field of [...index.fields.keys()]) assert(field.length <= bytes.length);
  const spans = readSpans([source]);
  assert(spans.length + spans.damagedRows <= index.rows);
  for (let i = 0; i < spans.length; i++) spans.attrs.text(i);
  const marks = readMarks([source]);
  for (let i = 0; i < marks.length; i++) marks.attrs.text(i);
  readSpans([source], { last: 1 });
  readSpans([source], { fromNs: 0 });
}

largeTest(
  "Whichever bit of a stream is flipped, reading ends, throws nothing and takes no more than the file",
  () => {
    for (const stream of [STREAM, MARKS]) {
      for (let i = 0; i < stream.length; i++) {
        const flipped = stream.slice();
        flipped[i] ^= 1 << (i * 5 & 7);
        readAll(flipped);
      }
    }
  },
);

largeTest(
  "Whichever word of a stream is absurd, reading ends, throws nothing and takes no more than the file",
  () => {
    for (const stream of [STREAM, MARKS]) {
      for (let i = 0; i < stream.length; i += 4) {
        for (const word of [0xffffffff, 0x7fffffff, 0x7ffffff8, 0]) {
          const absurd = stream.slice();
          new DataView(absurd.buffer).setUint32(i, word, true);
          readAll(absurd);
        }
      }
    }
  },
);

test("Any bytes, alone or behind a schema, are read without a word", () => {
  const schema = encodeSchema("spans", METADATA);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
    readAll(bytes);
    readAll(joined([schema, bytes]));
    readAll(joined([STREAM, Uint8Array.of(255, 255, 255, 255), bytes]));
  }));
});

/** A stream of one batch whose columns are all the same zeros, with room for one row: what a later version may write. */
function foreignStream(fields: readonly ArrowField[]): Uint8Array {
  const schema = schemaHeader(fields);
  const header = new BatchHeader(fields);
  header.setSize(1, 16);
  let buffer = 0;
  fields.forEach(({ type }, i) => {
    header.setColumn(i, 1, 0);
    header.setBuffer(buffer++, 0, 0);
    header.setBuffer(buffer++, 0, 8);
    if (type === "Utf8" || type === "Utf8View") header.setBuffer(buffer++, 0, 0);
  });
  const framed = (header: Uint8Array) => {
    const head = new Uint8Array(8);
    new DataView(head.buffer).setUint32(0, CONTINUATION, true);
    new DataView(head.buffer).setUint32(4, header.length, true);
    return joined([head, header]);
  };
  return joined([framed(schema), framed(header.bytes), new Uint8Array(16)]);
}

test("Columns that are not known are left out, and those that are not there are null", () => {
  const one = (name: string, type: ArrowField["type"]): ArrowField => ({ name, type, nullable: true });
  const needed = [one("id", "Int64"), one("name", "Utf8"), one("start_ns", "Int64"), one("wall_ns", "Int64")];
  const read = (fields: readonly ArrowField[]) => spansIn(foreignStream(fields));
  const row = span(0, { name: "", startNs: 0, endNs: 0 });
  assertEquals(read(needed), [row]);
  assertEquals(read([one("x", "UInt32"), ...needed, one("y", "Bool"), one("z", "Float64")]), [row]);
  // In an order of their own.
  assertEquals(read(needed.toReversed()), [row]);
  // Of another type, or behind what is not known to have how many buffers: as if they were not there.
  assertEquals(read([...needed, one("cpu_ns", "UInt32"), one("attrs", "Utf8View")]), [row]);
  assertEquals(read([one("views", "Utf8View"), ...needed]), []);
  assertEquals(read(needed.slice(1)), []);
});

test("Rows of a version to come are left out and counted", () => {
  const text = new TextDecoder("latin1").decode(STREAM);
  const at = text.indexOf("1", text.indexOf("cirron.journal"));
  const later = STREAM.slice();
  later[at] = "2".charCodeAt(0);
  const index = indexStream(bytesSource(later));
  assertEquals([index.metadata.get("cirron.journal"), index.isKnown], ["2", false]);
  const spans = readSpans([later, STREAM].map(bytesSource));
  assertEquals([spans.length, spans.damagedRows], [7, 7]);
});

test("Rows of a batch that makes no sense are left out and counted, and the others are read", () => {
  const places = ends(STREAM);
  const index = indexStream(bytesSource(STREAM));
  const { at, headerLength } = index.batch(1);
  const broken = STREAM.slice();
  // The offsets of the second batch's names go down.
  const names = BatchColumns.read(bytesSource(STREAM), index, 1)!.texts("name")!;
  new DataView(broken.buffer).setUint32(names.offsets.byteOffset + 4, 0xffff, true);
  assert(names.offsets.byteOffset > at + headerLength && names.offsets.byteOffset < places[2]);
  const spans = readSpans([bytesSource(broken)]);
  assertEquals(rowsOf(spans), [...ROWS.slice(0, 3), ...ROWS.slice(6)]);
  assertEquals(spans.damagedRows, 3);
});

test("Columns are views of the file's bytes where these lie at a multiple of 8, and copies else", () => {
  const batch = BatchColumns.read(bytesSource(STREAM), indexStream(bytesSource(STREAM)), 0)!;
  assertStrictEquals(batch.integers("id")!.words.buffer, STREAM.buffer);
  assertStrictEquals(batch.texts("name")!.data.buffer, STREAM.buffer);
  const shifted = joined([new Uint8Array(3), STREAM]).subarray(3);
  assertEquals(spansIn(shifted), ROWS);
});

/** Counts what is read of a stream. */
class CountingSource implements ByteSource {
  readonly size: number;
  bodies = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(at: number, length: number): Uint8Array {
    if (length > 2048) this.bodies++;
    return this.#bytes.subarray(at, at + length);
  }
}

test("Of the newest rows, and of those from a moment on, only the newest batches are read, of several segments", () => {
  const rows = Array.from({ length: 3000 }, (_, i) => span(i + 1));
  const segments = () =>
    [0, 1000, 2000].map(from => new CountingSource(spanStream(rows.slice(from, from + 1000), 100)));
  const bodies = (sources: readonly CountingSource[]) => sources.map(({ bodies }) => bodies);
  const last = segments();
  assertEquals(rowsOf(readSpans(last, { last: 1050 })), rows.slice(-1100));
  assertEquals(bodies(last), [0, 2, 10]); // and one that is not needed
  const late = segments();
  const fromNs = rows[1950].endNs;
  assertEquals(rowsOf(readSpans(late, { fromNs })), rows.slice(1900));
  assertEquals(bodies(late), [0, 2, 10]);
  assertEquals(rowsOf(readSpans(segments(), { last: 10_000 })), rows);
  assertEquals(rowsOf(readSpans(segments())), rows);
});

test("Marks of batches that are all older than a moment are left out", () => {
  const mark = (tsNs: number) => ({
    id: tsNs,
    span: 1,
    name: "m",
    tsNs,
    isSummary: false,
    value: 1,
    attrs: null,
  });
  const sources = [markStream([mark(1), mark(2)]), markStream([mark(1), mark(9)])].map(bytesSource);
  assertEquals([...readMarks(sources, 5).tsNs], [1, 9]);
  assertEquals([...readMarks(sources).tsNs], [1, 2, 1, 9]);
});

test("FileSource reads what was there when it was opened, and what is left when the file is cut", () => {
  using directory = new TempDirectory();
  const path = directory.write("spans.arrow", "");
  writeFileSync(path, STREAM);
  using source = new FileSource(path);
  assertEquals(rowsOf(readSpans([source])), ROWS);
  assertEquals(rowsOf(readSpans([source], { last: 1 })), ROWS.slice(-1));
  writeFileSync(path, STREAM.subarray(0, 100));
  assertEquals(source.read(90, 1000), STREAM.slice(90, 100));
  assertEquals(readSpans([source]).length, 0);
});

test("trimSegment() cuts what is torn, once, and nothing else", () => {
  using directory = new TempDirectory();
  const path = directory.write("spans.arrow", "");
  const trimmed = (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const cut = trimSegment(path);
    assertEquals(trimSegment(path), 0);
    return cut;
  };
  assertEquals(trimmed(STREAM), 0);
  assertEquals(trimmed(STREAM.subarray(0, STREAM.length - 5)), STREAM.length - 5 - ends(STREAM)[2]);
  assertEquals(trimmed(new TextEncoder().encode("no stream at all")), 0);
  assertEquals(trimmed(new Uint8Array(0)), 0);
});
