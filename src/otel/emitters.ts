/**
 * Event emitters whose listeners run in a context.
 *
 * @module
 */
import type { Context } from "./api.ts";

const ADDING = ["addListener", "on", "once", "prependListener", "prependOnceListener"] as const;
const REMOVING = ["removeListener", "off"] as const;

// deno-lint-ignore ban-types -- listeners take whatever they take
type Listener = Function;

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Whether a value is an emitter as Node has them, whoever made it. */
export function isEmitter<T>(value: T): value is T & Record<string, unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const { on, removeListener, emit } = value as Record<string, unknown>;
  return typeof on === "function" && typeof removeListener === "function" && typeof emit === "function";
}

/** Emitters whose listeners were bound, and what each listener became. */
export class EmitterBindings {
  readonly #manager: { bindFunction(context: Context, target: Listener): Listener };
  readonly #bound: WeakMap<object, Map<unknown, WeakMap<Listener, Listener>>> = new WeakMap();
  /** Whether a method of an emitter is adding: `once` calls `on` with what it has made of the listener. */
  #isAdding = false;

  constructor(manager: { bindFunction(context: Context, target: Listener): Listener }) {
    this.#manager = manager;
  }

  /** Has listeners that are added from now on run in a context. The first context stays. */
  bind<T>(context: Context, emitter: T & Record<string, unknown>): T {
    if (this.#bound.has(emitter)) return emitter;
    this.#bound.set(emitter, new Map());
    for (const name of ADDING) this.#patch(emitter, name, method => this.#adding(emitter, method, context));
    for (const name of REMOVING) this.#patch(emitter, name, method => this.#removing(emitter, method));
    this.#patch(emitter, "removeAllListeners", method => this.#removingAll(emitter, method));
    return emitter;
  }

  #patch(emitter: Record<string, unknown>, name: string, patched: (method: Method) => Method): void {
    const method = emitter[name];
    if (typeof method === "function") emitter[name] = patched(method as Method);
  }

  #adding(emitter: object, method: Method, context: Context): Method {
    const bindOnce = (event: unknown, listener: Listener): Listener => {
      const events = this.#bound.get(emitter)!;
      const listeners = events.get(event) ?? new WeakMap<Listener, Listener>();
      events.set(event, listeners);
      const bound = this.#manager.bindFunction(context, listener);
      listeners.set(listener, bound);
      return bound;
    };
    const add = (self: unknown, args: unknown[]): unknown => {
      const [event, listener] = args;
      if (this.#isAdding || typeof listener !== "function") return Reflect.apply(method, self, args);
      this.#isAdding = true;
      try {
        return Reflect.apply(method, self, [event, bindOnce(event, listener)]);
      } finally {
        this.#isAdding = false;
      }
    };
    return function(this: unknown, ...args: unknown[]): unknown {
      return add(this, args);
    };
  }

  #removing(emitter: object, method: Method): Method {
    const boundOf = (event: unknown, listener: unknown): unknown =>
      this.#bound.get(emitter)?.get(event)?.get(listener as Listener) ?? listener;
    return function(this: unknown, event: unknown, listener: unknown): unknown {
      return Reflect.apply(method, this, [
        event,
        typeof listener === "function" ? boundOf(event, listener) : listener,
      ]);
    };
  }

  #removingAll(emitter: object, method: Method): Method {
    const forget = (args: unknown[]): void => {
      const events = this.#bound.get(emitter);
      if (args.length === 0) events?.clear();
      else events?.delete(args[0]);
    };
    return function(this: unknown, ...args: unknown[]): unknown {
      forget(args);
      return Reflect.apply(method, this, args);
    };
  }
}
