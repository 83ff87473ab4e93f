/**
 * How long a device was busy up to any moment, as far as that is known: two lines over time, made of pieces.
 *
 * The pieces come in order, each with the share of it that was busy; between two pieces there may be a hole, about which
 * nothing is known. Busy time within a span is then the difference of the line at its ends.
 *
 * @module
 */
import { doubled } from "../../data/doubled.ts";

/** Points that keep their place; older ones are thinned out. At 6 pieces a second, 20 minutes or more. */
const RECENT = 8192;

/**
 * Distance of two old points, as a part of their age. A span that begins at an old point and is still being asked about
 * is at least as long, so that whatever is lost between two points is less than this part of it.
 */
const THINNING = 1 / 2048;

/** Share of a span that must be known for its busy time to be told. */
export const LEAST_COVERAGE = 0.9;

/** Known busy time, by moments of the program's monotonic clock. */
export class BusyLine {
  #count = 0;
  #atNs = new Float64Array(256);
  /** Time known about, up to each point. */
  #knownNs = new Float64Array(256);
  /** Time busy, up to each point. */
  #busyNs = new Float64Array(256);
  #lastFound = 0;

  /** The end of the last piece; -Infinity before the first. */
  get untilNs(): number {
    return this.#count === 0 ? -Infinity : this.#atNs[this.#count - 1];
  }

  /** Points that are kept: what the memory goes into. */
  get pointCount(): number {
    return this.#count;
  }

  /** Adds a piece with the share of it that was busy. What earlier pieces cover is left as it is. */
  add(startNs: number, endNs: number, busy: number): void {
    const untilNs = this.untilNs;
    if (!(endNs > untilNs && endNs > startNs)) return;
    const beginNs = Math.max(startNs, untilNs);
    const last = this.#count - 1;
    const knownNs = last < 0 ? 0 : this.#knownNs[last];
    const busyNs = last < 0 ? 0 : this.#busyNs[last];
    if (beginNs > untilNs) this.#push(beginNs, knownNs, busyNs); // the end of a hole
    const widthNs = endNs - beginNs;
    this.#push(endNs, knownNs + widthNs, busyNs + widthNs * busy);
  }

  /**
   * Time that the device was busy from one moment to another, counted where it is known.
   * @returns NaN if less than 90 % of it is known.
   */
  busyNs(startNs: number, endNs: number): number {
    if (this.#count === 0 || startNs < this.#atNs[0] - (endNs - startNs)) return NaN;
    const startIndex = this.#find(startNs);
    const endIndex = this.#find(endNs);
    const knownNs = this.#at(this.#knownNs, endIndex, endNs) - this.#at(this.#knownNs, startIndex, startNs);
    if (endNs > startNs ? knownNs < LEAST_COVERAGE * (endNs - startNs) : !this.#isKnown(endNs, endIndex)) {
      return NaN;
    }
    return this.#at(this.#busyNs, endIndex, endNs) - this.#at(this.#busyNs, startIndex, startNs);
  }

  /** Share of the time between two moments that is known. */
  coverage(startNs: number, endNs: number): number {
    if (this.#count === 0 || !(endNs > startNs)) return 0;
    const known = this.#at(this.#knownNs, this.#find(endNs), endNs)
      - this.#at(this.#knownNs, this.#find(startNs), startNs);
    return known / (endNs - startNs);
  }

  // The last point at or before a moment; -1 if it lies before all. Moments that are asked about lie close together.
  #find(ns: number): number {
    const at = this.#atNs;
    const count = this.#count;
    let low = Math.min(this.#lastFound, count - 1);
    if (!(at[low] <= ns && (low + 1 === count || ns < at[low + 1]))) {
      low = -1;
      let high = count - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (at[middle] <= ns) low = middle;
        else high = middle - 1;
      }
    }
    this.#lastFound = Math.max(0, low);
    return low;
  }

  #at(line: Float64Array, index: number, ns: number): number {
    if (index < 0) return 0;
    if (index + 1 >= this.#count) return line[index];
    const share = (ns - this.#atNs[index]) / (this.#atNs[index + 1] - this.#atNs[index]);
    return line[index] + (line[index + 1] - line[index]) * share;
  }

  #isKnown(ns: number, index: number): boolean {
    if (index < 0) return false;
    if (index + 1 >= this.#count) return ns === this.#atNs[index];
    return this.#knownNs[index + 1] > this.#knownNs[index];
  }

  #push(atNs: number, knownNs: number, busyNs: number): void {
    if (this.#count === this.#atNs.length) {
      if (this.#count >= 2 * RECENT) this.#thin();
      if (this.#count > this.#atNs.length / 2) {
        this.#atNs = doubled(this.#atNs);
        this.#knownNs = doubled(this.#knownNs);
        this.#busyNs = doubled(this.#busyNs);
      }
    }
    this.#atNs[this.#count] = atNs;
    this.#knownNs[this.#count] = knownNs;
    this.#busyNs[this.#count++] = busyNs;
  }

  #thin(): void {
    const at = this.#atNs;
    const nowNs = at[this.#count - 1];
    const recent = this.#count - RECENT;
    let kept = 1;
    for (let i = 1; i < this.#count; i++) {
      const isClose = i < recent && at[i + 1] - at[kept - 1] < (nowNs - at[i]) * THINNING;
      if (isClose) continue;
      at[kept] = at[i];
      this.#knownNs[kept] = this.#knownNs[i];
      this.#busyNs[kept++] = this.#busyNs[i];
    }
    this.#count = kept;
    this.#lastFound = 0;
  }
}
