/**
 * Tells what `await` would wait for: promises, and whatever else has a `then`.
 *
 * @module
 */
import type { StreamScope } from "./stream_scope.ts";

/** How to wait for a value. */
export type Then = PromiseLike<unknown>["then"];

/**
 * The `then` of a value; null if it has none. Read once, as `await` does. A getter that throws is the caller's business: whoever
 * awaits the value will see it.
 */
export function thenOf(value: unknown): Then | null {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === "function" ? then as Then : null;
  } catch {
    return null;
  }
}

const EAGER = Promise.prototype.then;

/** Whether it is the `then` of promises, which does no work: a class of its own, and any other thenable, may begin it there. */
export function isEager(then: Then): boolean {
  return then === EAGER;
}

/**
 * A promise as it is, so that a subclass stays one. Another thenable (a query that runs when it is awaited, say) is run once,
 * here: its `then` need not give a promise.
 */
export function asPromise(value: PromiseLike<unknown>, then: Then): Promise<unknown> {
  return value instanceof Promise
    ? value
    : new Promise((resolve, reject) => then.call(value, resolve, reject));
}

/**
 * Makes a thenable that is a stream too run in the scope's flow when it is awaited, and end it as a reader does; false if it cannot
 * be given a method. Nothing is asked of it here: it may begin its work when somebody does.
 */
export function followThen(thenable: object, then: Then, scope: StreamScope): boolean {
  const settled = (): Promise<unknown> => {
    const awaited = (): Promise<unknown> =>
      new Promise((resolve, reject) => then.call(thenable, resolve, reject));
    if (scope.isOver) return awaited();
    scope.begin();
    return scope.run(awaited).then(
      value => {
        scope.end();
        return value;
      },
      error => {
        scope.fail(error);
        throw error;
      },
    );
  };
  const value: Then = (...handlers) => settled().then(...handlers as Parameters<Then>) as never;
  return Reflect.defineProperty(thenable, "then", {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
