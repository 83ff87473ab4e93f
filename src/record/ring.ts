/**
 * Closed spans: a ring of typed-array columns in chunks, in order of close. A row is written once, when its span
 * closes, and read in place until it is evicted.
 *
 * @module
 */
import type { Attrs } from "../data/values.ts";
import type { LateMeter } from "../meters/meter.ts";
import { type CounterColumns, NO_COUNTERS } from "./counters.ts";
import type { Marks } from "./marks.ts";
import {
  CHUNK,
  CHUNK_BITS,
  CHUNK_MASK,
  countOf,
  headOf,
  packMarks,
  ROW_CPU_NS,
  ROW_END_NS,
  ROW_ID,
  ROW_INDEX,
  ROW_MARKS,
  ROW_NUMBERS,
  ROW_PARENT,
  ROW_ROOT,
  ROW_START_NS,
  SpanChunk,
} from "./span_chunk.ts";

/** Closed spans kept by default. */
export const DEFAULT_MAX_SPANS = 100_000;

// Where a ring points before its first row.
const NO_CHUNK = new SpanChunk(0, NO_COUNTERS);

/** Columns to copy rows out into; each as long as the rows read. */
export interface RowTarget {
  readonly id: Float64Array;
  readonly parent: Float64Array;
  readonly root: Float64Array;
  readonly index: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  readonly cpuNs: Float64Array;
  readonly dataLoadNs: Float64Array;
  /** What is read at both ends of spans. */
  readonly counters: readonly Float64Array[];
  /** What is known late. */
  readonly late: readonly Float64Array[];
  readonly markHead: Uint32Array;
  readonly markCount: Uint32Array;
  readonly name: string[];
  /** Written only where there are some. */
  readonly attrs: (Attrs | undefined)[];
}

/** The newest closed spans, up to a bound. */
export class Ring {
  /** Rows kept at most. */
  capacity: number;
  /** Rows ever written. Row numbers count from 0 to here; a cursor is a row number. */
  total = 0;
  /** From this moment on, each row that ends then or later calls `onAlarm`. The one comparison that a row costs. */
  alarmNs: number = Infinity;
  /** From this many rows on, each row calls `onAlarm` too: `alarmNs` is then in the past. */
  alarmRow: number = Infinity;
  /** Whether each row ended no earlier than the one before: not where the program says when spans ended. */
  isInOrder = true;
  /** Called right after a row was written; sets the next alarm. */
  onAlarm: (() => void) | null = null;

  /** Where in its chunk the row lies that was begun last. */
  offset: number = CHUNK - 1;

  readonly #marks: Marks;
  #slots: number;
  #chunks: SpanChunk[] = [];
  #chunk: SpanChunk;
  #nextChunk = 0;
  // Rows that may begin before there is anything to look after: the end of a chunk, a row that leaves and holds something, or
  // the alarm's row.
  #quiet = 0;
  // Up to which row rows have been let go of, and where the next one lies: kept, since a division costs as much as a row.
  #letGoRow = 0;
  #letGoSlot = 0;
  // Rows before this one are not here any more, however few there are.
  #clearedRow = 0;
  #counters: CounterColumns;
  /** The first row whose late figures may yet become known. */
  #lateRow = 0;

  /**
   * @param capacity Rows to keep, at least 1. Memory is taken in chunks of 2048 rows, when they are first needed.
   * @param marks Where the rows' marks are, to be released with them.
   */
  constructor(capacity: number, marks: Marks, counters: CounterColumns = NO_COUNTERS) {
    this.capacity = capacity;
    this.#counters = counters;
    this.#marks = marks;
    this.#slots = Math.ceil(capacity / CHUNK) * CHUNK;
    this.#chunk = NO_CHUNK;
  }

  /** Rows evicted: also the number of the oldest row that is still here. */
  get evictCount(): number {
    return Math.max(this.#clearedRow, this.total - this.capacity);
  }

  /** No evicted row ended later than this; undefined if none was evicted, or none is left. */
  get evictedUntilNs(): number | undefined {
    const row = this.evictCount;
    if (row === 0 || row === this.total) return undefined;
    if (!this.isInOrder) return Infinity;
    const slot = row % this.#slots;
    return this.#chunks[Math.floor(slot / CHUNK)].numbers[slot % CHUNK * ROW_NUMBERS + ROW_END_NS];
  }

  /** Rows that can be read. */
  get length(): number {
    return this.total - this.evictCount;
  }

  /**
   * Begins a row, and evicts the oldest if the ring is full. Who calls writes all of row `offset` of the chunk that comes
   * back, and then calls `commit()`. Not as arguments: V8 boxes each double that is passed to a function.
   */
  begin(): SpanChunk {
    if (--this.#quiet < 0) this.#lookAfter();
    else this.offset++;
    return this.#chunk;
  }

  /** Notes that the row that was begun has marks or attributes, which have to be let go of when it is evicted. */
  hold(): void {
    this.#chunk.heldCount++;
    // In a small ring the row may be evicted before the end of the chunk.
    if (this.capacity <= CHUNK) this.#quiet = 0;
  }

  /** Ends a row, whose span ended at `endNs`. */
  commit(endNs: number): void {
    this.total++;
    if (endNs >= this.alarmNs) this.onAlarm?.();
  }

  /**
   * Calls `onAlarm` for each row from number `row` on, and for each that ends at `ns` or later, until the alarm is set anew;
   * Infinity for never.
   */
  setAlarm(row: number, ns: number, onAlarm: (() => void) | null): void {
    this.alarmRow = row;
    this.alarmNs = ns;
    this.onAlarm = onAlarm;
    this.#quiet = 0;
  }

  /** Where the first mark of row number `row` is, which must be here; 0 for none. */
  markHead(row: number): number {
    const slot = row % this.#slots;
    return headOf(this.#chunks[Math.floor(slot / CHUNK)].numbers[slot % CHUNK * ROW_NUMBERS + ROW_MARKS]);
  }

  /** Gives the row that was written last another end, and takes away what was counted up to the real one. */
  amendLast(endNs: number): void {
    const chunk = this.#chunk;
    const at = this.offset * ROW_NUMBERS;
    chunk.numbers[at + ROW_END_NS] = endNs;
    chunk.numbers[at + ROW_CPU_NS] = NaN;
    for (const column of chunk.counters) column[this.offset] = NaN;
    this.isInOrder = false;
  }

  /** The parent of the row that was written last; 0 for none. */
  get lastParent(): number {
    return this.#chunk.numbers[this.offset * ROW_NUMBERS + ROW_PARENT];
  }

  /** The end of the row that was written last. */
  get lastEndNs(): number {
    return this.#chunk.numbers[this.offset * ROW_NUMBERS + ROW_END_NS];
  }

  /** The root of the span of this number, looked for from the newest row on; NaN if it is not here. */
  rootOf(number: number): number {
    for (let row = this.total - 1; row >= this.evictCount; row--) {
      const slot = row % this.#slots;
      const at = (slot & CHUNK_MASK) * ROW_NUMBERS;
      const { numbers } = this.#chunks[slot >> CHUNK_BITS];
      if (numbers[at + ROW_ID] === number) return numbers[at + ROW_ROOT];
    }
    return NaN;
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
    dataLoadNs: number,
    attrs: Attrs | undefined,
    markHead: number,
    markCount: number,
    root: number = 0,
    counters: readonly number[] = [],
  ): void {
    const chunk = this.begin();
    const i = this.offset;
    chunk.name[i] = name;
    chunk.numbers.set(
      [id, parent, index, startNs, endNs, cpuNs, packMarks(markHead, markCount), root],
      i * ROW_NUMBERS,
    );
    if (markHead !== 0 || attrs !== undefined) this.hold();
    chunk.putRare(i, dataLoadNs, attrs);
    chunk.counters.forEach((column, k) => column[i] = counters[k] ?? NaN);
    this.commit(endNs);
  }

  /** Whether any of the rows from number `from` on may have attributes. */
  haveAttrs(from: number): boolean {
    for (let row = Math.max(from, this.evictCount); row < this.total; row += CHUNK - row % CHUNK) {
      if (this.#chunks[Math.floor(row % this.#slots / CHUNK)].attrs !== null) return true;
    }
    return false;
  }

  /** Copies the rows numbered `from` up to `until` into the start of `target`. */
  read(from: number, target: RowTarget, until: number = this.total): void {
    for (let row = Math.max(from, this.evictCount), to = 0; row < until;) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const begin = slot % CHUNK;
      const count = Math.min(CHUNK - begin, until - row);
      const end = begin + count;
      const { numbers } = chunk;
      for (let i = to, at = begin * ROW_NUMBERS; i < to + count; i++, at += ROW_NUMBERS) {
        target.id[i] = numbers[at + ROW_ID];
        target.parent[i] = numbers[at + ROW_PARENT];
        target.root[i] = numbers[at + ROW_ROOT];
        target.index[i] = numbers[at + ROW_INDEX];
        target.startNs[i] = numbers[at + ROW_START_NS];
        target.endNs[i] = numbers[at + ROW_END_NS];
        target.cpuNs[i] = numbers[at + ROW_CPU_NS];
        const marks = numbers[at + ROW_MARKS];
        target.markHead[i] = headOf(marks);
        target.markCount[i] = countOf(marks);
      }
      if (chunk.dataLoadNs !== null) target.dataLoadNs.set(chunk.dataLoadNs.subarray(begin, end), to);
      else target.dataLoadNs.fill(NaN, to, to + count);
      target.counters.forEach((column, k) => column.set(chunk.counters[k].subarray(begin, end), to));
      // Beyond what is settled there may be figures of the rows that were here before.
      const known = Math.max(0, Math.min(count, this.#lateRow - row));
      target.late.forEach((column, k) => {
        const figures = chunk.late[k];
        if (figures !== null) column.set(figures.subarray(begin, begin + known), to);
        column.fill(NaN, figures === null ? to : to + known, to + count);
      });
      for (let i = 0; i < count; i++) target.name[to + i] = chunk.name[begin + i];
      if (chunk.attrs !== null) {
        for (let i = 0; i < count; i++) target.attrs[to + i] = chunk.attrs[begin + i];
      }
      row += count;
      to += count;
    }
  }

  /** Changes the bound; the newest rows stay, and the counts and the alarm. */
  resize(capacity: number): void {
    const ring = new Ring(capacity, this.#marks, this.#counters);
    ring.#lateRow = this.#lateRow;
    ring.total = ring.#clearedRow = this.evictCount;
    ring.#seek(ring.total);
    for (let row = this.evictCount; row < this.total; row++) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const i = slot % CHUNK;
      const at = i * ROW_NUMBERS;
      ring.append(
        chunk.numbers[at + ROW_ID],
        chunk.numbers[at + ROW_PARENT],
        chunk.name[i],
        chunk.numbers[at + ROW_INDEX],
        chunk.numbers[at + ROW_START_NS],
        chunk.numbers[at + ROW_END_NS],
        chunk.numbers[at + ROW_CPU_NS],
        chunk.dataLoadNs === null ? NaN : chunk.dataLoadNs[i],
        chunk.attrs?.[i],
        headOf(chunk.numbers[at + ROW_MARKS]),
        countOf(chunk.numbers[at + ROW_MARKS]),
        chunk.numbers[at + ROW_ROOT],
        chunk.counters.map(column => column[i]),
      );
      chunk.late.forEach((column, k) => ring.#chunk.putLate(ring.offset, k, column?.[i] ?? NaN));
    }
    this.#become(ring);
  }

  /** Forgets every row, gives their marks back and starts over with another bound, without an alarm. */
  restart(capacity: number, counters: CounterColumns = NO_COUNTERS): void {
    for (let row = this.evictCount; row < this.total; row++) {
      const slot = row % this.#slots;
      this.#letGo(this.#chunks[slot >> CHUNK_BITS], slot & CHUNK_MASK);
    }
    this.#become(new Ring(capacity, this.#marks, counters));
    this.isInOrder = true;
    this.setAlarm(Infinity, Infinity, null);
  }

  // Takes another ring's rows over. The ring itself stays, so that who writes into it need not ask for it.
  #become(ring: Ring): void {
    this.capacity = ring.capacity;
    this.total = ring.total;
    this.offset = ring.offset;
    this.#slots = ring.#slots;
    this.#chunks = ring.#chunks;
    this.#chunk = ring.#chunk;
    this.#nextChunk = ring.#nextChunk;
    this.#letGoRow = ring.#letGoRow;
    this.#letGoSlot = ring.#letGoSlot;
    this.#clearedRow = ring.#clearedRow;
    this.#counters = ring.#counters;
    this.#lateRow = ring.#lateRow;
    this.#quiet = 0;
  }

  /** The first row that is here whose late figures may yet become known. */
  get settledRow(): number {
    return Math.max(this.#lateRow, this.evictCount);
  }

  /**
   * Writes late figures into rows, in their order and each once.
   * @param untilNs Stops at the first row that ended later.
   * @param most Rows at most.
   * @param meters One for each late column.
   * @returns Whether there may be more.
   */
  settle(untilNs: number, most: number, meters: readonly LateMeter[]): boolean {
    const first = this.settledRow;
    const end = Math.min(this.total, first + most);
    let row = first;
    for (; row < end; row++) {
      const slot = row % this.#slots;
      const chunk = this.#chunks[Math.floor(slot / CHUNK)];
      const i = slot % CHUNK;
      const startNs = chunk.numbers[i * ROW_NUMBERS + ROW_START_NS];
      const endNs = chunk.numbers[i * ROW_NUMBERS + ROW_END_NS];
      if (endNs > untilNs) break;
      for (let k = 0; k < meters.length; k++) {
        chunk.putLate(i, k, Math.round(meters[k].between(startNs, endNs)));
      }
    }
    this.#lateRow = row;
    return row - first === most;
  }

  // Makes room for the row that begins, and finds out for how many rows there will be nothing more to do.
  #lookAfter(): void {
    if (++this.offset === CHUNK) this.#advance();
    this.#makeRoom();
    const toAlarm = this.alarmRow - this.total - 1;
    if (toAlarm <= 0) this.alarmNs = -Infinity;
    if (toAlarm <= this.#quiet) this.#quiet = Math.max(0, toAlarm - 1) | 0;
  }

  // A ring in which nothing is held evicts by counting.
  #makeRoom(): void {
    const toChunkEnd = CHUNK_MASK - this.offset;
    const leaving = this.total - this.capacity;
    if (leaving < this.#clearedRow) {
      this.#quiet = Math.min(toChunkEnd, this.#clearedRow - leaving - 1);
      return;
    }
    const slot = this.#wrapped(this.#letGoSlot + leaving - this.#letGoRow);
    this.#letGo(this.#chunks[slot >> CHUNK_BITS], slot & CHUNK_MASK);
    const next = this.#wrapped(slot + 1);
    this.#letGoRow = leaving + 1;
    this.#letGoSlot = next;
    this.#quiet = this.#chunks[next >> CHUNK_BITS].heldCount > 0
      ? 0
      : Math.min(toChunkEnd, CHUNK - (next & CHUNK_MASK));
  }

  #wrapped(slot: number): number {
    return slot < this.#slots ? slot : slot - this.#slots;
  }

  // The name stays until the row is written anew, at most a chunk later: to let go of it here would cost a cache miss.
  #letGo(chunk: SpanChunk, i: number): void {
    if (chunk.heldCount === 0) return;
    const at = i * ROW_NUMBERS + ROW_MARKS;
    const head = headOf(chunk.numbers[at]);
    if (head === 0 && chunk.attrs?.[i] === undefined) return;
    chunk.heldCount--;
    if (head !== 0) this.#marks.release(head);
    chunk.numbers[at] = 0;
    if (chunk.attrs !== null) chunk.attrs[i] = undefined;
  }

  // The write position goes round the chunks; each is made when the position first reaches it.
  #advance(): void {
    this.#chunk = this.#chunks[this.#nextChunk] ??= new SpanChunk(CHUNK, this.#counters);
    this.offset = 0;
    this.#nextChunk = (this.#nextChunk + 1) % (this.#slots >> CHUNK_BITS);
  }

  // Makes the next row number land on the slot that `read` will look for it in.
  #seek(row: number): void {
    const slot = row % this.#slots;
    this.#nextChunk = slot >> CHUNK_BITS;
    this.#advance();
    this.offset = (slot & CHUNK_MASK) - 1;
    this.#letGoRow = row;
    this.#letGoSlot = slot;
  }
}
