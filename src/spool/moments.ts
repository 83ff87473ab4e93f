/**
 * Nanoseconds since 1970 by row, exact, without a BigInt for each.
 *
 * @module
 */

/** Nanoseconds of a second. */
export const SECOND_NS = 1_000_000_000;

const EXACT = Number.MAX_SAFE_INTEGER;

/** Moments that grow. */
export class Moments {
  #seconds: Float64Array = new Float64Array(1024);
  #rest: Int32Array = new Int32Array(1024);

  /** Notes a moment in seconds and nanoseconds, of one sign. */
  set(row: number, seconds: number, restNs: number): void {
    if (row >= this.#seconds.length) this.#grow();
    this.#seconds[row] = seconds;
    this.#rest[row] = restNs;
  }

  /** Notes a moment. */
  setNs(row: number, ns: bigint): void {
    this.set(row, Number(ns / BigInt(SECOND_NS)), Number(ns % BigInt(SECOND_NS)));
  }

  /** A moment, exact. */
  ns(row: number): bigint {
    return BigInt(this.#seconds[row]) * BigInt(SECOND_NS) + BigInt(this.#rest[row]);
  }

  /** About when it was, for comparing. */
  seconds(row: number): number {
    return this.#seconds[row] + this.#rest[row] / SECOND_NS;
  }

  /** Nanoseconds since `anchorNs` of each row that is asked for: exact within 104 days of it. */
  since(anchorNs: bigint, rows: Uint32Array, length: number = rows.length): Float64Array {
    const anchorSeconds = Number(anchorNs / BigInt(SECOND_NS));
    const anchorRest = Number(anchorNs % BigInt(SECOND_NS));
    const since = new Float64Array(length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const ns = (this.#seconds[row] - anchorSeconds) * SECOND_NS + (this.#rest[row] - anchorRest);
      since[i] = ns <= EXACT && ns >= -EXACT ? ns : Number(this.ns(row) - anchorNs);
    }
    return since;
  }

  #grow(): void {
    const seconds = new Float64Array(this.#seconds.length * 2);
    seconds.set(this.#seconds);
    this.#seconds = seconds;
    const rest = new Int32Array(seconds.length);
    rest.set(this.#rest);
    this.#rest = rest;
  }
}
