/**
 * A recorder's journal -> files of a spool, format v1: the same ids, values and moments.
 *
 * @module
 */
import { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import { SESSION_NAME, UNFINISHED } from "../data/session_names.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { VERSION } from "../data/version.ts";
import { byteCount, type EncodedRows, encodeFile, markBytes, spanBytes } from "../spool/encode.ts";
import { spoolFileName } from "../spool/format.ts";
import type { JournalRecorder } from "./recorder.ts";

/** Bytes after which a file is full. */
const FILE_BYTES = 8_000_000;

/** Rows that are encoded at a time. */
const ROWS = 1000;

/** A file to be written. */
export interface ConvertedFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly spanCount: number;
  readonly markCount: number;
}

/**
 * The files, one at a time; none if there are no rows. As in a spool that the recorder had written itself: marks also of spans that are
 * open, and of these spans none but the session's, as one without an end. A recorder gives files of the same names each time,
 * so converting it again replaces them, as long as it has ended.
 */
export function* toSpoolFiles(
  recorder: JournalRecorder,
  fileBytes: number = FILE_BYTES,
): Generator<ConvertedFile> {
  const snapshot = withOpenSession(recorder.read(Infinity).snapshot);
  const identity = identityOf(recorder);
  const sdkVersion = recorder.session?.sdk_version ?? VERSION;
  const sessionRow = openSessionRow(snapshot);
  let rows: EncodedRows[] = [];
  let bytes = 0;
  let spanCount = 0;
  let markCount = 0;
  let fileCount = 0;
  for (let from = 0; from < snapshot.length; from += ROWS) {
    const until = Math.min(snapshot.length, from + ROWS);
    const closedUntil = Math.min(until, snapshot.closedLength);
    const closed = spanBytes(snapshot, identity, from, Math.max(from, closedUntil));
    rows.push({ spans: closed, marks: markBytes(snapshot, identity, from, until) });
    spanCount += Math.max(0, closedUntil - from);
    if (from <= sessionRow && sessionRow < until) {
      rows.push({ spans: spanBytes(snapshot, identity, sessionRow, sessionRow + 1), marks: [] });
      spanCount++;
    }
    const { first } = snapshot.marks;
    markCount += first[until] - first[from];
    bytes = rows.reduce((sum, { spans, marks }) => sum + byteCount(spans) + byteCount(marks), 0);
    if (bytes === 0 || (bytes < fileBytes && until < snapshot.length)) continue;
    const batchId = batchIdOf(snapshot, ++fileCount);
    const createdNs = momentOf(snapshot, until - 1);
    const content = encodeFile({ sdkVersion, batchId, createdNs }, rows);
    yield { name: spoolFileName(createdNs, batchId), content, spanCount, markCount };
    rows = [];
    bytes = spanCount = markCount = 0;
  }
}

/** The row of a session that runs; -1 for none. */
function openSessionRow({ name, length, closedLength }: Snapshot): number {
  for (let row = closedLength; row < length; row++) if (name[row] === SESSION_NAME) return row;
  return -1;
}

// What was read is nothing that sinks have had, and a session without an end says so.
function withOpenSession(snapshot: Snapshot): Snapshot {
  const { attrs, marks, length } = snapshot;
  const sessionRow = openSessionRow(snapshot);
  return {
    ...snapshot,
    attrs: sessionRow < 0 ? attrs : {
      length,
      at: row => row === sessionRow ? { ...attrs.at(row), [UNFINISHED]: true } : attrs.at(row),
    },
    marks: { ...marks, drained: new Uint8Array(marks.drained.length) },
  };
}

function identityOf({ thread, markIdSuffix }: JournalRecorder): Identity {
  const known = (number: number) => Number.isNaN(number) ? 0 : number;
  return {
    pid: known(thread.pid),
    rank: known(thread.rank),
    threadId: known(thread.threadId),
    markIds: new IdSeries(markIdSuffix),
  };
}

/** 32 hex characters that no other recorder has, nor another file of this one. */
function batchIdOf({ ids }: Snapshot, file: number): string {
  return (ids as IdSeries).suffix + file.toString(16).padStart(16, "0");
}

function momentOf({ anchorNs, endNs }: Snapshot, row: number): bigint {
  const ns = anchorNs + BigInt(Math.round(endNs[row]));
  return ns > 0n ? ns : 0n;
}
