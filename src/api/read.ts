// deno-lint-ignore-file camelcase -- counts are data that leaves the process, as in health()
/**
 * Reads traces back from files: the journals and spools of this and other processes, and of the Python package.
 *
 * @module
 */
import { kindOf } from "../data/arguments.ts";
import { printable } from "../data/printable.ts";
import { findRecorded } from "./recorded_files.ts";
import { Recordings, skippedText } from "./recordings.ts";
import { host } from "./shared.ts";
import { trace, type TraceFunction } from "./trace.ts";

/** What files hold, as of the moment they were read. */
export interface ReadTrace {
  /**
   * Reads what the files hold, like the package's `trace()`: the same formats and filters. Of a journal `last` and `roots` read the
   * newest spans alone. What was open in a thread or process that never finished is shown too, `unfinished`. With `open: true` also
   * what is open in those that run, spans that are in no file but that marks or children refer to, named `(open)` since their
   * names are not known, and marks made outside any scope, under `root`.
   */
  readonly trace: TraceFunction;
  /** Files that were read. */
  readonly file_count: number;
  /** Files left out: not readable, over 512 MiB, damaged, or of another version of the format. */
  readonly skipped_file_count: number;
  /** Files of journals of which a part was read: the last write was cut off, or what follows is damaged. */
  readonly torn_file_count: number;
  /** Closed spans, in all processes, and spans and sessions without an end. The first to ask for a count reads all rows. */
  readonly span_count: number;
  /** Marks, also those whose span is in no file. */
  readonly mark_count: number;
  /** Spans and marks left out of the files that were read: a field is missing, has the wrong type or is out of range. */
  readonly skipped_row_count: number;
  /**
   * Sessions whose end is in no file: of a spool, those of a process or worker that still runs, or that was killed or terminated; of a
   * journal only those that do not run, as far as that can be told. The attribute `cirron.unfinished` says so, on the session's span and
   * in a journal on each that was open; the printed tree says `unfinished`, and they reach to the last that is known of their thread.
   */
  readonly unfinished_count: number;
  /** Threads whose journal is being written. In Deno only `--allow-all` can tell them from those that were killed. */
  readonly running_count: number;
  /** Processes that wrote spans: different pairs of `pid` and `rank`. */
  readonly process_count: number;
}

/** What `readSpool()` gives: see {@link ReadTrace}. */
export type SpoolTrace = ReadTrace;

/**
 * Reads what programs have recorded, whole or while they run, into one trace: spans of several threads, processes and ranks
 * together, a span or mark that is there twice counted once. A span that continues another's trace (a worker's, a child process's,
 * a request's) hangs under the one it continues, if that is there too.
 *
 * Synchronous. A journal is looked through at once, and its rows are read when `trace()` needs them, as far as they were there: a
 * million spans take about a second and 150 MB. A spool of JSON is read at once: 100 MB take 1 to 2 s and 200 to 400 MB of memory.
 * Files that vanish meanwhile are no error; those that cannot be used are counted, and one warning on stderr says how many there
 * are and what is wrong with the first. Writes nothing to disk and never prompts.
 *
 * @param paths One or several of: a folder of journals, one run in it, one thread's folder in that, a directory of a spool, a `.cirron`
 * that holds both, the directory that that lies in, or a file of any of these. By default where `profile()` writes by default.
 * @returns The trace and how much there is of it.
 * @throws {TypeError} If a path is not a string, or empty.
 * @throws {CirronError} If there is nothing at a path, or something else, it cannot be listed, or Deno does not permit reading it.
 *
 * @example Look into what was recorded
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 *
 * const outputDir = mkdtempSync(`${tmpdir()}/journal-`);
 * ci.profile({ output: "journal", outputDir });
 * ci.scope("request", () => ci.mark("bytes", 512));
 * ci.shutdown();
 *
 * const { trace, span_count } = ci.read(outputDir);
 * assertEquals(span_count, 2); // and the session
 * const [request] = trace({ name: "request", format: "dict" }).roots;
 * assertEquals(request.marks.map(({ name, value }) => [name, value]), [["bytes", 512]]);
 * rmSync(outputDir, { recursive: true });
 * ```
 */
export function read(paths?: string | readonly string[] | null): ReadTrace {
  const recordings = new Recordings(findRecorded(pathsOf(paths)));
  warnOfSkipped(recordings);
  const { spool, recorders } = recordings;
  const context = { ...host.traceContext((last, open) => recordings.read(last, open)), isDear: true };
  const inState = (state: string) => recorders.filter(recorder => recorder.state === state).length;
  return {
    trace: (options => trace(context, options)) as TraceFunction,
    file_count: recordings.fileCount,
    skipped_file_count: recordings.skippedFileCount,
    torn_file_count: recorders.reduce((sum, { tornCount }) => sum + tornCount, 0),
    get span_count(): number {
      const ofSpool = spool.snapshot.closedLength;
      return spool.spanCount + recordings.whole.snapshot.closedLength - ofSpool;
    },
    get mark_count(): number {
      return recorders.length === 0 ? spool.markCount : recordings.whole.snapshot.marks.name.length;
    },
    get skipped_row_count(): number {
      return recordings.whole.damagedRows;
    },
    unfinished_count: spool.unfinishedCount + inState("unfinished"),
    running_count: inState("running"),
    process_count: spool.processCount
      + new Set(recorders.map(({ thread: { pid, rank } }) => `${pid} ${rank}`)).size,
  };
}

/**
 * The same as {@link read}, under the name that it had when there were only spools.
 *
 * @example Count what a directory holds
 * ```ts
 * import { readSpool } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 *
 * const directory = mkdtempSync(`${tmpdir()}/spool-`);
 * const spool = readSpool(directory);
 * assertEquals([spool.file_count, spool.span_count], [0, 0]);
 * rmSync(directory, { recursive: true });
 * ```
 */
export const readSpool: typeof read = read;

function pathsOf(paths: string | readonly string[] | null | undefined): readonly string[] {
  if (paths === null || paths === undefined) return [];
  if (typeof paths === "string") return [paths];
  if (Array.isArray(paths) && paths.length > 0) return paths;
  const got = Array.isArray(paths) ? "an empty list" : kindOf(paths);
  throw new TypeError(`Cannot read: paths must be a path or a list of paths, got ${got}`);
}

/** Says that files were skipped, in one line. */
function warnOfSkipped(recordings: Recordings): void {
  const skipped = skippedText(recordings);
  if (skipped === null) return;
  try {
    console.warn(printable(`[cirron] read() ${skipped}`));
  } catch {
    // A console that throws must not cost the trace; skipped_file_count has the count.
  }
}
