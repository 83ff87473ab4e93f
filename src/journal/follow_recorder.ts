/**
 * A recorder that runs, followed: its session, the spans that close, and which are open.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { BatchColumns, type IntegerWords } from "./decode.ts";
import { extentsIn, StreamFollower, type StreamPlace } from "./follow_stream.ts";
import { segmentName } from "./format.ts";
import { type Liveness, livenessOf, PROCESSES, type ProcessTable } from "./liveness.ts";
import { stillOpen } from "./open_spans.ts";
import { endOf, type JournalSpans, readSpans, readSpanStreams } from "./read_spans.ts";
import { readSession } from "./run_folder.ts";
import type { SessionInfo } from "./session_file.ts";
import { FileSource } from "./source.ts";
import { type IndexedStream, indexStream } from "./stream.ts";

/** How far back the first look goes. */
export interface FollowBounds {
  /** Spans that ended at this moment since 1970, or later. */
  readonly fromUnixNs: bigint;
  /** No more bytes than this. */
  readonly mostBytes: number;
  /** No more open spans are known than this. */
  readonly mostOpen: number;
}

/** A span that is open as far as is known. */
export interface FollowedOpen {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  /** NaN for none. */
  readonly index: number;
  readonly startNs: number;
  /** When its row was written. */
  readonly seenNs: number;
  /** CPU time up to then; NaN for not measured. */
  readonly cpuNs: number;
}

/** Told of what came. */
export interface FollowerTarget {
  /** A batch of spans that have closed; it is good until this returns. */
  batch(columns: BatchColumns): void;
  /** Batches that make no sense, by their rows. */
  damaged(rows: number): void;
}

/** Follows one recorder. */
export class RecorderFollower {
  readonly path: string;
  /** Spans that were written before the first look's, and are not looked at. */
  rowsBefore = 0;
  session: SessionInfo | null = null;
  liveness: Liveness = "unknown";
  /** By number. */
  readonly open: Map<number, FollowedOpen> = new Map();
  /** Open spans beyond the bound. */
  openDropCount = 0;
  readonly #bounds: FollowBounds;
  readonly #processes: ProcessTable;
  readonly #closing = new IdFilter();
  #spans: StreamFollower | null = null;
  #opens: StreamFollower | null = null;

  constructor(path: string, bounds: FollowBounds, processes: ProcessTable = PROCESSES) {
    this.path = path;
    this.#bounds = bounds;
    this.#processes = processes;
  }

  /** Segments that went before they were read to their end. */
  get goneCount(): number {
    return (this.#spans?.goneCount ?? 0) + (this.#opens?.goneCount ?? 0);
  }

  /** Finds where to begin. Gives the number of rows that the first look will have, at least. Never throws. */
  attach(): number {
    this.#readSession();
    return this.#attach();
  }

  #readSession(): void {
    const session = readSession(this.path);
    if (session !== null) this.session = session;
    if (this.session !== null) this.liveness = livenessOf(this.session, this.#processes);
  }

  /** Looks for what is new. False if the folder is gone, or nobody has attached. Never throws. */
  look(target: FollowerTarget): boolean {
    const spans = this.#spans;
    const opens = this.#opens;
    if (spans === null || opens === null || !node.fs.existsSync(this.path)) return false;
    this.#readSession();
    // Before the open ones are read: of a span that has closed by now, the row of when it was open is there too.
    const extents = spans.measure();
    for (const stream of opens.look(opens.measure())) this.#takeOpens(readSpanStreams([stream]));
    for (const { source, index } of spans.look(extents)) {
      for (let i = 0; i < index.batchCount; i++) {
        const columns = BatchColumns.read(source, index, i);
        const ids = columns?.integers("id") ?? null;
        if (columns === null || ids === null || columns.isDamaged) {
          target.damaged(index.batch(i).rows);
          continue;
        }
        this.#close(ids, columns.rows);
        target.batch(columns);
      }
    }
    if (this.liveness === "ended") this.open.clear();
    return true;
  }

  #attach(): number {
    const spans = openStreams(this.path, "spans");
    const openFiles = openStreams(this.path, "opens");
    try {
      const anchor = this.session === null ? null : BigInt(this.session.anchor_unix_ns);
      const fromNs = anchor === null ? -Infinity : Number(this.#bounds.fromUnixNs - anchor);
      const { place, rowsBefore } = startOf(spans, fromNs, this.#bounds.mostBytes);
      this.rowsBefore = rowsBefore;
      this.#spans = new StreamFollower(this.path, "spans", place);
      const last = openFiles.at(-1);
      this.#opens = new StreamFollower(
        this.path,
        "opens",
        last === undefined
          ? undefined
          : { segment: last.segment, at: last.stream.index.goodBytes },
      );
      const opens = readSpans(openFiles.map(({ stream }) => stream.source));
      const live = stillOpen(opens, spans.map(({ stream }) => stream));
      for (const row of live) this.#takeOpen(opens, row);
      return spans.reduce((sum, { stream }) => sum + stream.index.rows, 0) - rowsBefore;
    } finally {
      for (const { file } of [...spans, ...openFiles]) file[Symbol.dispose]();
    }
  }

  #takeOpens(opens: JournalSpans): void {
    for (let row = 0; row < opens.length; row++) this.#takeOpen(opens, row);
  }

  #takeOpen({ id, parent, name, index, startNs, endNs, counters }: JournalSpans, row: number): void {
    const number = id[row];
    if (this.open.size >= this.#bounds.mostOpen && !this.open.has(number)) {
      this.openDropCount++;
      return;
    }
    this.#closing.add(number);
    this.open.set(number, {
      id: number,
      parent: parent[row],
      name: name[row],
      index: index[row],
      startNs: startNs[row],
      seenNs: endNs[row],
      cpuNs: counters.cpu_ns?.[row] ?? NaN,
    });
  }

  #close({ words }: IntegerWords, rows: number): void {
    if (this.open.size === 0) return;
    const filter = this.#closing;
    for (let i = 0; i < rows; i++) {
      if (filter.mayHave(words[i * 2])) this.open.delete(words[i * 2] + words[i * 2 + 1] * 0x100000000);
    }
    if (filter.size > 4 * (this.open.size + 64)) filter.restart(this.open.keys());
  }
}

/** Whether a number may be among those that were added, by its lowest 16 bits: all rows are asked, and hardly one is. */
class IdFilter {
  readonly #bits = new Int32Array(2048);
  size = 0;

  add(id: number): void {
    this.#bits[(id & 0xffff) >>> 5] |= 1 << (id & 31);
    this.size++;
  }

  mayHave(low: number): boolean {
    return (this.#bits[(low & 0xffff) >>> 5] & 1 << (low & 31)) !== 0;
  }

  restart(ids: Iterable<number>): void {
    this.#bits.fill(0);
    this.size = 0;
    for (const id of ids) this.add(id);
  }
}

interface OpenSegment {
  readonly segment: number;
  readonly file: FileSource;
  readonly stream: IndexedStream;
}

function openStreams(folder: string, kind: "spans" | "opens"): OpenSegment[] {
  const found: OpenSegment[] = [];
  for (const { segment } of extentsIn(folder, kind)) {
    try {
      const file = new FileSource(node.path.join(folder, segmentName(kind, segment)));
      found.push({ segment, file, stream: { source: file, index: indexStream(file) } });
    } catch {
      // gone since
    }
  }
  return found;
}

/** The first batch that ended at `fromNs` or later, with no more than `mostBytes` from there on, and the rows before it. */
function startOf(
  segments: readonly OpenSegment[],
  fromNs: number,
  mostBytes: number,
): { place: StreamPlace | undefined; rowsBefore: number } {
  let place: StreamPlace | undefined;
  let rowsBefore = 0;
  let bytesLeft = mostBytes;
  for (let k = segments.length - 1; k >= 0; k--) {
    const { segment, stream: { source, index } } = segments[k];
    const isNewEnough = (i: number): boolean => {
      const columns = BatchColumns.read(source, index, i);
      return columns === null || endOf(columns) >= fromNs;
    };
    let low = 0;
    for (let high = index.batchCount; low < high;) {
      const middle = (low + high) >> 1;
      const isWithin = index.goodBytes - index.batch(middle).at <= bytesLeft;
      if (isWithin && isNewEnough(middle)) high = middle;
      else low = middle + 1;
    }
    const at = low < index.batchCount ? index.batch(low).at - 8 : index.goodBytes;
    for (let i = 0; i < low; i++) rowsBefore += index.batch(i).rows;
    if (place === undefined || low < index.batchCount) place = { segment, at: low === 0 ? 0 : at };
    bytesLeft -= index.goodBytes - at;
    if (low === 0) continue;
    for (const older of segments.slice(0, k)) rowsBefore += older.stream.index.rows;
    break;
  }
  return { place, rowsBefore };
}
