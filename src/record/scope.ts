/**
 * What `scope()` and `mark()` take, and the handle that `scope()` gives.
 *
 * @module
 */
import type { MarkKind, MarkValue } from "../data/values.ts";

/**
 * An open scope. Close it with `end()`, or let `using` do so; closing twice is a no-op. Its own methods attach to this
 * scope whatever is innermost.
 */
export interface Scope {
  /** As given to `scope()` or `rename()`, cut at 256 bytes of UTF-8. */
  readonly name: string;
  /** The span's id in its trace: 16 lower-case hex characters, with which the id in `trace()` begins. Zeros with `enabled: false`. */
  readonly id: string;
  /**
   * The W3C trace context of this scope, for whatever continues its trace elsewhere: a request's header, a worker's data. Of zeros
   * with `enabled: false`, and for a span that left the buffer: whoever receives that goes on as if there were none.
   */
  readonly traceparent: string;
  /**
   * Opens a scope inside this one. Without a function it becomes the innermost scope of the flow only if this one is
   * the innermost now; otherwise it stays off the stack, and only its own methods reach it. After `end()` it is the
   * same as the plain `scope()`.
   */
  scope(name: string, options?: ScopeOptions): Scope;
  /** Runs `fn` in a scope inside this one, as a flow of its own. */
  scope<T>(name: string, fn: (scope: Scope) => T): T;
  /** Runs `fn` in a scope inside this one, as a flow of its own. */
  scope<T>(name: string, options: ScopeOptions, fn: (scope: Scope) => T): T;
  /** Attaches a value to this scope. After `end()` it is dropped, and counted in `health().mark_drop_count`. */
  mark(name: string, value: MarkValue, options?: MarkOptions): void;
  /**
   * Adds attributes to those it has; one of the same name is replaced. Copied at once, within the same bounds as at the opening.
   * After `end()` nothing happens but that it is counted in `health().change_drop_count`, and told once; so with `fail()` and
   * `rename()`.
   * @throws {TypeError} If `attrs` is no object.
   */
  set(attrs: Record<string, unknown>): void;
  /** Says that it failed: the attribute `error`, as if its function had thrown this. Closes nothing. */
  fail(error: unknown): void;
  /**
   * Gives it another name: a route that was matched, say.
   * @throws {TypeError} If `name` is no string.
   */
  rename(name: string): void;
  /**
   * Runs `fn` as a flow in this scope, now or later and as often as you like: what it opens or marks, across every `await`, hangs on
   * this scope. The scope's end is not touched, and an error goes on unnoted. After `end()` it is a plain call.
   * @returns What `fn` returns, as it is.
   */
  run<T>(fn: (scope: Scope) => T): T;
  /** Closes the scope. */
  end(): void;
  /** Closes the scope: for `using`. */
  [Symbol.dispose](): void;
}

/** Options of a scope. `null` is the same as leaving one out, but for `parent`; others than these are warned of, once. */
export interface ScopeOptions {
  /** A whole number shown as `name[index]`. */
  index?: number | null;
  /** Key/values kept with the span; copied when the scope opens. */
  attrs?: Record<string, unknown> | null;
  /**
   * What to hang it on, whatever is innermost. A scope: as its own method `scope()` does. A W3C `traceparent`: it continues the trace
   * of elsewhere; one that is malformed is told of once, and taken for none. `null`: a root of its own, with a trace of its own. With the
   * last two a scope without a function is on no stack, so only its own methods reach it.
   */
  parent?: Scope | string | null;
}

/** Options of a mark. `null` is the same as leaving one out; others than these are warned of, once. */
export interface MarkOptions {
  /**
   * `"point"`: one of many samples, of which a span keeps the newest 1024. `"summary"`: a result, always kept.
   * @default "point"
   */
  kind?: MarkKind | null;
  /** Key/values kept with the mark; copied at once. */
  attrs?: Record<string, unknown> | null;
}

/** What a callback scope runs. */
export type ScopeFunction = (scope: Scope) => unknown;
