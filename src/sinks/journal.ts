/**
 * The journal: Arrow streams that are appended to, a batch at a time, and that survive whatever ends the process. See
 * docs/journal-format.md.
 *
 * All of it is synchronous, so what was given is in a file when the method returns. What could not be written waits in memory, is
 * tried again, and is dropped and counted beyond a bound.
 *
 * @module
 */
import type { JournalHealth } from "../data/health.ts";
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import { UNFINISHED } from "../data/session_names.ts";
import { newMarkCount, type Snapshot } from "../data/snapshot.ts";
import { formatTraceparent, spanIdText, traceIdText } from "../data/trace_context.ts";
import type { Attrs } from "../data/values.ts";
import { MarkEncoder, SpanEncoder } from "../journal/encode.ts";
import type { JournalKind } from "../journal/format.ts";
import { JournalFiles } from "../journal/journal_files.ts";
import { identify, identifyThread } from "../journal/liveness.ts";
import type { Problem } from "../journal/problem.ts";
import { JournalWriter } from "../journal/writer.ts";
import type { Drained } from "./batch.ts";
import type { ColumnSink } from "./sink.ts";
import { Waiting } from "./waiting.ts";

/** Bytes of journals kept by default. */
export const DEFAULT_JOURNAL_MAX_BYTES = 1_000_000_000;

/** Spans in a batch. */
const BATCH_SPANS = 512;

/** Milliseconds after which what waits is written, however little it is. */
const INTERVAL_MS = 100;

/** Milliseconds from a failure to the next try. */
const RETRY_MS = 100;

/** Milliseconds that one turn may spend on what could not be written before. */
const RETRY_SLICE_MS = 2;

/** Bounds of a segment: a 32nd of what is kept, between these. */
const LEAST_SEGMENT_BYTES = 1_000_000;
const MOST_SEGMENT_BYTES = 32_000_000;

/** What the journal needs from above. */
export interface JournalSinkOptions {
  /** The folder of all runs. */
  readonly directory: string;
  /** The run's folder in it: `<start, 20 digits>-<pid>`. */
  readonly run: string;
  /** Bytes to keep in the folder of all runs; null leaves that to another thread. */
  readonly maxBytes: number | null;
  /** What the thread is called. */
  readonly threadName: string | null;
  readonly sdkVersion: string;
  /** Name and version. */
  readonly runtime: string;
  /** Nanoseconds since 1970. */
  readonly unixNs: () => bigint;
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
  /** Told what the session hangs on, and what may hang on it, once it is in a file. */
  readonly onBegin?: (contexts: SessionContexts) => void;
}

/** Where a session stands among others, as W3C writes trace contexts. */
export interface SessionContexts {
  /** What its own span hangs on; null for nothing. */
  readonly parent: string | null;
  /** Its own span. */
  readonly context: string;
}

/** Writes one recorder's journal. */
export class JournalSink implements ColumnSink {
  readonly batchSpans: number = BATCH_SPANS;
  readonly intervalMs: number = INTERVAL_MS;
  /** What closed since the last batch is in none if nothing tells of the end. */
  readonly needsExitHook = true;
  readonly #options: JournalSinkOptions;
  readonly #files: JournalFiles | null;
  readonly #spans = new SpanEncoder();
  readonly #marks = new MarkEncoder();
  readonly #waiting = new Waiting();
  /** Null before the session begins. */
  #writer: JournalWriter | null = null;
  /** When writing may be tried again. */
  #retryMs = -Infinity;
  /** What went wrong since the last commit. */
  #problem: Problem | null = null;
  /** Whether it is said that the session has ended, which may turn out to be wrong. */
  #hasPerhapsEnded = false;
  /** Whether open scopes could not be written the last time. */
  #isOpenLost = false;
  /** Times that the writer had made its folder anew by then. */
  #remakes = 0;

  constructor(options: JournalSinkOptions) {
    const { directory, maxBytes, nowMs } = options;
    this.#options = options;
    this.#files = maxBytes === null ? null : new JournalFiles(directory, maxBytes, nowMs);
  }

  /** What `health()` says of the journal. */
  health(): JournalHealth {
    return {
      journal_drop_count: this.#files?.evictCount ?? 0,
      journal_span_drop_count: this.#waiting.spanDropCount,
      journal_mark_drop_count: this.#waiting.markDropCount,
      journal_waiting_span_count: this.#waiting.spanCount,
      journal_bytes: this.#files?.bytes ?? this.#writer?.bytes ?? 0,
      journal_dir: this.#writer?.folder ?? null,
      thread_count: this.#writer?.threadCount() ?? 1,
    };
  }

  /** Makes the files, and writes that the session is open. */
  begin({ snapshot, identity }: Drained): void {
    const contexts = contextsOf(snapshot, snapshot.ids as IdSeries);
    const writer = this.#writer = this.#openWriter(snapshot, identity, contexts);
    const problem = writer.open();
    if (problem === null) this.#options.onBegin?.(contexts);
    this.#note(problem);
    // That it has no end is said by where it lies.
    const open = { ...snapshot, attrs: [withoutUnfinished(snapshot.attrs.at(0))] };
    this.#isOpenLost = !this.#writeRows("opens", open, 0, open.length, false);
  }

  /** Writes spans and marks. */
  "cirron.take/1"({ snapshot, isProvisional }: Drained): void {
    this.#take(isProvisional ? "opens" : "spans", snapshot);
    // Open scopes are given here where the process is perhaps about to end, and nothing may come any more.
    if (isProvisional || this.#hasPerhapsEnded) this.#sayPerhaps(isProvisional);
  }

  /** Writes spans, which come again. */
  takeEarly({ snapshot }: Drained): void {
    this.#take("spans", snapshot, false);
  }

  /** Writes what is new of open scopes. */
  takeOpen({ snapshot }: Drained): void {
    if (this.#hasPerhapsEnded) this.#sayPerhaps(false);
    this.#remakes = this.#writer?.remakeCount ?? 0;
    this.#isOpenLost = !this.#writeRows("opens", snapshot, 0, snapshot.length, false);
  }

  /** Whether some of it could not be written, or is gone with the folder that it was in. */
  get lacksOpen(): boolean {
    return this.#isOpenLost || this.#writer?.remakeCount !== this.#remakes;
  }

  /**
   * Tries again what could not be written.
   * @throws {Error} What kept something from being written since the last time.
   */
  commit(): void {
    if (this.#waiting.length > 0 && this.#options.nowMs() >= this.#retryMs) this.#retry(RETRY_SLICE_MS);
    this.#complain();
  }

  /**
   * Says that the session has ended; what still waits is tried once more, and then dropped.
   * @throws {Error} As `commit()`.
   */
  close(): void {
    this.#retry(Infinity);
    this.#waiting.dropAll();
    this.#note(this.#writer?.close(this.#end()) ?? null);
    this.#finish();
    this.#complain();
  }

  /** Says that the process ends. What is recorded all the same is written. */
  exit(): void {
    this.#retry(Infinity);
    this.#note(this.#writer?.update(this.#end()) ?? null);
    this.#finish();
  }

  #sayPerhaps(hasEnded: boolean): void {
    this.#hasPerhapsEnded = hasEnded;
    this.#note(this.#writer?.update(hasEnded ? this.#end() : { ended_unix_ns: null }) ?? null);
  }

  #finish(): void {
    // Which of the processes that end at once makes a survey is drawn by chance: the last digits of the time.
    this.#files?.finish(Number(this.#options.unixNs() / 1000n % 1000n) / 1000);
  }

  #end(): { ended_unix_ns: string; span_drop_count: number; mark_drop_count: number } {
    return {
      ended_unix_ns: String(this.#options.unixNs()),
      span_drop_count: this.#waiting.spanDropCount,
      mark_drop_count: this.#waiting.markDropCount,
    };
  }

  #openWriter(
    snapshot: Snapshot,
    { pid, rank, threadId, markIds }: Identity,
    contexts: SessionContexts,
  ): JournalWriter {
    const { directory, run, maxBytes, threadName, sdkVersion, runtime, unixNs, nowMs } = this.#options;
    const ids = snapshot.ids as IdSeries; // a recorder of this thread counts
    const { processStart, bootId } = identify(pid);
    const { kernelThread, kernelThreadStart } = identifyThread(threadId);
    const segmentBytes = (maxBytes ?? DEFAULT_JOURNAL_MAX_BYTES) / 32;
    return new JournalWriter({
      directory,
      run,
      session: {
        id_suffix: ids.suffix,
        mark_id_suffix: markIds.suffix,
        anchor_unix_ns: String(snapshot.anchorNs),
        started_unix_ns: String(unixNs()),
        ended_unix_ns: null,
        pid,
        process_start: processStart,
        boot_id: bootId,
        thread: threadId,
        thread_name: threadName,
        kernel_thread: kernelThread,
        kernel_thread_start: kernelThreadStart,
        rank,
        ...contexts,
        sdk_version: sdkVersion,
        runtime,
        span_drop_count: 0,
        mark_drop_count: 0,
      },
      segmentBytes: Math.max(LEAST_SEGMENT_BYTES, Math.min(segmentBytes, MOST_SEGMENT_BYTES)),
      files: this.#files,
      nowMs,
    });
  }

  // Marks first: a span that is there has its marks.
  #take(kind: JournalKind, snapshot: Snapshot, isKept = kind === "spans"): void {
    const { length, closedLength } = snapshot;
    if (newMarkCount(snapshot) > 0) {
      for (let from = 0; from < length; from += BATCH_SPANS) {
        this.#writeMarks(snapshot, from, Math.min(length, from + BATCH_SPANS));
      }
    }
    for (let from = 0; from < closedLength; from += BATCH_SPANS) {
      this.#writeRows(kind, snapshot, from, Math.min(closedLength, from + BATCH_SPANS), isKept);
    }
  }

  /** @param isKept Whether what cannot be written waits. */
  #writeRows(
    kind: JournalKind,
    snapshot: Snapshot,
    from: number,
    until: number,
    isKept: boolean,
  ): boolean {
    const message = encoded(() => this.#spans.encode(snapshot, from, until));
    if (message === undefined) {
      if (until - from > 1) {
        const middle = (from + until) >> 1;
        const isFirstWritten = this.#writeRows(kind, snapshot, from, middle, isKept);
        return this.#writeRows(kind, snapshot, middle, until, isKept) && isFirstWritten;
      }
      if (isKept) this.#waiting.drop(1, 0);
      return false;
    }
    return this.#write(kind, message, isKept ? until - from : null, 0);
  }

  #writeMarks(snapshot: Snapshot, from: number, until: number): void {
    const message = encoded(() => this.#marks.encode(snapshot.id, snapshot.marks, from, until));
    if (message === null) return;
    const { first, drained } = snapshot.marks;
    let count = 0;
    for (let i = first[from]; i < first[until]; i++) count += 1 - drained[i];
    if (message !== undefined) {
      this.#write("marks", message, 0, count);
    } else if (until - from > 1) {
      const middle = (from + until) >> 1;
      this.#writeMarks(snapshot, from, middle);
      this.#writeMarks(snapshot, middle, until);
    } else this.#waiting.drop(0, count);
  }

  /** @param spanCount Null for what does not wait. */
  #write(kind: JournalKind, message: Uint8Array, spanCount: number | null, markCount: number): boolean {
    if (this.#mayWrite()) {
      const problem = this.#writer!.write(kind, message);
      if (problem === null) return true;
      this.#note(problem);
    }
    if (spanCount !== null) this.#waiting.add({ kind, message: message.slice(), spanCount, markCount });
    return false;
  }

  /** Whether nothing is in the way, as far as is known: what came before goes first. */
  #mayWrite(): boolean {
    return this.#writer !== null && this.#waiting.length === 0 && this.#options.nowMs() >= this.#retryMs;
  }

  #retry(ms: number): void {
    const { nowMs } = this.#options;
    const untilMs = nowMs() + ms;
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      const problem = this.#writer?.write(next.kind, next.message) ?? null;
      if (problem !== null) {
        this.#note(problem);
        return;
      }
      this.#waiting.takeFirst();
      if (nowMs() >= untilMs) return;
    }
  }

  #note(problem: Problem | null): void {
    if (problem === null) return;
    this.#problem = problem;
    this.#retryMs = this.#options.nowMs() + RETRY_MS;
  }

  #complain(): void {
    const problem = this.#problem;
    this.#problem = null;
    if (problem !== null) throw new Error(`The journal cannot be written: ${problem.message}`);
  }
}

function withoutUnfinished(attrs: Attrs | undefined): Attrs {
  const { [UNFINISHED]: _, ...rest } = attrs ?? {};
  return rest;
}

/** The message that `encode` makes; undefined if it would be larger than an array can be. */
function encoded<T>(encode: () => T): T | undefined {
  try {
    return encode();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What the session hangs on, and what hangs on it. */
function contextsOf(
  { id, root, foreign }: Snapshot,
  ids: IdSeries,
): SessionContexts {
  const parent = foreign?.get(root?.[0] ?? 0);
  const spanId = spanIdText(ids, id[0]);
  return parent === undefined
    ? { parent: null, context: formatTraceparent(traceIdText(ids, id[0]), spanId) }
    : {
      parent: formatTraceparent(parent.traceId, parent.spanId, parent.flags),
      context: formatTraceparent(parent.traceId, spanId, parent.flags),
    };
}
