/**
 * The meters that are read at both ends of each span, and what they noted at the start of those that are open.
 *
 * @module
 */
import type { SpanMeter } from "../meters/meter.ts";

/** What one session's meters noted, by slot of the open table. */
export class SpanMeters {
  /** Readings made; of all meters together, as they are read together. */
  readCount = 0;
  readonly #meters: readonly SpanMeter[];
  /** As many numbers for each slot as there are meters; NaN for a scope that was open before them. */
  #since: Float64Array = new Float64Array(0);

  constructor(meters: readonly SpanMeter[]) {
    this.#meters = meters;
  }

  /** A scope opens. */
  start(slot: number): void {
    const meters = this.#meters;
    const at = this.#placeOf(slot);
    this.readCount++;
    for (let k = 0; k < meters.length; k++) meters[k].start(this.#since, at + k);
  }

  /**
   * A scope closes, or is asked about while it is open.
   * @param columns One for each meter.
   * @param row Where the figures go.
   */
  end(slot: number, columns: readonly Float64Array[], row: number): void {
    const meters = this.#meters;
    const at = this.#placeOf(slot);
    this.readCount++;
    for (let k = 0; k < meters.length; k++) meters[k].end(this.#since, at + k, columns[k], row);
  }

  #placeOf(slot: number): number {
    const count = this.#meters.length;
    const at = slot * count;
    if (at + count > this.#since.length) {
      const since = new Float64Array((at + count) * 2).fill(NaN);
      since.set(this.#since);
      this.#since = since;
    }
    return at;
  }
}
