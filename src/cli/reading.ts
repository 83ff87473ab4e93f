/**
 * What the directories that a command is given hold. All commands read through this one function.
 *
 * @module
 */
import { Host } from "../api/host.ts";
import { readEnough } from "../api/read_enough.ts";
import { findRecorded } from "../api/recorded_files.ts";
import { sessionsOf } from "../api/recorded_sessions.ts";
import { Recordings, type RecordingsOptions, skippedText } from "../api/recordings.ts";
import { trace, type TraceFunction } from "../api/trace.ts";
import { checkTraceOptions, type TraceOptions } from "../api/trace_options.ts";
import { printable } from "../data/printable.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { ParsedFile } from "../spool/merge.ts";
import type { SessionRow } from "../tree/sessions.ts";
import { buildTree, type Tree } from "../tree/tree.ts";
import type { Io } from "./io.ts";
import type { Progress } from "./progress.ts";

/** What was recorded, read back. */
export interface Recorded {
  /** As the package's `trace()`; what it prints goes to the command's stdout. */
  readonly trace: TraceFunction;
  /** How many spans `trace()` would find. */
  readonly count: (options: TraceOptions) => number;
  /** The sessions that the spans are of. */
  readonly sessions: () => readonly SessionRow[];
  /** All spans, also those that are open as far as anybody knows. */
  readonly tree: () => Tree;
}

/** How a command reads. */
export interface ReadOptions {
  /** Told of each file that is read. */
  readonly onFile?: (file: ParsedFile) => void;
  /** Told how far it has come; null if nobody looks. */
  readonly progress?: Progress | null;
  /** How many sessions are asked for, those of the runs that began last; all if it is left out. */
  readonly last?: number;
}

/**
 * Reads all that the paths hold, as one; without any, where `profile()` writes by default.
 * @throws {CirronError} If one is not there, or cannot be listed, or may not be read.
 */
export function readRecorded(
  paths: readonly string[],
  io: Io,
  options: ReadOptions = {},
): Recorded {
  // Listed before anything is read: a wrong name should not cost the reading of the others.
  const recordings = new Recordings(findRecorded(paths, options.last), recordingsOptions(options));
  options.progress?.end();
  complainOfSkipped(recordings, io);
  // A command asks twice: for what it shows, and for how much that is.
  const known = new Map<string, Snapshot>();
  const read = (last: number, open: boolean): Snapshot => {
    const key = `${last} ${open}`;
    const snapshot = known.get(key) ?? recordings.read(last, open);
    known.set(key, snapshot);
    return snapshot;
  };
  const host = new Host({ read, frameEngine: null }, {
    print: text => io.write(`${text}\n`),
    isNotebook: () => false,
    terminal: io.terminal,
  });
  const context = { ...host.traceContext(read), isDear: true };
  const tree = (): Tree => buildTree(recordings.whole.snapshot);
  return {
    trace: (options => trace(context, options)) as TraceFunction,
    count: given => {
      const options = checkTraceOptions({ ...given, format: "dict" }, ["dict"]);
      return buildTree(readEnough(read, options, false), options).rows.length;
    },
    sessions: () => sessionsOf(recordings),
    tree,
  };
}

/** How a command has its recordings read. */
export function recordingsOptions({ onFile, progress }: ReadOptions): RecordingsOptions {
  return { onFile, onProgress: (done, total) => progress?.update("Reading files", done, total) };
}

/** Says which files were left out, if any were. */
export function complainOfSkipped(recordings: Recordings, io: Io): void {
  const skipped = skippedText(recordings);
  if (skipped !== null) io.complain(`cirron: ${printable(skipped)}`);
}
