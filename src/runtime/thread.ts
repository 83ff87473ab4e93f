/**
 * Which thread of the process this is.
 *
 * @module
 */
import { randomHex } from "../data/ids.ts";
import { isLoaded, isMainThread, node } from "./builtins.ts";
import { attempt } from "./host_calls.ts";
import { deno } from "./which.ts";

/** The number of the calling thread: 0 is the main one. */
export function threadId(): number {
  if (isMainThread()) return 0;
  // Deno calls a web worker a main thread, and gives it its number. At random then: two threads of one process must not be
  // taken for one.
  return node.workerThreads.isMainThread
    ? number ??= parseInt(randomHex(8), 16) + 1
    : node.workerThreads.threadId;
}

/** What the program calls this worker; null for nothing, and on the main thread. */
export function threadName(): string | null {
  if (isMainThread()) return null;
  // Bun has it in one place for all workers, Deno in the other.
  const { threadName } = node.workerThreads as { threadName?: unknown };
  const { name } = globalThis as { name?: unknown };
  const found = [threadName, name].find(one => typeof one === "string" && one !== "");
  return found === undefined ? null : found as string;
}

/** The trace context that a worker of `node:worker_threads` was given, as `traceparent` of its data; null for none. */
export function givenContext(): string | null {
  // Every session asks. In Deno the main thread is the only one without this, and the module would cost it 2.5 ms.
  if (deno() !== null && !("postMessage" in globalThis)) return null;
  if (isMainThread()) return null;
  const data = node.workerThreads.workerData as { traceparent?: unknown } | null | undefined;
  const given = typeof data === "object" ? data?.traceparent : undefined;
  return typeof given === "string" ? given : null;
}

/** Where workers of `node:worker_threads` find what the main thread has left for them. */
const LEFT = "@cirron/sdk/left/1";

/**
 * Leaves plain data for workers that are made from now on. Only where that costs nothing: in Bun `node:worker_threads` would be loaded
 * for it, 5 ms.
 */
export function leaveForWorkers(data: Record<string, string | null>): void {
  if (isLoaded("node:worker_threads")) {
    attempt(() => node.workerThreads.setEnvironmentData(LEFT, data), undefined);
  }
}

/** What the main thread has left; empty where that is nothing, or does not get here. */
export function leftByMainThread(): Record<string, unknown> {
  if (isMainThread()) return {};
  const left: unknown = attempt(() => node.workerThreads.getEnvironmentData(LEFT), null);
  return typeof left === "object" && left !== null ? left as Record<string, unknown> : {};
}

let number: number | undefined;
