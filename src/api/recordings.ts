/**
 * What files of spools and journals hold, as one.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import { JournalRecorder, type SkippedFile } from "../journal/recorder.ts";
import { openClock } from "../meters/clock.ts";
import { node } from "../runtime/builtins.ts";
import { mergeFiles, type ParsedFile, parseFile, type RawFile, type SpoolRows } from "../spool/merge.ts";
import { mergeSnapshots } from "../tree/merge_snapshots.ts";
import { closedOnly, newestRows } from "../tree/newest_rows.ts";
import { ReadMemory } from "./read_memory.ts";
import type { RecordedFiles, SpoolFiles } from "./recorded_files.ts";

/** How it is read. */
export interface RecordingsOptions {
  /** Told of each file of a spool. */
  readonly onFile?: (file: ParsedFile) => void;
  /** Told how far reading has come. */
  readonly onProgress?: (done: number, total: number) => void;
  /** The system's clock; by default the process's own. */
  readonly unixNs?: () => bigint;
  /** Whether the recorders are known to run; undefined to find out. */
  readonly areRunning?: boolean;
  /** What is open in a recorder of this thread. */
  readonly live?: Snapshot;
}

/** All rows, and how many are none. */
interface Whole {
  readonly snapshot: Snapshot;
  readonly damagedRows: number;
}

/**
 * Files as of the moment at which this was made. Those of spools are read then; of journals no more than which rows there are, and the
 * rows themselves when they are asked for.
 */
export class Recordings {
  readonly spool: SpoolRows;
  readonly recorders: readonly JournalRecorder[];
  readonly skipped: readonly SkippedFile[];
  #whole: Whole | null = null;

  constructor({ spools, recorders, segments }: RecordedFiles, options: RecordingsOptions = {}) {
    const names = spools.reduce((sum, { names }) => sum + names.length, 0);
    const total = names + recorders.length + segments.length;
    let done = 0;
    const tell = () => options.onProgress?.(done++, total);
    this.spool = mergeFiles(spoolFiles(spools, options.onFile, tell));
    const unixNs = options.unixNs ?? (() => openClock().unixNs());
    this.recorders = [
      ...recorders.map(path => () =>
        JournalRecorder.inFolder(path, unixNs, options.areRunning, options.live)
      ),
      ...segments.map(({ path, kind }) => () => JournalRecorder.inFile(path, kind)),
    ].map(open => {
      tell();
      return open();
    });
    const { firstSkipped } = this.spool;
    this.skipped = [
      ...(firstSkipped === null ? [] : [firstSkipped]),
      ...this.recorders.flatMap(({ skipped }) => skipped),
    ];
  }

  /** Files that were read. */
  get fileCount(): number {
    return this.spool.fileCount + this.recorders.reduce((sum, { fileCount }) => sum + fileCount, 0);
  }

  /** Files that were not. */
  get skippedFileCount(): number {
    return this.spool.skippedFileCount
      + this.recorders.reduce((sum, { skipped }) => sum + skipped.length, 0);
  }

  /** Everything; read once. */
  get whole(): Whole {
    return this.#whole ??= this.#read(Infinity);
  }

  /** The newest closed spans, and the open ones if asked. Where a spool is, all it holds: it was read already. */
  read(last: number, open: boolean): Snapshot {
    const isNear = last !== Infinity && this.#whole === null && this.spool.spanCount === 0;
    const snapshot = isNear ? newestRows(this.#read(last).snapshot, last) : this.whole.snapshot;
    return open ? snapshot : closedOnly(snapshot);
  }

  #read(last: number): Whole {
    const parts: Snapshot[] = this.spool.snapshot.length > 0 ? [this.spool.snapshot] : [];
    let damagedRows = this.spool.skippedRowCount;
    for (const recorder of this.recorders) {
      if (recorder.isEmpty) continue;
      const read = recorder.read(last);
      parts.push(read.snapshot);
      damagedRows += read.damagedRows;
    }
    return { snapshot: parts.length === 0 ? this.spool.snapshot : mergeSnapshots(parts), damagedRows };
  }
}

// V8 makes no longer string, and would only say so after reading them.
const MAX_FILE_BYTES = 1 << 29;

/** The files of spools, one at a time, whose bytes hold until the next one; nothing for one that is gone. */
export function* readFiles(spools: readonly SpoolFiles[]): Generator<RawFile | ParsedFile> {
  const memory = new ReadMemory();
  for (const { directory, names } of spools) {
    for (const name of names) {
      const file = readFile(directory, name, memory);
      if (file !== null) yield file;
    }
  }
}

function* spoolFiles(
  spools: readonly SpoolFiles[],
  onFile: RecordingsOptions["onFile"],
  tell: () => void,
): Generator<RawFile | ParsedFile> {
  for (const file of readFiles(spools)) {
    if (onFile === undefined) yield file;
    else {
      const parsed = "bytes" in file ? parseFile(file) : file;
      onFile(parsed);
      yield parsed;
    }
    tell();
  }
}

function readFile(directory: string, name: string, memory: ReadMemory): RawFile | ParsedFile | null {
  let failure: string;
  try {
    const path = node.path.join(directory, name);
    const found = node.fs.lstatSync(path);
    // Opening a pipe would wait for its writer, and a link may lead to where Deno has to ask.
    if (!found.isFile()) failure = "is no regular file";
    else if (found.size > MAX_FILE_BYTES) failure = "is over 512 MiB";
    else return { name, bytes: memory.read(path, found.size) };
  } catch (error) {
    const { code, name: kind } = error as { code?: unknown; name?: unknown };
    if (code === "ENOENT") return null; // evicted since it was listed
    failure = `cannot be read (${code ?? kind})`;
  }
  return { name, content: null, failure };
}

/** What was skipped, in words that follow who skipped it; null if nothing was. */
export function skippedText({ fileCount, skippedFileCount, skipped: [first] }: Recordings): string | null {
  if (first === undefined) return null;
  const all = fileCount + skippedFileCount;
  return `skipped ${skippedFileCount} of ${all} files; the first is ${first.name}: it ${first.reason}`;
}
