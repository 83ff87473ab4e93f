/**
 * Reads OTLP's protocol buffers back, as the JSON that OTLP has for them: by the fields of its .proto files, and with none of the
 * package's own code.
 *
 * @module
 */

type Kind = "string" | "bool" | "varint" | "int64" | "fixed64" | "fixed32" | "double" | "hex" | Schema;

/** A message: of each field its name, what it is, and whether there are several. */
interface Schema {
  readonly [field: number]: readonly [name: string, kind: Kind | (() => Schema), isList?: boolean];
}

const ANY_VALUE: Schema = {
  1: ["stringValue", "string"],
  2: ["boolValue", "bool"],
  3: ["intValue", "int64"],
  4: ["doubleValue", "double"],
  5: ["arrayValue", () => ({ 1: ["values", ANY_VALUE, true] })],
  6: ["kvlistValue", () => ({ 1: ["values", KEY_VALUE, true] })],
};
const KEY_VALUE: Schema = { 1: ["key", "string"], 2: ["value", ANY_VALUE] };
const SPAN: Schema = {
  1: ["traceId", "hex"],
  2: ["spanId", "hex"],
  4: ["parentSpanId", "hex"],
  5: ["name", "string"],
  6: ["kind", "varint"],
  7: ["startTimeUnixNano", "fixed64"],
  8: ["endTimeUnixNano", "fixed64"],
  9: ["attributes", KEY_VALUE, true],
  11: ["events", {
    1: ["timeUnixNano", "fixed64"],
    2: ["name", "string"],
    3: ["attributes", KEY_VALUE, true],
  }, true],
  15: ["status", { 2: ["message", "string"], 3: ["code", "varint"] }],
  16: ["flags", "fixed32"],
};

/** `ExportTraceServiceRequest`. */
const REQUEST: Schema = {
  1: ["resourceSpans", {
    1: ["resource", { 1: ["attributes", KEY_VALUE, true] }],
    2: ["scopeSpans", {
      1: ["scope", { 1: ["name", "string"], 2: ["version", "string"] }],
      2: ["spans", SPAN, true],
    }, true],
  }, true],
};

/** A key and a value. */
export interface OtlpKeyValue {
  key: string;
  value: Record<string, unknown>;
}

/** A span. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: OtlpKeyValue[];
  events: { timeUnixNano: string; name: string; attributes: OtlpKeyValue[] }[];
  status: { code?: number; message?: string };
  flags: number;
}

/** A request. */
export interface OtlpRequest {
  resourceSpans: {
    resource: { attributes: OtlpKeyValue[] };
    scopeSpans: { scope: object; spans: OtlpSpan[] }[];
  }[];
}

/**
 * A request, read.
 * @throws {Error} If a field is none that is known, or the bytes are no protocol buffer.
 */
export function decodeRequest(bytes: Uint8Array): OtlpRequest {
  return decode(bytes, REQUEST) as unknown as OtlpRequest;
}

/** All spans of a request. */
export function spansOf({ resourceSpans }: OtlpRequest): OtlpSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

/** Attributes as an object. */
export function attributesOf(attributes: readonly OtlpKeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function decode(bytes: Uint8Array, schema: Schema): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message: Record<string, unknown> = {};
  for (const [name, , isList] of Object.values(schema)) if (isList === true) message[name] = [];
  if (schema === SPAN) message.status = {};
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = schema[key >> 3];
    if (field === undefined) throw new Error(`Unknown field ${key >> 3}`);
    const [name, given, isList] = field;
    const kind = typeof given === "function" ? given() : given;
    const wire = { varint: 0, bool: 0, int64: 0, fixed64: 1, double: 1, fixed32: 5 }[kind as string] ?? 2;
    if ((key & 7) !== wire) throw new Error(`Field ${name} has wire type ${key & 7}`);
    let value: unknown;
    if (wire === 0) {
      const number = varint();
      value = kind === "bool"
        ? number === 1n
        : kind === "int64"
        ? String(BigInt.asIntN(64, number))
        : Number(number);
    } else if (wire === 1) {
      const double = view.getFloat64(at, true);
      if (kind === "fixed64") value = String(view.getBigUint64(at, true));
      else value = Number.isFinite(double) ? double : String(double);
      at += 8;
    } else if (wire === 5) {
      value = view.getUint32(at, true);
      at += 4;
    } else {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error(`Field ${name} is cut off`);
      const inner = bytes.subarray(at, at + length);
      at += length;
      if (kind === "string") value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(inner);
      else if (kind === "hex") value = Array.from(inner, byte => byte.toString(16).padStart(2, "0")).join("");
      else value = decode(inner, kind as Schema);
    }
    if (isList === true) (message[name] as unknown[]).push(value);
    else message[name] = value;
  }
  return message;
}
