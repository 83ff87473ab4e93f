/**
 * Contexts of spans that another recorder has, by number: the parents of scopes that continue a trace of elsewhere.
 *
 * Recording knows a parent as a number; a negative one is a number here. Numbers are given out downwards and never again. A
 * context is needed while an open scope or a row of the ring has its number. Nobody counts these, which would be work for each
 * scope. Now and then the open scopes are looked at: what none of them has any more is needed by rows that are there by then, and
 * no longer than the newest of these.
 *
 * @module
 */
import type { ForeignContext } from "../data/trace_context.ts";

/** So many contexts come between two looks at the open scopes. */
const LOOK_EVERY = 256;

/** What refers to contexts. */
export interface Referrers {
  /** Rows ever written. */
  readonly rowCount: number;
  /** Number of the oldest row that is still here. */
  readonly firstRow: number;
  /** Calls `see` with the number of what each open scope's trace began with; above 0 for those that began here. */
  visitOpenRoots(see: (root: number) => void): void;
}

/** The foreign contexts that recorded spans descend from. */
export class ForeignContexts {
  readonly #contexts = new Map<number, ForeignContext>();
  readonly #referrers: Referrers;
  #last = 0;
  #untilLook = LOOK_EVERY;
  /** Numbers that open scopes may have. */
  #open: number[] = [];
  /** Those that none has, and how many rows were written when that was seen: in this order they leave. */
  #leaving: { readonly number: number; readonly rows: number }[] = [];

  constructor(referrers: Referrers) {
    this.#referrers = referrers;
  }

  /** How many there are. */
  get count(): number {
    return this.#contexts.size;
  }

  /** A number for a context: the last one's if it is the same again. Whoever asks must use it before the next asks. */
  add(context: ForeignContext): number {
    if (this.#open.at(-1) === this.#last && isSame(this.#contexts.get(this.#last), context)) {
      return this.#last;
    }
    if (--this.#untilLook < 0) this.#look();
    this.#contexts.set(--this.#last, context);
    this.#open.push(this.#last);
    return this.#last;
  }

  /** The context of a number; undefined once nothing refers to it. */
  get(number: number): ForeignContext | undefined {
    return this.#contexts.get(number);
  }

  /** Says that no row is left of those that were there. */
  forgetRows(): void {
    for (const { number } of this.#leaving) this.#contexts.delete(number);
    this.#leaving = [];
  }

  #look(): void {
    this.#untilLook = LOOK_EVERY;
    const { rowCount: rows, firstRow } = this.#referrers;
    const open = new Set<number>();
    this.#referrers.visitOpenRoots(root => void (root < 0 && open.add(root)));
    for (const number of this.#open) if (!open.has(number)) this.#leaving.push({ number, rows });
    this.#open = this.#open.filter(number => open.has(number));
    const gone = this.#leaving.findIndex(({ rows }) => rows > firstRow);
    for (const { number } of this.#leaving.splice(0, gone < 0 ? Infinity : gone)) {
      this.#contexts.delete(number);
    }
  }
}

function isSame(a: ForeignContext | undefined, b: ForeignContext): boolean {
  return a !== undefined && a.spanId === b.spanId && a.traceId === b.traceId && a.flags === b.flags;
}
