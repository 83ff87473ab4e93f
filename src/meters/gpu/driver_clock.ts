/**
 * Where the driver's timestamps lie on the program's clock, and how far apart its samples are.
 *
 * The driver stamps samples with a GPU timer that was set once, or never, and runs at its own pace. Only one thing is sure:
 * a sample that was just read is not from the future. So each reading bounds the offset from above, and the least of
 * those of the last minute, when a sample happened to be fresh, is the offset.
 *
 * @module
 */

const WINDOW_NS = 60e9;

/** A bound that differs this much from the others means that one of the clocks jumped. */
const JUMP_NS = 2e9;

const MOST_PERIODS = 72;

/** The offset between two clocks that drift apart slowly. */
export class DriverClock {
  readonly #bounds: { readonly atNs: number; readonly offsetNs: number }[] = [];
  readonly #periodsNs: number[] = [];
  #periodNs = NaN;

  /**
   * Learns from a reading.
   * @param nowNs When it ended, on the program's clock.
   * @param newestUs The newest timestamp that came with it.
   */
  note(nowNs: number, newestUs: number): void {
    const offsetNs = nowNs - newestUs * 1000;
    const bounds = this.#bounds;
    if (bounds.length > 0 && Math.abs(offsetNs - this.offsetNs) > JUMP_NS) bounds.length = 0;
    // What is older and greater will never be the least again.
    while (bounds.length > 0 && bounds.at(-1)!.offsetNs >= offsetNs) bounds.pop();
    bounds.push({ atNs: nowNs, offsetNs });
    while (bounds[0].atNs < nowNs - WINDOW_NS) bounds.shift();
  }

  /** Learns how far apart samples are. */
  notePeriod(ns: number): void {
    this.#periodsNs.push(ns);
    if (this.#periodsNs.length > MOST_PERIODS) this.#periodsNs.shift();
    const sorted = this.#periodsNs.toSorted((a, b) => a - b);
    this.#periodNs = sorted[sorted.length >> 1];
  }

  /** What to add to a driver's time; NaN before the first reading. */
  get offsetNs(): number {
    return this.#bounds.length === 0 ? NaN : this.#bounds[0].offsetNs;
  }

  /** Median distance of two samples; NaN before there are two. */
  get periodNs(): number {
    return this.#periodNs;
  }
}
