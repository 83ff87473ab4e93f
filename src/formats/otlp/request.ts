/**
 * OTLP's request to export traces, put together of spans that are written already.
 *
 * @module
 */
import { VERSION } from "../../data/version.ts";
import { writeAttributes } from "./attributes.ts";
import type { ResourceSpans } from "./encoded.ts";
import { SCOPE_TEXT } from "./model.ts";
import { ProtobufWriter, tag, WIRE } from "./protobuf.ts";

const RESOURCE_SPANS = tag(1, WIRE.bytes);
const RESOURCE = tag(1, WIRE.bytes);
const ATTRIBUTE = tag(1, WIRE.bytes);
const SCOPE_SPANS = tag(2, WIRE.bytes);
const SCOPE = tag(1, WIRE.bytes);
const SCOPE_NAME = tag(1, WIRE.bytes);
const SCOPE_VERSION = tag(2, WIRE.bytes);

/** A whole `ExportTraceServiceRequest`. */
export function encodeRequest(all: readonly ResourceSpans[]): Uint8Array {
  const out = new ProtobufWriter();
  for (const { resource, spans } of all) {
    out.byte(RESOURCE_SPANS);
    const start = out.open();
    out.byte(RESOURCE);
    const resourceStart = out.open();
    writeAttributes(out, ATTRIBUTE, resource);
    out.close(resourceStart);
    out.byte(SCOPE_SPANS);
    const scopeStart = out.open();
    out.byte(SCOPE);
    const nameStart = out.open();
    out.textField(SCOPE_NAME, SCOPE_TEXT);
    out.textField(SCOPE_VERSION, VERSION);
    out.close(nameStart);
    for (const { bytes } of spans) out.raw(bytes);
    out.close(scopeStart);
    out.close(start);
  }
  return out.finish();
}
