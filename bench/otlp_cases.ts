/**
 * What a span with three attributes and a mark costs on its way to OpenTelemetry's receivers: written as protocol buffers, as JSON, and
 * compressed.
 *
 * @module
 */
import { equal } from "node:assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { jsonCodec, protobufCodec } from "../src/formats/otlp/codec.ts";
import type { Case, Group } from "./case.ts";
import { drained } from "./journal_cases.ts";

const SPANS = 2048;

/** Nanoseconds a span that are aimed at. */
const PROTOBUF_NS = 900;

/** Groups of this file. */
export const otlpGroups: readonly Group[] = [{ name: "OTLP out", cases, seconds: 8 }];

function cases(): Case[] {
  const snapshot = drained(SPANS, true);
  const protobuf = protobufCodec();
  const json = jsonCodec();
  const request = protobuf.encodeRequest([{
    resource: {},
    spans: [protobuf.encodeSpans(snapshot, 0, SPANS)!],
  }]);
  equal(json.encodeSpans(snapshot, 0, SPANS)!.count, SPANS);
  equal(gunzipSync(gzipSync(request)).length, request.length);
  return [
    {
      name: "a span as protocol buffers",
      run: () => void protobuf.encodeSpans(snapshot, 0, SPANS),
      pieces: SPANS,
      target: { of: {}, plus: PROTOBUF_NS },
    },
    { name: "a span as JSON", run: () => void json.encodeSpans(snapshot, 0, SPANS), pieces: SPANS },
    {
      name: "gzip level 1 of its protocol buffers",
      run: () => void gzipSync(request, { level: 1 }),
      pieces: SPANS,
    },
  ];
}
