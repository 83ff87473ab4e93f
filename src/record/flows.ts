/**
 * Flows of control: which scope is innermost here. A frame holds the innermost open scope of one flow.
 *
 * @module
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { ForeignContext } from "../data/trace_context.ts";
import { node } from "../runtime/builtins.ts";

/** A scope's place in a flow: a link in its chain of open scopes, innermost first. */
export interface FrameScope<S extends FrameScope<S>> {
  /** The flow it was opened in; null for one that is on no stack. */
  readonly frame: Frame<S> | null;
  /**
   * The scope below it in the same flow; of one that is on no stack, the one that it hangs on. Null once closed: a closed scope keeps
   * none alive.
   */
  below: S | null;
  readonly isOpen: boolean;
  /** The scope above it in the same flow. */
  above: S | null;
  /** What inner flows hold of it; null until the first one starts in it. */
  anchor: Anchor<S> | null;
}

/**
 * What a flow holds of the scope it was started in: two words that let go of the scope when it closes, and lead on to
 * the next outer one that is open.
 */
export class Anchor<S extends FrameScope<S>> {
  /** The scope while it is open. */
  scope: S | null;
  /** Where to look once it is closed. */
  outer: Anchor<S> | null = null;

  constructor(scope: S) {
    this.scope = scope;
  }

  /** The anchor of an open scope. */
  static of<S extends FrameScope<S>>(scope: S): Anchor<S> {
    return scope.anchor ?? (scope.anchor = Anchor.#make(scope));
  }

  // The flow that a scope is in says where to look next when it closes; one that is in none says it now.
  static #make<S extends FrameScope<S>>(scope: S): Anchor<S> {
    const anchor = new Anchor(scope);
    if (scope.frame === null && scope.below !== null && scope.below.isOpen) {
      anchor.outer = Anchor.of(scope.below);
    }
    return anchor;
  }
}

/** What another library that has contexts of its own keeps with a flow, and with the flows that begin in it. */
export interface Surroundings {
  /** What scopes hang on that lie in no open one; null for nothing. */
  outermost(flows: object): OutermostParent | null;
}

/** A span that is not open here: of elsewhere, or one that has ended. */
export interface OutermostParent {
  /** The context that its trace continues, its own for a span of elsewhere; null for a trace that began here. */
  readonly remote: ForeignContext | null;
  /** Its number; 0 for a span of elsewhere. */
  readonly number: number;
  /** The number of what began its trace. */
  readonly root: number;
}

/**
 * The innermost open scope of one flow of control. This is all that an async context keeps alive, and a context may
 * outlive its scopes by days.
 */
export class Frame<S extends FrameScope<S>> {
  /** Null where no other library has any. */
  surroundings: Surroundings | null = null;
  #top: S | null = null;
  #outer: Anchor<S> | null;

  /** @param outer The scope of another flow that this one is started in. */
  constructor(outer: S | null) {
    this.#outer = outer === null ? null : Anchor.of(outer);
  }

  /** The innermost open scope: this flow's, or the nearest open one of those it was started in. */
  innermost(): S | null {
    return this.#top ?? this.outer();
  }

  /** The nearest open scope of the flows around this one. */
  outer(): S | null {
    let anchor = this.#outer;
    if (anchor === null || anchor.scope !== null) return anchor === null ? null : anchor.scope;
    do anchor = anchor.outer; while (anchor !== null && anchor.scope === null);
    this.#outer = anchor;
    return anchor === null ? null : anchor.scope;
  }

  /** The next open scope outwards from one of this flow. */
  outwards(scope: S): S | null {
    return scope.below ?? this.outer();
  }

  /** Makes `scope` the innermost of this flow. */
  push(scope: S): void {
    const below = this.#top;
    if (below !== null) {
      scope.below = below;
      below.above = scope;
    }
    this.#top = scope;
  }

  /** Takes a scope out that closes; tells whether it was the innermost, as it should be. */
  remove(scope: S): boolean {
    const { above, below } = scope;
    if (above === null && scope.anchor === null && this.#top === scope) {
      this.#top = below;
      if (below !== null) below.above = scope.below = null;
      return true;
    }
    if (scope.anchor !== null) this.#release(scope, scope.anchor);
    scope.below = scope.above = null;
    if (below !== null) below.above = above;
    if (this.#top === scope) {
      this.#top = below;
      return true;
    }
    if (above !== null) above.below = below;
    return false;
  }

  #release(scope: S, anchor: Anchor<S>): void {
    const next = this.outwards(scope);
    anchor.scope = null;
    anchor.outer = next === null ? null : Anchor.of(next);
  }
}

/** Every flow of the process: the main one, and one for each callback scope that runs or whose context lives on. */
export class Flows<S extends FrameScope<S>> {
  /** The flow that no callback scope began. */
  readonly main: Frame<S> = new Frame<S>(null);
  /** Whether there may be frames with surroundings. */
  areSurrounded = false;
  // Made for the first callback scope. Until then every flow is the main one and asking costs nothing.
  #storage: AsyncLocalStorage<Frame<S>> | null = null;

  /** The frame of the calling flow. Costs about 18 ns once a callback scope has run in the process. */
  current(): Frame<S> {
    return this.#storage === null ? this.main : this.#storage.getStore() ?? this.main;
  }

  /** A frame for a flow that begins here, in the scope `outer`. */
  begin(outer: S | null): Frame<S> {
    const frame = new Frame<S>(outer);
    if (this.areSurrounded) frame.surroundings = this.current().surroundings;
    return frame;
  }

  /** Makes ready to run flows: before a span's start is stamped, since the first time takes milliseconds in Deno. */
  open(): void {
    if (this.#storage === null) this.#storage = openStorage(this.main);
  }

  /** Runs `fn` as a flow of its own, across every await in it: about 500 ns in Deno, 20 ns in Bun. Needs `open()`. */
  run<A, T>(frame: Frame<S>, fn: (argument: A) => T, argument: A): T {
    return this.#storage!.run(frame, fn, argument);
  }

  /**
   * Makes `frame` the calling flow's own from here on, which leaks into the caller of an async function; gives the one before. Needs
   * `open()`.
   */
  enter(frame: Frame<S>): Frame<S> {
    const before = this.current();
    this.#storage!.enterWith(frame);
    return before;
  }
}

// Runs once in it, for nothing: what a runtime makes for the first run would else be the first span's.
function openStorage<T>(value: T): AsyncLocalStorage<T> {
  const storage = new node.asyncHooks.AsyncLocalStorage<T>();
  storage.run(value, () => {});
  return storage;
}
