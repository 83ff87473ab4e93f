/**
 * The spool: batches as JSON files that another process can read. See docs/spool-format.md.
 *
 * A file is written under a temporary name and renamed, so a reader never sees half of one. All of it is synchronous: a
 * flush that returns has landed, also the one at exit. What could not be written waits for the next time.
 *
 * @module
 */
import type { SpoolHealth } from "../data/health.ts";
import { newMarkCount } from "../data/snapshot.ts";
import { SpoolDirectory } from "../spool/directory.ts";
import { byteCount, type EncodedRows, encodeFile, encodeRows } from "../spool/encode.ts";
import { SpoolFiles } from "../spool/files.ts";
import { spoolFileName } from "../spool/format.ts";
import type { Drained } from "./batch.ts";
import { type ColumnSink, TAKE } from "./sink.ts";

/** Bytes of spool files kept by default. */
export const DEFAULT_SPOOL_MAX_BYTES = 1_000_000_000;

/** A file is closed when this much is pending, also within a tick. */
const FILE_BYTES = 8_000_000;

/** What waits for a directory that cannot be written to; beyond, the oldest goes. */
export const WAITING_BYTES = 16_000_000;

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
interface Pending extends EncodedRows {
  readonly bytes: number;
  readonly spanCount: number;
  readonly markCount: number;
}

/** Writes spool files into one directory, and keeps them within a bound. */
export class SpoolSink implements ColumnSink {
  /** What waits for the next tick is in no file if none comes. */
  readonly needsExitHook = true;
  #spanDropCount = 0;
  #markDropCount = 0;
  readonly #options: SpoolOptions;
  readonly #directory: SpoolDirectory;
  readonly #files: SpoolFiles;
  readonly #pending: Pending[] = [];
  #pendingBytes = 0;
  /** What came since writing was last tried. */
  #untriedBytes = 0;
  #isFailing = false;
  #lastCreatedNs = 0n;
  #lastBatchId = "";

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#directory = new SpoolDirectory(options.directory);
    this.#files = new SpoolFiles(this.#directory, options.maxBytes, options.nowMs);
  }

  /** What `health()` says of the spool. */
  health(): SpoolHealth {
    return {
      spool_drop_count: this.#files.evictCount,
      spool_span_drop_count: this.#spanDropCount,
      spool_mark_drop_count: this.#markDropCount,
      spool_bytes: this.#files.bytes,
      spool_dir: this.#directory.path,
    };
  }

  /** Takes the session as it begins, so that readers know of one whose end nobody writes. */
  begin(session: Drained): void {
    this[TAKE](session);
  }

  /** {@link TAKE}: takes spans and marks; writes when enough is pending. */
  "cirron.take/1"({ snapshot, identity, isProvisional }: Drained): void {
    const { spans, marks } = encodeRows(snapshot, identity);
    const bytes = byteCount(spans) + byteCount(marks);
    if (bytes === 0) return;
    // A span that comes again is counted then.
    const spanCount = isProvisional ? 0 : snapshot.closedLength;
    this.#pending.push({ spans, marks, bytes, spanCount, markCount: newMarkCount(snapshot) });
    this.#pendingBytes += bytes;
    this.#untriedBytes += bytes;
    if (this.#untriedBytes >= FILE_BYTES) this.commit();
  }

  /**
   * Writes what is pending.
   * @throws What kept a file from being written; what it would have held is still pending, up to a bound.
   */
  commit(): void {
    this.#untriedBytes = 0;
    if (this.#pending.length === 0) return;
    try {
      if (this.#directory.open()) this.#files.forget();
      while (this.#pending.length > 0) this.#writeFile();
    } catch (error) {
      this.#isFailing = true;
      while (this.#pendingBytes > WAITING_BYTES && this.#pending.length > 1) this.#drop();
      throw error;
    }
  }

  /** Writes what is pending, the last time; what cannot be written is counted. */
  close(): void {
    try {
      // What could not be written a moment ago is not tried again.
      if (!this.#isFailing || this.#untriedBytes > 0) this.commit();
    } finally {
      while (this.#pending.length > 0) this.#drop();
      this.exit();
    }
  }

  /** Leaves the directory to the next process. */
  exit(): void {
    this.#files.finish(Number.parseInt(this.#lastBatchId.slice(0, 8), 16) / 2 ** 32);
  }

  #writeFile(): void {
    const count = this.#countForFile();
    const batches = this.#pending.slice(0, count);
    const batchId = this.#options.randomId();
    // Names sort by time, also where the clock stands still or is set back.
    const now = this.#options.unixNs();
    const createdNs = this.#lastCreatedNs = now > this.#lastCreatedNs ? now : this.#lastCreatedNs + 1n;
    const header = { sdkVersion: this.#options.sdkVersion, batchId, createdNs };
    const file = this.#directory.write(spoolFileName(createdNs, batchId), () => encodeFile(header, batches));
    this.#isFailing = false;
    this.#lastBatchId = batchId;
    this.#pending.splice(0, count);
    for (const { bytes } of batches) this.#pendingBytes -= bytes;
    this.#files.add(file);
  }

  // After a failure one batch alone: on a disk with little room left it may fit where more do not, and if it does not, little was
  // encoded in vain.
  #countForFile(): number {
    if (this.#isFailing) return 1;
    let count = 0;
    for (let bytes = 0; count < this.#pending.length && bytes < FILE_BYTES; count++) {
      bytes += this.#pending[count].bytes;
    }
    return count;
  }

  #drop(): void {
    const { bytes, spanCount, markCount } = this.#pending.shift()!;
    this.#pendingBytes -= bytes;
    this.#spanDropCount += spanCount;
    this.#markDropCount += markCount;
  }
}
