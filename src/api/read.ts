// deno-lint-ignore-file camelcase -- counts are data that leaves the process, as in health()
/**
 * Reads traces back from the files of a spool, also those of other processes and of the Python package.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { printable } from "../data/printable.ts";
import { node } from "../runtime/builtins.ts";
import { isReadable } from "../runtime/permissions.ts";
import { defaultSpoolDirectory } from "../session/environment.ts";
import { parseExact } from "../spool/exact_json.ts";
import { SPOOL_FILE_NAME } from "../spool/format.ts";
import { closedOnly, mergeFiles, type ParsedFile, type SpoolRows } from "../spool/merge.ts";
import { host } from "./shared.ts";
import { trace, type TraceFunction } from "./trace.ts";

/** What the files of a spool hold, as of the moment they were read. */
export interface SpoolTrace {
  /**
   * Reads what the files hold, like the package's `trace()`: the same formats and filters. With `open: true` also spans
   * that are in no file but that marks or children refer to, named `(open)` since their names are not known, and marks made
   * outside any scope, under `root`.
   */
  readonly trace: TraceFunction;
  /** Files that were read. */
  readonly file_count: number;
  /** Files left out: not readable, over 512 MiB, damaged, or of another version of the format. */
  readonly skipped_file_count: number;
  /** Closed spans, in all processes, and sessions without an end. */
  readonly span_count: number;
  /** Marks, also those whose span is in no file. */
  readonly mark_count: number;
  /** Spans and marks left out of the files that were read: a field is missing, has the wrong type or is out of range. */
  readonly skipped_row_count: number;
  /**
   * Sessions whose end is in no file: a process or worker that still runs, or that was killed or terminated. Theirs is the
   * attribute `cirron.unfinished`, the printed tree says `unfinished`, and they reach to the last that is known of their thread.
   */
  readonly unfinished_count: number;
  /** Processes that wrote spans: different pairs of `pid` and `rank`. */
  readonly process_count: number;
}

/**
 * Reads all files of a spool directory, oldest first, into one trace: spans of several processes and ranks together, a
 * span or mark that is there twice counted once. Synchronous; 100 MB take 1 to 2 s and 200 to 400 MB of memory. Files
 * that vanish meanwhile are no error; those that cannot be used are counted, and one warning on stderr says how many there
 * are and what is wrong with the first. Writes nothing to disk and never prompts.
 *
 * @param directory Where the files are; by default where `profile()` puts them by default.
 * @returns The trace and how much of the spool it is.
 * @throws {TypeError} If `directory` is not a string, or empty.
 * @throws {CirronError} If there is no such directory, it cannot be listed, or Deno does not permit reading it.
 *
 * @example Look into a spool
 * ```ts
 * import { readSpool } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 *
 * const directory = mkdtempSync(`${tmpdir()}/spool-`);
 * const spool = readSpool(directory);
 * assertEquals(spool.trace({ format: "dict" }), { roots: [], span_count: 0 });
 * assertEquals(spool.skipped_file_count, 0);
 * rmSync(directory, { recursive: true });
 * ```
 */
export function readSpool(directory?: string | null): SpoolTrace {
  directory ??= defaultSpoolDirectory();
  const names = list(directory);
  const rows = mergeFiles(readFiles(directory, names));
  warnOfSkipped(rows);
  const { snapshot } = rows;
  const context = host.traceContext((_last, open) => open ? snapshot : closedOnly(snapshot));
  return {
    trace: (options => trace(context, options)) as TraceFunction,
    file_count: rows.fileCount,
    skipped_file_count: rows.skippedFileCount,
    span_count: rows.spanCount,
    mark_count: rows.markCount,
    skipped_row_count: rows.skippedRowCount,
    unfinished_count: rows.unfinishedCount,
    process_count: rows.processCount,
  };
}

function list(directory: string): string[] {
  if (typeof directory !== "string" || directory === "") {
    const got = directory === "" ? "an empty string" : kindOf(directory);
    throw new TypeError(`Cannot read the spool: directory must be a path, got ${got}`);
  }
  const failure = `Cannot read the spool ${quote(directory)}`;
  if (!isReadable(directory)) throw new CirronError(`${failure}: Deno needs --allow-read for it`);
  try {
    return node.fs.readdirSync(directory).filter(name => SPOOL_FILE_NAME.test(name)).sort();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (code === "ENOENT") throw new CirronError(`${failure}: there is no such directory`, { cause });
    if (code === "ENOTDIR") throw new CirronError(`${failure}: it is not a directory`, { cause });
    throw new CirronError(`${failure}: it cannot be listed (${code})`, { cause });
  }
}

// V8 makes no longer string, and would only say so after reading them.
const MAX_FILE_BYTES = 1 << 29;

/** The files, parsed one at a time; nothing for one that is gone. */
export function* readFiles(directory: string, names: readonly string[]): Generator<ParsedFile> {
  for (const name of names) {
    let content: unknown = null;
    let failure: string | null = null;
    try {
      const path = node.path.join(directory, name);
      const found = node.fs.lstatSync(path);
      // Opening a pipe would wait for its writer, and a link may lead to where Deno has to ask.
      if (!found.isFile()) failure = "is no regular file";
      else if (found.size > MAX_FILE_BYTES) failure = "is over 512 MiB";
      else content = parseExact(node.fs.readFileSync(path, "utf8"));
    } catch (error) {
      const { code, name: kind } = error as { code?: unknown; name?: unknown };
      if (code === "ENOENT") continue; // evicted since it was listed
      failure = error instanceof SyntaxError ? "is not JSON" : `cannot be read (${code ?? kind})`;
    }
    yield { name, content, failure };
  }
}

/** Says that files were skipped, in one line. */
function warnOfSkipped({ fileCount, skippedFileCount, firstSkipped }: SpoolRows): void {
  if (firstSkipped === null) return;
  const { name, reason } = firstSkipped;
  const all = fileCount + skippedFileCount;
  const line =
    `[cirron] readSpool() skipped ${skippedFileCount} of ${all} files; the first is ${name}: it ${reason}`;
  try {
    console.warn(printable(line));
  } catch {
    // A console that throws must not cost the trace; skipped_file_count has the count.
  }
}
