/**
 * Keeps the folder of all runs within a bound: the oldest segments of runs that have ended go first, then the oldest that this
 * process has ended itself. Those of other processes that run are theirs.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { BoundedFiles, type FilePlace, type Survey } from "../spool/bounded_files.ts";
import { OwnDirectory, type Removal } from "../spool/directory.ts";
import { namesIn, namesNowIn } from "../spool/directory_names.ts";
import { dated, type DatedFile, OldestFiles } from "../spool/oldest_files.ts";
import { parseSegmentName, RUN_NAME, SESSION_FILE, THREAD_NAME } from "./format.ts";
import { livenessOf, PROCESSES, type ProcessTable } from "./liveness.ts";
import { readSession } from "./run_folder.ts";

/** A run that wrote nothing for so long, and whose process is not here, has ended: on another machine it would have written. */
const QUIET_MS = 3_600_000;

/** What is written down of the folder of all runs. */
export class JournalFiles {
  readonly #place: JournalPlace;
  readonly #files: BoundedFiles;

  /**
   * @param directory The folder of all runs.
   * @param nowMs A clock that never goes back, in milliseconds.
   */
  constructor(
    directory: string,
    maxBytes: number,
    nowMs: () => number,
    processes: ProcessTable = PROCESSES,
  ) {
    this.#place = new JournalPlace(directory, processes);
    this.#files = new BoundedFiles(this.#place, maxBytes, nowMs);
  }

  /** Bytes in the folder, as far as known. */
  get bytes(): number {
    return this.#files.bytes;
  }

  /** Segments evicted. */
  get evictCount(): number {
    return this.#place.evictCount;
  }

  /** The folder is another one than before: nothing is known of it. */
  forget(): void {
    this.#place.look();
    this.#place.ended.clear();
    this.#place.writtenBytes = 0;
    this.#files.forget();
  }

  /** Notes what the clock of the file system says now. */
  date(writtenMs: number): void {
    this.#files.date(writtenMs);
  }

  /** Counts bytes of a segment that is being written. */
  grow(bytes: number): void {
    this.#place.writtenBytes += bytes;
    this.#files.grow(bytes);
  }

  /** Takes back what was counted of a segment that is gone. */
  lose(bytes: number): void {
    this.#place.writtenBytes -= bytes;
    this.#files.grow(-bytes);
  }

  /** Notes a segment of this process that has ended. */
  release(run: string, thread: number, file: DatedFile): void {
    const ended = { ...file, name: `${run}/${thread}/${file.name}` };
    this.#place.writtenBytes -= file.size;
    this.#place.ended.set(ended.name, ended);
    this.#files.release(ended);
  }

  /** Names a folder that this process writes to. */
  own(run: string, thread: number): void {
    this.#place.own.add(`${run}/${thread}`);
  }

  /** Ends what is under way. Where the bound is known to be passed, it is kept at once. */
  finish(lot: number): void {
    this.#files.finish(lot);
  }
}

class JournalPlace implements FilePlace {
  /** Folders that this process writes to: `<run>/<thread>`. */
  readonly own = new Set<string>();
  /** Segments that this process has ended, by name. */
  readonly ended = new Map<string, DatedFile>();
  /** Bytes of those that it writes to. */
  writtenBytes = 0;
  evictCount = 0;
  readonly #directory: OwnDirectory;
  readonly #processes: ProcessTable;

  constructor(directory: string, processes: ProcessTable) {
    this.#directory = new OwnDirectory(directory, "Journal directory");
    this.#processes = processes;
  }

  /** Looks at the folder that is there. */
  look(): void {
    this.#directory.open();
  }

  isSame(): boolean {
    return this.#directory.isSame();
  }

  remove(name: string): Removal {
    this.ended.delete(name);
    const [run, thread] = name.split("/");
    // What somebody has put there instead of a folder of ours leads elsewhere.
    if (!this.#isFolder(run) || !this.#isFolder(`${run}/${thread}`)) return "gone";
    const removal = this.#directory.remove(name);
    const isSession = name.endsWith(`/${SESSION_FILE}`);
    if (removal === "removed" && !isSession) this.evictCount++;
    if (isSession || this.#directory.find(`${run}/${thread}/${SESSION_FILE}`) === null) {
      this.#removeFolders(run, thread);
    }
    return removal;
  }

  async *names(): AsyncIterable<string> {
    for await (const run of namesIn(this.#directory.path)) yield* this.#threadsOf(run);
  }

  *namesNow(): Iterable<string> {
    for (const run of namesNowIn(this.#directory.path)) yield* this.#threadsOf(run);
  }

  survey(nowMs: number): Survey {
    return new JournalSurvey(this, this.#directory, nowMs, this.#processes);
  }

  // A folder that is a link has no threads: nothing behind it is ours.
  #threadsOf(run: string): string[] {
    if (!RUN_NAME.test(run) || !this.#isFolder(run)) return [];
    try {
      return node.fs.readdirSync(node.path.join(this.#directory.path, run)).filter(name =>
        THREAD_NAME.test(name)
      ).map(name => `${run}/${name}`);
    } catch {
      return [];
    }
  }

  #isFolder(name: string): boolean {
    try {
      return node.fs.lstatSync(node.path.join(this.#directory.path, name)).isDirectory();
    } catch {
      return false;
    }
  }

  // Only what is empty goes.
  #removeFolders(run: string, thread: string): void {
    for (const folder of [`${run}/${thread}`, run]) {
      try {
        node.fs.rmdirSync(node.path.join(this.#directory.path, folder));
      } catch {
        return;
      }
    }
  }
}

/** Adds up the files of all threads, and lists the oldest of those that have ended. */
class JournalSurvey implements Survey {
  bytes: number;
  readonly oldest: OldestFiles = new OldestFiles();
  readonly written: Map<string, DatedFile>;
  readonly #place: JournalPlace;
  readonly #directory: OwnDirectory;
  readonly #nowMs: number;
  readonly #processes: ProcessTable;

  constructor(place: JournalPlace, directory: OwnDirectory, nowMs: number, processes: ProcessTable) {
    this.#place = place;
    this.#directory = directory;
    this.#nowMs = nowMs;
    this.#processes = processes;
    this.bytes = place.writtenBytes;
    this.written = new Map(place.ended);
  }

  look(name: string): void {
    if (this.#place.own.has(name)) return;
    const folder = node.path.join(this.#directory.path, name);
    const files = this.#filesOf(name, folder);
    if (files.length === 0) return;
    for (const { size } of files) this.bytes += size;
    const newestMs = Math.max(...files.map(({ writtenMs }) => writtenMs));
    if (!this.#hasEnded(name, folder, newestMs)) return;
    for (const file of files) {
      // A session's file goes last: without it nobody knows whose segments these are.
      const isLast = file.name.endsWith(SESSION_FILE);
      this.oldest.offer(dated(isLast ? { ...file, writtenMs: newestMs + 1 } : file, this.#nowMs));
    }
  }

  #filesOf(name: string, folder: string): DatedFile[] {
    try {
      if (!node.fs.lstatSync(folder).isDirectory()) return [];
      return node.fs.readdirSync(folder)
        .filter(file =>
          file === SESSION_FILE || file === `${SESSION_FILE}.tmp` || parseSegmentName(file) !== null
        )
        .map(file => this.#directory.find(`${name}/${file}`)).filter(file => file !== null);
    } catch {
      return [];
    }
  }

  #hasEnded(name: string, folder: string, newestMs: number): boolean {
    const isQuiet = Math.abs(this.#nowMs - newestMs) > QUIET_MS;
    const pid = name.slice(name.indexOf("-") + 1, name.indexOf("/"));
    // Of most old runs this is all that has to be looked at.
    if (isQuiet && this.#processes.read(`${pid}/stat`) === null) return true;
    const session = readSession(folder);
    if (session === null) return isQuiet;
    const liveness = livenessOf(session, this.#processes);
    if (liveness === "running") return false;
    if (liveness === "ended") return true;
    const isHere = session.boot_id !== null
      && this.#processes.read("sys/kernel/random/boot_id")?.trim() === session.boot_id;
    return isQuiet || (liveness === "unfinished" && isHere);
  }
}
