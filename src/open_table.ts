/**
 * The numbers of scopes that are open, by slot: columns with a free list, grown by doubling.
 *
 * @module
 */

const FIRST_SLOTS = 64;

/** Open scopes of type `S`, which has its opening order as `id`. */
export class OpenTable<S extends { readonly id: number }> {
  /** How many are open. */
  count = 0;
  scope: (S | null)[] = [];
  parent: Float64Array = new Float64Array(0);
  index: Float64Array = new Float64Array(0);
  startNs: Float64Array = new Float64Array(0);
  /** NaN in free slots, and where there is no meter. */
  cpuNs: Float64Array = new Float64Array(0);
  /** NaN in free slots, and for what is no batch. */
  dataLoadNs: Float64Array = new Float64Array(0);
  /** What the memory meter wants to know when the scope closes; NaN in free slots, and without a meter. */
  memorySince: Float64Array = new Float64Array(0);
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
    return this.scope.filter(scope => scope !== null).sort((a, b) => a.id - b.id);
  }

  #grow(): void {
    const before = this.#slots.length;
    const after = before === 0 ? FIRST_SLOTS : before * 2;
    this.parent = grown(this.parent, after);
    this.index = grown(this.index, after);
    this.startNs = grown(this.startNs, after);
    this.cpuNs = grown(this.cpuNs, after);
    this.dataLoadNs = grown(this.dataLoadNs, after);
    this.memorySince = grown(this.memorySince, after);
    const slots = new Uint32Array(after);
    slots.set(this.#slots);
    for (let slot = before; slot < after; slot++) {
      slots[slot] = slot;
      this.scope.push(null);
    }
    this.#slots = slots;
  }
}

function grown(column: Float64Array, length: number): Float64Array {
  const wider = new Float64Array(length).fill(NaN);
  wider.set(column);
  return wider;
}
