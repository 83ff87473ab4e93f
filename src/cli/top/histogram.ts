/**
 * How long spans took, by size alone: 32 buckets from each power of two to the next, so that what is read back is 1/64 (1.6 %) off at
 * most, whatever the number of spans.
 *
 * @module
 */

const BUCKETS = 32;

/** Octaves up to 2^53 ns, which is 104 days. The first is of the numbers below 32, one by one. */
const OCTAVES = 50;

/** Counts durations. It grows by the octaves that occur, 128 bytes each. */
export class Histogram {
  readonly #octaves: (Float32Array | null)[] = new Array(OCTAVES).fill(null);
  /** Weights that were added. */
  count = 0;
  max = 0;

  /** Counts a duration in nanoseconds `weight` times. */
  add(ns: number, weight: number): void {
    let octave = 0;
    let value = ns;
    // Below 2^31, where integers are shifted.
    for (; value >= 0x80000000; value /= 1024) octave += 10;
    value = value > 0 ? Math.floor(value) : 0;
    if (value >= BUCKETS) {
      const shift = 26 - Math.clz32(value); // 31 - clz32 is the highest bit, and 5 bits follow it
      octave += shift + 1;
      value = (value >>> shift) & 31;
    }
    (this.#octaves[Math.min(octave, OCTAVES - 1)] ??= new Float32Array(BUCKETS))[value] += weight;
    this.count += weight;
    if (ns > this.max) this.max = ns;
  }

  /** Adds all that another has. */
  merge(other: Histogram): void {
    other.#octaves.forEach((from, octave) => {
      if (from === null) return;
      const to = this.#octaves[octave] ??= new Float32Array(BUCKETS);
      for (let i = 0; i < BUCKETS; i++) to[i] += from[i];
    });
    this.count += other.count;
    if (other.max > this.max) this.max = other.max;
  }

  /** The duration that a share of all is not longer than, in nanoseconds; NaN of nothing. */
  quantile(share: number): number {
    if (this.count <= 0) return NaN;
    let left = share * this.count;
    for (let octave = 0; octave < OCTAVES; octave++) {
      const counts = this.#octaves[octave];
      if (counts === null) continue;
      for (let i = 0; i < BUCKETS; i++) {
        left -= counts[i];
        if (left <= 0 && counts[i] > 0) return Math.min(this.max, middleOf(octave, i));
      }
    }
    return this.max; // weights were rounded
  }

  /** Forgets everything. */
  clear(): void {
    for (const octave of this.#octaves) octave?.fill(0);
    this.count = 0;
    this.max = 0;
  }
}

function middleOf(octave: number, i: number): number {
  return octave === 0 ? i : (BUCKETS + i + 0.5) * 2 ** (octave - 1);
}
