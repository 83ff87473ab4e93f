/**
 * Parsed spool files -> one snapshot, whatever processes and ranks they come from. Pure, and nothing recurses.
 *
 * @module
 */
import { OPEN_NAME, ORPHANS, SESSION_NAME } from "../data/session_names.ts";
import type {
  MarkColumns,
  Snapshot,
  SnapshotCounters,
  SnapshotThread,
  SnapshotThreads,
} from "../data/snapshot.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import { COUNTERS } from "../meters/counters.ts";
import { compareThreads } from "../tree/merge_snapshots.ts";
import { numberRows } from "../tree/number_rows.ts";
import { decodeMark, decodeSpan, isObject, type SpoolMark, type SpoolSpan } from "./decode.ts";
import { SPOOL_SCHEMA_VERSION } from "./format.ts";
import { isUnfinished, stretchUnfinished } from "./unfinished.ts";

/** A file of a spool. */
export interface ParsedFile {
  readonly name: string;
  /** What JSON parsing gave, with integers beyond 2^53 as digits. */
  readonly content: unknown;
  /** Why there is no content, in words that follow "it"; null if there is. */
  readonly failure: string | null;
}

/** What a set of files holds. */
export interface SpoolRows {
  /** Closed spans by end; then, in order of start, those that were not closed as far as the files know. */
  readonly snapshot: Snapshot;
  /** Files of the format. */
  readonly fileCount: number;
  /** Files without content, or of no or another format. */
  readonly skippedFileCount: number;
  /** The first of those, and what is wrong with it, in words that follow "it"; null if there are none. */
  readonly firstSkipped: { readonly name: string; readonly reason: string } | null;
  /** Spans and marks with a field that is missing, of the wrong type or out of range. */
  readonly skippedRowCount: number;
  /** Spans, each counted once. */
  readonly spanCount: number;
  /** Marks, each counted once. */
  readonly markCount: number;
  /** Sessions that began, and whose end is in no file. */
  readonly unfinishedCount: number;
  /** Different pairs of `pid` and `rank`. */
  readonly processCount: number;
}

/** Merges files, in the order of their names. */
export function mergeFiles(files: Iterable<ParsedFile>): SpoolRows {
  const spans = new Map<string, SpoolSpan>();
  const marks = new Map<string, SpoolMark>();
  const processes = new Set<string>();
  let fileCount = 0;
  let skippedFileCount = 0;
  let skippedRowCount = 0;
  let firstSkipped: SpoolRows["firstSkipped"] = null;
  for (const { name, content, failure } of files) {
    const lists = failure === null ? listsOf(content) : failure;
    if (typeof lists === "string") {
      skippedFileCount++;
      firstSkipped ??= { name, reason: lists };
      continue;
    }
    fileCount++;
    for (const value of lists.spans) {
      const span = decodeSpan(value);
      if (span === null) {
        skippedRowCount++;
        continue;
      }
      spans.delete(span.id); // the last one counts, and so does its place
      spans.set(span.id, span);
      processes.add(`${span.pid} ${span.rank}`);
    }
    for (const value of lists.marks) {
      const mark = decodeMark(value);
      if (mark === null) skippedRowCount++;
      else marks.set(mark.id, mark);
    }
  }
  const allMarks = [...marks.values()];
  const allSpans = stretchUnfinished(joinForeign([...spans.values()]), allMarks);
  return {
    snapshot: toSnapshot(allSpans, allMarks),
    fileCount,
    skippedFileCount,
    firstSkipped,
    skippedRowCount,
    spanCount: spans.size,
    markCount: marks.size,
    unfinishedCount: allSpans.filter(span => span.name === SESSION_NAME && isUnfinished(span)).length,
    processCount: processes.size,
  };
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

/** Characters of an id that trace context has room for: what a span has of a parent in another process. */
const SPAN_ID_CHARACTERS = 16;

const ID_CHARACTERS = 32;

/** Whether a span's parent is known by the first half of its id, as that of a remote caller is. */
function isForeign({ id, parentId }: SpoolSpan): boolean {
  return parentId !== null && parentId.length === SPAN_ID_CHARACTERS && id.length === ID_CHARACTERS;
}

/** Gives spans that continue another's trace the whole id of their parent, where that is in the files too. */
function joinForeign(spans: SpoolSpan[]): SpoolSpan[] {
  if (!spans.some(isForeign)) return spans;
  const byHalf = new Map(spans.map(({ id }) => [id.slice(0, SPAN_ID_CHARACTERS), id]));
  return spans.map(span =>
    isForeign(span) ? { ...span, parentId: byHalf.get(span.parentId!) ?? span.parentId } : span
  );
}

function toSnapshot(spans: readonly SpoolSpan[], marks: readonly SpoolMark[]): Snapshot {
  const anchorNs = anchorOf(spans, marks);
  const ns = (unixNs: bigint) => Number(unixNs - anchorNs);
  const closed = sortedBy(spans, span => ns(span.endNs));
  const open = sortedBy(openRows(spans, marks), span => ns(span.startNs));
  const rows = [...closed, ...open];
  const rowOf = new Map(rows.map((span, row) => [span.id, row]));
  const parentRow = Int32Array.from(
    rows,
    span => span.parentId === null ? -1 : rowOf.get(span.parentId) ?? -1,
  );
  const startNs = Float64Array.from(rows, span => ns(span.startNs));
  const markColumns = toMarkColumns(rows.length, marks, mark => rowOf.get(mark.spanId)!, ns);
  return {
    length: rows.length,
    closedLength: closed.length,
    anchorNs,
    threads: threadsOf(rows),
    ids: {
      own: row => rows[row].id,
      parent: row => rows[row].parentId,
      trace: row => rows[row].traceId,
    },
    ...numberRows(parentRow, startNs),
    name: rows.map(span => span.name),
    index: Float64Array.from(rows, span => span.index),
    startNs,
    endNs: Float64Array.from(rows, span => ns(span.endNs)),
    counters: countersOf(rows),
    dataLoadNs: Float64Array.from(rows, ({ attrs }) => dataLoadOf(attrs)),
    attrs: rows.map(span => span.attrs),
    markCount: Uint32Array.from(rows, (_, row) => markColumns.first[row + 1] - markColumns.first[row]),
    marks: markColumns,
  };
}

// The files have it among the attributes, where it stays: readers put it there too.
function dataLoadOf(attrs: Attrs | undefined): number {
  const ns = attrs?.data_load_ns;
  return typeof ns === "number" ? ns : NaN;
}

/** The threads of the rows, by rank, process and number. */
function threadsOf(rows: readonly SpoolSpan[]): SnapshotThreads {
  const known = new Map<string, SnapshotThread>();
  const key = ({ pid, rank, threadId }: SnapshotThread) => `${pid} ${rank} ${threadId}`;
  for (const row of rows) {
    const { pid, rank, threadId } = row;
    if (!known.has(key(row))) known.set(key(row), { pid, rank, threadId });
  }
  const list = [...known.values()].sort(compareThreads);
  const indexOf = new Map(list.map((thread, index) => [key(thread), index]));
  return { list, of: Uint32Array.from(rows, row => indexOf.get(key(row))!) };
}

/**
 * The moment from which times count: the median, so that everything within 104 days of it is exact in a number, even if
 * one machine's clock stands at 1970.
 */
function anchorOf(spans: readonly SpoolSpan[], marks: readonly SpoolMark[]): bigint {
  const moments = spans.length > 0
    ? Float64Array.from(spans, span => Number(span.startNs))
    : Float64Array.from(marks, mark => Number(mark.tsNs));
  return moments.length === 0 ? 0n : BigInt(moments.sort()[moments.length >> 1]);
}

/** A copy in ascending order of `key`; equals stay as they are. */
function sortedBy<T>(items: readonly T[], key: (item: T) => number): T[] {
  const keys = Float64Array.from(items, key);
  const order = Uint32Array.from(items.keys()).sort((a, b) => keys[a] - keys[b] || a - b);
  return Array.from(order, i => items[i]);
}

/**
 * A row for each span that marks or children name and that is in no file, from the first of them to the last. It ran
 * where its first child did, as far as anybody knows.
 */
function openRows(spans: readonly SpoolSpan[], marks: readonly SpoolMark[]): SpoolSpan[] {
  const closed = new Set(spans.map(span => span.id));
  const seen = new Map<string, { startNs: bigint; endNs: bigint } & SnapshotThread>();
  const see = (id: string | null, startNs: bigint, endNs: bigint, thread: SnapshotThread): void => {
    if (id === null || closed.has(id)) return;
    const known = seen.get(id);
    if (known === undefined) {
      const { pid, rank, threadId } = thread;
      seen.set(id, { startNs, endNs, pid, rank, threadId });
      return;
    }
    if (startNs < known.startNs) known.startNs = startNs;
    if (endNs > known.endNs) known.endNs = endNs;
  };
  for (const span of spans) {
    if (!isForeign(span)) see(span.parentId, span.startNs, span.endNs, span);
  }
  for (const mark of marks) see(mark.spanId, mark.tsNs, mark.tsNs, UNKNOWN_THREAD);
  return Array.from(seen, ([id, known]) => ({
    id,
    parentId: null,
    traceId: null,
    index: NaN,
    ...known,
    name: id === ORPHANS ? ORPHANS : OPEN_NAME,
    counters: NOT_COUNTED,
    attrs: undefined,
  }));
}

const NOT_COUNTED: readonly number[] = COUNTERS.map(() => NaN);

const UNKNOWN_THREAD: SnapshotThread = { pid: NaN, rank: NaN, threadId: NaN };

/** The columns of what was counted in any row. */
function countersOf(rows: readonly SpoolSpan[]): SnapshotCounters {
  const columns = COUNTERS.map(({ column }, k) =>
    [column, Float64Array.from(rows, span => span.counters[k])] as const
  );
  return Object.fromEntries(columns.filter(([, values]) => !values.every(Number.isNaN)));
}

function toMarkColumns(
  rowCount: number,
  marks: readonly SpoolMark[],
  rowOf: (mark: SpoolMark) => number,
  ns: (unixNs: bigint) => number,
): MarkColumns {
  const length = marks.length;
  const row = Uint32Array.from(marks, rowOf);
  const moment = Float64Array.from(marks, mark => ns(mark.tsNs));
  const order = Uint32Array.from(marks.keys())
    .sort((a, b) => row[a] - row[b] || moment[a] - moment[b] || a - b);
  const first = new Uint32Array(rowCount + 1);
  const name = new Array<string>(length);
  const value = new Array<MarkValue>(length);
  const summary = new Uint8Array(length);
  const tsNs = new Float64Array(length);
  const attrs = new Array<Attrs | undefined>(length);
  for (let i = 0; i < length; i++) {
    const mark = marks[order[i]];
    first[row[order[i]] + 1] = i + 1;
    name[i] = mark.name;
    value[i] = mark.value;
    summary[i] = mark.isSummary ? 1 : 0;
    tsNs[i] = moment[order[i]];
    attrs[i] = mark.attrs;
  }
  // Rows without marks begin where the row before them ends.
  for (let i = 1; i <= rowCount; i++) first[i] = Math.max(first[i], first[i - 1]);
  return {
    first,
    name,
    value,
    summary,
    tsNs,
    attrs,
    order: Float64Array.from(order.keys()),
    drained: new Uint8Array(length).fill(1),
  };
}
