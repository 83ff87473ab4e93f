/**
 * What a recorder wrote between two looks -> paths and their last minute. Where that is more than is worth reading, some of the batches
 * stand for all: their rows are weighed so that the number of all is right.
 *
 * @module
 */
import { SESSION_NAME } from "../../data/session_names.ts";
import { TextPool } from "../../formats/text_pool.ts";
import type { BatchColumns, Bits, IntegerWords } from "../../journal/decode.ts";
import type { FollowedOpen } from "../../journal/follow_recorder.ts";
import { put } from "../../journal/read_spans.ts";
import { SecondCounts } from "./minute.ts";
import type { Path, Paths } from "./paths.ts";

/** Batches taken or left together: a span's children lie near it, mostly. */
const GROUP = 8;

/** Looks for which a span waits for its parent, which closes after it. */
const PATIENCE = 3;

/** Rows that wait at most. */
const MOST_WAITING = 8192;

/** Takes the rows of one recorder. */
export class Intake {
  /** Spans by the second in which they ended. */
  readonly counts: SecondCounts = new SecondCounts();
  /** Rows that came. */
  rows = 0;
  /** Those of the last look, and how many of them were read. */
  lookRows = 0;
  lookRead = 0;
  /** The latest end, on the recorder's clock. */
  lastEndNs: number = -Infinity;
  readonly #paths: Paths;
  readonly #pool = new TextPool();
  #scratch = new Scratch(4096);
  #groups = 0;
  #stride = 1;
  #offset = 0;
  #waiting = 0;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /**
   * Begins a look.
   * @param mostRows Rows that are to be read of it, about.
   * @param expectedRows Rows that will come, about.
   * @param random From 0 to 1.
   */
  begin(mostRows: number, expectedRows: number, random: number): void {
    this.#stride = Math.max(1, Math.ceil(expectedRows / Math.max(1, mostRows)));
    this.#offset = Math.floor(random * this.#stride);
    this.#groups = 0;
    this.lookRows = this.lookRead = 0;
    // Of a sample, parents may never come.
    if (this.#stride > 1) this.#waiting = 0;
  }

  /** Takes a batch. */
  batch(columns: BatchColumns): void {
    const { rows } = columns;
    this.lookRows += rows;
    if (Math.floor(this.#groups++ / GROUP) % this.#stride !== this.#offset) return;
    const id = columns.integers("id");
    const start = columns.integers("start_ns");
    const wall = columns.integers("wall_ns");
    const name = columns.texts("name");
    if (id === null || start === null || wall === null || name === null) return;
    const at = this.#waiting + this.lookRead;
    const scratch = this.#scratch = this.#scratch.atLeast(at + rows);
    put(scratch.id, at, rows, id, 0);
    put(scratch.parent, at, rows, columns.integers("parent"), 0);
    put(scratch.endNs, at, rows, start, 0);
    put(scratch.wallNs, at, rows, wall, 0);
    put(scratch.cpuNs, at, rows, columns.integers("cpu_ns"), NaN);
    put(scratch.memoryPeak, at, rows, columns.integers("memory_peak_bytes"), NaN);
    const gpu = columns.integers("gpu_ns");
    const pool = this.#pool;
    let latest = this.lastEndNs;
    for (let i = 0; i < rows; i++) {
      const end = scratch.endNs[at + i] += scratch.wallNs[at + i];
      // Written a second time, now that its GPU time is known.
      if (end <= this.lastEndNs && gpu !== null && isValid(gpu, i)) scratch.id[at + i] = 0;
      if (end > latest) latest = end;
      scratch.name[at + i] = pool.text(name.data, name.offsets[i], name.offsets[i + 1]);
    }
    scratch.age.fill(0, at, at + rows);
    this.lastEndNs = latest;
    this.lookRead += rows;
  }

  /**
   * Ends a look: counts what came.
   * @param anchorMs When the recorder's clock was 0, in milliseconds since 1970.
   */
  end(anchorMs: number, open: ReadonlyMap<number, FollowedOpen>): void {
    this.rows += this.lookRows;
    const scratch = this.#scratch;
    const length = this.#waiting + this.lookRead;
    if (length === 0) return;
    const weight = this.lookRead === 0 ? 1 : this.lookRows / this.lookRead;
    const pathOf = new Map<number, Path>();
    const inOpen = (id: number): Path | null => {
      const known = pathOf.get(id);
      if (known !== undefined) return known;
      const span = open.get(id);
      if (span === undefined) return null;
      const path = span.name === SESSION_NAME
        ? this.#paths.root
        : this.#paths.child(inOpen(span.parent) ?? this.#paths.root, span.name);
      pathOf.set(id, path);
      return path;
    };
    const isSample = this.#stride > 1;
    let waiting = 0;
    // From the last on: there the parents are.
    for (let i = length - 1; i >= 0; i--) {
      const id = scratch.id[i];
      if (id <= 0) continue;
      const parent = scratch.parent[i];
      let within = parent > 0 ? inOpen(parent) : this.#paths.root;
      if (within === null) {
        if (!isSample && scratch.age[i] < PATIENCE && waiting < MOST_WAITING) {
          // To the end of what is done: nothing that is still to be read lies there.
          waiting++;
          scratch.move(i, length - waiting);
          continue;
        }
        within = this.#paths.root;
      }
      const name = scratch.name[i];
      if (name === SESSION_NAME) {
        pathOf.set(id, this.#paths.root);
        continue;
      }
      const path = this.#paths.child(within, name);
      pathOf.set(id, path);
      const second = Math.floor((anchorMs + scratch.endNs[i] / 1e6) / 1000);
      path.minute.add(second, scratch.wallNs[i], scratch.cpuNs[i], scratch.memoryPeak[i], weight);
      this.counts.add(second, weight);
    }
    for (let k = 0; k < waiting; k++) {
      scratch.move(length - waiting + k, k);
      scratch.age[k]++;
    }
    this.#waiting = waiting;
  }
}

function isValid({ valid }: IntegerWords | Bits, i: number): boolean {
  return valid === null || (valid[i >> 3] & 1 << (i & 7)) !== 0;
}

/** Rows, as long as they are looked at. */
class Scratch {
  readonly id: Float64Array;
  readonly parent: Float64Array;
  readonly endNs: Float64Array;
  readonly wallNs: Float64Array;
  readonly cpuNs: Float64Array;
  readonly memoryPeak: Float64Array;
  readonly age: Uint8Array;
  readonly name: string[];

  constructor(length: number) {
    this.id = new Float64Array(length);
    this.parent = new Float64Array(length);
    this.endNs = new Float64Array(length);
    this.wallNs = new Float64Array(length);
    this.cpuNs = new Float64Array(length);
    this.memoryPeak = new Float64Array(length);
    this.age = new Uint8Array(length);
    this.name = new Array<string>(length).fill("");
  }

  /** This, or a longer copy. */
  atLeast(length: number): Scratch {
    if (length <= this.id.length) return this;
    const longer = new Scratch(Math.max(length, this.id.length * 2));
    for (const column of ["id", "parent", "endNs", "wallNs", "cpuNs", "memoryPeak", "age"] as const) {
      longer[column].set(this[column]);
    }
    this.name.forEach((name, i) => longer.name[i] = name);
    return longer;
  }

  move(from: number, to: number): void {
    for (const column of ["id", "parent", "endNs", "wallNs", "cpuNs", "memoryPeak", "age"] as const) {
      this[column][to] = this[column][from];
    }
    this.name[to] = this.name[from];
  }
}
