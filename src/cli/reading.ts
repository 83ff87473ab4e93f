/**
 * What the directories that a command is given hold. All commands read through this one function.
 *
 * @module
 */
import { Host } from "../api/host.ts";
import { listFiles, readFiles, skippedText } from "../api/read.ts";
import { readEnough } from "../api/read_enough.ts";
import { trace, type TraceFunction } from "../api/trace.ts";
import { checkTraceOptions, type TraceOptions } from "../api/trace_options.ts";
import { printable } from "../data/printable.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { defaultSpoolDirectory } from "../session/environment.ts";
import { closedOnly, mergeFiles, type ParsedFile, type SpoolRows } from "../spool/merge.ts";
import { findSessions, type Sessions } from "../tree/sessions.ts";
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
  readonly sessions: () => Sessions;
  /** All spans, also those that are open as far as anybody knows. */
  readonly tree: () => Tree;
}

/** How a command reads. */
export interface ReadOptions {
  /** Told of each file that is read. */
  readonly onFile?: (file: ParsedFile) => void;
  /** Told how far it has come; null if nobody looks. */
  readonly progress?: Progress | null;
}

/** The directories to look into: those given, or where `profile()` writes by default. */
export function directoriesOf(operands: readonly string[]): readonly string[] {
  return operands.length > 0 ? operands : [defaultSpoolDirectory()];
}

/**
 * Reads all that the directories hold, as one.
 * @throws {CirronError} If one is not there, or cannot be listed, or may not be read.
 */
export function readRecorded(
  directories: readonly string[],
  io: Io,
  options: ReadOptions = {},
): Recorded {
  // Listed before anything is read: a wrong name should not cost the reading of the others.
  const listed = directories.map(directory => ({ directory, names: listFiles(directory) }));
  const rows = mergeFiles(filesOf(listed, options));
  options.progress?.end();
  complainOfSkipped(rows, io);
  const { snapshot } = rows;
  const read = (_last: number, open: boolean): Snapshot => open ? snapshot : closedOnly(snapshot);
  const host = new Host({ read, frameEngine: null }, {
    print: text => io.write(`${text}\n`),
    isNotebook: () => false,
    terminal: io.terminal,
  });
  const context = host.traceContext(read);
  const tree = (): Tree => buildTree(snapshot);
  return {
    trace: (options => trace(context, options)) as TraceFunction,
    count: given => {
      const options = checkTraceOptions({ ...given, format: "dict" }, ["dict"]);
      return buildTree(readEnough(read, options, false), options).rows.length;
    },
    sessions: () => findSessions(tree()),
    tree,
  };
}

function* filesOf(
  listed: readonly { readonly directory: string; readonly names: readonly string[] }[],
  { onFile, progress }: ReadOptions,
): Generator<ParsedFile> {
  const total = listed.reduce((sum, { names }) => sum + names.length, 0);
  let done = 0;
  for (const { directory, names } of listed) {
    for (const file of readFiles(directory, names)) {
      onFile?.(file);
      progress?.update("Reading files", done++, total);
      yield file;
    }
  }
}

function complainOfSkipped(rows: SpoolRows, io: Io): void {
  const skipped = skippedText(rows);
  if (skipped !== null) io.complain(`cirron: ${printable(skipped)}`);
}
