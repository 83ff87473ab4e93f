/**
 * Ids of a spool -> small numbers. A million ids as strings, and maps of them, take most of the time and the memory of reading them.
 *
 * @module
 */

/** Slots looked at for one id: whoever writes a file could choose ids that all meet. */
const PROBES = 64;

/** 32-bit words of an id of 32 hex characters. */
const WORDS = 4;

const HEX = /^[0-9a-f]{32}$/;

/** Numbers ids from 0 on, in the order in which they are first asked for. */
export class IdTable {
  /** Ids so far. */
  length = 0;
  #words: Int32Array = new Int32Array(1024 * WORDS);
  /** A number and 1; 0 for a free slot. Half are used at most. */
  #slots: Int32Array = new Int32Array(2048);
  /** Ids that are not 32 lower-case hex characters, and those that found no slot. */
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();
  #strays = 0;

  /** The number of an id of 32 hex characters, given in four words. */
  ofWords(a: number, b: number, c: number, d: number): number {
    const words = this.#words;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const first = hash(a, b, c, d);
    for (let i = 0; i < PROBES; i++) {
      const slot = (first + i) & mask;
      const number = slots[slot] - 1;
      if (number < 0) return this.#strays > 0 ? this.#ofStray(a, b, c, d, slot) : this.#add(a, b, c, d, slot);
      const at = number * WORDS;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return number;
    }
    return this.#ofStray(a, b, c, d, -1);
  }

  /** The number of any id. */
  of(id: string): number {
    if (!HEX.test(id)) return this.#ofText(id);
    const word = (i: number) => parseInt(id.slice(i * 8, i * 8 + 8), 16) | 0;
    return this.ofWords(word(0), word(1), word(2), word(3));
  }

  /** The id of a number. */
  text(number: number): string {
    return this.#texts.get(number)
      ?? hexOf(this.#words.subarray(number * WORDS, number * WORDS + WORDS));
  }

  /** The first 32 bits of an id of 32 hex characters; what another id has there says nothing. */
  firstWord(number: number): number {
    return this.#words[number * WORDS];
  }

  /** Those that are not 32 lower-case hex characters, by number, and perhaps some that are. */
  get texts(): ReadonlyMap<number, string> {
    return this.#texts;
  }

  #ofText(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#next();
      this.#numbers.set(id, number);
      this.#texts.set(number, id);
    }
    return number;
  }

  #ofStray(a: number, b: number, c: number, d: number, slot: number): number {
    const id = hexOf([a, b, c, d]);
    if (slot >= 0 && !this.#numbers.has(id)) return this.#add(a, b, c, d, slot);
    const before = this.length;
    const number = this.#ofText(id);
    if (number === before) {
      this.#strays++;
      this.#words.set([a, b, c, d], number * WORDS);
    }
    return number;
  }

  #add(a: number, b: number, c: number, d: number, slot: number): number {
    const number = this.#next();
    const words = this.#words;
    const at = number * WORDS;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.#slots[slot] = number + 1;
    if (this.length * 2 > this.#slots.length) this.#spread();
    return number;
  }

  #next(): number {
    const number = this.length++;
    if (this.length * WORDS > this.#words.length) {
      const words = new Int32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    return number;
  }

  /** Doubles the slots. */
  #spread(): void {
    const before = this.#slots;
    const slots = this.#slots = new Int32Array(before.length * 2);
    const mask = slots.length - 1;
    const words = this.#words;
    for (let k = 0; k < before.length; k++) {
      const taken = before[k];
      if (taken === 0) continue;
      const at = (taken - 1) * WORDS;
      const first = hash(words[at], words[at + 1], words[at + 2], words[at + 3]);
      let i = 0;
      while (i < PROBES && slots[(first + i) & mask] !== 0) i++;
      if (i < PROBES) slots[(first + i) & mask] = taken;
      else {
        const id = hexOf(words.subarray(at, at + WORDS));
        this.#numbers.set(id, taken - 1);
        this.#texts.set(taken - 1, id);
        this.#strays++;
      }
    }
  }
}

/** Ids of this package are scattered already; what others count up is spread here. */
function hash(a: number, b: number, c: number, d: number): number {
  const mixed = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b)
    ^ Math.imul(c ^ Math.imul(d, 0xc2b2ae35), 0x27d4eb2f);
  return mixed ^ mixed >>> 15;
}

function hexOf(words: ArrayLike<number>): string {
  return Array.from(words, word => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
