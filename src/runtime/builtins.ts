/**
 * Node's built-in modules, each loaded when it is first asked for. An import of `node:process` alone costs a program 12 ms of
 * its start in Deno 2.9, `node:fs` 20, and most programs never need them here.
 *
 * @module
 */
import type * as asyncHooks from "node:async_hooks";
import type * as buffer from "node:buffer";
import type * as fs from "node:fs";
import type * as module from "node:module";
import type * as path from "node:path";
import type processModule from "node:process";
import type * as timers from "node:timers";
import type * as tty from "node:tty";
import type * as util from "node:util";
import type * as workerThreads from "node:worker_threads";
import { bareModule, bareProcess, isBare } from "./bare_deno.ts";
import { bun } from "./which.ts";

type Process = typeof processModule;

// Where the process object is, from the first moment on: a program may delete it, or put another in its place. In Deno it
// is a getter, and to call it is what costs.
const place = Object.getOwnPropertyDescriptor(globalThis, "process");

let found: Process | null = null;

const loaded: Record<string, unknown> = { __proto__: null };

/** Node's modules by name. */
export const node = {
  get process(): Process {
    return found ??= findProcess();
  },
  get asyncHooks(): typeof asyncHooks {
    return load("node:async_hooks");
  },
  get buffer(): typeof buffer {
    return load("node:buffer");
  },
  get fs(): typeof fs {
    return load("node:fs");
  },
  get module(): typeof module {
    return load("node:module");
  },
  get path(): typeof path {
    return load("node:path");
  },
  get timers(): typeof timers {
    return load("node:timers");
  },
  get tty(): typeof tty {
    return load("node:tty");
  },
  get util(): typeof util {
    return load("node:util");
  },
  get workerThreads(): typeof workerThreads {
    return load("node:worker_threads");
  },
};

/** Whether this is the thread that the program began in. */
export function isMainThread(): boolean {
  // Deno calls a web worker a main thread.
  if ("WorkerGlobalScope" in globalThis) return false;
  // Bun knows without the module, which costs every program that never has a worker.
  return bun<{ isMainThread?: boolean }>()?.isMainThread ?? node.workerThreads.isMainThread;
}

/**
 * One of the runtime's modules by name.
 *
 * @throws What the runtime throws where it has none, or cannot load it.
 */
export function load<T>(name: string): T {
  return (loaded[name] ??= find(name)) as T;
}

/** Whether one of them was asked for before, and so costs nothing more. */
export function isLoaded(name: string): boolean {
  return name in loaded;
}

function find(name: string): unknown {
  const { process } = node;
  if (process.getBuiltinModule !== undefined) return withProcess(() => process.getBuiltinModule(name));
  const bare = bareModule(name);
  if (bare === undefined) {
    throw new Error(`${name} cannot be loaded: the program froze or replaced what the runtime builds it on`);
  }
  return bare;
}

// Modules of the runtimes look for `process` where it belongs while they load.
function withProcess<T>(act: () => T): T {
  const now = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (place === undefined || (now?.value === place.value && now?.get === place.get)) return act();
  try {
    Object.defineProperty(globalThis, "process", place);
  } catch {
    return act(); // it cannot be put there
  }
  try {
    return act();
  } finally {
    if (now === undefined) delete (globalThis as { process?: unknown }).process;
    else Object.defineProperty(globalThis, "process", now);
  }
}

function findProcess(): Process {
  if (isBare()) return bareProcess() as Process;
  const kept = place?.get === undefined ? place?.value : place.get.call(globalThis);
  const process = (kept ?? (globalThis as { process?: unknown }).process) as Process | undefined;
  if (typeof process?.getBuiltinModule === "function") return process;
  // Replaced before this was imported. Bun lets a module ask for another all the same.
  const { require } = import.meta as { require?: (name: string) => Process };
  return require?.("node:process") ?? bareProcess() as Process;
}
