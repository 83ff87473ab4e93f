/**
 * The spool: batches as JSON files that another process can read. See docs/spool-format.md.
 *
 * A file is written under a temporary name and renamed, so a reader never sees half of one. All of it is synchronous: a
 * flush that returns has landed, also the one at exit.
 *
 * @module
 */
import type { FlushBatch } from "../batch.ts";
import { node } from "../builtins.ts";
import { jsonOfText } from "../json_text.ts";
import { SPOOL_FILE_NAME, SPOOL_SCHEMA_VERSION } from "../spool_format.ts";
import type { Sink } from "./sink.ts";

/** Bytes of spool files kept by default. */
export const DEFAULT_SPOOL_MAX_BYTES = 1_000_000_000;

/** A file is closed when this much is pending, also within a tick. */
const FILE_CHARACTERS = 8_000_000;

/** What the spool needs from above. */
export interface SpoolOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly sdkVersion: string;
  /** Nanoseconds since 1970. */
  readonly unixNs: () => bigint;
  /** 32 random lower-case hex characters. */
  readonly randomId: () => string;
}

/** Writes spool files into one directory, and keeps them within a bound. */
export class SpoolSink implements Sink {
  /** Files that were evicted for the bound, or could not be written. */
  dropCount = 0;
  /** Bytes of spool files in the directory, as far as known. */
  bytes = 0;
  readonly directory: string;
  readonly #options: SpoolOptions;
  #spans: string[] = [];
  #marks: string[] = [];
  #characters = 0;
  #isScanned = false;
  #lastCreatedNs = 0n;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.directory = options.directory;
  }

  /** Takes a batch; writes when enough is pending. */
  emit(batch: FlushBatch): void {
    const { spans, marks } = batch.toJson();
    if (spans !== "") this.#spans.push(spans);
    if (marks !== "") this.#marks.push(marks);
    this.#characters += spans.length + marks.length;
    if (this.#characters >= FILE_CHARACTERS) this.commit();
  }

  /** Writes what is pending as one file. */
  commit(): void {
    if (this.#characters === 0) return;
    const batchId = this.#options.randomId();
    // Names sort by time, also where the clock stands still or is set back.
    const now = this.#options.unixNs();
    const createdNs = this.#lastCreatedNs = now > this.#lastCreatedNs ? now : this.#lastCreatedNs + 1n;
    const text = `{"schema_version":${SPOOL_SCHEMA_VERSION},"sdk_version":${
      jsonOfText(this.#options.sdkVersion)
    },"batch_id":"${batchId}","created_ns":${createdNs},"spans":[${this.#spans.join(",")}],"marks":[${
      this.#marks.join(",")
    }],"snapshots":[]}`;
    this.#spans = [];
    this.#marks = [];
    this.#characters = 0;
    const name = `${String(createdNs).padStart(20, "0")}-${batchId}.json`;
    try {
      this.bytes += this.#write(name, new TextEncoder().encode(text));
    } catch (error) {
      this.dropCount++;
      throw error;
    }
    if (this.bytes > this.#options.maxBytes || !this.#isScanned) this.#evict(name);
  }

  #write(name: string, bytes: Uint8Array): number {
    const temporary = node.path.join(this.directory, `${name}.tmp`);
    const file = this.#create(temporary);
    try {
      try {
        for (let done = 0; done < bytes.length;) done += node.fs.writeSync(file, bytes, done);
      } finally {
        node.fs.closeSync(file);
      }
      node.fs.renameSync(temporary, node.path.join(this.directory, name));
    } catch (error) {
      remove(temporary);
      throw error;
    }
    return bytes.length;
  }

  // Exclusive creation never follows a link that somebody planted under the name.
  #create(path: string): number {
    const flags = node.fs.constants.O_WRONLY | node.fs.constants.O_CREAT | node.fs.constants.O_EXCL;
    try {
      return node.fs.openSync(path, flags, 0o600);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
      node.fs.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      return node.fs.openSync(path, flags, 0o600);
    }
  }

  // Looks at the directory itself: other processes may write into it too. The newest file stays, whatever the bound.
  #evict(newest: string): void {
    this.#isScanned = true;
    let names: string[];
    try {
      names = node.fs.readdirSync(this.directory).filter(name => SPOOL_FILE_NAME.test(name)).sort();
    } catch {
      return; // not permitted to list: only what this process wrote is known, and nothing can be evicted
    }
    const sizes = names.map(name => sizeOf(node.path.join(this.directory, name)));
    this.bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    for (let i = 0; i < names.length && this.bytes > this.#options.maxBytes; i++) {
      const size = sizes[i];
      if (size === null || names[i] === newest) continue;
      if (!remove(node.path.join(this.directory, names[i]))) continue;
      this.bytes -= size;
      this.dropCount++;
    }
  }
}

function sizeOf(path: string): number | null {
  try {
    const found = node.fs.lstatSync(path);
    return found.isFile() ? found.size : null;
  } catch {
    return null; // gone meanwhile
  }
}

function remove(path: string): boolean {
  try {
    node.fs.unlinkSync(path);
    return true;
  } catch {
    return false; // gone already, or not ours to remove: either way nothing more can be done
  }
}
