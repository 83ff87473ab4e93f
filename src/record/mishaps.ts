/**
 * What a program did wrong with its scopes: counted for `health()`, and told once.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import type { Frame } from "./flows.ts";
import type { OpenScope } from "./open_scope.ts";

/** Counts what went wrong, of each kind. */
export class Mishaps {
  /** Scopes closed while they were not innermost. */
  misnestedCount = 0;
  /** Marks made on scopes that had ended. */
  markDropCount = 0;
  /** Changes of scopes that had ended: set, fail and rename. */
  changeDropCount = 0;

  readonly #warn: (message: string) => void;
  #hasToldMalformed = false;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Forgets the counts. */
  clear(): void {
    this.misnestedCount = 0;
    this.markDropCount = 0;
    this.changeDropCount = 0;
  }

  /** A scope was closed while others of its flow were open above it. */
  noteMisnesting(scope: OpenScope, frame: Frame<OpenScope>): void {
    this.misnestedCount++;
    if (this.misnestedCount > 1) return;
    const top = frame.innermost();
    const inner = top === null ? "" : `, while ${quote(top.name)} was still open in the same flow`;
    this.#warn(
      `Scope ${
        quote(scope.name)
      } was closed out of order${inner}. Its times are right, but scopes and marks made `
        + `meanwhile may hang on the wrong parent. Concurrent work needs a flow of its own: scope(name, fn)`,
    );
  }

  /** A scope was changed that had ended; `what` is the name of the method. */
  dropChange(what: string, scope: OpenScope): void {
    this.changeDropCount++;
    if (this.changeDropCount > 1) return;
    this.#warn(`${what}() was dropped: scope ${quote(scope.name)} had already ended`);
  }

  /** A parent was given that is no trace context. Remote callers send what they like: told once, and not counted. */
  noteMalformed(name: string, traceparent: string): void {
    if (this.#hasToldMalformed) return;
    this.#hasToldMalformed = true;
    this.#warn(
      `Scope ${quote(name)}: the parent ${quote(traceparent)} is no traceparent, and is taken for none`,
    );
  }

  /** A mark was made on a scope that had ended. */
  dropMark(name: string, scope: OpenScope): void {
    this.markDropCount++;
    if (this.markDropCount > 1) return;
    this.#warn(`Mark ${quote(name)} was dropped: scope ${quote(scope.name)} had already ended`);
  }
}
