/**
 * Flows of control: which scope is innermost here. A frame holds the innermost open scope of one flow.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** A scope's place in a flow: a link in its chain of open scopes, innermost first. */
export interface FrameScope<S extends FrameScope<S>> {
  /** Whether the scope is still open. */
  readonly isOpen: boolean;
  /** The flow it was opened in; null for one that is on no stack. */
  readonly frame: Frame<S> | null;
  /** The scope it was opened in, of the same flow or an outer one. Null once closed: a closed scope keeps none alive. */
  below: S | null;
  /** The scope opened in it in the same flow, while both are open. */
  above: S | null;
}

/**
 * The innermost open scope of one flow of control. This is all that an async context keeps alive, and a context may
 * outlive its scopes by days.
 */
export class Frame<S extends FrameScope<S>> {
  #top: S | null = null;

  /** The innermost open scope; null if there is none, or if the flow outlived every scope it knew. */
  innermost(): S | null {
    // Only an outer flow's scope can be closed here: those of this flow are removed when they close.
    if (this.#top !== null && !this.#top.isOpen) this.#top = null;
    return this.#top;
  }

  /** Makes `scope` the innermost, above `below`: this flow's innermost scope, or for a new flow any outer one. */
  push(scope: S, below: S | null): void {
    scope.below = below;
    if (below !== null && below.frame === scope.frame) below.above = scope;
    this.#top = scope;
  }

  /** Takes a scope out that has closed; tells whether it was the innermost, as it should be. */
  remove(scope: S): boolean {
    const { above, below } = scope;
    scope.below = scope.above = null;
    if (below !== null && below.frame === scope.frame) below.above = above;
    if (this.#top === scope) {
      this.#top = below;
      return true;
    }
    if (above !== null) above.below = below;
    return false;
  }
}

/** Every flow of the process: the main one, and one for each callback scope that runs or whose context lives on. */
export class Flows<S extends FrameScope<S>> {
  readonly #main: Frame<S> = new Frame<S>();
  // Made by the first callback scope. Until then every flow is the main one and asking costs nothing.
  #storage: AsyncLocalStorage<Frame<S>> | null = null;

  /** The frame of the calling flow. Costs about 18 ns once a callback scope has run in the process. */
  current(): Frame<S> {
    return this.#storage === null ? this.#main : this.#storage.getStore() ?? this.#main;
  }

  /** Runs `fn` as a flow of its own, across every await in it: about 500 ns in Deno, 20 ns in Bun. */
  run<A, T>(frame: Frame<S>, fn: (argument: A) => T, argument: A): T {
    this.#storage ??= new AsyncLocalStorage<Frame<S>>();
    return this.#storage.run(frame, fn, argument);
  }
}
