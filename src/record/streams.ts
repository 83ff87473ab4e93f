/**
 * Follows the stream that a scope's function gave, whatever it is made of: the scope closes with it.
 *
 * @module
 */
import { followIterable, followIterator, type Iterating } from "./iterators.ts";
import { followNodeStream, isNodeStream } from "./node_streams.ts";
import type { StreamScope } from "./stream_scope.ts";
import { followThen, thenOf } from "./thenables.ts";
import { followResponse, followWebStream, isPlainWebStream, isResponse } from "./web_streams.ts";

/**
 * Whether a function's result may be a stream: what `for await` takes, an iterator (a generator object, say), or a `Response`.
 * Lists, maps, strings and whatever else can be looped over again and again are values, and so are the iterators of those that
 * the language has: no work is left to do. Never throws.
 */
export function isStream(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (Array.isArray(value)) return false;
    const given = value as Iterating;
    if (typeof given[Symbol.asyncIterator] === "function") return true;
    const tag = given[Symbol.toStringTag];
    return typeof given[Symbol.iterator] === "function"
      ? typeof given.next === "function" && !String(tag).endsWith(" Iterator")
      : tag === "Response";
  } catch {
    return false;
  }
}

/** Whether what can be awaited can be looped over as well, as the pages of a client library: it is both, and stays what it is. */
export function isAsyncIterable(value: unknown): boolean {
  try {
    return typeof (value as Iterating)[Symbol.asyncIterator] === "function";
  } catch {
    return false;
  }
}

/**
 * Makes `stream` close the scope when it is over; at once, if it cannot be followed. Never throws.
 * @returns What to give in its place: itself, wherever it can be followed as it is.
 */
export function follow(stream: object, scope: StreamScope): object {
  let given: object | undefined;
  try {
    given = followed(stream, scope);
    if (given === stream) scope.watch(given);
  } catch {
    // A proxy that says no, or an object of another world: what it gives is the caller's business.
  }
  if (given === undefined) scope.stop();
  return given ?? stream;
}

function followed(stream: object, scope: StreamScope): object | undefined {
  if (isResponse(stream)) return followResponse(stream, scope);
  if (isPlainWebStream(stream)) return followWebStream(stream, scope);
  if (isNodeStream(stream)) return followNodeStream(stream, scope);
  const given = stream as Iterating;
  const isAsync = typeof given[Symbol.asyncIterator] === "function";
  if (!Object.isExtensible(stream)) return undefined;
  const then = thenOf(stream);
  if (then !== null && !followThen(stream, then, scope)) return undefined;
  // An iterator is nearly always its own iterable; else what it gives is followed as well.
  const isIterator = typeof given.next === "function";
  const own = isIterator ? followIterator(given, scope, isAsync) : null;
  if (isIterator && own === null) return undefined;
  return followIterable(given, scope, own) || isIterator ? stream : undefined;
}
