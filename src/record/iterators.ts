/**
 * Follows iterators and iterables in place: they get methods of their own, so that they stay the objects that they are, with
 * their class, their private fields and whatever else they can do.
 *
 * @module
 */
import type { StreamScope } from "./stream_scope.ts";
import { asPromise, thenOf } from "./thenables.ts";

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** What an iterator or an iterable may have, async or not. */
export interface Iterating {
  next?: Method;
  return?: Method;
  throw?: Method;
  [Symbol.iterator]?: Method;
  [Symbol.asyncIterator]?: Method;
  readonly [Symbol.toStringTag]?: string;
}

/** The methods of an iterator. */
export interface Steps {
  readonly next: Method;
  readonly return: Method;
  /** Only where the iterator has one: whoever delegates to it asks. */
  readonly throw: Method | undefined;
  /** Takes the reader back: it is another one's end that counts, once that has begun. */
  leaveOff(): void;
}

/** Follows an iterator; null if it cannot be given methods. */
export function followIterator(iterator: Iterating, scope: StreamScope, isAsync: boolean): Steps | null {
  const steps = stepsOf(iterator, scope, isAsync);
  if (!define(iterator, "next", steps.next)) return null;
  define(iterator, "return", steps.return);
  if (steps.throw !== undefined) define(iterator, "throw", steps.throw);
  return steps;
}

/**
 * Follows every iterator that an iterable gives; false if it cannot be given methods.
 * @param own What follows its own `next`, if it has one. A database's cursor gives another iterator, which calls that: its end is the
 * end.
 */
export function followIterable(iterable: Iterating, scope: StreamScope, own: Steps | null): boolean {
  if (isGenerator(iterable)) return true; // gives itself
  const begun = new WeakSet<object>();
  let isFollowed = false;
  for (const key of [Symbol.asyncIterator, Symbol.iterator] as const) {
    const iterate = iterable[key];
    if (typeof iterate !== "function") continue;
    const followed: Method = (...given) => {
      if (scope.isOver) return Reflect.apply(iterate, iterable, given);
      const iterator = runIn(scope, () => Reflect.apply(iterate, iterable, given) as Iterating);
      if (iterator === iterable || typeof iterator !== "object" || iterator === null || begun.has(iterator)) {
        return iterator;
      }
      own?.leaveOff();
      const isAsync = key === Symbol.asyncIterator;
      const isInPlace = Object.isExtensible(iterator) && followIterator(iterator, scope, isAsync) !== null;
      const reader = isInPlace ? iterator : iteratorOf(iterator, scope, isAsync);
      begun.add(reader);
      SOURCES.set(reader, iterable);
      return reader;
    };
    isFollowed = define(iterable, key, followed) || isFollowed;
  }
  return isFollowed;
}

/** An iterator that is the other one, followed; that one stays as it is. */
export function iteratorOf(iterator: Iterating, scope: StreamScope, isAsync: boolean): object {
  const steps = stepsOf(iterator, scope, isAsync);
  const followed: Iterating = Object.create(isAsync ? ASYNC_ITERATOR : ITERATOR);
  followed.next = steps.next;
  followed.return = steps.return;
  if (steps.throw !== undefined) followed.throw = steps.throw;
  return followed;
}

// Whoever iterates may hold the iterator alone, and it is the iterable whose collection is watched.
const SOURCES = new WeakMap<object, object>();

/** The methods of an iterator that run in the scope's flow, and end it with the iterator. */
function stepsOf(iterator: Iterating, scope: StreamScope, isAsync: boolean): Steps {
  const { next, return: leave, throw: raise } = iterator;
  const steps = isAsync ? new AsyncReader(iterator, scope) : new Reader(iterator, scope);
  return {
    next: (...given) => steps.step(next!, given, false),
    return: typeof leave === "function"
      ? (...given) => steps.step(leave, given, true)
      : value => steps.leave(value),
    throw: typeof raise === "function" ? (...given) => steps.step(raise, given, false) : undefined,
    leaveOff: () => steps.leaveOff(),
  };
}

/** One iteration. */
class Reader {
  protected readonly iterator: object;
  readonly #scope: StreamScope;
  #isOver = false;

  constructor(iterator: object, scope: StreamScope) {
    this.iterator = iterator;
    this.#scope = scope;
    scope.begin();
  }

  step(method: Method, given: unknown[], isReturn: boolean): unknown {
    return this.settle(this.call(method, given), isReturn);
  }

  /** What an iterator without `return` does when a loop has had enough: nothing. The scope ends all the same. */
  leave(value: unknown): unknown {
    this.#end();
    return { done: true, value };
  }

  leaveOff(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#scope.leaveOff();
  }

  protected call(method: Method, given: unknown[]): unknown {
    if (this.#isOver || this.#scope.isOver) return Reflect.apply(method, this.iterator, given);
    try {
      return this.#scope.run(() => Reflect.apply(method, this.iterator, given));
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Looks at what a call gave, and hands it on. */
  protected settle<T>(result: T, isReturn: boolean): T {
    const { done } = Object(result) as { done?: unknown };
    // A body may go on in its `finally`. What an iterator written by hand gives for `return` need not say that it is done.
    if (isReturn ? done !== false : done || typeof result !== "object" || result === null) this.#end();
    else if (!this.#isOver) this.#scope.item();
    return result;
  }

  protected fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#scope.fail(error);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#scope.end();
  }
}

/** One async iteration. */
class AsyncReader extends Reader {
  readonly #isGenerator: boolean;
  /** Whether a generator is at work. */
  #isBusy = false;
  readonly #waiting: (() => void)[] = [];

  constructor(iterator: object, scope: StreamScope) {
    super(iterator, scope);
    this.#isGenerator = isGenerator(iterator);
  }

  override step(method: Method, given: unknown[], isReturn: boolean): unknown {
    if (!this.#isGenerator) return this.#step(method, given, isReturn);
    // A generator takes one call after the other, but in Deno 2.9 the second runs in no flow at all if it has to wait.
    if (this.#isBusy) {
      return new Promise(resolve =>
        void this.#waiting.push(() => resolve(this.#step(method, given, isReturn)))
      );
    }
    this.#isBusy = true;
    return this.#step(method, given, isReturn);
  }

  override leave(value: unknown): unknown {
    return Promise.resolve(super.leave(value));
  }

  #step(method: Method, given: unknown[], isReturn: boolean): unknown {
    const result = this.call(method, given);
    const then = thenOf(result);
    if (then === null) return this.settle(result, isReturn);
    return asPromise(result as PromiseLike<unknown>, then).then(
      value => {
        this.settle(value, isReturn);
        this.#goOn();
        return value;
      },
      error => {
        this.fail(error);
        this.#goOn();
        throw error;
      },
    );
  }

  #goOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }
}

function runIn<T>(scope: StreamScope, fn: () => T): T {
  try {
    return scope.run(fn);
  } catch (error) {
    scope.fail(error);
    throw error;
  }
}

function define(target: object, key: PropertyKey, value: Method): boolean {
  return Reflect.defineProperty(target, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

const GENERATOR: object = Object.getPrototypeOf(function*() {}).prototype;
const ASYNC_GENERATOR: object = Object.getPrototypeOf(async function*() {}).prototype;
const ITERATOR: object = Object.getPrototypeOf(GENERATOR);
const ASYNC_ITERATOR: object = Object.getPrototypeOf(ASYNC_GENERATOR);

function isGenerator(value: object): boolean {
  const { isPrototypeOf } = Object.prototype;
  return isPrototypeOf.call(GENERATOR, value) || isPrototypeOf.call(ASYNC_GENERATOR, value);
}
