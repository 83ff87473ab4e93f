/**
 * What the package needs of Node's modules, made of Deno's own. For a program that has frozen or replaced what Deno builds
 * `node:process` on before anybody asked for it: from then on Deno cannot load it, nor what hangs on it.
 *
 * @module
 */
import { deno } from "./which.ts";

interface BareDeno {
  readonly pid: number;
  readonly build: { readonly os: string; readonly arch: string };
  readonly version: { readonly deno: string };
  readonly env: { get(name: string): string | undefined; toObject(): Record<string, string> };
  readonly stdin: { isTerminal(): boolean };
  cwd(): string;
  kill(pid: number, signal?: string | number): void;
  readonly internal: symbol;
}

interface AsyncVariable {
  enter(value: unknown): unknown;
  get(): unknown;
}

interface Core {
  readonly AsyncVariable: new() => AsyncVariable;
  setAsyncContext(context: unknown): void;
}

interface Internals {
  readonly core: Core;
  /** Set once somebody has loaded `node:process`. */
  readonly __nodeProcessBootstrapped?: boolean;
}

/**
 * Whether Deno 2.9 would fail to load `node:process` and end the program by an unhandled rejection besides, which no
 * `catch` stops: it assigns to what it makes what the program has frozen in what it inherits from.
 */
export function isBare(): boolean {
  if (deno() === null) return false;
  const typedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array;
  const isFrozen = isReadOnly(typedArray, "of") || isReadOnly(typedArray.prototype, "toString")
    || isReadOnly(Set.prototype, Symbol.iterator);
  return isFrozen && internals().__nodeProcessBootstrapped !== true;
}

function isReadOnly(owner: object, name: string | symbol): boolean {
  return Object.getOwnPropertyDescriptor(owner, name)?.writable === false;
}

/** In place of `process`: listeners are never called, as nothing emits; Deno's `unload` tells of the end. */
export function bareProcess(): unknown {
  const nothing = () => {};
  return {
    get pid() {
      return bareDeno().pid;
    },
    get platform() {
      return bareDeno().build.os === "windows" ? "win32" : bareDeno().build.os;
    },
    get arch() {
      return bareDeno().build.arch === "aarch64" ? "arm64" : "x64";
    },
    get versions() {
      return { deno: bareDeno().version.deno };
    },
    env: environment(),
    execArgv: [],
    stdout: {},
    cwd: () => bareDeno().cwd(),
    kill: (pid: number, signal?: string | number) => bareDeno().kill(pid, signal),
    on: nothing,
    off: nothing,
    prependListener: nothing,
    listenerCount: () => 0,
    getMaxListeners: () => 0,
    setMaxListeners: nothing,
  };
}

/** In place of one of Node's modules; undefined if there is nothing. */
export function bareModule(name: string): unknown {
  return MODULES[name]?.();
}

const MODULES: Record<string, (() => unknown) | undefined> = {
  "node:async_hooks": () => ({ AsyncLocalStorage: BareStorage }),
  "node:timers": () => globalThis, // Deno's global timers are Node's
  "node:tty": () => ({ isatty: () => bareDeno().stdin.isTerminal() }),
  "node:worker_threads": () => ({ isMainThread: !("WorkerGlobalScope" in globalThis), threadId: 0 }),
};

/** The two methods of `AsyncLocalStorage` that flows use, on what Deno's own is made of. */
class BareStorage {
  readonly #core = internals().core;
  readonly #variable = new this.#core.AsyncVariable();

  run(value: unknown, act: () => unknown): unknown {
    const before = this.#variable.enter(value);
    try {
      return act();
    } finally {
      this.#core.setAsyncContext(before);
    }
  }

  getStore(): unknown {
    return this.#variable.get();
  }
}

// Asks for one variable at a time: Deno lets any program read those about colours.
function environment(): Record<string, string | undefined> {
  return new Proxy({}, {
    get: (_, name) => typeof name === "string" ? bareDeno().env.get(name) : undefined,
    ownKeys: () => Object.keys(bareDeno().env.toObject()),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });
}

function internals(): Internals {
  return (bareDeno() as unknown as Record<symbol, Internals>)[bareDeno().internal];
}

function bareDeno(): BareDeno {
  return deno<BareDeno>()!;
}
