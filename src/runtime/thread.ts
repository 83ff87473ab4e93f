/**
 * Which thread of the process this is.
 *
 * @module
 */
import { randomHex } from "../data/ids.ts";
import { isMainThread, node } from "./builtins.ts";

/** The number of the calling thread: 0 is the main one. */
export function threadId(): number {
  if (isMainThread()) return 0;
  // Deno calls a web worker a main thread, and gives it its number. At random then: two threads of one process must not be
  // taken for one.
  return node.workerThreads.isMainThread
    ? number ??= parseInt(randomHex(8), 16) + 1
    : node.workerThreads.threadId;
}

let number: number | undefined;
