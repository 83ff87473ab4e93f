/**
 * Does something before a signal ends the process, and lets the signal end it all the same.
 *
 * No exit hook of a runtime runs when a signal kills. A listener of ours does, but takes the default action away: so it
 * steps down and sends the signal again. Where the program listens itself, its listeners decide, and we stay out of
 * their way: whatever they do to end the process passes an exit hook, or sends the signal to us.
 *
 * A file watcher calls listeners to SIGTERM without a signal, and sending one would kill the watcher. The two calls look
 * the same; but a watcher starts the program anew soon after, so under one, whoever is still there after a while was sent
 * a signal.
 *
 * @module
 */
import { isSigactionIgnored, openSignalLibc, SIGACTION_BYTES } from "../../ffi/libc.ts";
import { node } from "./builtins.ts";
import type { End } from "./end.ts";
import {
  after,
  afterwards,
  attempt,
  guarded,
  type HostCall,
  listenFirst,
  listenToSignal,
  soon,
} from "./host_calls.ts";
import { opener } from "./opener.ts";
import { findWatcher } from "./watchers.ts";
import { deno } from "./which.ts";

/** The signals that commonly end a program, by name, with their numbers (the same on Linux and macOS). */
export const FATAL_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** One of `FATAL_SIGNALS`. */
export type FatalSignal = keyof typeof FATAL_SIGNALS;

type Listener = () => void;
type Flush = (end: End) => void;
type Kill = (this: unknown, pid: number, signal?: string | number) => unknown;

interface DenoSignals {
  addSignalListener(signal: string, listener: Listener): void;
  removeSignalListener(signal: string, listener: Listener): void;
  kill: Kill;
}

interface DenoInternal {
  readonly core: { resources(): Record<string, string> };
}

/** How one runtime hands out signals. */
interface Port {
  /** Adds a listener that runs before the program's. False, and nothing done, if it cannot. */
  add(signal: FatalSignal, listener: HostCall): boolean;
  remove(signal: FatalSignal, listener: HostCall): void;
  /** Whether anyone listens; asked only while ours is out. */
  isTaken(signal: FatalSignal): boolean;
  /** Turns of the event loop after which a watcher that called has ended the program. */
  readonly watcherTurns: number;
  /** Runs `run` in one of those turns. */
  turn(run: () => void): void;
}

const SIGNALS = Object.keys(FATAL_SIGNALS) as FatalSignal[];

// A listener that was there: after a signal sent to oneself, time until the runtime's own thread has acted on it.
const DEATH_MS = 1000;

// Deno's watcher leaves the program half a second; its own clock and the program's timers run on the same thread, so that
// after so many turns of it, over four times that time, the watcher has had its own.
const DENO_TURNS = 20;
const DENO_TURN_MS = 100;

/** Whether signals can be watched here at all. */
function areWatchable(): boolean {
  // Windows has no way to send a signal again: TerminateProcess would stand in for it, and the parent would see another
  // status.
  if (node.process.platform === "win32") return false;
  // Not where Deno does not say whether anyone listens.
  return deno<DenoSignals>() === null || denoSignalCount() !== null;
}

/** Runs `flush` before a signal ends the process. Main thread only. */
export class SignalWatch {
  readonly #guards = new Map<FatalSignal, Guard>();
  readonly #undo: (() => void)[] = [];

  /**
   * @param flush Called on the signal, and told whether that will kill.
   * @param ignored What `readIgnored` gave before the first watch of this process.
   */
  constructor(flush: Flush, ignored: ReadonlySet<FatalSignal>) {
    if (!areWatchable()) return;
    const watcher = findWatcher();
    // Looked up before they are replaced, and not through the objects again.
    const kill = node.process.kill.bind(node.process) as Kill;
    const namespace = deno<DenoSignals>();
    const port = namespace === null ? NODE_PORT : denoPort(namespace);
    for (const signal of SIGNALS) {
      // A watcher of tests may call the listeners without a signal, and let the program live.
      if (ignored.has(signal) || (signal === "SIGTERM" && watcher === "lets live")) continue;
      const isWatched = signal === "SIGTERM" && watcher === "restarts";
      this.#guards.set(signal, new Guard(signal, port, { flush, kill, isWatched }));
    }
    if (this.#guards.size === 0) return;
    this.#replaceKill(node.process as unknown as { kill: Kill });
    if (namespace !== null) {
      this.#replaceKill(namespace);
      this.#replaceRemove(namespace);
    }
    for (const guard of this.#guards.values()) guard.enter();
  }

  /** Puts everything back. */
  stop(): void {
    for (const guard of this.#guards.values()) guard.stop();
    this.#guards.clear();
    for (const undo of this.#undo) undo();
  }

  // A program that kills itself would else outlive the call, which waits for our listener's turn, and might even end
  // by itself before.
  #replaceKill(owner: { kill: Kill }): void {
    const guards = this.#guards;
    this.#undo.push(
      replace(
        owner,
        "kill",
        original =>
          function kill(this: unknown, pid: number, signal?: string | number): unknown {
            const guard = attempt(
              () => pid === node.process.pid ? guards.get(signalName(signal)!) : undefined,
              undefined,
            );
            const send = () => original.call(this, pid, signal);
            return guard === undefined ? send() : guard.send(send);
          },
      ),
    );
  }

  // While the program listens we cannot come first in Deno, and are out; this tells us when it stops.
  #replaceRemove(owner: DenoSignals): void {
    const guards = this.#guards;
    this.#undo.push(
      replace(
        owner,
        "removeSignalListener",
        original =>
          function removeSignalListener(this: unknown, signal: string, listener: Listener): void {
            original.call(this, signal, listener);
            attempt(() => guards.get(signal as FatalSignal)?.removed(), undefined);
          },
      ),
    );
  }
}

interface GuardOptions {
  readonly flush: Flush;
  readonly kill: Kill;
  /** Whether the signal's listeners may be called without a signal. */
  readonly isWatched: boolean;
}

/** Our listener to one signal. */
class Guard {
  readonly #signal: FatalSignal;
  readonly #port: Port;
  readonly #options: GuardOptions;
  #isIn = false;
  #isStopped = false;

  constructor(signal: FatalSignal, port: Port, options: GuardOptions) {
    this.#signal = signal;
    this.#port = port;
    this.#options = options;
  }

  enter(): void {
    if (!this.#isIn && !this.#isStopped) this.#isIn = this.#port.add(this.#signal, this.#arrived);
  }

  stop(): void {
    this.#isStopped = true;
    this.#leave();
  }

  /** The program is about to send itself the signal. */
  send<T>(kill: () => T): T {
    const isLast = attempt(() => {
      this.#leave();
      if (this.#port.isTaken(this.#signal)) return false;
      this.#flush("yes");
      return true;
    }, false);
    try {
      const result = kill();
      if (isLast) attempt(waitForDeath, undefined);
      return result;
    } finally {
      attempt(() => this.enter(), undefined);
    }
  }

  /** A listener of the program has gone. */
  removed(): void {
    if (this.#isIn || this.#port.isTaken(this.#signal)) return;
    this.#flush("no"); // it may send the signal again before we are back
    this.#enterLater();
  }

  readonly #arrived = guarded(() => {
    const { isWatched } = this.#options;
    // Bun's watcher fires no hook that would close what is open, nor does Deno's in a test or with --watch-hmr. Still in: Bun's hears of
    // one edit twice, as the file is emptied and as it is written, and where it finds no listener it waits for nothing.
    if (isWatched) this.#flush("perhaps");
    // Out of the way while the program's listeners run: some (npm's signal-exit) count who listens, to find out
    // whether the signal is theirs to send again.
    this.#leave();
    const isTaken = this.#port.isTaken(this.#signal);
    if (!isWatched) this.#flush(isTaken ? "no" : "yes");
    if (isTaken) this.#enterLater();
    else if (isWatched) this.#outliveWatcher(this.#port.watcherTurns);
    else this.#sendAgain();
  });

  // Still out: a second signal kills at once.
  #outliveWatcher(turns: number): void {
    this.#port.turn(() => {
      this.#flush(turns > 1 ? "no" : "yes");
      if (turns > 1) this.#outliveWatcher(turns - 1);
      else this.#sendAgain();
    });
  }

  #sendAgain(): void {
    try {
      this.#options.kill(node.process.pid, this.#signal);
      waitForDeath();
    } finally {
      this.enter(); // alive: somebody else takes the signal, such as a worker or the runtime
    }
  }

  // What fails there must not keep a signal from its effect.
  #flush(end: End): void {
    attempt(() => this.#options.flush(end), undefined);
  }

  // Not while listeners are called: Deno would go on to ours, and so we would take the signal for a second one.
  #enterLater(): void {
    afterwards(() => this.enter());
  }

  #leave(): void {
    if (this.#isIn) this.#port.remove(this.#signal, this.#arrived);
    this.#isIn = false;
  }
}

/** Node's way, which Bun shares: process emits signals, and calls listeners in order. */
const NODE_PORT: Port = {
  add(signal, listener) {
    listenFirst(node.process, signal, listener);
    return true;
  },
  remove: (signal, listener) => void node.process.off(signal, listener),
  isTaken: signal => node.process.listenerCount(signal) > 0,
  // Bun's watcher replaces the program as soon as its listeners have returned.
  watcherTurns: 1,
  turn: soon,
};

/**
 * Deno's way: a set of listeners per signal, called in the order of adding, process.on()'s among them. Nothing tells who
 * is in it; but the first to come opens a resource, and the last to go closes it.
 */
function denoPort(namespace: DenoSignals): Port {
  const { addSignalListener, removeSignalListener } = namespace;
  const owner = { addSignalListener };
  const port: Port = {
    add(signal, listener) {
      const before = denoSignalCount()!;
      listenToSignal(owner, signal, listener);
      if (denoSignalCount()! > before) return true;
      removeSignalListener(signal, listener);
      return false;
    },
    remove: (signal, listener) => removeSignalListener(signal, listener),
    isTaken(signal) {
      if (!port.add(signal, NOTHING)) return true;
      removeSignalListener(signal, NOTHING);
      return false;
    },
    watcherTurns: DENO_TURNS,
    turn: run => after(DENO_TURN_MS, run),
  };
  return port;
}

const NOTHING = guarded(() => {});

function denoSignalCount(): number | null {
  try {
    const namespace = deno<DenoSignals>() as unknown as
      & Record<"internal", symbol>
      & Record<symbol, DenoInternal>;
    const { core } = namespace[namespace.internal];
    return Object.values(core.resources()).filter(name => name === "signal").length;
  } catch {
    return null; // an internal of Deno 2.9: it may go
  }
}

/**
 * Finds out which signals the process was started to ignore, as `nohup` does with SIGHUP and shells do with SIGINT for
 * what runs in the background. A listener would undo that for good, so those are left alone; ask before there is one.
 */
export function readIgnored(): ReadonlySet<FatalSignal> {
  const ignored = readIgnoredAlone();
  // Deno 2.9 catches all three with the first listener to any, and from then on acts out the default.
  return new Set(deno<DenoSignals>() !== null && ignored.length > 0 ? SIGNALS : ignored);
}

function readIgnoredAlone(): readonly FatalSignal[] {
  // The first process of a container gets no signal that it does not listen to; but Deno acts the default out there too.
  if (node.process.pid === 1 && deno<DenoSignals>() === null) return SIGNALS;
  const libc = openSignalLibc(opener, node.process.platform, node.process.arch);
  const old = new Uint32Array(new ArrayBuffer(SIGACTION_BYTES));
  return SIGNALS.filter(signal => {
    if (libc.ok && libc.value.sigaction(FATAL_SIGNALS[signal], 0n, old) === 0) return isSigactionIgnored(old);
    // Only FFI could tell. nohup and background jobs have no terminal for stdin; SIGTERM is hardly ever ignored.
    return signal !== "SIGTERM" && !node.tty.isatty(0);
  });
}

function signalName(signal: string | number | undefined): FatalSignal | undefined {
  if (signal === undefined) return "SIGTERM";
  return SIGNALS.find(name => name === signal || FATAL_SIGNALS[name] === signal);
}

// Deno keeps its handler after the last listener has gone and acts out the default on another thread, so a signal to
// oneself takes a moment. Nothing of the program must run in it, nor may it come to its own end.
function waitForDeath(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DEATH_MS);
}

/** Replaces a method. Undone only if nobody has replaced it after us; ours then still passes every call on. */
function replace<O extends object, K extends keyof O>(
  owner: O,
  name: K,
  make: (original: O[K]) => O[K],
): () => void {
  const original = owner[name];
  const ours = make(original);
  try {
    owner[name] = ours;
  } catch {
    return () => {}; // frozen by somebody: without it, the rest still works
  }
  return () => {
    if (owner[name] === ours) owner[name] = original;
  };
}
