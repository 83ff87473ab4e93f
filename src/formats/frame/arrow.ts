/**
 * Columns -> one record batch in Arrow's IPC stream format, which a DataFrame library reads in one call. Only what a
 * trace's columns need: integers, doubles and strings, no nesting, no compression.
 *
 * The format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc. Its two
 * messages have a header in FlatBuffers each: https://flatbuffers.dev/internals/.
 *
 * @module
 */
import { FrameBody } from "./body.ts";
import type { FrameColumn } from "./columns.ts";

const METADATA_VERSION = 4; // MetadataVersion.V5
const SCHEMA = 1; // MessageHeader
const RECORD_BATCH = 3;
const INT = 2; // Type
const FLOATING_POINT = 3;
const UTF8_VIEW = 24;
const DOUBLE = 2; // Precision

/** Begins every message; another one with a length of 0 ends the stream. */
const CONTINUATION = 0xffffffff;

/** A buffer of the record batch: where it lies, from the beginning of the body on. */
interface Placed {
  readonly at: number;
  readonly length: number;
}

/**
 * The stream: a schema, one record batch of all rows, and the end. Columns that lie in a `FrameBody` are not copied: the
 * stream is that body.
 * @throws {RangeError} If there are more columns than the room for headers holds, which is about 20.
 */
export function toArrow(columns: readonly FrameColumn[]): Uint8Array {
  const length = columns.length === 0 ? 0 : columns[0].values.length;
  const { body, placed } = place(columns.flatMap(buffersOf));
  const schema = schemaMessage(columns);
  const batch = batchMessage(columns, length, placed, body.length);
  const { head } = FrameBody;
  const stream = new Uint8Array(body.buffer, 0, head + body.length + 8);
  // The second header is as long as it takes for the body to come next.
  writeMessage(stream, 0, schema, schema.length);
  writeMessage(stream, schema.length + 8, batch, head - schema.length - 16);
  const end = new DataView(body.buffer, head + body.length, 8);
  end.setUint32(0, CONTINUATION, true);
  end.setUint32(4, 0, true);
  return stream;
}

function place(buffers: readonly Uint8Array[]): { body: FrameBody; placed: Placed[] } {
  const own = buffers.map(FrameBody.of).find(body => body !== undefined);
  const placed = own === undefined ? null : placeIn(own, buffers);
  if (placed !== null) return { body: own!, placed };
  const body = new FrameBody(buffers.reduce((sum, { length }) => sum + FrameBody.padded(length), 0));
  return { body, placed: placeIn(body, buffers)! };
}

function placeIn(body: FrameBody, buffers: readonly Uint8Array[]): Placed[] | null {
  const placed: Placed[] = [];
  for (const bytes of buffers) {
    const { length } = bytes;
    const at = FrameBody.of(bytes) === body ? bytes.byteOffset - FrameBody.head : body.add(bytes);
    if (at === null) return null;
    placed.push({ at, length });
  }
  return placed;
}

const NOTHING = new Uint8Array(0);

/** A column's buffers in the order that the format asks for. */
function buffersOf(column: FrameColumn): Uint8Array[] {
  switch (column.dtype) {
    case "Utf8": {
      const { valid, views, data } = column.values;
      return [valid ?? NOTHING, bytesOf(views), data];
    }
    case "Int64": {
      const { valid, nullCount, words } = column.values;
      return [nullCount === 0 ? NOTHING : valid, bytesOf(words)];
    }
    default:
      return [NOTHING, bytesOf(column.values)];
  }
}

function nullCounts(columns: readonly FrameColumn[]): number[] {
  return columns.map(({ dtype, values }) => dtype === "Utf8" || dtype === "Int64" ? values.nullCount : 0);
}

function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function writeMessage(stream: Uint8Array, at: number, header: Uint8Array, length: number): void {
  const view = new DataView(stream.buffer, stream.byteOffset + at, 8);
  view.setUint32(0, CONTINUATION, true);
  view.setUint32(4, length, true);
  stream.set(header, at + 8);
}

function schemaMessage(columns: readonly FrameColumn[]): Uint8Array {
  const out = new FlatBuffer();
  const schema = out.message(SCHEMA, 0);
  const [, , fields] = out.table(schema, [2, 4]); // endianness (little), fields
  const places = out.vector(fields, columns.length, 4);
  columns.forEach((column, i) => {
    // name, nullable, type_type, type, dictionary, children
    const [, name, nullable, type, typeTable, , children] = out.table(places + i * 4, [4, 1, 1, 4, 0, 4]);
    out.view.setUint8(nullable, 1);
    out.text(name, column.name);
    out.view.setUint8(
      type,
      column.dtype === "Utf8" ? UTF8_VIEW : column.dtype === "Float64" ? FLOATING_POINT : INT,
    );
    writeType(out, typeTable, column.dtype);
    out.vector(children, 0, 4);
  });
  return out.bytes();
}

function writeType(out: FlatBuffer, from: number, dtype: FrameColumn["dtype"]): void {
  if (dtype === "Utf8") out.table(from, []);
  else if (dtype === "Float64") {
    const [, precision] = out.table(from, [2]);
    out.view.setInt16(precision, DOUBLE, true);
  } else {
    const [, bitWidth, isSigned] = out.table(from, [4, 1]);
    out.view.setInt32(bitWidth, dtype === "Int64" ? 64 : 32, true);
    out.view.setUint8(isSigned, dtype === "Int64" ? 1 : 0);
  }
}

function batchMessage(
  columns: readonly FrameColumn[],
  length: number,
  buffers: readonly Placed[],
  bodyLength: number,
): Uint8Array {
  const out = new FlatBuffer();
  const batch = out.message(RECORD_BATCH, bodyLength);
  // length, nodes, buffers, compression, variadicBufferCounts
  const [, rows, nodes, places, , variadic] = out.table(batch, [8, 4, 4, 0, 4]);
  out.long(rows, length);
  let at = out.vector(nodes, columns.length, 16);
  for (const nullCount of nullCounts(columns)) {
    out.long(at, length);
    out.long(at + 8, nullCount);
    at += 16;
  }
  at = out.vector(places, buffers.length, 16);
  for (const { at: place, length: bytes } of buffers) {
    out.long(at, place);
    out.long(at + 8, bytes);
    at += 16;
  }
  const texts = columns.filter(({ dtype }) => dtype === "Utf8").length;
  at = out.vector(variadic, texts, 8);
  for (let i = 0; i < texts; i++) out.long(at + i * 8, 1); // each has one buffer of data
  return out.bytes();
}

/** A FlatBuffer, written from the root on: what refers comes before what it refers to. */
class FlatBuffer {
  readonly view: DataView = new DataView(new ArrayBuffer(2048));
  #length = 4; // the first word refers to the root

  /** The table that every message begins with; gives the place of its header. */
  message(headerType: number, bodyLength: number): number {
    const [, version, type, header, body] = this.table(0, [2, 1, 4, 8]);
    this.view.setInt16(version, METADATA_VERSION, true);
    this.view.setUint8(type, headerType);
    this.long(body, bodyLength);
    return header;
  }

  /**
   * Appends a table, and makes the word at `from` refer to it.
   * @param sizes Bytes of each field; 0 for one that is left out.
   * @returns Places: the table's, then each field's.
   */
  table(from: number, sizes: readonly number[]): number[] {
    const { view } = this;
    const head = 4 + sizes.length * 2;
    // The vtable, then the table, whose fields begin after one word: at a multiple of 8.
    while ((this.#length + head) % 8 !== 4) this.#length++;
    const vtable = this.#length;
    const table = vtable + head;
    this.#refer(from, table);
    const places = [table, ...sizes.map(() => -1)];
    let at = table + 4;
    for (const size of [8, 4, 2, 1]) {
      sizes.forEach((own, i) => {
        if (own !== size) return;
        places[i + 1] = at;
        view.setUint16(vtable + 4 + i * 2, at - table, true);
        at += size;
      });
    }
    view.setUint16(vtable, head, true);
    view.setUint16(vtable + 2, at - table, true);
    view.setInt32(table, head, true);
    this.#length = at;
    return places;
  }

  /** Appends a vector, and makes the word at `from` refer to it; gives the place of its first element. */
  vector(from: number, count: number, size: number): number {
    while (this.#length % 8 !== 4) this.#length++;
    this.#refer(from, this.#length);
    this.view.setUint32(this.#length, count, true);
    const first = this.#length + 4;
    this.#length = first + count * size;
    return first;
  }

  /** Appends a text of ASCII, and makes the word at `from` refer to it. */
  text(from: number, text: string): void {
    const first = this.vector(from, text.length, 1);
    for (let i = 0; i < text.length; i++) this.view.setUint8(first + i, text.charCodeAt(i));
    this.#length++; // and a zero
  }

  long(at: number, value: number): void {
    this.view.setUint32(at, value % 0x100000000, true);
    this.view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, Math.ceil(this.#length / 8) * 8);
  }

  #refer(from: number, to: number): void {
    this.view.setUint32(from, to - from, true);
  }
}
