/**
 * Spool files -> one snapshot, whatever processes and ranks they come from. Pure, and nothing recurses.
 *
 * @module
 */
import { decoder } from "../formats/byte_tables.ts";
import { SpoolColumns } from "./columns.ts";
import { decodeMark, decodeSpan, isObject } from "./decode.ts";
import { parseExact } from "./exact_json.ts";
import { SPOOL_SCHEMA_VERSION } from "./format.ts";
import { PlainReader } from "./read_plain.ts";
import { type MergedRows, SpoolMerge } from "./spool_merge.ts";

/** A file of a spool that was read, and not yet looked at. */
export interface RawFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file of a spool. */
export interface ParsedFile {
  readonly name: string;
  /** What JSON parsing gave, with integers beyond 2^53 as digits. */
  readonly content: unknown;
  /** Why there is no content, in words that follow "it"; null if there is. */
  readonly failure: string | null;
}

/** What a set of files holds. */
export interface SpoolRows extends MergedRows {
  /** Files of the format. */
  readonly fileCount: number;
  /** Files without content, or of no or another format. */
  readonly skippedFileCount: number;
  /** The first of those, and what is wrong with it, in words that follow "it"; null if there are none. */
  readonly firstSkipped: { readonly name: string; readonly reason: string } | null;
  /** Spans and marks with a field that is missing, of the wrong type or out of range. */
  readonly skippedRowCount: number;
}

/** Merges files, in the order of their names. */
export function mergeFiles(files: Iterable<RawFile | ParsedFile>): SpoolRows {
  const columns = new SpoolColumns();
  const plain = new PlainReader(columns);
  let fileCount = 0;
  let skippedFileCount = 0;
  let skippedRowCount = 0;
  let firstSkipped: SpoolRows["firstSkipped"] = null;
  for (const file of files) {
    if ("bytes" in file && plain.read(file.bytes)) {
      fileCount++;
      continue;
    }
    const { name, content, failure } = "bytes" in file ? parseFile(file) : file;
    const lists = failure === null ? listsOf(content) : failure;
    if (typeof lists === "string") {
      skippedFileCount++;
      firstSkipped ??= { name, reason: lists };
      continue;
    }
    fileCount++;
    for (const value of lists.spans) {
      const span = decodeSpan(value);
      if (span === null) skippedRowCount++;
      else columns.addSpan(span);
    }
    for (const value of lists.marks) {
      const mark = decodeMark(value);
      if (mark === null) skippedRowCount++;
      else columns.addMark(mark);
    }
  }
  return { ...new SpoolMerge(columns).rows(), fileCount, skippedFileCount, firstSkipped, skippedRowCount };
}

/** Parses a file. */
export function parseFile({ name, bytes }: RawFile): ParsedFile {
  try {
    return { name, content: parseExact(decoder().decode(bytes)), failure: null };
  } catch (error) {
    const { name: kind } = error as { name?: unknown };
    return {
      name,
      content: null,
      failure: error instanceof SyntaxError ? "is not JSON" : `cannot be read (${kind})`,
    };
  }
}

/** The rows of a file, or why it is not of the format. */
function listsOf(content: unknown): { spans: unknown[]; marks: unknown[] } | string {
  if (!isObject(content)) return "is no object";
  const { schema_version: version, spans, marks } = content;
  if (version !== SPOOL_SCHEMA_VERSION) {
    const what = typeof version === "number" ? String(version) : "unknown";
    return `has the format's version ${what}, not ${SPOOL_SCHEMA_VERSION}`;
  }
  return Array.isArray(spans) && Array.isArray(marks) ? { spans, marks } : "has no lists of spans and marks";
}
