/**
 * Which thread of the process this is.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { randomHex } from "./ids.ts";

/** Whether this is the thread that the process began with: the others may be ended at any moment, and no hook tells. */
export function isMainThread(): boolean {
  return node.workerThreads.isMainThread && !isDenoWebWorker();
}

/** The number of the calling thread: 0 is the main one. */
export function threadId(): number {
  // At random where the runtime has none: two threads of one process must not be taken for one.
  return isDenoWebWorker() ? number ??= parseInt(randomHex(8), 16) + 1 : node.workerThreads.threadId;
}

let number: number | undefined;

// Deno calls a web worker a main thread, and gives it its number.
function isDenoWebWorker(): boolean {
  return "WorkerGlobalScope" in globalThis && node.workerThreads.isMainThread;
}
