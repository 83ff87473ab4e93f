/**
 * Values for the fuzzer: any at all, from a seed, and which errors they may lead to.
 *
 * @module
 */
import { CirronError } from "../../mod.ts";
import { ATTR_VALUES, revokedProxy, TEXTS, throwingProxy, THROWN } from "./hostile.ts";

/** Thrown on purpose by a value that the fuzzer made. */
export class Planted extends Error {
  override name = "Planted";
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chance, and what it gives. */
export class Values {
  readonly #random: () => number;
  readonly #isHuge: boolean;
  readonly #nested: () => void;

  /**
   * @param huge Whether to give values of 10 MB and of a million parts too.
   * @param nested Makes calls, from within a value that is called.
   */
  constructor(seed: number, huge: boolean, nested: () => void) {
    this.#random = random(seed);
    this.#isHuge = huge;
    this.#nested = nested;
  }

  chance(of: number): boolean {
    return this.#random() < of;
  }

  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  thenable(): unknown {
    return this.pick<unknown>([
      { then: (resolve: (value: unknown) => void) => resolve(1) },
      { then: (_: unknown, reject: (error: unknown) => void) => reject(new Planted("then")) },
      {
        then: () => {
          throw new Planted("then");
        },
      },
      {
        get then(): never {
          throw new Planted("then");
        },
      },
      { then: 5 },
    ]);
  }

  // Wrapped, so that what is caught is known to be ours whatever it is.
  thrown(): unknown {
    const make = this.pick(Object.entries(THROWN).filter(([name]) => this.#suits(name)))[1];
    const thrown = make();
    planted.add(typeof thrown === "object" && thrown !== null ? new WeakRef(thrown) : thrown);
    return thrown;
  }

  #suits(name: string): boolean {
    return this.#isHuge || !HUGE.test(name);
  }

  // deno-lint-ignore no-explicit-any -- as above
  iterable(): any {
    const planted = (): never => {
      throw new Planted("iterator");
    };
    return this.pick<unknown>([
      [1, 2, 3],
      new Set(["a"]),
      "text",
      new Map([[1, 2]]),
      { [Symbol.iterator]: planted },
      { [Symbol.iterator]: () => ({ next: planted }) },
      { [Symbol.iterator]: () => ({ next: () => 5 }) },
      { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: planted }) },
      { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: () => 5 }) },
      { [Symbol.iterator]: () => ({ next: () => throwingProxy() }) },
      { [Symbol.iterator]: 5 },
    ]);
  }

  asyncSource(): AsyncIterable<unknown> {
    async function* numbers(): AsyncGenerator<number> {
      for (let i = 0; i < 3; i++) yield await Promise.resolve(i);
    }
    const planted = (): Promise<never> => Promise.reject(new Planted("async iterator"));
    return this.pick<unknown>([
      numbers(),
      { [Symbol.asyncIterator]: () => ({ next: planted }) },
      { [Symbol.asyncIterator]: () => ({ next: () => 5 }) },
      { [Symbol.asyncIterator]: () => ({ next: () => ({ done: false }), return: planted }) },
      this.any(),
    ]) as AsyncIterable<unknown>;
  }

  /** Any value at all. */
  // deno-lint-ignore no-explicit-any -- that is the point
  any(): any {
    const kind = this.int(10);
    if (kind === 0) return this.pick([undefined, null, true, false]);
    if (kind === 1) return this.pick([0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 53, 1e308, -0]);
    if (kind === 2) return this.pick([0n, -1n, 2n ** 64n, 2n ** 5000n, Symbol("s"), Symbol.iterator]);
    if (kind === 3) return this.pick(Object.entries(TEXTS).filter(([name]) => this.#suits(name)))[1];
    if (kind === 4) {
      return this.pick(["tree", "dict", "json", "none", "spool", "point", "summary", "process"]);
    }
    if (kind === 5) return this.pick([throwingProxy(), throwingProxy([]), throwingProxy(() => {})]);
    if (kind === 6) return this.pick([revokedProxy(), revokedProxy([]), revokedProxy(() => {})]);
    if (kind === 7) {
      return this.pick([
        () => this.#nested(),
        () => {
          throw new Planted("called");
        },
        class {},
      ]);
    }
    return this.pick(Object.entries(ATTR_VALUES).filter(([name]) => this.#suits(name)))[1]();
  }
}

const HUGE = /10 MB|million|100 000|huge|endless|without end|comes to an end|sparse/;

// What callbacks threw: it has to come back as it is.
const planted = new Set<unknown>();

/** Whether a call may throw this: an argument was wrong, or it is an error of the argument's own. */
export function isAllowed(error: unknown): boolean {
  for (const one of planted) {
    if (one instanceof WeakRef ? one.deref() === error : Object.is(one, error)) return true;
  }
  try {
    if (error instanceof Planted) return true;
    // What a getter of hostile.ts throws.
    if (typeof error === "object" && error !== null && Object.getPrototypeOf(error) === null) return true;
    if (!(error instanceof Error)) return false;
    if (error instanceof CirronError) return true;
    // Of the values in hostile.ts.
    if (error.constructor === Error && /^(trap |bad$|no$|name$|toString$|message$)/.test(error.message)) {
      return true;
    }
    return (error instanceof TypeError || error instanceof RangeError) && !INTERNAL.test(error.message);
  } catch {
    return false;
  }
}

// What an engine says of a mistake in the code that runs, rather than in what it was given.
const INTERNAL = new RegExp(
  "Cannot read propert|Cannot set propert|Cannot destructure|is not a function|is not a constructor|(undefined|null) is not"
    + "|Maximum call stack|Invalid (typed )?array|Cannot convert|Invalid string length|out of range|detached",
);

/** What was thrown, with its stack if it is an error. Never throws. */
export function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.stack) : String(thrown);
  } catch {
    return "what does not print";
  }
}
