/**
 * Counted numbers -> ids that nobody else in the world has: a bijection of all 64 bits, keyed by the process's randomness.
 *
 * The recorder counts, and nothing is drawn or kept for a span: its id is made when it is read, the same each time. Other
 * tools take the first 64 bits of an id for a span's id, so these alone have to be unique; a counter behind random bits is not.
 *
 * @module
 */

const ROUNDS = 4;

/** One more than the largest half. */
const WORD = 0x100000000;

/** Tells the keys of the rounds apart: 2^32 over the golden ratio. */
const STEP = 0x9e3779b9;

/**
 * The ids of one process: 64 bits that are the number, scattered, and 64 that are the process's own.
 *
 * Four rounds of a Feistel network on 32-bit halves, which is a bijection whatever the rounds do: two numbers never share an
 * id. What they do is MurmurHash3's finalizer, keyed, so that the ids of two processes meet as seldom as random ones. No
 * secret is kept: who knows an id can tell the number.
 */
export class IdSeries {
  /** What ids end with: 16 lower-case hex characters. */
  readonly suffix: string;
  /** The upper half of what {@link scatter} was last asked for, 32 bits with a sign. */
  high = 0;
  /** The lower half. */
  low = 0;
  /** A key for each round; then the halves of 0, which are taken away. */
  readonly #keys: Int32Array = new Int32Array(ROUNDS + 2);

  /** @param suffix The process's randomness, 16 lower-case hex characters. All else follows from it. */
  constructor(suffix: string) {
    this.suffix = suffix;
    const keys = this.#keys;
    let left = parseInt(suffix.slice(0, 8), 16);
    let right = parseInt(suffix.slice(8), 16);
    for (let i = 0; i < ROUNDS; i++) {
      left ^= mixed(right + STEP * (2 * i + 1));
      right ^= mixed(left + STEP * (2 * i + 2));
      keys[i] = right;
    }
    this.scatter(0);
    keys.set([this.high, this.low], ROUNDS);
  }

  /**
   * Puts the 64 bits of a number into {@link high} and {@link low}. Those of 0 are 0, and so no other's: 0 is no span's
   * number, and W3C Trace Context allows no span an id of zeros.
   * @param number From 0 to 2^53 - 1.
   */
  scatter(number: number): void {
    const keys = this.#keys;
    let high = number < WORD ? 0 : number / WORD | 0;
    let low = number | 0;
    high ^= mixed(low ^ keys[0]);
    low ^= mixed(high ^ keys[1]);
    high ^= mixed(low ^ keys[2]);
    low ^= mixed(high ^ keys[3]);
    this.high = high ^ keys[ROUNDS];
    this.low = low ^ keys[ROUNDS + 1];
  }

  /** The number whose 64 bits {@link scatter} makes these; rounded if it is beyond 2^53, which no span's is. */
  numberOf(high: number, low: number): number {
    const keys = this.#keys;
    high ^= keys[ROUNDS];
    low ^= keys[ROUNDS + 1];
    low ^= mixed(high ^ keys[3]);
    high ^= mixed(low ^ keys[2]);
    low ^= mixed(high ^ keys[1]);
    high ^= mixed(low ^ keys[0]);
    return (high >>> 0) * WORD + (low >>> 0);
  }
}

/** A bijection of 32 bits in which every bit depends on every other: `fmix32` of MurmurHash3. */
function mixed(bits: number): number {
  bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b);
  bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35);
  return bits ^ bits >>> 16;
}
