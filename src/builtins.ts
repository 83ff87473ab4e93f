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
import type * as workerThreads from "node:worker_threads";

type Process = typeof processModule;

/** Node's modules by name. */
export const node = {
  get process(): Process {
    return (globalThis as unknown as { process: Process }).process;
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
  get workerThreads(): typeof workerThreads {
    return load("node:worker_threads");
  },
};

function load<T>(name: string): T {
  return node.process.getBuiltinModule(name) as T;
}
