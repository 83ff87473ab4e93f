/**
 * The spool: batches as JSON files that another process can read. See docs/spool-format.md.
 *
 * A file is written under a temporary name and renamed, so a reader never sees half of one. All of it is synchronous: a
 * flush that returns has landed, also the one at exit. What could not be written waits for the next time.
 *
 * @module
 */
import { jsonOfText } from "../data/json_text.ts";
import { SpoolDirectory } from "../spool/directory.ts";
import { SpoolFiles } from "../spool/files.ts";
import { SPOOL_SCHEMA_VERSION } from "../spool/format.ts";
import type { FlushBatch } from "./batch.ts";
import type { Sink } from "./sink.ts";

/** Bytes of spool files kept by default. */
export const DEFAULT_SPOOL_MAX_BYTES = 1_000_000_000;

/** A file is closed when this much is pending, also within a tick. */
const FILE_CHARACTERS = 8_000_000;

/** What waits for a directory that cannot be written to; beyond, the oldest goes. */
export const WAITING_CHARACTERS = 16_000_000;

/** What the spool needs from above. */
export interface SpoolOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly sdkVersion: string;
  /** Nanoseconds since 1970. */
  readonly unixNs: () => bigint;
  /** 32 random lower-case hex characters. */
  readonly randomId: () => string;
  /** A clock that never goes back, in milliseconds: by it work is cut into turns of the event loop. */
  readonly nowMs: () => number;
}

/** A batch as it will lie in a file. */
interface Pending {
  readonly spans: string;
  readonly marks: string;
  readonly characters: number;
  readonly spanCount: number;
  readonly markCount: number;
}

/** Writes spool files into one directory, and keeps them within a bound. */
export class SpoolSink implements Sink {
  /** Spans that are in no file, because none could be written. */
  spanDropCount = 0;
  /** Marks likewise. */
  markDropCount = 0;
  readonly #options: SpoolOptions;
  readonly #directory: SpoolDirectory;
  readonly #files: SpoolFiles;
  readonly #pending: Pending[] = [];
  #pendingCharacters = 0;
  /** What came since writing was last tried. */
  #untriedCharacters = 0;
  #isFailing = false;
  #lastCreatedNs = 0n;
  #lastBatchId = "";

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#directory = new SpoolDirectory(options.directory);
    this.#files = new SpoolFiles(this.#directory, options.maxBytes, options.nowMs);
  }

  /** The absolute path of the directory. */
  get directory(): string {
    return this.#directory.path;
  }

  /** Files that were evicted for the bound. */
  get dropCount(): number {
    return this.#files.evictCount;
  }

  /** Bytes of spool files in the directory, as far as known. */
  get bytes(): number {
    return this.#files.bytes;
  }

  /** Takes a batch; writes when enough is pending. */
  emit(batch: FlushBatch): void {
    const { spans, marks } = batch.toJson();
    const characters = spans.length + marks.length;
    if (characters === 0) return;
    const markCount = batch.rowCount - batch.spanCount;
    // A span that comes again is counted then.
    const spanCount = batch.isProvisional ? 0 : batch.spanCount;
    this.#pending.push({ spans, marks, characters, spanCount, markCount });
    this.#pendingCharacters += characters;
    this.#untriedCharacters += characters;
    if (this.#untriedCharacters >= FILE_CHARACTERS) this.commit();
  }

  /**
   * Writes what is pending.
   * @throws What kept a file from being written; what it would have held is still pending, up to a bound.
   */
  commit(): void {
    this.#untriedCharacters = 0;
    if (this.#pending.length === 0) return;
    try {
      if (this.#directory.open()) this.#files.forget();
      while (this.#pending.length > 0) this.#writeFile();
    } catch (error) {
      this.#isFailing = true;
      while (this.#pendingCharacters > WAITING_CHARACTERS && this.#pending.length > 1) this.#drop();
      throw error;
    }
  }

  /** Writes what is pending, the last time; what cannot be written is counted. */
  close(): void {
    try {
      // What could not be written a moment ago is not tried again.
      if (!this.#isFailing || this.#untriedCharacters > 0) this.commit();
    } finally {
      while (this.#pending.length > 0) this.#drop();
      this.tidy();
    }
  }

  /** Leaves the directory to the next process; called when this one ends. The session may go on all the same. */
  tidy(): void {
    this.#files.finish(Number.parseInt(this.#lastBatchId.slice(0, 8), 16) / 2 ** 32);
  }

  #writeFile(): void {
    const count = this.#countForFile();
    const batches = this.#pending.slice(0, count);
    const batchId = this.#options.randomId();
    // Names sort by time, also where the clock stands still or is set back.
    const now = this.#options.unixNs();
    const createdNs = this.#lastCreatedNs = now > this.#lastCreatedNs ? now : this.#lastCreatedNs + 1n;
    const name = `${String(createdNs).padStart(20, "0")}-${batchId}.json`;
    const file = this.#directory.write(name, () =>
      new TextEncoder().encode(
        `{"schema_version":${SPOOL_SCHEMA_VERSION},"sdk_version":${
          jsonOfText(this.#options.sdkVersion)
        },"batch_id":"${batchId}","created_ns":${createdNs},"spans":[${
          batches.map(batch => batch.spans).filter(text => text !== "").join(",")
        }],"marks":[${
          batches.map(batch => batch.marks).filter(text => text !== "").join(",")
        }],"snapshots":[]}`,
      ));
    this.#isFailing = false;
    this.#lastBatchId = batchId;
    this.#pending.splice(0, count);
    for (const { characters } of batches) this.#pendingCharacters -= characters;
    this.#files.add(file);
  }

  // After a failure one batch alone: on a disk with little room left it may fit where more do not, and if it does not, little was
  // encoded in vain.
  #countForFile(): number {
    if (this.#isFailing) return 1;
    let count = 0;
    for (let characters = 0; count < this.#pending.length && characters < FILE_CHARACTERS; count++) {
      characters += this.#pending[count].characters;
    }
    return count;
  }

  #drop(): void {
    const { characters, spanCount, markCount } = this.#pending.shift()!;
    this.#pendingCharacters -= characters;
    this.spanDropCount += spanCount;
    this.markDropCount += markCount;
  }
}
