/**
 * What is new of the scopes that are open: those that nobody was told of yet, or that have got another name or other attributes
 * since. For whoever keeps a record of them outside the process, where each is written once and not ten times a second.
 *
 * @module
 */
import type { Attrs } from "../data/values.ts";
import type { OpenScope } from "./open_scope.ts";
import { OPEN_NUMBERS, OPEN_START_NS, type OpenTable } from "./open_table.ts";

/** Slots looked at in one go: 0.3 ms. Where there are more, the next goes on. */
const MOST_SLOTS = 32_768;

/** Scopes given in one go. */
const MOST_SCOPES = 1024;

/**
 * How long the outermost scope is left alone at most, and at least: a 64th of its age between. It is told of again and again, since
 * the last time it was tells until when all others were open.
 */
const LEAST_BEAT_NS = 1e9;
const MOST_BEAT_NS = 60e9;
const BEAT_SHARE = 64;

/** Follows an open table by looking at it now and then. */
export class OpenNews {
  // By slot: the number of the scope that was told of, and what was told.
  #number: Float64Array = new Float64Array(0);
  readonly #name: string[] = [];
  readonly #attrs: (Attrs | undefined)[] = [];
  #slot = 0;
  #beatNs = -Infinity;

  /**
   * The scopes there is something new of, which are thereby told of: in the order of opening.
   * @param untilNs Scopes that were opened later are left for the next time.
   */
  take(open: OpenTable<OpenScope>, nowNs: number, untilNs: number): OpenScope[] {
    const { scope: scopes, numbers, session } = open;
    const slots = scopes.length;
    if (this.#number.length < slots) this.#grow(slots);
    const found: OpenScope[] = [];
    let slot = this.#slot < slots ? this.#slot : 0;
    for (let left = Math.min(slots, MOST_SLOTS); left > 0 && found.length < MOST_SCOPES; left--) {
      const scope = scopes[slot];
      if (
        scope !== null && numbers[slot * OPEN_NUMBERS + OPEN_START_NS] <= untilNs && this.#isNew(scope, slot)
      ) {
        this.#note(scope, slot);
        found.push(scope);
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    this.#slot = slot;
    if (session !== null && this.#isBeatDue(numbers, session, found, nowNs)) found.push(session);
    return found.sort((a, b) => a.number - b.number);
  }

  /** Forgets who was told: all are new again. */
  forget(): void {
    this.#number.fill(0);
    this.#name.length = this.#attrs.length = 0;
    this.#beatNs = -Infinity;
  }

  #isNew(scope: OpenScope, slot: number): boolean {
    // A change makes a new object of attributes.
    return this.#number[slot] !== scope.number || this.#name[slot] !== scope.name
      || this.#attrs[slot] !== scope.attrs;
  }

  #note(scope: OpenScope, slot: number): void {
    this.#number[slot] = scope.number;
    this.#name[slot] = scope.name;
    this.#attrs[slot] = scope.attrs;
  }

  // With whatever else there is to tell, and by itself only now and then.
  #isBeatDue(
    numbers: Float64Array,
    session: OpenScope,
    found: readonly OpenScope[],
    nowNs: number,
  ): boolean {
    const age = nowNs - numbers[session.slot * OPEN_NUMBERS + OPEN_START_NS];
    const pause = Math.max(LEAST_BEAT_NS, Math.min(age / BEAT_SHARE, MOST_BEAT_NS));
    if (found.length === 0 && nowNs < this.#beatNs + pause) return false;
    this.#beatNs = nowNs;
    return !found.includes(session);
  }

  #grow(slots: number): void {
    const number = new Float64Array(slots);
    number.set(this.#number);
    this.#number = number;
  }
}
