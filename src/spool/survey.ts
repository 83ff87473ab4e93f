/**
 * A spool directory as a place whose files are kept within a bound.
 *
 * @module
 */
import type { FilePlace, Survey } from "./bounded_files.ts";
import type { Removal, SpoolDirectory } from "./directory.ts";
import { namesIn, namesNowIn } from "./directory_names.ts";
import { SPOOL_FILE_NAME, SPOOL_TEMPORARY_NAME } from "./format.ts";
import { dated, type DatedFile, OldestFiles } from "./oldest_files.ts";

/** After this much time a temporary file is one of a writer that was killed: writing a file takes milliseconds. */
const STALE_MS = 3_600_000;

/** The files of one spool directory. */
export class SpoolPlace implements FilePlace {
  readonly #directory: SpoolDirectory;

  constructor(directory: SpoolDirectory) {
    this.#directory = directory;
  }

  /** As the directory says. */
  isSame(): boolean {
    return this.#directory.isSame();
  }

  /** As the directory does. */
  remove(name: string): Removal {
    return this.#directory.remove(name);
  }

  /** The names in the directory. */
  names(): AsyncIterable<string> {
    return namesIn(this.#directory.path);
  }

  /** The same at once. */
  namesNow(): Iterable<string> {
    return namesNowIn(this.#directory.path);
  }

  /** Begins a survey. */
  survey(nowMs: number): Survey {
    return new SpoolSurvey(this.#directory, nowMs);
  }
}

/** Adds up files and lists the oldest. The caller says when to look at which name. */
class SpoolSurvey implements Survey {
  bytes = 0;
  readonly oldest: OldestFiles = new OldestFiles();
  readonly written: Map<string, DatedFile> = new Map();
  readonly #directory: SpoolDirectory;
  readonly #nowMs: number;

  constructor(directory: SpoolDirectory, nowMs: number) {
    this.#directory = directory;
    this.#nowMs = nowMs;
  }

  look(name: string): void {
    const isTemporary = SPOOL_TEMPORARY_NAME.test(name);
    if (!isTemporary && !SPOOL_FILE_NAME.test(name)) return;
    const file = this.written.has(name) ? null : this.#directory.find(name);
    if (file === null) return;
    if (!isTemporary) this.oldest.offer(dated(file, this.#nowMs));
    else if (Math.abs(this.#nowMs - file.writtenMs) > STALE_MS && this.#directory.remove(name) !== "kept") {
      return;
    }
    this.bytes += file.size;
  }
}
