/**
 * Which runtime this is. Nobody else asks. Bun has a `Deno` in globalThis only when somebody fakes one, so Bun comes first.
 *
 * @module
 */

/** Bun's namespace, as far as the caller knows it; null elsewhere. */
export function bun<T>(): T | null {
  return (globalThis as unknown as { Bun?: T }).Bun ?? null;
}

/** Deno's namespace, as far as the caller knows it; null elsewhere. */
export function deno<T>(): T | null {
  return "Bun" in globalThis ? null : (globalThis as unknown as { Deno?: T }).Deno ?? null;
}
