/**
 * `close()` in a worker of Deno, which ends it there and then: no event follows, and nothing of the same turn runs any more.
 *
 * @module
 */
import { isMainThread } from "./builtins.ts";
import { attempt } from "./host_calls.ts";
import { deno } from "./which.ts";

/**
 * Calls `act` before the program's own `close()` ends this thread. Does nothing on the main thread, and in Bun, where an
 * 'exit' event follows.
 * @returns Takes it back.
 */
export function beforeClose(act: () => void): () => void {
  const scope = globalThis as { close?: () => void };
  const original = scope.close;
  if (deno() === null || typeof original !== "function" || isMainThread()) {
    return () => {};
  }
  const replaced = function close(): void {
    attempt(act, undefined);
    return original.call(globalThis);
  };
  const restore = (): void => {
    if (scope.close === replaced) scope.close = original;
  };
  try {
    scope.close = replaced;
  } catch {
    // The program has frozen it: then its spans are those of an end that no hook sees.
  }
  return restore;
}
