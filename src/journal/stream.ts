/**
 * What lies where in a segment: its messages, by their headers alone. It takes those that are complete and stops at the first
 * that is not, or that makes no sense.
 *
 * @module
 */
import {
  BOOL,
  BUFFERS_OF,
  CONTINUATION,
  DOUBLE,
  FLOATING_POINT,
  INT,
  RECORD_BATCH,
  SCHEMA,
  UTF8,
} from "../formats/arrow/messages.ts";
import { ABSENT, FlatReader } from "./flat_reader.ts";
import { JOURNAL_VERSION, METADATA } from "./format.ts";
import type { ByteSource } from "./source.ts";

/** Bytes read at once of a message: its header, as a rule. */
const HEADER_GUESS = 2048;

/** Columns looked at. */
const MOST_FIELDS = 1024;

/** A column of a stream as its schema says. */
export interface StreamField {
  readonly name: string;
  readonly type: "Int64" | "Float64" | "Bool" | "Utf8";
  /** Its place among the columns. */
  readonly node: number;
  /** The place of its first buffer among all. */
  readonly buffer: number;
}

/** What a segment holds. */
export interface StreamIndex {
  /** Columns of the types that a journal has, by name; what comes behind a nested column is not found. */
  readonly fields: ReadonlyMap<string, StreamField>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Whether its columns mean what is known here: it is of no version to come. */
  readonly isKnown: boolean;
  /** Rows of all batches. */
  readonly rows: number;
  readonly batchCount: number;
  /** Bytes up to the end of the last message that is complete. */
  readonly goodBytes: number;
  /** `"torn"`: the last message is not complete; `"damaged"`: what follows `goodBytes` is no message. */
  readonly end: "whole" | "torn" | "damaged";
  /** Where batch `i` is. */
  batch(i: number): StreamBatch;
}

/** Where a batch is. */
export interface StreamBatch {
  /** Place of its header, which the body comes behind. */
  readonly at: number;
  readonly headerLength: number;
  readonly bodyLength: number;
  readonly rows: number;
}

/** A segment and what lies where in it. */
export interface IndexedStream {
  readonly source: ByteSource;
  readonly index: StreamIndex;
}

/** Looks through segments. */
export function indexStreams(sources: readonly ByteSource[]): IndexedStream[] {
  return sources.map(source => ({ source, index: indexStream(source) }));
}

const BATCH_NUMBERS = 4;

/** Looks through a segment. Never throws, and takes no more memory than the segment. */
export function indexStream(source: ByteSource): StreamIndex {
  let fields: Map<string, StreamField> | null = null;
  let metadata = new Map<string, string>();
  const batches: number[] = [];
  let rows = 0;
  let at = 0;
  let end: StreamIndex["end"] = "whole";
  while (at < source.size) {
    const message = readMessage(source, at);
    if (typeof message === "string") {
      end = message;
      break;
    }
    const { type, header, reader, next, headerLength, bodyLength } = message;
    if (type === 0) { // the end of the stream
      at = next;
      end = at < source.size ? "damaged" : "whole";
      break;
    }
    if (fields === null) {
      const schema = type === SCHEMA ? readSchema(reader, header) : null;
      if (schema === null) {
        end = "damaged";
        break;
      }
      ({ fields, metadata } = schema);
    } else if (type === RECORD_BATCH) {
      const count = reader.long(reader.field(header, 0, 8));
      // A column of a journal takes 8 bytes for a row at least, so a number of rows never asks for more than there is.
      if (!(count >= 0 && count * 8 <= bodyLength)) {
        end = "damaged";
        break;
      }
      rows += count;
      batches.push(at + 8, headerLength, bodyLength, count);
    } else {
      end = "damaged"; // dictionaries, or a second schema
      break;
    }
    at = next;
  }
  return {
    fields: fields ?? new Map(),
    metadata,
    isKnown: (metadata.get(METADATA.version) ?? String(JOURNAL_VERSION)) === String(JOURNAL_VERSION),
    rows,
    batchCount: batches.length / BATCH_NUMBERS,
    goodBytes: at,
    end,
    batch: i => {
      const [at, headerLength, bodyLength, rows] = batches.slice(i * BATCH_NUMBERS, (i + 1) * BATCH_NUMBERS);
      return { at, headerLength, bodyLength, rows };
    },
  };
}

interface Message {
  /** 0 for the end of the stream. */
  readonly type: number;
  /** The table of what it is. */
  readonly header: number;
  readonly reader: FlatReader;
  readonly headerLength: number;
  readonly bodyLength: number;
  readonly next: number;
}

function readMessage(source: ByteSource, at: number): Message | "torn" | "damaged" {
  let bytes = source.read(at, HEADER_GUESS);
  if (bytes.length < 8) return "torn";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== CONTINUATION) return "damaged";
  const headerLength = view.getInt32(4, true);
  if (headerLength < 0 || headerLength % 8 !== 0) return "damaged";
  const bodyAt = at + 8 + headerLength;
  if (bodyAt > source.size) return "torn";
  if (bytes.length < 8 + headerLength) bytes = source.read(at, 8 + headerLength);
  if (bytes.length < 8 + headerLength) return "torn";
  const reader = new FlatReader(bytes.subarray(8, 8 + headerLength));
  if (headerLength === 0) {
    return { type: 0, header: ABSENT, reader, headerLength, bodyLength: 0, next: bodyAt };
  }
  // version, header_type, header, bodyLength
  const root = reader.root();
  const type = reader.byte(reader.field(root, 1, 1));
  const header = reader.fieldReferred(root, 2);
  const bodyLength = reader.long(reader.field(root, 3, 8));
  if (header === ABSENT || type === 0 || !(bodyLength >= 0) || bodyLength % 8 !== 0) return "damaged";
  if (bodyLength > source.size - bodyAt) return "torn";
  return { type, header, reader, headerLength, bodyLength, next: bodyAt + bodyLength };
}

function readSchema(
  reader: FlatReader,
  schema: number,
): { fields: Map<string, StreamField>; metadata: Map<string, string> } | null {
  if (reader.short(reader.field(schema, 0, 2)) !== 0) return null; // big endian
  const fields = new Map<string, StreamField>();
  const list = reader.vector(reader.fieldReferred(schema, 1), 4);
  let buffer = 0;
  for (let node = 0; node < Math.min(list.count, MOST_FIELDS); node++) {
    const field = reader.referred(list.first + node * 4);
    const type = reader.byte(reader.field(field, 2, 1));
    if (reader.fieldReferred(field, 4) !== ABSENT) break; // its values lie in a dictionary
    const ours = typeOf(type, reader, reader.fieldReferred(field, 3));
    const name = reader.text(reader.fieldReferred(field, 0));
    if (ours !== null && !fields.has(name)) fields.set(name, { name, type: ours, node, buffer });
    const buffers = ours !== null ? BUFFERS_OF[ours] : FLAT_BUFFERS[type];
    if (buffers === undefined) break;
    buffer += buffers;
  }
  const metadata = new Map<string, string>();
  const pairs = reader.vector(reader.fieldReferred(schema, 2), 4);
  for (let i = 0; i < Math.min(pairs.count, MOST_FIELDS); i++) {
    const pair = reader.referred(pairs.first + i * 4);
    metadata.set(reader.text(reader.fieldReferred(pair, 0)), reader.text(reader.fieldReferred(pair, 1)));
  }
  return { fields, metadata };
}

/** Buffers of flat columns by `Type`, of types that a journal does not have too. */
const FLAT_BUFFERS: Readonly<Record<number, number>> = {
  1: 0, // Null
  2: 2, // Int
  3: 2, // FloatingPoint
  4: 3, // Binary
  5: 3, // Utf8
  6: 2, // Bool
  7: 2, // Decimal
  8: 2, // Date
  9: 2, // Time
  10: 2, // Timestamp
  11: 2, // Interval
  15: 2, // FixedSizeBinary
  18: 2, // Duration
  19: 3, // LargeBinary
  20: 3, // LargeUtf8
};

function typeOf(type: number, reader: FlatReader, details: number): StreamField["type"] | null {
  switch (type) {
    case INT: {
      const is64 = reader.word(reader.field(details, 0, 4)) === 64
        && reader.byte(reader.field(details, 1, 1)) === 1;
      return is64 ? "Int64" : null;
    }
    case FLOATING_POINT:
      return reader.short(reader.field(details, 0, 2)) === DOUBLE ? "Float64" : null;
    case BOOL:
      return "Bool";
    case UTF8:
      return "Utf8";
    default:
      return null;
  }
}
