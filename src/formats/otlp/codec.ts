/**
 * The two ways in which OTLP is written.
 *
 * @module
 */
import type { Snapshot } from "../../data/snapshot.ts";
import type { EncodedSpans, ResourceSpans } from "./encoded.ts";
import { jsonRequest, jsonSpans } from "./json.ts";
import { ProtobufWriter } from "./protobuf.ts";
import { encodeRequest } from "./request.ts";
import { SpanWriter } from "./spans.ts";

/** Spans first, then requests of them: spans wait as bytes. */
export interface OtlpCodec {
  readonly contentType: string;
  /** The closed spans of rows `from` up to before `until`; null if none of them is one for OTLP. */
  encodeSpans(snapshot: Snapshot, from: number, until: number): EncodedSpans | null;
  /** A whole request. */
  encodeRequest(all: readonly ResourceSpans[]): Uint8Array;
}

/** Protocol buffers. */
export function protobufCodec(): OtlpCodec {
  const out = new ProtobufWriter();
  const writer = new SpanWriter(out);
  return {
    contentType: "application/x-protobuf",
    encodeSpans: (snapshot, from, until) => {
      out.clear();
      const count = writer.write(snapshot, from, until);
      return count === 0 ? null : { bytes: out.finish(), count };
    },
    encodeRequest,
  };
}

/** JSON. */
export function jsonCodec(): OtlpCodec {
  return {
    contentType: "application/json",
    encodeSpans: (snapshot, from, until) => {
      const { text, count } = jsonSpans(snapshot, from, until);
      return count === 0 ? null : { bytes: new TextEncoder().encode(text), count };
    },
    encodeRequest: jsonRequest,
  };
}
