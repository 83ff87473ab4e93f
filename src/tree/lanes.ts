/**
 * Lines side by side over time, of which each takes one thing at a moment.
 *
 * @module
 */

/** Lanes, each taken until some moment. The first one free is found in a tree of minima: thousands may be taken at once. */
export class Lanes {
  #size = 1;
  // A heap's numbering: the lanes are the leaves from `#size` on, and each node has the earliest end of those below it.
  #free: number[] = [-Infinity, -Infinity];

  /** Takes the first lane that is free at `since`, until `until`; gives its number, counted from 0. */
  take(since: number, until: number): number {
    if (this.#free[1] > since) this.#grow();
    let at = 1;
    while (at < this.#size) {
      at *= 2;
      if (this.#free[at] > since) at++;
    }
    const lane = at - this.#size;
    this.#free[at] = until;
    for (at >>= 1; at >= 1; at >>= 1) {
      this.#free[at] = Math.min(this.#free[2 * at], this.#free[2 * at + 1]);
    }
    return lane;
  }

  #grow(): void {
    const leaves = this.#free.slice(this.#size);
    this.#size *= 2;
    this.#free = new Array<number>(2 * this.#size).fill(-Infinity);
    leaves.forEach((end, lane) => this.#free[this.#size + lane] = end);
    for (let at = this.#size - 1; at >= 1; at--) {
      this.#free[at] = Math.min(this.#free[2 * at], this.#free[2 * at + 1]);
    }
  }
}
