/**
 * The headers of the two messages of an Arrow IPC stream that this package writes: a schema, and a record batch. Only what
 * flat columns need: no nesting, no dictionaries, no compression.
 *
 * The format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 *
 * @module
 */
import { FlatBuffer } from "./flat_buffer.ts";

/** Begins every message; another one with a length of 0 ends the stream. */
export const CONTINUATION = 0xffffffff;

/** `MessageHeader`: what a message is. */
export const SCHEMA = 1;
/** A record batch. */
export const RECORD_BATCH = 3;

/** `Type`: what a field holds. */
export const INT = 2;
/** Floating point numbers. */
export const FLOATING_POINT = 3;
/** Texts: offsets, and bytes. */
export const UTF8 = 5;
/** Bits. */
export const BOOL = 6;
/** Texts: views, and bytes. */
export const UTF8_VIEW = 24;

/** `Precision` of a double. */
export const DOUBLE = 2;

const METADATA_VERSION = 4; // MetadataVersion.V5

/** What a column may hold here. */
export type ArrowType = "Int64" | "UInt32" | "Float64" | "Bool" | "Utf8" | "Utf8View";

/** A column of a stream. */
export interface ArrowField {
  /** ASCII. */
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
}

/** Buffers that a column has in a record batch, its validity bits included. */
export const BUFFERS_OF: Readonly<Record<ArrowType, number>> = {
  Int64: 2,
  UInt32: 2,
  Float64: 2,
  Bool: 2,
  Utf8: 3,
  Utf8View: 3, // its bytes are one buffer
};

const TYPE_CODES: Readonly<Record<ArrowType, number>> = {
  Int64: INT,
  UInt32: INT,
  Float64: FLOATING_POINT,
  Bool: BOOL,
  Utf8: UTF8,
  Utf8View: UTF8_VIEW,
};

/** Bytes of FlatBuffer that a column takes in a schema, at most, but for its name; and in a batch's header. */
const FIELD_BYTES = 128;

/**
 * The header of a schema, padded to a multiple of 8.
 * @param metadata Keys and values of ASCII.
 */
export function schemaHeader(
  fields: readonly ArrowField[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(metadata);
  const texts = fields.reduce((sum, { name }) => sum + name.length, 0)
    + entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const out = new FlatBuffer(256 + (fields.length + entries.length) * FIELD_BYTES + texts);
  const { header: schema } = message(out, SCHEMA, 0);
  // endianness (little), fields, custom_metadata
  const [, , vector, pairs] = out.table(schema, [2, 4, entries.length === 0 ? 0 : 4]);
  const places = out.vector(vector, fields.length, 4);
  fields.forEach((field, i) => {
    // name, nullable, type_type, type, dictionary, children
    const [, name, nullable, type, typeTable, , children] = out.table(places + i * 4, [4, 1, 1, 4, 0, 4]);
    out.view.setUint8(nullable, field.nullable ? 1 : 0);
    out.text(name, field.name);
    out.view.setUint8(type, TYPE_CODES[field.type]);
    writeType(out, typeTable, field.type);
    out.vector(children, 0, 4);
  });
  if (entries.length === 0) return out.bytes();
  const first = out.vector(pairs, entries.length, 4);
  entries.forEach(([key, value], i) => {
    const [, keyText, valueText] = out.table(first + i * 4, [4, 4]);
    out.text(keyText, key);
    out.text(valueText, value);
  });
  return out.bytes();
}

function writeType(out: FlatBuffer, from: number, type: ArrowType): void {
  if (type === "Float64") {
    const [, precision] = out.table(from, [2]);
    out.view.setInt16(precision, DOUBLE, true);
  } else if (type === "Int64" || type === "UInt32") {
    const [, bitWidth, isSigned] = out.table(from, [4, 1]);
    out.view.setInt32(bitWidth, type === "Int64" ? 64 : 32, true);
    out.view.setUint8(isSigned, type === "Int64" ? 1 : 0);
  } else {
    out.table(from, []);
  }
}

/** The table that every message begins with; gives the places of its header and of its body's length. */
function message(
  out: FlatBuffer,
  headerType: number,
  bodyLength: number,
): { header: number; bodyLength: number } {
  const [, version, type, header, body] = out.table(0, [2, 1, 4, 8]);
  out.view.setInt16(version, METADATA_VERSION, true);
  out.view.setUint8(type, headerType);
  out.long(body, bodyLength);
  return { header, bodyLength: body };
}

/**
 * The header of a record batch of less than 4 GB. It is as long whatever the batch holds: made once, its numbers are set for
 * each batch.
 */
export class BatchHeader {
  /** The header as it stands, padded to a multiple of 8. */
  readonly bytes: Uint8Array;
  // All numbers in it have 64 bits and lie at multiples of 8; their upper halves stay 0.
  readonly #words: Uint32Array;
  readonly #bodyLength: number;
  readonly #rows: number;
  readonly #nodes: number;
  readonly #buffers: number;

  /** @param fields Those of the schema. */
  constructor(fields: readonly ArrowField[]) {
    const out = new FlatBuffer(256 + fields.length * FIELD_BYTES);
    const { header: batch, bodyLength } = message(out, RECORD_BATCH, 0);
    const views = fields.filter(({ type }) => type === "Utf8View").length;
    // length, nodes, buffers, compression, variadicBufferCounts
    const [, rows, nodes, places, , variadic] = out.table(batch, [8, 4, 4, 0, views === 0 ? 0 : 4]);
    this.#bodyLength = bodyLength >> 2;
    this.#rows = rows >> 2;
    this.#nodes = out.vector(nodes, fields.length, 16) >> 2;
    this.#buffers = out.vector(places, fields.reduce((sum, { type }) => sum + BUFFERS_OF[type], 0), 16) >> 2;
    if (views > 0) {
      const counts = out.vector(variadic, views, 8);
      for (let i = 0; i < views; i++) out.long(counts + i * 8, 1); // each has one buffer of data
    }
    this.bytes = out.bytes();
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  /** Sets the number of rows, and of the bytes of all buffers. */
  setSize(rows: number, bodyLength: number): void {
    this.#words[this.#rows] = rows;
    this.#words[this.#bodyLength] = bodyLength;
  }

  /** Sets how many rows a column has, and how many of them are null. */
  setColumn(i: number, rows: number, nullCount: number): void {
    this.#words[this.#nodes + i * 4] = rows;
    this.#words[this.#nodes + i * 4 + 2] = nullCount;
  }

  /** Sets where a buffer lies in the body. */
  setBuffer(i: number, at: number, length: number): void {
    this.#words[this.#buffers + i * 4] = at;
    this.#words[this.#buffers + i * 4 + 2] = length;
  }
}
