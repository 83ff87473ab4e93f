/**
 * A stream of a journal that is being written, read again and again: each time what came since, whole batches alone.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { type JournalKind, parseSegmentName, segmentName } from "./format.ts";
import { bytesSource } from "./source.ts";
import { type IndexedStream, indexStream } from "./stream.ts";

/** Bytes read at once; more only where a batch is larger. */
const PIECE_BYTES = 1 << 20;

/** A place in a stream. */
export interface StreamPlace {
  readonly segment: number;
  /** Bytes of it that are behind. */
  readonly at: number;
}

/** How far a segment goes. */
export interface SegmentExtent {
  readonly segment: number;
  readonly bytes: number;
}

/** Follows one stream. */
export class StreamFollower {
  readonly #folder: string;
  readonly #kind: JournalKind;
  #segment: number;
  #at: number;
  /** The segment's first message, which the others are read by. */
  #schema: Uint8Array | null = null;
  #buffer = new Uint8Array(0);
  /** What of the segment makes no sense; nothing behind it does. */
  #isDead = false;
  /** Segments that went before they were read to their end. */
  goneCount = 0;

  /** @param place Where to begin; without, at the beginning. */
  constructor(folder: string, kind: JournalKind, place: StreamPlace = { segment: 0, at: 0 }) {
    this.#folder = folder;
    this.#kind = kind;
    this.#segment = place.segment;
    this.#at = place.at;
  }

  /** How far the stream goes now. What is written later is left to the next look. */
  measure(): SegmentExtent[] {
    return extentsIn(this.#folder, this.#kind).filter(({ segment }) => segment >= this.#segment);
  }

  /** What came since the last look, up to `extents`. What is given is good until the next is taken. Never throws. */
  *look(extents: readonly SegmentExtent[]): Iterable<IndexedStream> {
    for (const { segment, bytes } of extents) {
      if (segment < this.#segment) continue;
      if (segment > this.#segment) {
        this.#segment = segment;
        this.#at = 0;
        this.#schema = null;
        this.#isDead = false;
      }
      if (bytes > this.#at && !this.#isDead) yield* this.#lookInto(bytes);
    }
  }

  *#lookInto(bytes: number): Iterable<IndexedStream> {
    let file: number;
    try {
      file = node.fs.openSync(node.path.join(this.#folder, segmentName(this.#kind, this.#segment)), "r");
    } catch {
      this.goneCount++;
      this.#isDead = true;
      return;
    }
    try {
      this.#schema ??= this.#at === 0 ? null : readSchema(file, Math.min(bytes, this.#at));
      for (let least = PIECE_BYTES; this.#at < bytes;) {
        const stream = this.#piece(file, bytes, least);
        if (stream === null) return;
        const before = this.#at;
        const head = this.#schema?.length ?? 0;
        const { index } = stream;
        this.#at += index.goodBytes - head;
        if (this.#schema === null && index.goodBytes > 0) {
          const end = index.batchCount > 0 ? index.batch(0).at - 8 : index.goodBytes;
          this.#schema = stream.source.read(0, end).slice();
        }
        if (index.batchCount > 0) yield stream;
        if (index.end === "damaged") {
          this.#isDead = true;
          return;
        }
        // Larger than what was read of it, or not written to its end.
        if (this.#at > before) least = PIECE_BYTES;
        else if (before + least >= bytes) return;
        else least *= 2;
      }
    } finally {
      node.fs.closeSync(file);
    }
  }

  /** The schema and what follows the place, at most `most` bytes: a stream of its own. */
  #piece(file: number, bytes: number, most: number): IndexedStream | null {
    const head = this.#schema?.length ?? 0;
    const length = Math.min(most, bytes - this.#at);
    if (this.#buffer.length < head + length) this.#buffer = new Uint8Array(head + Math.max(length, most));
    if (this.#schema !== null) this.#buffer.set(this.#schema);
    let done = 0;
    try {
      while (done < length) {
        const count = node.fs.readSync(file, this.#buffer, head + done, length - done, this.#at + done);
        if (count === 0) break; // taken back meanwhile
        done += count;
      }
    } catch {
      return null;
    }
    const source = bytesSource(this.#buffer.subarray(0, head + done));
    return { source, index: indexStream(source) };
  }
}

/** The segments of a stream that lie in a folder, in order. What cannot be read is not there. */
export function extentsIn(folder: string, kind: JournalKind): SegmentExtent[] {
  const extents: SegmentExtent[] = [];
  let names: string[];
  try {
    names = node.fs.readdirSync(folder);
  } catch {
    return extents;
  }
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed === null || parsed.kind !== kind) continue;
    try {
      const stat = node.fs.lstatSync(node.path.join(folder, name));
      // Not through a link, which may lead to where Deno has to ask.
      if (stat.isFile()) extents.push({ segment: parsed.segment, bytes: stat.size });
    } catch {
      // gone since
    }
  }
  return extents.sort((a, b) => a.segment - b.segment);
}

/** The first message of a file, of which `most` bytes may be read. */
function readSchema(file: number, most: number): Uint8Array | null {
  const bytes = new Uint8Array(Math.min(most, PIECE_BYTES));
  const count = node.fs.readSync(file, bytes, 0, bytes.length, 0);
  const view = new DataView(bytes.buffer, 0, count);
  const end = count < 8 ? 0 : 8 + view.getInt32(4, true);
  return end > 8 && end <= count ? bytes.slice(0, end) : null;
}
