/**
 * What a receiver answers: how many spans it did not take.
 *
 * @module
 */
import { parseJson } from "../../data/json_text.ts";
import { decoder } from "../byte_tables.ts";
import { fieldsOf } from "./protobuf.ts";

/** An answer to a request that was taken, perhaps in part. */
export interface Answer {
  /** Spans that were not taken, and will not be. */
  readonly rejected: number;
  /** What it says of that; empty for nothing. */
  readonly message: string;
}

const TAKEN: Answer = { rejected: 0, message: "" };

/** Reads an `ExportTraceServiceResponse`; null if it is none. An empty body says that all was taken. */
export function readAnswer(body: Uint8Array, contentType: string): Answer | null {
  if (body.length === 0) return TAKEN;
  try {
    return contentType.includes("json") ? ofJson(decoder().decode(body)) : ofProtobuf(body);
  } catch {
    return null;
  }
}

function ofProtobuf(body: Uint8Array): Answer {
  let answer = TAKEN;
  for (const { field, bytes } of fieldsOf(body)) {
    if (field !== 1 || bytes === null) continue;
    let [rejected, message] = [0, ""];
    for (const inner of fieldsOf(bytes)) {
      if (inner.field === 1) rejected = inner.number;
      if (inner.field === 2 && inner.bytes !== null) message = decoder().decode(inner.bytes);
    }
    answer = { rejected, message };
  }
  return answer;
}

function ofJson(text: string): Answer {
  const { partialSuccess } = parseJson(text) as {
    partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string };
  };
  return {
    rejected: Number(partialSuccess?.rejectedSpans ?? 0),
    message: String(partialSuccess?.errorMessage ?? ""),
  };
}
