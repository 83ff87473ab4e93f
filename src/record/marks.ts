/**
 * Bounded storage for marks: chunks of typed-array columns with a free list, threaded into one list per span.
 *
 * A span's marks are scattered over time and leave together, and a span that stays open for days drops its oldest
 * ones singly; a ring would be pinned by such a span, a list is not. Slots are numbered from 1, 0 ends a list.
 *
 * @module
 */
import type { Attrs, MarkValue } from "../data/values.ts";

/** Point marks kept per span. Summary marks are all kept. */
export const POINT_MARKS_PER_SPAN = 1024;

const CHUNK_BITS = 11;
const CHUNK = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK - 1;

const MARK_NUMBERS = 3;
const MARK_VALUE = 0;
const MARK_TS_NS = 1;
const MARK_ORDER = 2;

const NUMBER = 0;
const FALSE = 1;
const TRUE = 2;
const OTHER = 3; // string or bigint, kept in `refs`
const TYPE = 3;
const SUMMARY = 4;
const DRAINED = 8;

class MarkChunk {
  /** `MARK_NUMBERS` of each mark, which lie together: one array to find and to check for all of them. */
  readonly numbers: Float64Array;
  readonly next: Uint32Array;
  readonly flags: Uint8Array;
  readonly name: string[];
  // Made when the first string, bigint or attribute comes: most marks are plain numbers.
  refs: (string | bigint | undefined)[] | null = null;
  attrs: (Attrs | undefined)[] | null = null;

  constructor() {
    const buffer = new ArrayBuffer(CHUNK * 29);
    this.numbers = new Float64Array(buffer, 0, CHUNK * MARK_NUMBERS);
    this.next = new Uint32Array(buffer, CHUNK * 24, CHUNK);
    this.flags = new Uint8Array(buffer, CHUNK * 28, CHUNK);
    this.name = new Array<string>(CHUNK).fill("");
  }

  /** Writes a value that is no number. */
  putOther(i: number, value: string | boolean | bigint): void {
    if (typeof value === "boolean") {
      this.flags[i] |= value ? TRUE : FALSE;
    } else {
      this.flags[i] |= OTHER;
      (this.refs ??= new Array(CHUNK).fill(undefined))[i] = value;
    }
  }

  putAttrs(i: number, attrs: Attrs): void {
    (this.attrs ??= new Array(CHUNK).fill(undefined))[i] = attrs;
  }
}

/** The marks of one span while it is open: points apart from summaries, since only points are evicted. */
export interface MarkLists {
  pointHead: number;
  pointTail: number;
  pointCount: number;
  summaryHead: number;
  summaryTail: number;
  summaryCount: number;
}

/** The lists of a span that has no marks yet. */
export function noMarks(): MarkLists {
  return { pointHead: 0, pointTail: 0, pointCount: 0, summaryHead: 0, summaryTail: 0, summaryCount: 0 };
}

/** How many marks the lists hold. */
export function markCount(lists: MarkLists): number {
  return lists.pointCount + lists.summaryCount;
}

/** Columns to copy marks out into; each as long as the marks read. */
export interface MarkTarget {
  readonly name: string[];
  readonly value: MarkValue[];
  readonly summary: Uint8Array;
  readonly tsNs: Float64Array;
  /** Written only where there are some. */
  readonly attrs: (Attrs | undefined)[];
  /** Counts marks as they are made; no two share one. */
  readonly order: Float64Array;
  /** 1 where the sinks have seen the mark. */
  readonly drained: Uint8Array;
}

/** All marks in the buffer. */
export class Marks {
  /** Point marks that left a span that had more than its share. */
  evictCount = 0;
  /** Called before a mark is evicted that no sink has seen; null while there are no sinks. */
  onLoss: (() => void) | null = null;
  readonly #chunks: MarkChunk[] = [];
  #free = 0;
  #unused = 1;
  #order = 0;

  /** Marks ever made. */
  get total(): number {
    return this.#order;
  }

  /** Appends a mark to `lists`; evicts the span's oldest point mark if it has too many. */
  append(
    lists: MarkLists,
    name: string,
    value: MarkValue,
    summary: boolean,
    tsNs: number,
    attrs: Attrs | undefined,
  ): void {
    // Short, with what is rare elsewhere: V8 inlines it then, and need not box the doubles it is given.
    const slot = this.#take();
    const chunk = this.#chunks[slot >> CHUNK_BITS];
    const i = slot & CHUNK_MASK;
    chunk.name[i] = name;
    const { numbers } = chunk;
    const at = i * MARK_NUMBERS;
    numbers[at + MARK_TS_NS] = tsNs;
    numbers[at + MARK_ORDER] = this.#order++;
    chunk.next[i] = 0;
    chunk.flags[i] = summary ? SUMMARY : 0;
    if (typeof value === "number") numbers[at + MARK_VALUE] = value;
    else chunk.putOther(i, value);
    if (attrs !== undefined) chunk.putAttrs(i, attrs);
    if (summary) this.#appendSummary(lists, slot);
    else this.#appendPoint(lists, slot);
  }

  #appendPoint(lists: MarkLists, slot: number): void {
    const last = lists.pointTail;
    if (last === 0) lists.pointHead = slot;
    else this.#link(last, slot);
    lists.pointTail = slot;
    // Counted first: a sink that is drained before the oldest goes reads the list as it is.
    if (++lists.pointCount > POINT_MARKS_PER_SPAN) this.#evictPoint(lists);
  }

  #appendSummary(lists: MarkLists, slot: number): void {
    const last = lists.summaryTail;
    if (last === 0) lists.summaryHead = slot;
    else this.#link(last, slot);
    lists.summaryTail = slot;
    lists.summaryCount++;
  }

  /** Joins a span's two lists into one, in the order the marks were made; gives its first slot. */
  join(lists: MarkLists): number {
    if (lists.summaryHead === 0) return lists.pointHead;
    if (lists.pointHead === 0) return lists.summaryHead;
    let point = lists.pointHead;
    let summary = lists.summaryHead;
    let head = 0;
    let tail = 0;
    while (point !== 0 && summary !== 0) {
      const pointFirst = this.#orderOf(point) < this.#orderOf(summary);
      const slot = pointFirst ? point : summary;
      if (pointFirst) point = this.#nextOf(point);
      else summary = this.#nextOf(summary);
      if (tail === 0) head = slot;
      else this.#link(tail, slot);
      tail = slot;
    }
    this.#link(tail, point !== 0 ? point : summary);
    return head;
  }

  /**
   * Copies the marks of a joined list out.
   * @param at Where in `target` the first one goes.
   * @returns Where the next list's first one goes.
   */
  readInto(head: number, target: MarkTarget, at: number): number {
    for (let slot = head; slot !== 0; slot = this.#nextOf(slot)) this.#readOne(slot, target, at++);
    return at;
  }

  /** The same of a span that is still open, in the order the marks were made; changes nothing. */
  readOpenInto(lists: MarkLists, target: MarkTarget, at: number): number {
    let point = lists.pointHead;
    let summary = lists.summaryHead;
    while (point !== 0 || summary !== 0) {
      if (summary === 0 || (point !== 0 && this.#orderOf(point) < this.#orderOf(summary))) {
        this.#readOne(point, target, at++);
        point = this.#nextOf(point);
      } else {
        this.#readOne(summary, target, at++);
        summary = this.#nextOf(summary);
      }
    }
    return at;
  }

  /** Whether an open span has marks that no sink has seen. */
  hasUndrained(lists: MarkLists): boolean {
    return (lists.pointTail !== 0 && !this.#isDrained(lists.pointTail))
      || (lists.summaryTail !== 0 && !this.#isDrained(lists.summaryTail));
  }

  /** How many marks a joined list has. */
  countFrom(head: number): number {
    let count = 0;
    for (let slot = head; slot !== 0; slot = this.#nextOf(slot)) count++;
    return count;
  }

  /** How many marks of a joined list no sink has seen. */
  undrainedCount(head: number): number {
    let count = 0;
    for (let slot = head; slot !== 0; slot = this.#nextOf(slot)) if (!this.#isDrained(slot)) count++;
    return count;
  }

  /** Notes that the sinks have seen a joined list. */
  drain(head: number): void {
    this.#drain(head);
  }

  /** Notes that the sinks have seen an open span's marks. */
  drainOpen(lists: MarkLists): void {
    this.#drain(lists.pointHead);
    this.#drain(lists.summaryHead);
  }

  /** Whether any mark may have attributes. */
  get haveAttrs(): boolean {
    return this.#chunks.some(({ attrs }) => attrs !== null);
  }

  /** Gives the slots of a joined list back. */
  release(head: number): void {
    for (let slot = head; slot !== 0;) {
      const next = this.#nextOf(slot);
      this.#giveBack(slot);
      slot = next;
    }
  }

  #take(): number {
    const slot = this.#free;
    if (slot !== 0) {
      this.#free = this.#nextOf(slot);
      return slot;
    }
    const fresh = this.#unused++;
    if (fresh >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new MarkChunk());
    return fresh;
  }

  #giveBack(slot: number): void {
    const chunk = this.#chunks[slot >> CHUNK_BITS];
    const i = slot & CHUNK_MASK;
    chunk.name[i] = "";
    if (chunk.refs !== null) chunk.refs[i] = undefined;
    if (chunk.attrs !== null) chunk.attrs[i] = undefined;
    chunk.next[i] = this.#free;
    this.#free = slot;
  }

  #evictPoint(lists: MarkLists): void {
    if (this.onLoss !== null && !this.#isDrained(lists.pointHead)) this.onLoss();
    const oldest = lists.pointHead;
    if (oldest === 0) return; // a sink ended the session meanwhile, and the span with it
    lists.pointHead = this.#nextOf(oldest);
    lists.pointCount--;
    this.#giveBack(oldest);
    this.evictCount++;
  }

  #readOne(slot: number, target: MarkTarget, at: number): void {
    const chunk = this.#chunks[slot >> CHUNK_BITS];
    const i = slot & CHUNK_MASK;
    const flags = chunk.flags[i];
    const type = flags & TYPE;
    const from = i * MARK_NUMBERS;
    target.name[at] = chunk.name[i];
    target.value[at] = type === NUMBER
      ? chunk.numbers[from + MARK_VALUE]
      : type === OTHER
      ? chunk.refs![i]!
      : type === TRUE;
    target.summary[at] = (flags & SUMMARY) >> 2;
    target.tsNs[at] = chunk.numbers[from + MARK_TS_NS];
    if (chunk.attrs !== null) target.attrs[at] = chunk.attrs[i];
    target.order[at] = chunk.numbers[from + MARK_ORDER];
    target.drained[at] = (flags & DRAINED) >> 3;
  }

  #isDrained(slot: number): boolean {
    return (this.#chunks[slot >> CHUNK_BITS].flags[slot & CHUNK_MASK] & DRAINED) !== 0;
  }

  #drain(head: number): void {
    for (let slot = head; slot !== 0; slot = this.#nextOf(slot)) {
      this.#chunks[slot >> CHUNK_BITS].flags[slot & CHUNK_MASK] |= DRAINED;
    }
  }

  #orderOf(slot: number): number {
    return this.#chunks[slot >> CHUNK_BITS].numbers[(slot & CHUNK_MASK) * MARK_NUMBERS + MARK_ORDER];
  }

  #nextOf(slot: number): number {
    return this.#chunks[slot >> CHUNK_BITS].next[slot & CHUNK_MASK];
  }

  #link(slot: number, next: number): void {
    this.#chunks[slot >> CHUNK_BITS].next[slot & CHUNK_MASK] = next;
  }
}
