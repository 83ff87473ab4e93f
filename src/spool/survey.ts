/**
 * One look at all files of a spool directory, whoever wrote them.
 *
 * @module
 */
import type { SpoolDirectory } from "./directory.ts";
import { SPOOL_FILE_NAME, SPOOL_TEMPORARY_NAME } from "./format.ts";
import { OldestFiles, type SpoolFile } from "./oldest_files.ts";

/** After this much time a temporary file is one of a writer that was killed: writing a file takes milliseconds. */
const STALE_MS = 3_600_000;

/** By how much another file may be newer than the moment at which the survey began, or its clock coarser. */
const LATE_MS = 5000;

/** Adds up files and lists the oldest. The caller says when to look at which name. */
export class Survey {
  /** Bytes of the files looked at. */
  bytes = 0;
  readonly oldest: OldestFiles = new OldestFiles();
  /** Files that this process writes while the survey goes on: they may be found or not, and count once. */
  readonly written: Map<string, SpoolFile> = new Map();
  readonly #directory: SpoolDirectory;
  readonly #nowMs: number;

  /**
   * @param nowMs The time by the clock of the file system. It is what its files are dated by, so a file from later is from before
   * that clock was set back: older than all others, whatever it says.
   */
  constructor(directory: SpoolDirectory, nowMs: number) {
    this.#directory = directory;
    this.#nowMs = nowMs;
  }

  /** Looks at what has this name. */
  look(name: string): void {
    const isTemporary = SPOOL_TEMPORARY_NAME.test(name);
    if (!isTemporary && !SPOOL_FILE_NAME.test(name)) return;
    const file = this.written.has(name) ? null : this.#directory.find(name);
    if (file === null) return;
    if (!isTemporary) this.oldest.offer(this.#dated(file));
    else if (Math.abs(this.#nowMs - file.writtenMs) > STALE_MS && this.#directory.remove(name) !== "kept") {
      return;
    }
    this.bytes += file.size;
  }

  // Not by name: a name has the writer's own idea of time, which stands still while the machine sleeps, and which no setting
  // of the clock reaches before its next session.
  #dated(file: SpoolFile): SpoolFile {
    if (file.writtenMs <= this.#nowMs + LATE_MS) return file;
    return { ...file, writtenMs: file.writtenMs - Number.MAX_SAFE_INTEGER };
  }
}
