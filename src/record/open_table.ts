/**
 * The numbers of scopes that are open, by slot: columns with a free list, grown by doubling.
 *
 * @module
 */

const FIRST_SLOTS = 64;

/** Numbers of a slot, which lie together: one array to find and to check for all of them. */
export const OPEN_NUMBERS = 8;
/** Where in a slot the number of the parent is; 0 for none, a foreign context's below. */
export const OPEN_PARENT = 0;
/** Where in a slot the index is; NaN for none. */
export const OPEN_INDEX = 1;
/** Where in a slot the start is. */
export const OPEN_START_NS = 2;
/** Where in a slot the CPU time at the start is; NaN in free slots, and without a meter. */
export const OPEN_CPU_NS = 3;
/** Where in a slot the time in a batch source's `next()` is; NaN in free slots, and for what is no batch. */
export const OPEN_DATA_LOAD_NS = 4;
/** Where in a slot is what the memory meter wants to know at the end; NaN in free slots, and without a meter. */
export const OPEN_MEMORY_SINCE = 5;

/** Where in a slot the number of what began the trace is: a scope, or a foreign context below 0. 0 for the session, whose own it is. */
export const OPEN_ROOT = 6;

/** Open scopes of type `S`, which has its opening order as `number`. */
export class OpenTable<S extends { readonly number: number }> {
  /** How many are open. */
  count = 0;
  /** The session's: the parent of whatever is opened outside any other. */
  session: S | null = null;
  scope: (S | null)[] = [];
  /** `OPEN_NUMBERS` of each slot. */
  numbers: Float64Array = new Float64Array(0);
  // Free slots: those from `count` on.
  #slots: Uint32Array = new Uint32Array(0);

  /** A free slot; whatever it held before is still in the columns. */
  take(): number {
    if (this.count === this.#slots.length) this.#grow();
    return this.#slots[this.count++];
  }

  /** Frees a slot. */
  release(slot: number): void {
    this.scope[slot] = null;
    this.#slots[--this.count] = slot;
  }

  /** The open scopes, in the order they were opened. */
  scopes(): S[] {
    return this.scope.filter(scope => scope !== null).sort((a, b) => a.number - b.number);
  }

  /** Forgets what was read of one counter when the open scopes began. */
  forget(number: typeof OPEN_CPU_NS | typeof OPEN_MEMORY_SINCE): void {
    for (let at = number; at < this.numbers.length; at += OPEN_NUMBERS) this.numbers[at] = NaN;
  }

  #grow(): void {
    const before = this.#slots.length;
    const after = before === 0 ? FIRST_SLOTS : before * 2;
    const numbers = new Float64Array(after * OPEN_NUMBERS).fill(NaN);
    numbers.set(this.numbers);
    this.numbers = numbers;
    const slots = new Uint32Array(after);
    slots.set(this.#slots);
    for (let slot = before; slot < after; slot++) {
      slots[slot] = slot;
      this.scope.push(null);
    }
    this.#slots = slots;
  }
}
