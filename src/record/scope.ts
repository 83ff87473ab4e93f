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
  /** As given to `scope()`, cut at 256 bytes of UTF-8. */
  readonly name: string;
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
  /** Closes the scope. */
  end(): void;
  /** Closes the scope: for `using`. */
  [Symbol.dispose](): void;
}

/** Options of a scope. `null` is the same as leaving one out; others than these are warned of, once. */
export interface ScopeOptions {
  /** A whole number shown as `name[index]`. */
  index?: number | null;
  /** Key/values kept with the span; copied when the scope opens. */
  attrs?: Record<string, unknown> | null;
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
