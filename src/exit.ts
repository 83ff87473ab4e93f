/**
 * Does something before the process ends, whatever ends it, and changes nothing about the end.
 *
 * Which hook sees which end differs between runtimes, so several are installed and what they call must not mind being
 * called more than once.
 *
 * @module
 */
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { bySignal, readIgnored, type SignalReasons, SignalWatch } from "./signals.ts";

/** What `onExit` keeps for the process: one, for all copies of the package, since two would wait for each other. */
interface Hub {
  add(flush: () => void): () => void;
  signals(): SignalReasons;
}

const HUB = Symbol.for("@cirron/sdk/exit/1");

/**
 * Calls `flush` before the process ends: by itself, by an exit call, by an error, by SIGINT, SIGTERM or SIGHUP.
 *
 * It may be called several times, and before the end is certain. What cannot be hooked is SIGKILL, `process.abort()`
 * and, in Deno, a top-level `await` that nothing will resolve; `exitSignals()` tells which signals are not. Nothing here
 * keeps the process alive, and nothing prompts.
 * @param flush Does everything before it returns. What it throws is swallowed.
 * @returns Takes it back, once; with the last, all that was installed goes.
 */
export function onExit(flush: () => void): () => void {
  return hub().add(flush);
}

/** Per signal: null if `flush` runs before it ends the process, else the reason why not. */
export function exitSignals(): SignalReasons {
  return hub().signals();
}

function hub(): Hub {
  const shared = globalThis as { [HUB]?: Hub };
  return shared[HUB] ??= new ExitHub();
}

class ExitHub implements Hub {
  readonly #flushes = new Set<{ readonly flush: () => void }>();
  #installed: Installed | null = null;
  #ignored: SignalReasons | null = null;

  add(flush: () => void): () => void {
    const entry = { flush };
    this.#flushes.add(entry);
    if (this.#installed === null) {
      if (isMain()) this.#ignored ??= readIgnored();
      this.#installed = install(() => this.#flushAll(), this.#ignored);
    }
    return () => {
      if (!this.#flushes.delete(entry) || this.#flushes.size > 0) return;
      this.#installed?.remove();
      this.#installed = null;
    };
  }

  signals(): SignalReasons {
    return this.#installed?.signals ?? bySignal(() => "exit handling is not installed");
  }

  #flushAll(): void {
    for (const { flush } of [...this.#flushes]) {
      try {
        flush();
      } catch {
        // The process is ending in its own way, which an error of ours must not change.
      }
    }
  }
}

interface Installed {
  readonly signals: SignalReasons;
  remove(): void;
}

function install(flush: () => void, ignored: SignalReasons | null): Installed {
  // Two, as a listener is told apart by identity: before the program's own 'exit' listeners, since one may throw or
  // exit and so be the last to run, and after them, for what they record.
  const first = () => flush();
  const last = () => flush();
  let isInstalled = true;
  const moveLast = (): void => {
    process.off("exit", last);
    if (isInstalled) withoutLimit(() => process.on("exit", last));
  };
  const onNewListener = (event: string | symbol, listener: unknown): void => {
    if (event === "exit" && listener !== first && listener !== last) queueMicrotask(moveLast);
  };
  withoutLimit(() => {
    process.prependListener("exit", first);
    process.on("exit", last);
    // On an error Deno fires no 'exit'. A listener to 'uncaughtException' would keep the process alive; this one does
    // not, and runs after the `error` and `unhandledrejection` listeners of the program.
    process.on("uncaughtExceptionMonitor", flush);
    process.on("newListener", onNewListener);
  });
  // Deno.exit() fires this one alone.
  globalThis.addEventListener?.("unload", flush);
  const watch = ignored === null ? null : new SignalWatch(flush, ignored);
  return {
    signals: watch?.reasons ?? bySignal(() => "signals belong to the main thread"),
    remove() {
      isInstalled = false;
      process.off("newListener", onNewListener);
      process.off("uncaughtExceptionMonitor", flush);
      process.off("exit", first);
      process.off("exit", last);
      globalThis.removeEventListener?.("unload", flush);
      watch?.stop();
    },
  };
}

// Deno calls a web worker a main thread.
function isMain(): boolean {
  return isMainThread && !("WorkerGlobalScope" in globalThis);
}

// With ours, a program's tenth listener would be the one too many that Node's warning is about.
function withoutLimit(add: () => void): void {
  const limit = process.getMaxListeners();
  process.setMaxListeners(0);
  try {
    add();
  } finally {
    process.setMaxListeners(limit);
  }
}
