/**
 * The oldest of many files, in order, and no more of them than fit a bound: what is evicted next.
 *
 * @module
 */

/** A file of the spool as its directory has it. */
export type SpoolFile = DatedFile;

/** A file that can be evicted. */
export interface DatedFile {
  readonly name: string;
  readonly size: number;
  /** When it was written, in milliseconds since 1970 by the clock of its file system. */
  readonly writtenMs: number;
}

/** By how much another file may be newer than the moment at which a survey began, or its clock coarser. */
const LATE_MS = 5000;

/**
 * A file as it is to be put in order. Files are dated by the clock of their file system, so one from later than now is from before
 * that clock was set back: older than all others, whatever it says. Not by name: a name has the writer's own idea of time, which
 * stands still while the machine sleeps, and which no setting of the clock reaches before its next session.
 * @param nowMs The time by that clock.
 */
export function dated(file: DatedFile, nowMs: number): DatedFile {
  if (file.writtenMs <= nowMs + LATE_MS) return file;
  return { ...file, writtenMs: file.writtenMs - Number.MAX_SAFE_INTEGER };
}

/** Files listed: 2 MB of names. An eviction that needs more of them looks at the directory again. */
export const LISTED_FILES = 16_384;

/**
 * The oldest files of those offered. First `offer()` as they are found, in any order, then `sort()` until it is done, then
 * `append()` what is newer than all of them, and `takeOldest()`.
 */
export class OldestFiles {
  /** Whether it holds all files there are, but for those taken. */
  isComplete = true;
  // While files are offered a heap with the newest at its root, which goes when an older one comes and the list is full.
  readonly #heap: DatedFile[] = [];
  readonly #descending: DatedFile[] = [];
  readonly #appended: DatedFile[] = [];
  #taken = 0;
  readonly #most: number;

  constructor(most: number = LISTED_FILES) {
    this.#most = most;
  }

  /** Files in it. */
  get length(): number {
    return this.#heap.length + this.#descending.length + this.#appended.length - this.#taken;
  }

  /** Takes a file if it is among the oldest. */
  offer(file: DatedFile): void {
    const heap = this.#heap;
    if (heap.length < this.#most) {
      heap.push(file);
      siftUp(heap);
      return;
    }
    this.isComplete = false;
    if (!isNewer(heap[0], file)) return;
    heap[0] = file;
    siftDown(heap);
  }

  /** Puts up to `most` files in order; tells whether all of them are. */
  sort(most: number): boolean {
    const heap = this.#heap;
    for (let i = 0; i < most && heap.length > 0; i++) {
      this.#descending.push(heap[0]);
      const last = heap.pop()!;
      if (heap.length === 0) break;
      heap[0] = last;
      siftDown(heap);
    }
    return heap.length === 0;
  }

  /** Takes a file that is newer than all that are here. */
  append(file: DatedFile): void {
    if (this.isComplete && this.length < this.#most) this.#appended.push(file);
    else this.isComplete = false;
  }

  /** Takes the oldest out; null if there is none. */
  takeOldest(): DatedFile | null {
    const listed = this.#descending.pop();
    if (listed !== undefined) return listed;
    if (this.#taken === this.#appended.length) return null;
    const file = this.#appended[this.#taken++];
    if (this.#taken * 2 > this.#appended.length) {
      this.#appended.splice(0, this.#taken);
      this.#taken = 0;
    }
    return file;
  }
}

function isNewer(a: DatedFile, b: DatedFile): boolean {
  return a.writtenMs > b.writtenMs || (a.writtenMs === b.writtenMs && a.name > b.name);
}

function siftUp(heap: DatedFile[]): void {
  let i = heap.length - 1;
  const file = heap[i];
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isNewer(file, heap[parent])) break;
    heap[i] = heap[parent];
    i = parent;
  }
  heap[i] = file;
}

function siftDown(heap: DatedFile[]): void {
  const file = heap[0];
  let i = 0;
  for (let child = 1; child < heap.length; child = 2 * i + 1) {
    if (child + 1 < heap.length && isNewer(heap[child + 1], heap[child])) child++;
    if (!isNewer(heap[child], file)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = file;
}
