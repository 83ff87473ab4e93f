/**
 * A snapshot's columns -> the text of spool v1. Pure: what an encoder needs, it is given.
 *
 * Put together by hand: 1e5 spans a second pass here, and `JSON.stringify` cannot write integers beyond 2^53.
 *
 * @module
 */
import type { Identity } from "../data/identity.ts";
import { jsonOfText } from "../data/json_text.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { TextBytes } from "../formats/bytes.ts";
import { SPOOL_SCHEMA_VERSION } from "./format.ts";
import { RowBytes } from "./row_bytes.ts";

/** Rows as they lie in a file, in UTF-8: `spans` and `marks` are the inside of an array each, in pieces. */
export interface EncodedRows {
  readonly spans: readonly Uint8Array[];
  readonly marks: readonly Uint8Array[];
}

/** What a file says before its rows. */
export interface FileHeader {
  readonly sdkVersion: string;
  /** 32 lower-case hex characters. */
  readonly batchId: string;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
}

/** A whole file. */
export function encodeFile(
  { sdkVersion, batchId, createdNs }: FileHeader,
  rows: readonly EncodedRows[],
): Uint8Array {
  const pieces = [
    utf8(
      `{"schema_version":${SPOOL_SCHEMA_VERSION},"sdk_version":${
        jsonOfText(sdkVersion)
      },"batch_id":"${batchId}","created_ns":${createdNs},"spans":[`,
    ),
    ...joined(rows.map(({ spans }) => spans)),
    utf8('],"marks":['),
    ...joined(rows.map(({ marks }) => marks)),
    utf8('],"snapshots":[]}'),
  ];
  const file = new Uint8Array(byteCount(pieces));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

/** Bytes of pieces together. */
export function byteCount(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Closed spans and new marks of a snapshot, as they lie in a file. */
export function encodeRows(snapshot: Snapshot, identity: Identity): EncodedRows {
  return {
    spans: spanBytes(snapshot, identity, 0, snapshot.closedLength),
    marks: markBytes(snapshot, identity, 0, snapshot.length),
  };
}

/** The spans of rows `from` up to before `until`, in order. */
export function encodeSpans(snapshot: Snapshot, identity: Identity, from: number, until: number): string {
  return textOf(spanBytes(snapshot, identity, from, until));
}

/** The marks of rows `from` up to before `until` that no sink has had. */
export function encodeMarks(snapshot: Snapshot, identity: Identity, from: number, until: number): string {
  return textOf(markBytes(snapshot, identity, from, until));
}

/** The same as bytes, in pieces. */
export function spanBytes(snapshot: Snapshot, identity: Identity, from: number, until: number): Uint8Array[] {
  const out = TextBytes.beginBytes();
  const rows = new RowBytes(out, snapshot, identity);
  for (let row = from; row < until; row++) {
    if (row > from) out.character(COMMA);
    rows.span(row);
  }
  return out.finishBytes();
}

/** The same as bytes, in pieces. */
export function markBytes(snapshot: Snapshot, identity: Identity, from: number, until: number): Uint8Array[] {
  const { first, drained } = snapshot.marks;
  const out = TextBytes.beginBytes();
  const rows = new RowBytes(out, snapshot, identity);
  let count = 0;
  for (let row = from; row < until; row++) {
    for (let i = first[row]; i < first[row + 1]; i++) {
      if (drained[i] !== 0) continue;
      if (count++ > 0) out.character(COMMA);
      rows.mark(row, i);
    }
  }
  return out.finishBytes();
}

const COMMA = 0x2c;

function joined(lists: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  return lists.filter(({ length }) => length > 0).flatMap((list, i) => i === 0 ? list : [utf8(","), ...list]);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return pieces.map(piece => decoder.decode(piece, { stream: true })).join("");
}
