/**
 * Which thread this is.
 *
 * @module
 */
import { node } from "./builtins.ts";

/** The number of the calling thread: 0 is the main one. */
export function threadId(): number {
  if (isBunMain()) return 0;
  // Not imported: the module costs every program that never has a session.
  const { getBuiltinModule } = node.process as {
    getBuiltinModule?: (name: string) => { threadId: number } | undefined;
  };
  return getBuiltinModule?.("node:worker_threads")?.threadId ?? 0;
}

/** Whether this is the main thread. */
export function isMainThread(): boolean {
  // Deno calls a web worker a main thread.
  return isBunMain() || (node.workerThreads.isMainThread && !("WorkerGlobalScope" in globalThis));
}

// Bun says so itself: its node:worker_threads takes more than 2 ms to load.
function isBunMain(): boolean {
  return (globalThis as { Bun?: { isMainThread?: boolean } }).Bun?.isMainThread === true;
}
