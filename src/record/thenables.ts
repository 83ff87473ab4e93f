/**
 * Tells what `await` would wait for: promises, and whatever else has a `then`.
 *
 * @module
 */

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

/**
 * A promise as it is, so that a subclass stays one. Another thenable (a query that runs when it is awaited, say) is run once,
 * here: its `then` need not give a promise.
 */
export function asPromise(value: PromiseLike<unknown>, then: Then): Promise<unknown> {
  return value instanceof Promise
    ? value
    : new Promise((resolve, reject) => then.call(value, resolve, reject));
}
