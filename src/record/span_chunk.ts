/**
 * Some rows of the ring: what a closed span leaves, in typed-array columns.
 *
 * @module
 */
import type { Attrs } from "../data/values.ts";

/** Rows of a chunk, as a power of two. */
export const CHUNK_BITS = 11;
/** Rows of a chunk. */
export const CHUNK = 1 << CHUNK_BITS;
/** Where in its chunk a row lies: these bits of its place. */
export const CHUNK_MASK = CHUNK - 1;

/** Numbers of a row, which lie together: one cache line, and one array to find and to check for all of them. */
export const ROW_NUMBERS = 8;
/** Where in a row its number is. */
export const ROW_ID = 0;
/** Where in a row its parent's number is; 0 for none, a foreign context's below. */
export const ROW_PARENT = 1;
/** Where in a row its index is; NaN for none. */
export const ROW_INDEX = 2;
/** Where in a row its start is. */
export const ROW_START_NS = 3;
/** Where in a row its end is. */
export const ROW_END_NS = 4;
/** Where in a row its CPU time is; NaN for not measured. */
export const ROW_CPU_NS = 5;
/** Where in a row its marks are, as {@link packMarks} has them; 0 for none. */
export const ROW_MARKS = 6;
/** Where in a row the number of the span is that began its trace; 0 for itself, a foreign context's below. */
export const ROW_ROOT = 7;

/** So many marks are counted in a row; of more, the row says this many. */
export const COUNTED_MARKS: number = 2 ** 21 - 1;

const HEADS = 0x100000000;

/** The first mark of a row and how many there are, in one number. */
export function packMarks(head: number, count: number): number {
  return head + Math.min(count, COUNTED_MARKS) * HEADS;
}

/** The first of packed marks; 0 for none. */
export function headOf(marks: number): number {
  return marks >>> 0;
}

/** How many marks are packed. */
export function countOf(marks: number): number {
  return marks / HEADS | 0;
}

/** Some rows. */
export class SpanChunk {
  readonly numbers: Float64Array;
  readonly name: string[];
  /** Rows with marks or attributes: what has to be let go of when they are evicted. */
  heldCount = 0;
  /** Whether any row ever had what few rows have. */
  hasRare = false;
  // Made for the chunk's first batch, or its first span with attributes: most programs have few of either.
  dataLoadNs: Float64Array | null = null;
  attrs: (Attrs | undefined)[] | null = null;
  // Made for the first span that was measured so: few sessions ask for memory, and few machines have a GPU.
  memoryPeakBytes: Float64Array | null = null;
  gpuNs: Float64Array | null = null;

  constructor(rows: number) {
    this.numbers = new Float64Array(rows * ROW_NUMBERS);
    this.name = new Array<string>(rows).fill("");
  }

  /** Writes what few rows have: NaN and undefined for what this one has not. Needed where one of them is there, or `hasRare`. */
  putRare(i: number, dataLoadNs: number, memoryPeakBytes: number, attrs: Attrs | undefined): void {
    this.hasRare = true;
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
