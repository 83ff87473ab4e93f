/**
 * Closed spans: a ring of typed-array columns in chunks, in order of close. A row is written once, when its span
 * closes, and read in place until it is evicted.
 *
 * @module
 */
import type { Marks } from "./marks.ts";
import type { Attrs } from "./rows.ts";

/** Closed spans kept by default. */
export const DEFAULT_MAX_SPANS = 100_000;

const CHUNK = 2048;

/** The columns of some rows. */
export class SpanChunk {
  readonly id: Float64Array;
  readonly parent: Float64Array;
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  readonly cpuNs: Float64Array;
  readonly markHead: Uint32Array;
  readonly markCount: Uint32Array;
  readonly name: string[];
  // Made for the chunk's first batch, or its first span with attributes: most programs have few of either.
  dataLoadNs: Float64Array | null = null;
  attrs: (Attrs | undefined)[] | null = null;
  // Made for the first span that was measured so: few sessions ask for memory, and few machines have a GPU.
  memoryPeakBytes: Float64Array | null = null;
  gpuNs: Float64Array | null = null;

  constructor() {
    const buffer = new ArrayBuffer(CHUNK * 56);
    let offset = 0;
    const doubles = () => new Float64Array(buffer, (offset += CHUNK * 8) - CHUNK * 8, CHUNK);
    this.id = doubles();
    this.parent = doubles();
    this.index = doubles();
    this.startNs = doubles();
    this.endNs = doubles();
    this.cpuNs = doubles();
    this.markHead = new Uint32Array(buffer, offset, CHUNK);
    this.markCount = new Uint32Array(buffer, offset + CHUNK * 4, CHUNK);
    this.name = new Array<string>(CHUNK).fill("");
  }

  /** Writes what few rows have: NaN and undefined for what this one has not. */
  putRare(i: number, dataLoadNs: number, memoryPeakBytes: number, attrs: Attrs | undefined): void {
    if (dataLoadNs === dataLoadNs) (this.dataLoadNs ??= new Float64Array(CHUNK).fill(NaN))[i] = dataLoadNs;
    else if (this.dataLoadNs !== null) this.dataLoadNs[i] = NaN;
    if (memoryPeakBytes === memoryPeakBytes) {
      (this.memoryPeakBytes ??= new Float64Array(CHUNK).fill(NaN))[i] = memoryPeakBytes;
    } else if (this.memoryPeakBytes !== null) this.memoryPeakBytes[i] = NaN;
    if (this.gpuNs !== null) this.gpuNs[i] = NaN;
    if (attrs !== undefined) (this.attrs ??= new Array(CHUNK).fill(undefined))[i] = attrs;
    else if (this.attrs !== null) this.attrs[i] = undefined;
  }
}

/** Columns to copy rows out into; each as long as the rows read. */
export interface RowTarget {
  readonly id: Float64Array;
  readonly parent: Float64Array;
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  readonly cpuNs: Float64Array;
  readonly dataLoadNs: Float64Array;
  /** Null if nobody wants to know. */
  readonly memoryPeakBytes: Float64Array | null;
  /** Null if nobody wants to know. */
  readonly gpuNs: Float64Array | null;
  readonly markHead: Uint32Array;
  readonly markCount: Uint32Array;
  readonly name: string[];
  readonly attrs: (Attrs | undefined)[];
}

/** The newest closed spans, up to a bound. */
export class Ring {
  /** Rows kept at most. */
  readonly capacity: number;
  /** Rows ever written. Row numbers count from 0 to here; a cursor is a row number. */
  total = 0;
  /** Rows evicted: also the number of the oldest row that is still here. */
  evictCount = 0;
  /** From this many rows on, each row calls `onAlarm`; Infinity for never. */
  alarmRow = Infinity;
  /** Called right after a row was written; sets the next alarm. */
  onAlarm: (() => void) | null = null;

  /** Where in its chunk the row lies that was begun last. */
  offset = CHUNK - 1;

  readonly #marks: Marks;
  readonly #slots: number;
  readonly #chunks: SpanChunk[] = [];
  #chunk: SpanChunk | null = null;
  #nextChunk = 0;
  // The oldest row's place, kept beside `evictCount`: a full ring evicts once per span, and division is slow.
  #oldestChunk = 0;
  #oldestOffset = 0;

  /**
   * @param capacity Rows to keep, at least 1. Memory is taken in chunks of 2048 rows, when they are first needed.
   * @param marks Where the rows' marks are, to be released with them.
   */
  constructor(capacity: number, marks: Marks) {
    this.capacity = capacity;
    this.#marks = marks;
    this.#slots = Math.ceil(capacity / CHUNK) * CHUNK;
  }

  /** Rows that can be read. */
  get length(): number {
    return this.total - this.evictCount;
  }

  /**
   * Begins a row, and evicts the oldest if the ring is full. Who calls writes the columns of the chunk that comes back at
   * `offset`, every one, and then calls `commit()`. Columns, not arguments: a double that is passed to a function is boxed.
   */
  begin(): SpanChunk {
    if (this.total - this.evictCount === this.capacity) this.#evict();
    if (++this.offset === CHUNK) this.#advance();
    return this.#chunk!;
  }

  /** Ends a row. */
  commit(): void {
    if (++this.total >= this.alarmRow) this.onAlarm?.();
  }

  /** Writes a row from its values. */
  append(
    id: number,
    parent: number,
    name: string,
    index: number,
    startNs: number,
    endNs: number,
    cpuNs: number,
    memoryPeakBytes: number,
    dataLoadNs: number,
    attrs: Attrs | undefined,
    markHead: number,
    markCount: number,
  ): void {
    const chunk = this.begin();
    const i = this.offset;
    chunk.id[i] = id;
    chunk.parent[i] = parent;
    chunk.name[i] = name;
    chunk.index[i] = index;
    chunk.startNs[i] = startNs;
    chunk.endNs[i] = endNs;
    chunk.cpuNs[i] = cpuNs;
    chunk.markHead[i] = markHead;
    chunk.markCount[i] = markCount;
    chunk.putRare(i, dataLoadNs, memoryPeakBytes, attrs);
    this.commit();
  }

  /** Copies the rows numbered `from` up to `until` into the start of `target`. */
  read(from: number, target: RowTarget, until: number = this.total): void {
    for (let row = Math.max(from, this.evictCount), to = 0; row < until;) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const begin = slot % CHUNK;
      const count = Math.min(CHUNK - begin, until - row);
      const end = begin + count;
      target.id.set(chunk.id.subarray(begin, end), to);
      target.parent.set(chunk.parent.subarray(begin, end), to);
      target.index.set(chunk.index.subarray(begin, end), to);
      target.startNs.set(chunk.startNs.subarray(begin, end), to);
      target.endNs.set(chunk.endNs.subarray(begin, end), to);
      target.cpuNs.set(chunk.cpuNs.subarray(begin, end), to);
      target.markHead.set(chunk.markHead.subarray(begin, end), to);
      target.markCount.set(chunk.markCount.subarray(begin, end), to);
      if (chunk.dataLoadNs !== null) target.dataLoadNs.set(chunk.dataLoadNs.subarray(begin, end), to);
      else target.dataLoadNs.fill(NaN, to, to + count);
      copyColumn(target.memoryPeakBytes, chunk.memoryPeakBytes, begin, end, to);
      copyColumn(target.gpuNs, chunk.gpuNs, begin, end, to);
      for (let i = 0; i < count; i++) {
        target.name[to + i] = chunk.name[begin + i];
        target.attrs[to + i] = chunk.attrs === null ? undefined : chunk.attrs[begin + i];
      }
      row += count;
      to += count;
    }
  }

  /** A ring of another size with the newest rows of this one, and its counts; this one is not to be used after. */
  resized(capacity: number): Ring {
    const ring = new Ring(capacity, this.#marks);
    ring.total = ring.evictCount = this.evictCount;
    ring.#seek(ring.total);
    for (let row = this.evictCount; row < this.total; row++) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const i = slot % CHUNK;
      ring.append(
        chunk.id[i],
        chunk.parent[i],
        chunk.name[i],
        chunk.index[i],
        chunk.startNs[i],
        chunk.endNs[i],
        chunk.cpuNs[i],
        chunk.memoryPeakBytes === null ? NaN : chunk.memoryPeakBytes[i],
        chunk.dataLoadNs === null ? NaN : chunk.dataLoadNs[i],
        chunk.attrs?.[i],
        chunk.markHead[i],
        chunk.markCount[i],
      );
      if (chunk.gpuNs !== null) ring.#setGpu(ring.total - 1, chunk.gpuNs[i]);
    }
    return ring;
  }

  /**
   * Writes GPU times into rows, for which they are known only some time after the rows themselves.
   * @param from The first row to write.
   * @param untilNs Stops at the first row that ended later.
   * @param most Rows at most.
   * @param busyNs GPU time between two moments, NaN if it is not known.
   * @returns The first row that was not written.
   */
  fillGpu(
    from: number,
    untilNs: number,
    most: number,
    busyNs: (startNs: number, endNs: number) => number,
  ): number {
    const first = Math.max(from, this.evictCount);
    const end = Math.min(this.total, first + most);
    for (let row = first; row < end; row++) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const i = slot % CHUNK;
      if (chunk.endNs[i] > untilNs) return row;
      const ns = busyNs(chunk.startNs[i], chunk.endNs[i]);
      if (ns === ns) this.#setGpu(row, Math.round(ns));
    }
    return end;
  }

  #setGpu(row: number, ns: number): void {
    const slot = row % this.#slots;
    const chunk = this.#chunks[Math.floor(slot / CHUNK)];
    (chunk.gpuNs ??= new Float64Array(CHUNK).fill(NaN))[slot % CHUNK] = ns;
  }

  /** Forgets every row and gives their marks back. */
  clear(): void {
    while (this.length > 0) this.#evict();
  }

  #evict(): void {
    if (this.#oldestOffset === CHUNK) {
      this.#oldestChunk = (this.#oldestChunk + 1) % (this.#slots / CHUNK);
      this.#oldestOffset = 0;
    }
    const chunk = this.#chunks[this.#oldestChunk];
    const i = this.#oldestOffset++;
    if (chunk.markHead[i] !== 0) this.#marks.release(chunk.markHead[i]);
    chunk.name[i] = "";
    if (chunk.attrs !== null) chunk.attrs[i] = undefined;
    this.evictCount++;
  }

  // The write position goes round the chunks; each is made when the position first reaches it.
  #advance(): void {
    const chunk = this.#chunks[this.#nextChunk] ??= new SpanChunk();
    this.#chunk = chunk;
    this.offset = 0;
    this.#nextChunk = (this.#nextChunk + 1) % (this.#slots / CHUNK);
  }

  // Makes the next row number land on the slot that `read` will look for it in.
  #seek(row: number): void {
    const slot = row % this.#slots;
    this.#nextChunk = Math.floor(slot / CHUNK);
    this.#oldestChunk = this.#nextChunk;
    this.#advance();
    this.#oldestOffset = slot % CHUNK;
    this.offset = this.#oldestOffset - 1;
  }
}

function copyColumn(
  target: Float64Array | null,
  source: Float64Array | null,
  begin: number,
  end: number,
  to: number,
): void {
  if (target === null) return;
  if (source === null) target.fill(NaN, to, to + end - begin);
  else target.set(source.subarray(begin, end), to);
}
