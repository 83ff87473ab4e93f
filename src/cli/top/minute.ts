/**
 * What spans did in the last minute, by when they ended: a count for each second, durations for each ten. Nothing has to be moved as time
 * goes: what is older than a minute is written over.
 *
 * @module
 */
import { Histogram } from "./histogram.ts";

/** Seconds that are known of. */
export const MINUTE_S = 60;

const SLOT_S = 10;
const SLOTS = MINUTE_S / SLOT_S;

interface Slot {
  /** Which ten seconds since 1970 it is of. */
  stamp: number;
  readonly durations: Histogram;
  wallNs: number;
  /** NaN for not measured. */
  cpuNs: number;
  memoryPeak: number;
}

/** How many in each second of the last minute. */
export class SecondCounts {
  /** All, however long ago. */
  total = 0;
  readonly #counts = new Float32Array(MINUTE_S);
  readonly #stamps = new Float64Array(MINUTE_S);

  /** Counts; false if the second is older than the minute by now. */
  add(second: number, weight: number): boolean {
    this.total += weight;
    const at = second % MINUTE_S;
    if (this.#stamps[at] > second) return false;
    if (this.#stamps[at] !== second) {
      this.#stamps[at] = second;
      this.#counts[at] = 0;
    }
    this.#counts[at] += weight;
    return true;
  }

  /** Adds the minute that ends with `second` to `perSecond`, the oldest first. */
  addTo(perSecond: Float64Array, second: number): void {
    for (let i = 0; i < MINUTE_S; i++) {
      const age = second - this.#stamps[i];
      if (age >= 0 && age < MINUTE_S) perSecond[MINUTE_S - 1 - age] += this.#counts[i];
    }
  }
}

/** The last minute of one path. */
export class Minute {
  readonly #counts = new SecondCounts();
  readonly #slots: (Slot | null)[] = new Array(SLOTS).fill(null);

  /**
   * Counts a span.
   * @param second When it ended, in seconds since 1970.
   * @param weight How many it stands for.
   */
  add(second: number, wallNs: number, cpuNs: number, memoryPeak: number, weight: number): void {
    if (!this.#counts.add(second, weight)) return;
    const slot = this.#slotOf(Math.floor(second / SLOT_S));
    slot.durations.add(wallNs, weight);
    slot.wallNs += wallNs * weight;
    if (!Number.isNaN(cpuNs)) slot.cpuNs = (Number.isNaN(slot.cpuNs) ? 0 : slot.cpuNs) + cpuNs * weight;
    if (!(memoryPeak <= slot.memoryPeak)) slot.memoryPeak = memoryPeak;
  }

  #slotOf(stamp: number): Slot {
    const at = stamp % SLOTS;
    const slot = this.#slots[at] ??= {
      stamp,
      durations: new Histogram(),
      wallNs: 0,
      cpuNs: NaN,
      memoryPeak: NaN,
    };
    if (slot.stamp < stamp) {
      slot.stamp = stamp;
      slot.durations.clear();
      slot.wallNs = 0;
      slot.cpuNs = slot.memoryPeak = NaN;
    }
    return slot;
  }

  /** Adds what is known of the minute before `second` to `sums`. */
  addTo(sums: MinuteSums, second: number): void {
    sums.total += this.#counts.total;
    this.#counts.addTo(sums.perSecond, second);
    const newest = Math.floor(second / SLOT_S);
    for (const slot of this.#slots) {
      if (slot === null || slot.stamp <= newest - SLOTS || slot.stamp > newest) continue;
      sums.durations.merge(slot.durations);
      sums.wallNs += slot.wallNs;
      if (!Number.isNaN(slot.cpuNs)) sums.cpuNs = (Number.isNaN(sums.cpuNs) ? 0 : sums.cpuNs) + slot.cpuNs;
      if (!(slot.memoryPeak <= sums.memoryPeak) && !Number.isNaN(slot.memoryPeak)) {
        sums.memoryPeak = slot.memoryPeak;
      }
    }
  }
}

/** The last minute of several paths as one. */
export class MinuteSums {
  total = 0;
  /** Spans that ended in each second, the oldest first. */
  readonly perSecond: Float64Array = new Float64Array(MINUTE_S);
  readonly durations: Histogram = new Histogram();
  wallNs = 0;
  /** NaN for not measured. */
  cpuNs: number = NaN;
  /** NaN for not measured. */
  memoryPeak: number = NaN;
}
