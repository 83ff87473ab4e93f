/**
 * Columns -> one record batch in Arrow's IPC stream format, which a DataFrame library reads in one call.
 *
 * @module
 */
import { type ArrowField, BatchHeader, CONTINUATION, schemaHeader } from "../arrow/messages.ts";
import { FrameBody } from "./body.ts";
import type { FrameColumn } from "./columns.ts";

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
  const fields = columns.map(({ name, dtype }): ArrowField => (
    { name, type: dtype === "Utf8" ? "Utf8View" : dtype, nullable: true }
  ));
  const schema = schemaHeader(fields);
  const batch = batchHeader(columns, fields, length, placed, body.length);
  const { head } = FrameBody;
  if (schema.length + batch.length + 16 > head) {
    throw new RangeError(`Headers of ${columns.length} columns have no room`);
  }
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

function batchHeader(
  columns: readonly FrameColumn[],
  fields: readonly ArrowField[],
  length: number,
  buffers: readonly Placed[],
  bodyLength: number,
): Uint8Array {
  const header = new BatchHeader(fields);
  header.setSize(length, bodyLength);
  nullCounts(columns).forEach((nullCount, i) => header.setColumn(i, length, nullCount));
  buffers.forEach(({ at, length }, i) => header.setBuffer(i, at, length));
  return header.bytes;
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
