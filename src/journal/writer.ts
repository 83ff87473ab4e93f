/**
 * The files of one recorder: its folder, its segments, its `session.json`.
 *
 * All of it is synchronous, and nothing throws: what could not be written is a problem that comes back, and the rows stay
 * with whoever gave them. The folder may be removed, renamed or replaced while the program runs; that is looked at ten times
 * a second, and no link is followed that stands in its place.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { OwnDirectory } from "../spool/directory.ts";
import { encodeSchema, type StreamMetadata } from "./encode.ts";
import { type JournalKind, segmentName, SESSION_FILE, THREAD_NAME } from "./format.ts";
import type { JournalFiles } from "./journal_files.ts";
import { isProblem, type Problem, problemOf } from "./problem.ts";
import { Segment } from "./segment.ts";
import { encodeSession, type SessionInfo } from "./session_file.ts";

/** Milliseconds after which it is looked whether the files are still there. */
const LOOK_MS = 100;

/** Names that may be taken before giving up. */
const TAKEN_NAMES = 100;

/** What the writer needs from above. */
export interface JournalOptions {
  /** The folder of all runs. */
  readonly directory: string;
  /** `<start, 20 digits>-<pid>`. */
  readonly run: string;
  /** Without the end. */
  readonly session: SessionInfo;
  /** A segment ends before it would be larger. */
  readonly segmentBytes: number;
  /** What keeps the folder of all runs within its bound; null if that is not this thread's business. */
  readonly files: JournalFiles | null;
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
}

/** Writes the streams of one recorder. No method throws. */
export class JournalWriter {
  /** Bytes written. */
  bytes = 0;
  /** Times that the folder was gone and was made anew. */
  remakeCount = 0;
  readonly #options: JournalOptions;
  readonly #metadata: StreamMetadata;
  readonly #folder: OwnDirectory;
  readonly #run: OwnDirectory;
  readonly #base: OwnDirectory;
  readonly #segments: Partial<Record<JournalKind, Segment>> = {};
  /** Numbers of the segments to come. */
  readonly #next: Record<JournalKind, number> = { spans: 0, marks: 0, opens: 0 };
  #session: SessionInfo;
  #state: "new" | "open" | "closed" = "new";
  #lookedMs = -Infinity;

  constructor(options: JournalOptions) {
    const { directory, run, session } = options;
    const { join } = node.path;
    this.#options = options;
    this.#session = session;
    this.#metadata = {
      idSuffix: session.id_suffix,
      markIdSuffix: session.mark_id_suffix,
      anchorNs: BigInt(session.anchor_unix_ns),
    };
    this.#base = new OwnDirectory(directory, "Journal directory");
    this.#run = new OwnDirectory(join(directory, run), "Journal folder");
    this.#folder = new OwnDirectory(join(directory, run, String(session.thread)), "Journal folder");
  }

  /** The folder of this recorder. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Recorders of the run, this one among them, as far as can be seen: one look into its folder. */
  threadCount(): number {
    try {
      return Math.max(1, node.fs.readdirSync(this.#run.path).filter(name => THREAD_NAME.test(name)).length);
    } catch {
      return 1; // it is gone, or was never made
    }
  }

  /** Makes the folder and `session.json` where they are not there yet. Called by `write()` if it was not. */
  open(): Problem | null {
    if (this.#state === "closed") return CLOSED;
    return this.#state === "open" && !this.#isLookDue() ? null : this.#look();
  }

  /**
   * Appends a message that an encoder made. If a problem comes back nothing of it is in the journal, and it can be given again.
   */
  write(kind: JournalKind, message: Uint8Array): Problem | null {
    const problem = this.open();
    if (problem !== null) return problem;
    let segment = this.#segments[kind];
    if (segment !== undefined && segment.size + message.length > this.#options.segmentBytes) {
      this.#release(kind);
      segment = undefined;
    }
    if (segment === undefined) {
      const made = this.#begin(kind);
      if (isProblem(made)) return made;
      segment = made;
    }
    const failure = segment.append(message);
    if (failure === null) this.#count(message.length);
    else if (segment.isBroken) this.#release(kind);
    return failure;
  }

  /** Says in `session.json` what has changed. */
  update(changes: Partial<SessionInfo>): Problem | null {
    if (this.#state === "closed") return CLOSED;
    this.#session = { ...this.#session, ...changes };
    if (this.#state === "new") return null; // it is written with the folder
    return this.#folder.isSame() ? this.#writeSession() : GONE;
  }

  /** Says that the recorder has ended, and closes the files. The second time it does nothing. */
  close(changes: Partial<SessionInfo> & Pick<SessionInfo, "ended_unix_ns">): Problem | null {
    if (this.#state === "closed") return null;
    const problem = this.update(changes);
    for (const kind of Object.keys(this.#segments) as JournalKind[]) this.#release(kind);
    this.#state = "closed";
    return problem;
  }

  #isLookDue(): boolean {
    return this.#options.nowMs() >= this.#lookedMs + LOOK_MS;
  }

  /** Sees to it that what is written can be found. */
  #look(): Problem | null {
    if (this.#state === "open" && this.#folder.isSame()) {
      for (const kind of Object.keys(this.#segments) as JournalKind[]) {
        if (!this.#segments[kind]!.isIntact()) this.#release(kind);
      }
      this.#lookedMs = this.#options.nowMs();
      return null;
    }
    if (this.#state === "open") {
      this.remakeCount++;
      this.#state = "new";
      for (const kind of Object.keys(this.#segments) as JournalKind[]) {
        this.#options.files?.lose(this.#segments[kind]!.size);
        this.#drop(kind);
      }
    }
    return this.#make();
  }

  #make(): Problem | null {
    try {
      if (this.#base.open()) this.#options.files?.forget();
      this.#run.open();
      this.#folder.open();
      this.#options.files?.own(this.#options.run, this.#session.thread);
    } catch (error) {
      return problemOf(error);
    }
    const problem = this.#writeSession();
    if (problem !== null) return problem;
    this.#state = "open";
    this.#lookedMs = this.#options.nowMs();
    return null;
  }

  #writeSession(): Problem | null {
    try {
      const file = this.#folder.write(SESSION_FILE, () => encodeSession(this.#session));
      this.#options.files?.date(file.writtenMs);
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  #begin(kind: JournalKind): Segment | Problem {
    if (!this.#folder.isSame()) {
      const problem = this.#look();
      if (problem !== null) return problem;
    }
    let made: Segment | Problem = CLOSED;
    for (let i = 0; i < TAKEN_NAMES; i++) {
      made = Segment.create(this.#folder.path, segmentName(kind, this.#next[kind]++));
      if (!isProblem(made) || made.code !== "EEXIST") break;
    }
    if (isProblem(made)) {
      if (made.code !== "EEXIST") this.#next[kind]--;
      return made;
    }
    const schema = encodeSchema(kind, this.#metadata);
    const problem = made.append(schema);
    if (problem !== null) {
      made.close();
      this.#remove(made.name);
      return problem;
    }
    this.#segments[kind] = made;
    this.#count(schema.length);
    return made;
  }

  // A segment without its schema is nothing to a reader.
  #remove(name: string): void {
    if (this.#folder.isSame()) this.#folder.remove(name);
  }

  #count(bytes: number): void {
    this.bytes += bytes;
    this.#options.files?.grow(bytes);
  }

  /** Ends a segment. */
  #release(kind: JournalKind): void {
    const segment = this.#segments[kind];
    if (segment === undefined) return;
    const { writtenMs } = segment;
    this.#drop(kind);
    this.#options.files?.release(this.#options.run, this.#session.thread, {
      name: segment.name,
      size: segment.size,
      writtenMs: Number.isNaN(writtenMs) ? 0 : writtenMs,
    });
  }

  #drop(kind: JournalKind): void {
    this.#segments[kind]?.close();
    delete this.#segments[kind];
  }
}

const CLOSED: Problem = { code: "ECLOSED", message: "The journal is closed" };
const GONE: Problem = { code: "ENOENT", message: "The journal's folder is gone" };
