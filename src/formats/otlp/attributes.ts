/**
 * Attributes and mark values -> OTLP's key-values, as protocol buffers.
 *
 * @module
 */
import type { Attrs, JsonValue, MarkValue } from "../../data/values.ts";
import { type ProtobufWriter, tag, WIRE } from "./protobuf.ts";

/** The first byte of each field of `KeyValue`. */
const KEY = tag(1, WIRE.bytes);
const VALUE = tag(2, WIRE.bytes);

/** The same of `AnyValue`. */
const STRING = tag(1, WIRE.bytes);
const BOOL = tag(2, WIRE.varint);
const INT = tag(3, WIRE.varint);
const DOUBLE = tag(4, WIRE.fixed64);
const ARRAY = tag(5, WIRE.bytes);
const KEY_VALUES = tag(6, WIRE.bytes);

/** The same of `ArrayValue` and `KeyValueList`. */
const ITEM = tag(1, WIRE.bytes);

/** Writes each attribute as a field of the message that is being written. */
export function writeAttributes(out: ProtobufWriter, field: number, attrs: Attrs): void {
  for (const key in attrs) writeAttribute(out, field, key, attrs[key]);
}

/** Writes one attribute so. A bigint beyond 64 bits is its digits. */
export function writeAttribute(
  out: ProtobufWriter,
  field: number,
  key: string,
  value: JsonValue | MarkValue,
): void {
  out.byte(field);
  const start = out.open();
  out.textField(KEY, key);
  out.byte(VALUE);
  const valueStart = out.open();
  writeValue(out, value);
  out.close(valueStart);
  out.close(start);
}

// Nested as deep as attributes may be, 16 levels.
function writeValue(out: ProtobufWriter, value: JsonValue | MarkValue): void {
  switch (typeof value) {
    case "string":
      out.textField(STRING, value);
      return;
    case "boolean":
      out.byte(BOOL);
      out.byte(value ? 1 : 0);
      return;
    case "number":
      writeNumber(out, value);
      return;
    case "bigint":
      if (BigInt.asIntN(64, value) !== value) out.textField(STRING, String(value));
      else {
        out.byte(INT);
        out.varint64(value);
      }
      return;
  }
  if (value === null) return; // OTLP's null is a value without a kind
  if (Array.isArray(value)) {
    out.byte(ARRAY);
    const start = out.open();
    for (const item of value) {
      out.byte(ITEM);
      const itemStart = out.open();
      writeValue(out, item);
      out.close(itemStart);
    }
    out.close(start);
    return;
  }
  out.byte(KEY_VALUES);
  const start = out.open();
  writeAttributes(out, ITEM, value as Attrs);
  out.close(start);
}

function writeNumber(out: ProtobufWriter, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    out.byte(DOUBLE);
    out.double(value);
    return;
  }
  out.byte(INT);
  if (value >= 0) out.varint(value);
  else out.varint64(BigInt(value));
}
