/**
 * Does something before a signal ends the process, and lets the signal end it all the same.
 *
 * No exit hook of a runtime runs when a signal kills. A listener of ours does, but takes the default action away: so it
 * steps down and sends the signal again. Where the program listens itself, its listeners decide, and we stay out of
 * their way: whatever they do to end the process passes an exit hook, or sends the signal to us.
 *
 * @module
 */
import { isSigactionIgnored, openSignalLibc, SIGACTION_BYTES } from "../ffi/libc.ts";
import { opener } from "../ffi/open.ts";
import { node } from "./builtins.ts";

/** The signals that commonly end a program, by name, with their numbers (the same on Linux and macOS). */
export const FATAL_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** One of `FATAL_SIGNALS`. */
export type FatalSignal = keyof typeof FATAL_SIGNALS;

/** Per signal: null if it is watched, else why it is left alone. */
export type SignalReasons = Readonly<Record<FatalSignal, string | null>>;

type Listener = () => void;
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
  add(signal: FatalSignal, listener: Listener): boolean;
  remove(signal: FatalSignal, listener: Listener): void;
  /** Whether anyone listens; asked only while ours is out. */
  isTaken(signal: FatalSignal): boolean;
}

const SIGNALS = Object.keys(FATAL_SIGNALS) as FatalSignal[];

// A listener that was there: after a signal sent to oneself, time until the runtime's own thread has acted on it.
const DEATH_MS = 1000;

/** Why signals cannot be watched here at all, or null. */
function whyUnwatchable(): string | null {
  // TerminateProcess would stand in for the signal, and the parent would see another status.
  if (node.process.platform === "win32") return "Windows has no way to send a signal again";
  if (deno() !== null && denoSignalCount() === null) return "this Deno does not say whether anyone listens";
  return null;
}

/** Runs `flush` before a signal ends the process. Main thread only. */
export class SignalWatch {
  /** Which signals are watched. */
  readonly reasons: SignalReasons;
  readonly #guards = new Map<FatalSignal, Guard>();
  readonly #undo: (() => void)[] = [];

  /**
   * @param flush Called on the signal, and told whether that will kill; must not throw.
   * @param ignored What `readIgnored` gave before the first watch of this process.
   */
  constructor(flush: (isEnd: boolean) => void, ignored: SignalReasons) {
    const unwatchable = whyUnwatchable();
    this.reasons = bySignal(signal => unwatchable ?? ignored[signal]);
    // Looked up before they are replaced, and not through the objects again.
    const kill = node.process.kill.bind(node.process) as Kill;
    const namespace = deno();
    const port = namespace === null ? NODE_PORT : denoPort(namespace);
    for (const signal of SIGNALS) {
      if (this.reasons[signal] === null) this.#guards.set(signal, new Guard(signal, port, flush, kill));
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
            const guard = pid === node.process.pid ? guards.get(signalName(signal)!) : undefined;
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
            guards.get(signal as FatalSignal)?.removed();
          },
      ),
    );
  }
}

/** Our listener to one signal. */
class Guard {
  readonly #signal: FatalSignal;
  readonly #port: Port;
  readonly #flush: (isEnd: boolean) => void;
  readonly #kill: Kill;
  #isIn = false;
  #isStopped = false;

  constructor(signal: FatalSignal, port: Port, flush: (isEnd: boolean) => void, kill: Kill) {
    this.#signal = signal;
    this.#port = port;
    this.#flush = flush;
    this.#kill = kill;
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
    this.#leave();
    try {
      if (this.#port.isTaken(this.#signal)) return kill();
      this.#flush(true);
      const result = kill();
      waitForDeath();
      return result;
    } finally {
      this.enter();
    }
  }

  /** A listener of the program has gone. */
  removed(): void {
    if (this.#isIn || this.#port.isTaken(this.#signal)) return;
    this.#flush(false); // it may send the signal again before we are back
    this.#enterLater();
  }

  readonly #arrived = (): void => {
    // Out of the way while the program's listeners run: some (npm's signal-exit) count who listens, to find out
    // whether the signal is theirs to send again.
    this.#leave();
    const isTaken = this.#port.isTaken(this.#signal);
    this.#flush(!isTaken);
    if (isTaken) {
      this.#enterLater();
      return;
    }
    try {
      this.#kill(node.process.pid, this.#signal);
      waitForDeath();
    } finally {
      this.enter(); // alive: somebody else takes the signal, such as a worker or the runtime
    }
  };

  // Not while listeners are called: Deno would go on to ours, and so we would take the signal for a second one.
  #enterLater(): void {
    queueMicrotask(() => this.enter());
  }

  #leave(): void {
    if (this.#isIn) this.#port.remove(this.#signal, this.#arrived);
    this.#isIn = false;
  }
}

/** Node's way, which Bun shares: process emits signals, and calls listeners in order. */
const NODE_PORT: Port = {
  add(signal, listener) {
    node.process.prependListener(signal, listener);
    return true;
  },
  remove: (signal, listener) => void node.process.off(signal, listener),
  isTaken: signal => node.process.listenerCount(signal) > 0,
};

/**
 * Deno's way: a set of listeners per signal, called in the order of adding, process.on()'s among them. Nothing tells who
 * is in it; but the first to come opens a resource, and the last to go closes it.
 */
function denoPort({ addSignalListener, removeSignalListener }: DenoSignals): Port {
  const port: Port = {
    add(signal, listener) {
      const before = denoSignalCount()!;
      addSignalListener(signal, listener);
      if (denoSignalCount()! > before) return true;
      removeSignalListener(signal, listener);
      return false;
    },
    remove: (signal, listener) => removeSignalListener(signal, listener),
    isTaken(signal) {
      const nothing = () => {};
      if (!port.add(signal, nothing)) return true;
      removeSignalListener(signal, nothing);
      return false;
    },
  };
  return port;
}

function denoSignalCount(): number | null {
  try {
    const namespace = deno() as unknown as Record<"internal", symbol> & Record<symbol, DenoInternal>;
    const { core } = namespace[namespace.internal];
    return Object.values(core.resources()).filter(name => name === "signal").length;
  } catch {
    return null; // an internal of Deno 2.9: it may go
  }
}

function deno(): DenoSignals | null {
  if ("Bun" in globalThis) return null;
  return (globalThis as { Deno?: unknown }).Deno as DenoSignals | undefined ?? null;
}

/**
 * Finds out which signals the process was started to ignore, as `nohup` does with SIGHUP and shells do with SIGINT for
 * what runs in the background. A listener would undo that for good, so those are left alone; ask before there is one.
 */
export function readIgnored(): SignalReasons {
  const reasons = readIgnoredAlone();
  if (deno() === null) return reasons;
  // Deno 2.9 catches all three with the first listener to any, and from then on acts out the default.
  const other = SIGNALS.find(signal => reasons[signal] !== null);
  return bySignal(signal =>
    reasons[signal] ?? (other ? `Deno takes ${other} with it: ${reasons[other]}` : null)
  );
}

function readIgnoredAlone(): SignalReasons {
  const libc = openSignalLibc(opener, node.process.platform, node.process.arch);
  const old = new Uint32Array(new ArrayBuffer(SIGACTION_BYTES));
  return bySignal(signal => {
    if (libc.ok && libc.value.sigaction(FATAL_SIGNALS[signal], 0n, old) === 0) {
      return isSigactionIgnored(old) ? "the process was started to ignore it" : null;
    }
    // nohup and background jobs have no terminal for stdin. SIGTERM is hardly ever ignored.
    return signal === "SIGTERM" || node.tty.isatty(0)
      ? null
      : "the process may have been started to ignore it, and only FFI could tell (--allow-ffi)";
  });
}

/** One value per signal. */
export function bySignal<T>(value: (signal: FatalSignal) => T): Record<FatalSignal, T> {
  return Object.fromEntries(SIGNALS.map(signal => [signal, value(signal)])) as Record<FatalSignal, T>;
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
