/**
 * Rows of a recorder -> messages of its journal. What a message says follows from the columns and nothing else; what is kept
 * from one to the next is memory, and the bytes of names.
 *
 * @module
 */
import type { AttrRows } from "../data/snapshot.ts";
import type { MarkValue } from "../data/values.ts";
import { CONTINUATION, schemaHeader } from "../formats/arrow/messages.ts";
import { AttrsWriter } from "./attrs_writer.ts";
import { BatchWriter } from "./batch_writer.ts";
import { encodeText } from "./byte_buffer.ts";
import { EncodedTexts } from "./encoded_texts.ts";
import {
  fieldsOf,
  INNER_COUNTERS,
  JOURNAL_VERSION,
  type JournalCounter,
  type JournalKind,
  LATER_COUNTERS,
  MARK_FIELDS,
  METADATA,
  SPAN_FIELDS,
} from "./format.ts";

/** Where a span of another recorder stands. */
export interface RemoteContext {
  /** 32 hex characters. */
  readonly traceId: string;
  /** 16 hex characters. */
  readonly spanId: string;
  /** 8 bits. */
  readonly flags: number;
}

/** Columns of spans, as a snapshot has them. */
export interface SpanColumns {
  /** Opening order, from 1. */
  readonly id: Float64Array;
  /** 0 for none; below 0 it is another recorder's, one of {@link foreign}. */
  readonly parent: Float64Array;
  /** The span that began the trace, or, below 0, the foreign context that it continues; 0 for unknown. */
  readonly root?: Float64Array;
  /** Contexts of other recorders' spans, by number. */
  readonly foreign?: ReadonlyMap<number, RemoteContext>;
  readonly name: ArrayLike<string>;
  /** NaN for none. */
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  /** Of open spans, the moment at which they were looked at. */
  readonly endNs: Float64Array;
  /** NaN for not measured; absent if no row was. */
  readonly counters: Readonly<Partial<Record<JournalCounter, Float64Array>>>;
  /** NaN for spans that are no batch. */
  readonly dataLoadNs: Float64Array;
  /** May be shorter than the rows. */
  readonly attrs: AttrRows;
}

/** Columns of marks, as a snapshot has them. Row `r` of the spans has those from `first[r]` up to `first[r + 1]`. */
export interface SpanMarks {
  readonly first: Uint32Array;
  readonly name: readonly string[];
  readonly value: readonly MarkValue[];
  readonly summary: Uint8Array;
  readonly tsNs: Float64Array;
  /** May be shorter than the marks. */
  readonly attrs: AttrRows;
  readonly order: Float64Array;
  /** 1 for marks that are left out. */
  readonly drained: Uint8Array;
}

/** What a stream says once, at its beginning. */
export interface StreamMetadata {
  /** What ids of spans end with: 16 hex characters. */
  readonly idSuffix: string;
  /** What ids of marks end with. */
  readonly markIdSuffix: string;
  /** Unix time in nanoseconds at which the session's clock was 0. */
  readonly anchorNs: bigint;
}

/** The message that a segment begins with. */
export function encodeSchema(
  kind: JournalKind,
  { idSuffix, markIdSuffix, anchorNs }: StreamMetadata,
): Uint8Array {
  const header = schemaHeader(fieldsOf(kind), {
    [METADATA.version]: String(JOURNAL_VERSION),
    [METADATA.idSuffix]: idSuffix,
    [METADATA.markIdSuffix]: markIdSuffix,
    [METADATA.anchor]: String(anchorNs),
  });
  const bytes = new Uint8Array(8 + header.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setUint32(4, header.length, true);
  bytes.set(header, 8);
  return bytes;
}

/** Writes batches of `spans.arrow` and `opens.arrow`. */
export class SpanEncoder {
  readonly #writer = new BatchWriter(SPAN_FIELDS);
  readonly #names = new EncodedTexts(encodeText);
  readonly #attrs = new AttrsWriter();

  /** The rows from `from` up to `until` as one message: a view that holds until the next one is made. */
  encode(columns: SpanColumns, from: number, until: number): Uint8Array {
    const writer = this.#writer;
    const { parent, root, startNs, counters } = columns;
    writer.begin(until - from);
    writer.integers(columns.id, from);
    writer.integers(parent, from, true);
    if (root === undefined) writer.nulls();
    else writer.integers(root, from, true);
    this.#addRemoteParents(columns, from, until);
    writer.encodedTexts(this.#names, columns.name, from);
    writer.integers(columns.index, from);
    writer.integers(startNs, from);
    writer.differences(columns.endNs, startNs, from);
    this.#addCounters(counters, INNER_COUNTERS, from);
    writer.integers(columns.dataLoadNs, from);
    this.#attrs.addColumn(writer, columns.attrs, from, until - from, null);
    this.#addCounters(counters, LATER_COUNTERS, from);
    return writer.finish();
  }

  #addCounters(counters: SpanColumns["counters"], names: readonly JournalCounter[], from: number): void {
    for (const name of names) {
      const values = counters[name];
      if (values === undefined) this.#writer.nulls();
      else this.#writer.integers(values, from);
    }
  }

  // Each number at least once in the batch, before any row that needs it: the row of the parent's own child closes last.
  #addRemoteParents({ parent, root = parent, foreign }: SpanColumns, from: number, until: number): void {
    const writer = this.#writer;
    const texts: string[] = [];
    const known = new Set<number>();
    if (foreign !== undefined && foreign.size > 0) {
      for (let i = from; i < until; i++) {
        const number = parent[i] < 0 ? parent[i] : root[i];
        if (!(number < 0) || (parent[i] >= 0 && known.has(number))) continue;
        known.add(number);
        const context = foreign.get(number);
        if (context !== undefined) texts[i - from] = traceparent(context);
      }
    }
    if (texts.length === 0) {
      writer.nulls();
      return;
    }
    const valid = Uint8Array.from({ length: until - from }, (_, i) => texts[i] === undefined ? 0 : 1);
    const offsets = writer.beginTexts(valid, valid.reduce((nulls, isThere) => nulls - isThere, valid.length));
    for (let i = 0; i < valid.length; i++) {
      writer.beginText(offsets, i);
      if (valid[i] === 1) writer.out.text(texts[i]!);
    }
    writer.endTexts(offsets);
  }
}

function traceparent({ traceId, spanId, flags }: RemoteContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
}

/** What a mark's value is. */
const NUMBER = 0;
const TEXT = 1;
const FLAG = 2;
const INTEGER = 3;

/** Writes batches of `marks.arrow`. */
export class MarkEncoder {
  readonly #writer = new BatchWriter(MARK_FIELDS);
  readonly #names = new EncodedTexts(encodeText);
  readonly #attrs = new AttrsWriter();
  // By row of the batch; they grow to the largest.
  #picked: Int32Array = new Int32Array(0);
  #id: Float64Array = new Float64Array(0);
  #span: Float64Array = new Float64Array(0);
  #tsNs: Float64Array = new Float64Array(0);
  #number: Float64Array = new Float64Array(0);
  #summary: Uint8Array = new Uint8Array(0);
  #kind: Uint8Array = new Uint8Array(0);
  #flag: Uint8Array = new Uint8Array(0);
  #valid: Uint8Array = new Uint8Array(0);
  #name: string[] = [];

  /**
   * The marks of the spans in the rows from `from` up to `until` as one message, without those that are `drained`; null if
   * there are none. The view holds until the next message is made.
   */
  encode(spanIds: Float64Array, marks: SpanMarks, from: number, until: number): Uint8Array | null {
    const rows = this.#pick(spanIds, marks, from, until);
    if (rows === 0) return null;
    const writer = this.#writer;
    const counts = this.#sort(marks.value, rows);
    writer.begin(rows);
    writer.integers(this.#id, 0);
    writer.integers(this.#span, 0);
    writer.encodedTexts(this.#names, this.#name, 0);
    writer.integers(this.#tsNs, 0);
    writer.flags(this.#summary, null, 0);
    writer.numbers(this.#number, this.#are(NUMBER, rows), rows - counts[NUMBER]);
    this.#addTexts(marks.value, rows, TEXT, counts[TEXT]);
    writer.flags(this.#flag, this.#are(FLAG, rows), rows - counts[FLAG]);
    this.#addTexts(marks.value, rows, INTEGER, counts[INTEGER]);
    this.#attrs.addColumn(writer, marks.attrs, 0, rows, this.#picked);
    return writer.finish();
  }

  /** Notes which marks are written, and what is not their value; gives how many they are. */
  #pick(spanIds: Float64Array, marks: SpanMarks, from: number, until: number): number {
    const { first, drained, order, tsNs, summary, name } = marks;
    this.#reserve(first[until] - first[from]);
    let rows = 0;
    for (let row = from; row < until; row++) {
      for (let i = first[row]; i < first[row + 1]; i++) {
        if (drained[i] !== 0) continue;
        this.#picked[rows] = i;
        this.#id[rows] = order[i] + 1;
        this.#span[rows] = spanIds[row];
        this.#tsNs[rows] = tsNs[i];
        this.#summary[rows] = summary[i];
        this.#name[rows] = name[i];
        rows++;
      }
    }
    return rows;
  }

  /** Tells the values' kinds apart; gives how many there are of each. */
  #sort(values: readonly MarkValue[], rows: number): number[] {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < rows; i++) {
      const value = values[this.#picked[i]];
      this.#number[i] = 0;
      this.#flag[i] = 0;
      let kind = TEXT;
      if (typeof value === "number") {
        kind = NUMBER;
        this.#number[i] = value;
      } else if (typeof value === "boolean") {
        kind = FLAG;
        this.#flag[i] = value ? 1 : 0;
      } else if (typeof value === "bigint") kind = INTEGER;
      this.#kind[i] = kind;
      counts[kind]++;
    }
    return counts;
  }

  /** 1 for each row of a kind. Holds until it is asked again. */
  #are(kind: number, rows: number): Uint8Array {
    const valid = this.#valid;
    for (let i = 0; i < rows; i++) valid[i] = this.#kind[i] === kind ? 1 : 0;
    return valid;
  }

  #addTexts(values: readonly MarkValue[], rows: number, kind: number, count: number): void {
    const writer = this.#writer;
    if (count === 0) {
      writer.nulls();
      return;
    }
    const offsets = writer.beginTexts(this.#are(kind, rows), rows - count);
    for (let i = 0; i < rows; i++) {
      writer.beginText(offsets, i);
      if (this.#kind[i] === kind) writer.out.text(String(values[this.#picked[i]]));
    }
    writer.endTexts(offsets);
  }

  #reserve(rows: number): void {
    if (this.#picked.length >= rows) return;
    this.#picked = new Int32Array(rows);
    this.#id = new Float64Array(rows);
    this.#span = new Float64Array(rows);
    this.#tsNs = new Float64Array(rows);
    this.#number = new Float64Array(rows);
    this.#summary = new Uint8Array(rows);
    this.#kind = new Uint8Array(rows);
    this.#flag = new Uint8Array(rows);
    this.#valid = new Uint8Array(rows);
  }
}
