/**
 * Journals of the tests' own: rows made by hand or by chance, as streams and as columns read back.
 *
 * @module
 */
import fc from "fast-check";
import fs from "node:fs";
import type { Attrs } from "../../src/data/values.ts";
import {
  encodeSchema,
  MarkEncoder,
  type RemoteContext,
  type SpanColumns,
  SpanEncoder,
  type SpanMarks,
  type StreamMetadata,
} from "../../src/journal/encode.ts";
import { type JournalMarks, readMarks } from "../../src/journal/read_marks.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import type { SessionInfo } from "../../src/journal/session_file.ts";
import { bytesSource } from "../../src/journal/source.ts";
import { type MarkValues, rowsOf, type SpanValues } from "./journal_rows.ts";

export { type MarkValues, rowsOf, type SpanValues } from "./journal_rows.ts";

/** Contexts of other recorders' spans. */
export const FOREIGN: ReadonlyMap<number, RemoteContext> = new Map([
  [-1, { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1 }],
  [-2, { traceId: "f".repeat(32), spanId: "1".repeat(16), flags: 255 }],
]);

/** The same as text. */
export const TRACEPARENTS: ReadonlyMap<number, string> = new Map([
  [-1, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  [-2, `00-${"f".repeat(32)}-${"1".repeat(16)}-ff`],
]);

/** What streams of the tests say of themselves. */
export const METADATA: StreamMetadata = {
  idSuffix: "0123456789abcdef",
  markIdSuffix: "fedcba9876543210",
  anchorNs: 1_767_323_046_678_901_234n,
};

/** What a session of the tests says of itself. */
export const SESSION: SessionInfo = {
  id_suffix: METADATA.idSuffix,
  mark_id_suffix: METADATA.markIdSuffix,
  anchor_unix_ns: String(METADATA.anchorNs),
  started_unix_ns: String(METADATA.anchorNs),
  ended_unix_ns: null,
  pid: 1234,
  process_start: "5678",
  boot_id: "a-boot",
  thread: 0,
  thread_name: null,
  kernel_thread: null,
  kernel_thread_start: null,
  rank: null,
  parent: null,
  context: null,
  sdk_version: "0.0.0",
  runtime: null,
  span_drop_count: 0,
  mark_drop_count: 0,
};

/** A span with what is not given left out. */
export function span(id: number, values: Partial<SpanValues> = {}): SpanValues {
  return {
    id,
    parent: null,
    root: null,
    name: `s${id}`,
    index: null,
    startNs: id * 1000,
    endNs: id * 1000 + 500,
    cpuNs: null,
    gpuNs: null,
    memoryPeakBytes: null,
    dataLoadNs: null,
    attrs: null,
    ...values,
  };
}

/** Rows as the columns that an encoder takes. */
export function columnsOf(rows: readonly SpanValues[]): SpanColumns {
  const column = (value: (row: SpanValues) => number | null) =>
    Float64Array.from(rows, row => value(row) ?? NaN);
  const isThere = (value: (row: SpanValues) => unknown) => rows.some(row => value(row) !== null);
  return {
    id: column(({ id }) => id),
    parent: column(({ parent }) => parent ?? 0),
    root: isThere(({ root }) => root) ? column(({ root }) => root ?? 0) : undefined,
    foreign: FOREIGN,
    name: rows.map(({ name }) => name),
    index: column(({ index }) => index),
    startNs: column(({ startNs }) => startNs),
    endNs: column(({ endNs }) => endNs),
    counters: {
      cpu_ns: column(({ cpuNs }) => cpuNs),
      gpu_ns: isThere(({ gpuNs }) => gpuNs) ? column(({ gpuNs }) => gpuNs) : undefined,
      memory_peak_bytes: isThere(row => row.memoryPeakBytes) ? column(row => row.memoryPeakBytes) : undefined,
    },
    dataLoadNs: column(({ dataLoadNs }) => dataLoadNs),
    attrs: isThere(({ attrs }) => attrs) ? rows.map(({ attrs }) => attrs ?? undefined) : [],
  };
}

/** Marks as the columns that an encoder takes: all of them on spans of a row each. */
export function markColumnsOf(marks: readonly MarkValues[]): { ids: Float64Array; marks: SpanMarks } {
  return {
    ids: Float64Array.from(marks, ({ span }) => span),
    marks: {
      first: Uint32Array.from({ length: marks.length + 1 }, (_, i) => i),
      name: marks.map(({ name }) => name),
      value: marks.map(({ value }) => value),
      summary: Uint8Array.from(marks, ({ isSummary }) => isSummary ? 1 : 0),
      tsNs: Float64Array.from(marks, ({ tsNs }) => tsNs),
      attrs: marks.map(({ attrs }) => attrs ?? undefined),
      order: Float64Array.from(marks, ({ id }) => id - 1),
      drained: new Uint8Array(marks.length),
    },
  };
}

/** A stream of spans, in batches of so many rows. */
export function spanStream(rows: readonly SpanValues[], perBatch: number = Infinity): Uint8Array {
  const encoder = new SpanEncoder();
  const columns = columnsOf(rows);
  const parts = [encodeSchema("spans", METADATA)];
  for (let from = 0; from < rows.length; from += perBatch) {
    parts.push(encoder.encode(columns, from, Math.min(rows.length, from + perBatch)).slice());
  }
  return joined(parts);
}

/** A stream of marks in one batch. */
export function markStream(rows: readonly MarkValues[]): Uint8Array {
  const { ids, marks } = markColumnsOf(rows);
  const message = new MarkEncoder().encode(ids, marks, 0, rows.length);
  return joined([encodeSchema("marks", METADATA), message ?? new Uint8Array(0)]);
}

/** Bytes one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Spans read from streams, as rows. */
export function spansIn(...streams: readonly Uint8Array[]): SpanValues[] {
  return rowsOf(readSpans(streams.map(bytesSource)));
}

/** Marks read from streams, as rows. */
export function marksIn(...streams: readonly Uint8Array[]): MarkValues[] {
  return markRowsOf(readMarks(streams.map(bytesSource)));
}

function markRowsOf(marks: JournalMarks): MarkValues[] {
  return Array.from({ length: marks.length }, (_, i) => ({
    id: marks.id[i],
    span: marks.span[i],
    name: marks.name[i],
    tsNs: marks.tsNs[i],
    isSummary: marks.summary[i] === 1,
    value: marks.value[i],
    attrs: JSON.parse(marks.attrs.text(i) ?? "null"),
  }));
}

const text = fc.string({ unit: "grapheme", maxLength: 30 });
const whole = fc.oneof(fc.nat(), fc.maxSafeNat());
const option = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const attrs = fc.dictionary(
  text.filter(key => key !== "__proto__"),
  fc.oneof(
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(text),
  ),
  { maxKeys: 5 },
).map(attrs => JSON.parse(JSON.stringify(attrs)) as Attrs); // plain objects, without -0

/** Any span. */
export const anySpan: fc.Arbitrary<SpanValues> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 50 }),
  parent: option(fc.oneof(fc.integer({ min: 1, max: 2 ** 50 }), fc.constantFrom(-1, -2))),
  root: option(fc.oneof(fc.integer({ min: 1, max: 2 ** 50 }), fc.constantFrom(-1, -2))),
  name: text,
  index: option(fc.maxSafeInteger().map(index => index + 0)),
  // A clock of 104 days at most.
  startNs: fc.integer({ min: 0, max: 2 ** 52 }),
  wallNs: fc.integer({ min: 0, max: 2 ** 52 }),
  cpuNs: option(whole),
  gpuNs: option(whole),
  memoryPeakBytes: option(whole),
  dataLoadNs: option(whole),
  attrs: option(attrs),
}).map(({ wallNs, ...span }) => ({ ...span, endNs: span.startNs + wallNs }));

/** Any mark. */
export const anyMark: fc.Arbitrary<MarkValues> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 50 }),
  span: fc.integer({ min: 0, max: 2 ** 50 }),
  name: text,
  tsNs: whole,
  isSummary: fc.boolean(),
  value: fc.oneof(fc.double(), text, fc.boolean(), fc.bigInt()),
  attrs: option(attrs),
});

/** Stands in for functions of `node:fs` until it is disposed of. */
export class FakeFiles implements Disposable {
  readonly #originals: Record<string, unknown> = {};

  /** Puts `fake` in the place of a function, which it is given. */
  replace<K extends keyof typeof fs>(
    name: K,
    fake: (original: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
  ): void {
    const original = fs[name] as unknown as (...args: unknown[]) => unknown;
    this.#originals[name] ??= original;
    Object.assign(fs, { [name]: (...args: unknown[]) => fake(original, args) });
  }

  /** Puts back what was there. */
  restore(): void {
    Object.assign(fs, this.#originals);
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

/** An error as the system makes it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as a test has it`), { code });
}
