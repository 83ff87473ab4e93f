/**
 * One recorder's part of a journal, read back: what there is as of one moment, and as much of it as is asked for.
 *
 * @module
 */
import { areMade, type Snapshot, type SnapshotThread } from "../data/snapshot.ts";
import { cutText } from "../data/text_limits.ts";
import { node } from "../runtime/builtins.ts";
import { type Census, census } from "./census.ts";
import { JOURNAL_KINDS, type JournalKind, METADATA, RUN_NAME, THREAD_NAME } from "./format.ts";
import { liveOpens } from "./live_opens.ts";
import { livenessOf } from "./liveness.ts";
import { stillOpen } from "./open_spans.ts";
import { readMarkStreams } from "./read_marks.ts";
import { type JournalSpans, readSpanStreams } from "./read_spans.ts";
import { type RecorderIdentity, recorderSnapshot, withoutRepeats } from "./recorder_snapshot.ts";
import { type RecorderFolder, recorderIn } from "./run_folder.ts";
import type { SessionInfo } from "./session_file.ts";
import { FileSource } from "./source.ts";
import { type IndexedStream, indexStream, type StreamIndex } from "./stream.ts";

/** A file that holds nothing that can be read. */
export interface SkippedFile {
  readonly name: string;
  /** Why, in words that follow "it". */
  readonly reason: string;
}

/** What is known of a recorder without reading its rows. `"unfinished"`: no end was written, and it is not known to run. */
export type RecorderState = "ended" | "running" | "unfinished";

/** What was read. */
export interface ReadRecorder {
  readonly snapshot: Snapshot;
  /** Rows of batches that make no sense. */
  readonly damagedRows: number;
}

interface Segment {
  readonly path: string;
  readonly index: StreamIndex;
}

/**
 * What a recorder has left, or is writing. What is written later is not read: of each file so much is as there was when this was made.
 */
export class JournalRecorder {
  readonly path: string;
  /** Null if it cannot be read. */
  readonly session: SessionInfo | null;
  readonly state: RecorderState;
  readonly thread: SnapshotThread;
  /** Files that are read. */
  readonly fileCount: number;
  /** Of those, the ones that end in a message that is not complete, or behind which is something else. */
  readonly tornCount: number;
  readonly skipped: readonly SkippedFile[];
  /** What ids of marks end with: 16 hex characters. */
  readonly markIdSuffix: string;
  readonly #identity: RecorderIdentity;
  readonly #segments: Readonly<Record<JournalKind, readonly Segment[]>>;
  /** Null if only the files know what is open. */
  readonly #live: JournalSpans | null;

  /**
   * Looks through a recorder's folder. Never throws.
   * @param unixNs The system's clock.
   * @param isRunning Whether the recorder's process is known to run; undefined to find out.
   * @param live What is open in this thread's own recorder: not all of it is in files yet. Left out of account if it is another's.
   */
  static inFolder(
    path: string,
    unixNs: () => bigint,
    isRunning?: boolean,
    live?: Snapshot,
  ): JournalRecorder {
    return new JournalRecorder(recorderIn(path), () => recorderIn(path).segments, unixNs, isRunning, live);
  }

  /** Looks through one file alone. Never throws. */
  static inFile(path: string, kind: JournalKind): JournalRecorder {
    const segments = { spans: [], marks: [], opens: [], [kind]: [path] };
    return new JournalRecorder({ path, session: null, segments }, () => segments, () => 0n, false);
  }

  private constructor(
    folder: RecorderFolder,
    relist: () => RecorderFolder["segments"],
    unixNs: () => bigint,
    isRunning: boolean | undefined,
    live?: Snapshot,
  ) {
    this.path = folder.path;
    this.session = folder.session;
    const skipped: SkippedFile[] = [];
    // Spans first: marks and open spans that are looked at later have at least what belongs to them.
    const spans = lookThrough(folder.segments.spans, skipped);
    const { marks, opens } = relist();
    this.#segments = {
      spans,
      marks: lookThrough(marks, skipped),
      opens: lookThrough(opens, skipped),
    };
    const all = JOURNAL_KINDS.flatMap(kind => this.#segments[kind]);
    this.fileCount = all.length;
    this.tornCount = all.filter(({ index }) => index.end !== "whole").length;
    this.skipped = skipped;
    this.state = stateOf(folder.session, isRunning);
    this.thread = threadOf(folder);
    const metadata = all[0]?.index.metadata;
    this.markIdSuffix = folder.session?.mark_id_suffix ?? suffixOf(metadata?.get(METADATA.markIdSuffix));
    const anchorNs = BigInt(folder.session?.anchor_unix_ns ?? digitsOf(metadata?.get(METADATA.anchor)));
    this.#identity = {
      idSuffix: folder.session?.id_suffix ?? suffixOf(metadata?.get(METADATA.idSuffix)),
      anchorNs,
      thread: this.thread,
      isUnfinished: this.state === "unfinished",
      isOver: this.state !== "running",
      untilNs: this.state === "running" ? Number(unixNs() - anchorNs) : -Infinity,
    };
    const isOwn = live !== undefined && areMade(live.ids) && live.ids.suffix === this.#identity.idSuffix
      && live.anchorNs === anchorNs;
    this.#live = isOwn ? liveOpens(live) : null;
  }

  /** Whether it is a recorder of this thread, whose open spans it has from there. */
  get isLive(): boolean {
    return this.#live !== null;
  }

  /** Whether there is anything. */
  get isEmpty(): boolean {
    return JOURNAL_KINDS.every(kind => this.#segments[kind].every(({ index }) => index.rows === 0));
  }

  /** Counts closed spans, and those that were open when a recorder was over, as `read()` would give them. */
  census(): Census {
    using files = new OpenFiles();
    const streams = files.open(this.#segments.spans);
    const { spans, errors } = census(streams);
    if (this.state === "running") return { spans, errors };
    const open = stillOpen(readSpanStreams(files.open(this.#segments.opens)), streams).length;
    return { spans: spans + open, errors };
  }

  /**
   * Reads the newest closed spans, all marks of theirs, and what is open. Files that are gone by now are left out.
   * @param last How many closed spans, as long as there are so many.
   */
  read(last: number): ReadRecorder {
    using files = new OpenFiles();
    const spanStreams = files.open(this.#segments.spans);
    const total = spanStreams.reduce((sum, { index }) => sum + index.rows, 0);
    let asked = last;
    let spans = readSpanStreams(spanStreams, { last: asked });
    let kept = withoutRepeats(spans);
    while (kept.length < last && spans.length + spans.damagedRows < total) {
      asked = asked * 2 + 1;
      spans = readSpanStreams(spanStreams, { last: asked });
      kept = withoutRepeats(spans);
    }
    const opens = this.#live ?? readSpanStreams(files.open(this.#segments.opens));
    const keptOpens = stillOpen(opens, spanStreams);
    // Spans whose end was not written count as closed then, and as those that closed last.
    const most = this.#identity.isOver ? Math.max(0, last - keptOpens.length) : last;
    const isWhole = kept.length <= most && spans.length + spans.damagedRows >= total;
    if (kept.length > most) kept = kept.subarray(kept.length - most);
    let fromNs = isWhole ? -Infinity : Infinity;
    if (!isWhole) {
      for (const row of kept) fromNs = Math.min(fromNs, spans.startNs[row]);
      for (const row of keptOpens) fromNs = Math.min(fromNs, opens.startNs[row]);
    }
    const marks = readMarkStreams(files.open(this.#segments.marks), fromNs);
    const rows = { spans, kept, opens, keptOpens, marks, isWhole };
    return {
      snapshot: recorderSnapshot(rows, this.#identity),
      damagedRows: spans.damagedRows + opens.damagedRows + marks.damagedRows,
    };
  }
}

/** Files that are open until this is disposed of. */
class OpenFiles implements Disposable {
  readonly #files: FileSource[] = [];

  open(segments: readonly Segment[]): IndexedStream[] {
    const streams: IndexedStream[] = [];
    for (const { path, index } of segments) {
      try {
        const source = new FileSource(path);
        this.#files.push(source);
        streams.push({ source, index });
      } catch {
        // Evicted since it was looked through.
      }
    }
    return streams;
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) file[Symbol.dispose]();
  }
}

function digitsOf(text: string | undefined): string {
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? text : "0";
}

function suffixOf(text: string | undefined): string {
  return text !== undefined && /^[0-9a-f]{16}$/.test(text) ? text : "0".repeat(16);
}

function lookThrough(paths: readonly string[], skipped: SkippedFile[]): Segment[] {
  const segments: Segment[] = [];
  for (const path of paths) {
    const name = node.path.basename(path);
    try {
      using source = new FileSource(path);
      const index = indexStream(source);
      // One that was just made has no bytes yet.
      if (index.fields.size === 0 && source.size > 0 && index.end === "damaged") {
        skipped.push({ name, reason: "is no Arrow stream" });
      } else if (!index.isKnown) skipped.push({ name, reason: "is of another version of the format" });
      else segments.push({ path, index });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code !== "ENOENT") skipped.push({ name, reason: reasonOf(code, message) });
    }
  }
  return segments;
}

function reasonOf(code: string | undefined, message: string): string {
  return code === undefined && message.endsWith("is no file")
    ? "is no regular file"
    : `cannot be read (${code ?? "unknown"})`;
}

function stateOf(session: SessionInfo | null, isRunning: boolean | undefined): RecorderState {
  if (session?.ended_unix_ns != null) return "ended";
  if (isRunning === false) return "unfinished";
  const liveness = session === null ? "unknown" : livenessOf(session);
  // Of a process that runs, a thread that is not known to be gone is taken to go on.
  const isThere = liveness === "running" || (isRunning === true && liveness === "unknown");
  return isThere ? "running" : "unfinished";
}

/** Without a session, the names of the folders say what there is to say. */
function threadOf({ session, path }: RecorderFolder): SnapshotThread {
  if (session !== null) {
    const { pid, rank, thread, thread_name } = session;
    return {
      pid,
      rank: rank ?? NaN,
      threadId: thread,
      name: thread_name === null ? null : cutText(thread_name),
    };
  }
  const { basename, dirname } = node.path;
  const [run, thread] = [basename(dirname(path)), basename(path)];
  return {
    pid: RUN_NAME.test(run) ? Number(run.slice(run.indexOf("-") + 1)) : NaN,
    rank: NaN,
    threadId: THREAD_NAME.test(thread) ? Number(thread) : NaN,
  };
}
