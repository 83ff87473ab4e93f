/**
 * Contexts of spans that another recorder has, by number: the parents of scopes that continue a trace of elsewhere.
 *
 * Recording knows a parent as a number; a negative one is a number here. Numbers are given out downwards and never again. A
 * context is needed while a row of the ring or an open scope has its number. Nobody counts these, which would be work for each
 * scope: when there are many contexts, those that are needed are looked for.
 *
 * @module
 */
import type { ForeignContext } from "../data/trace_context.ts";

/** So many contexts are kept before one is looked for that is not needed. */
const FIRST_BOUND = 1024;

/** The foreign contexts that recorded spans descend from. */
export class ForeignContexts {
  readonly #contexts = new Map<number, ForeignContext>();
  readonly #visit: (see: (number: number) => void) => void;
  #last = 0;
  #bound = FIRST_BOUND;

  /** @param visit Calls `see` with every number that is in use; others may be among them. */
  constructor(visit: (see: (number: number) => void) => void) {
    this.#visit = visit;
  }

  /** How many there are. */
  get count(): number {
    return this.#contexts.size;
  }

  /** A number for a context: the last one's if it is the same again. Whoever asks must use it before the next asks. */
  add(context: ForeignContext): number {
    const last = this.#contexts.get(this.#last);
    if (
      last !== undefined && last.spanId === context.spanId && last.traceId === context.traceId
      && last.flags === context.flags
    ) {
      return this.#last;
    }
    if (this.#contexts.size >= this.#bound) this.#sweep();
    this.#contexts.set(--this.#last, context);
    return this.#last;
  }

  /** The context of a number; undefined once nothing refers to it. */
  get(number: number): ForeignContext | undefined {
    return this.#contexts.get(number);
  }

  // All rows are looked at once for as many new contexts as there were needed ones: less than a microsecond for each.
  #sweep(): void {
    const needed = new Set<number>();
    this.#visit(number => {
      if (number < 0) needed.add(number);
    });
    for (const number of this.#contexts.keys()) {
      if (!needed.has(number)) this.#contexts.delete(number);
    }
    this.#bound = Math.max(FIRST_BOUND, this.#contexts.size * 2);
  }
}
