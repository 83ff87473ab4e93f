/**
 * Does something before the process ends, whatever ends it, and changes nothing about the end.
 *
 * Which hook sees which end differs between runtimes, so several are installed and what they call must not mind being
 * called more than once.
 *
 * @module
 */
import { isMainThread, node } from "./builtins.ts";
import type { End } from "./end.ts";
import { afterwards, attempt, guarded, listen, listenFirst, listenGlobally } from "./host_calls.ts";
import { type FatalSignal, readIgnored, SignalWatch } from "./signals.ts";
import { bun, deno } from "./which.ts";
import { beforeClose } from "./worker_close.ts";

type Flush = (end: End) => void;

/** What `onExit` keeps for the process: one, for all copies of the package, since two would wait for each other. */
interface Hub {
  add(flush: Flush): () => void;
}

const HUB = Symbol.for("@cirron/sdk/exit/1");

/**
 * Calls `flush` before the process ends: by itself, by an exit call, by an error, by SIGINT, SIGTERM or SIGHUP.
 *
 * It may be called several times, and before the end is certain. What cannot be hooked is SIGKILL, `process.abort()`
 * and, in Deno, a top-level `await` that nothing will resolve; and a signal that the process was started to ignore is left
 * alone. Nothing here keeps the process alive, and nothing prompts.
 * @param flush Does everything before it returns. What it throws is swallowed and counted. It is told whether the end is certain.
 * @returns Takes it back, once; with the last, all that was installed goes.
 */
export function onExit(flush: (end: End) => void): () => void {
  return hub().add(flush);
}

/** Whether this is `bun test`, which ends without calling any hook. */
export function isExitSilent(): boolean {
  const Bun = bun<{ jest?: () => unknown }>();
  if (Bun?.jest === undefined || node.process.env.NODE_ENV !== "test") return false;
  try {
    Bun.jest(); // wants to know for which file, but only in a test
    return false;
  } catch {
    return true;
  }
}

function hub(): Hub {
  const shared = globalThis as { [HUB]?: Hub };
  return shared[HUB] ??= new ExitHub();
}

class ExitHub implements Hub {
  readonly #flushes = new Set<{ readonly flush: Flush }>();
  /** Takes everything back; null while nothing is installed. */
  #uninstall: (() => void) | null = null;
  #ignored: ReadonlySet<FatalSignal> | null = null;

  add(flush: Flush): () => void {
    const entry = { flush };
    this.#flushes.add(entry);
    if (this.#uninstall === null) {
      if (isMainThread()) this.#ignored ??= readIgnored();
      this.#uninstall = install(end => this.#flushAll(end), this.#ignored);
    }
    return () => {
      if (!this.#flushes.delete(entry) || this.#flushes.size > 0) return;
      this.#uninstall?.();
      this.#uninstall = null;
    };
  }

  #flushAll(end: End): void {
    // Each for itself: the process is ending in its own way, which an error of ours must not change.
    for (const { flush } of [...this.#flushes]) attempt(() => flush(end), undefined);
  }
}

/** @param ignored Signals to leave alone; null in a worker, since signals belong to the main thread. */
function install(flush: Flush, ignored: ReadonlySet<FatalSignal> | null): () => void {
  // Two, as a listener is told apart by identity: before the program's own 'exit' listeners, since one may throw or
  // exit and so be the last to run, and after them, for what they record.
  const first = guarded(() => flush("no"));
  const last = guarded(() => flush("yes"));
  const onUnload = guarded(() => flush("yes"));
  // Elsewhere 'exit' follows an error that kills. In Deno nothing does, and a listener of the program that comes after
  // ours may yet prevent it.
  const isDeno = deno() !== null;
  const onError = guarded(() => flush(isDeno ? "perhaps" : "no"));
  let isInstalled = true;
  const moveLast = (): void => {
    node.process.off("exit", last);
    if (isInstalled) listen(node.process, "exit", last);
  };
  const onNewListener = guarded((event: string | symbol, listener: unknown): void => {
    if (event === "exit" && listener !== first && listener !== last) afterwards(moveLast);
  });
  // Ours must not be the ones too many that Node warns about.
  const limit = node.process.getMaxListeners();
  const raised = limit === 0 ? 0 : limit + 2;
  node.process.setMaxListeners(raised);
  listenFirst(node.process, "exit", first);
  listen(node.process, "exit", last);
  // On an error Deno fires no 'exit'. A listener to 'uncaughtException' would keep the process alive; this one does
  // not, and runs after the `error` and `unhandledrejection` listeners of the program.
  listen(node.process, "uncaughtExceptionMonitor", onError);
  listen(node.process, "newListener", onNewListener);
  // Deno.exit() fires this one alone.
  listenGlobally("unload", onUnload);
  const releaseClose = beforeClose(() => flush("yes"));
  const watch = ignored === null ? null : new SignalWatch(flush, ignored);
  return () => {
    isInstalled = false;
    node.process.off("newListener", onNewListener);
    node.process.off("uncaughtExceptionMonitor", onError);
    node.process.off("exit", first);
    node.process.off("exit", last);
    globalThis.removeEventListener?.("unload", onUnload);
    releaseClose();
    watch?.stop();
    if (node.process.getMaxListeners() === raised) node.process.setMaxListeners(limit);
  };
}
