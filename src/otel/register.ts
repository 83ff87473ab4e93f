/**
 * `register`: this package as what OpenTelemetry's API calls.
 *
 * @module
 */
import { engine } from "../api/shared.ts";
import { kindOf } from "../data/arguments.ts";
import { bun, deno } from "../runtime/which.ts";
import type { ApiContextManager, OpenTelemetryApi } from "./api.ts";
import { Bridge } from "./bridge.ts";
import { ContextManager, type NativeManager } from "./context_manager.ts";
import { Adoption, fillSlots, globalSlots, restoreSlots, type Slots } from "./global_slots.ts";
import { Propagator } from "./propagator.ts";
import type { TracerHome } from "./tracer.ts";
import { TracerProvider } from "./tracer_provider.ts";

/** Undoes a registration: call it, or let `using` do so. A second time nothing happens. */
export interface Unregister {
  (): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/**
 * Makes this package the tracer provider, the context manager and the propagator of OpenTelemetry's API: spans of every library that
 * speaks it are recorded in the one tree, with the program's own scopes around and inside them. Brings no dependency: the API is the
 * caller's, 1.9 or 1.10.
 *
 * Register before libraries that keep a tracer are loaded, or after: those of this copy of the API become ours either way. In place
 * of an SDK that was registered before it warns, and gives that back when it is undone. Where Deno's own OpenTelemetry is on
 * (`OTEL_DENO`), its context goes on under ours, so that what it traces and what is recorded here know of each other.
 *
 * @param api The module: `import * as api from "@opentelemetry/api"`.
 * @returns Undoes it, and gives back what was there. After several calls the last one undone does.
 * @throws {TypeError} If `api` is not the module.
 *
 * @example Spans of a library under a scope
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { register } from "@cirron/sdk/otel";
 * import * as api from "@opentelemetry/api";
 * import { assertEquals } from "@std/assert";
 *
 * using _registration = register(api);
 * const tracer = api.trace.getTracer("library"); // as a library does it
 * ci.scope("request", () => {
 *   tracer.startActiveSpan("query", span => {
 *     span.setAttribute("db.system.name", "sqlite");
 *     ci.mark("rows", 3);
 *     span.end();
 *   });
 * });
 * const [request] = ci.trace({ format: "dict", roots: 1 }).roots;
 * const [query] = request.children;
 * assertEquals([query.name, query.attrs["db.system.name"], query.marks[0].name], ["query", "sqlite", "rows"]);
 * ```
 */
export function register(api: OpenTelemetryApi): Unregister {
  checkApi(api);
  if (current !== null && !current.isInPlace) current.end();
  const registration = current ??= new Registration(api);
  registration.adopt(api);
  let isUndone = false;
  const undo = (): void => {
    if (isUndone) return;
    isUndone = true;
    registration.leave();
  };
  return Object.assign(undo, { [Symbol.dispose]: undo });
}

/** What is registered now. */
let current: Registration | null = null;

/** What was put in place, and what was there. */
class Registration implements TracerHome {
  readonly bridge: Bridge;
  readonly contexts: ContextManager;
  isOn = true;
  readonly #provider: TracerProvider = new TracerProvider(this);
  readonly #adoptions: Map<OpenTelemetryApi["trace"], Adoption> = new Map();
  readonly #slots: Slots;
  readonly #given: Required<Slots>;
  readonly #before: Slots;
  #useCount = 0;

  constructor(api: OpenTelemetryApi) {
    this.bridge = new Bridge(api, engine);
    const taken = globalSlots();
    const native = nativeManager(taken?.context);
    this.contexts = new ContextManager(this.bridge, native);
    if (taken?.trace !== undefined && native === null) {
      warn(
        "register() takes the place of another tracer provider until it is undone. Tracers that libraries have made before go on "
          + "to that one: register first, and they are recorded here",
      );
    }
    const { provider } = this.#adopt(api);
    // Made by the API that was adopted, where there were none.
    this.#slots = globalSlots()!;
    this.#given = { trace: provider, context: this.contexts, propagation: new Propagator(this.bridge) };
    this.#before = fillSlots(this.#slots, this.#given);
  }

  /** Whether nobody has registered anything else since. */
  get isInPlace(): boolean {
    const slots = globalSlots();
    return slots !== undefined
      && (Object.keys(this.#given) as (keyof Slots)[]).every(name => slots[name] === this.#given[name]);
  }

  /** Makes another copy of the API use what is registered as well. */
  adopt(api: OpenTelemetryApi): void {
    this.#useCount++;
    if (!this.#adoptions.has(api.trace)) this.#adopt(api);
  }

  #adopt(api: OpenTelemetryApi): Adoption {
    const adoption = new Adoption(api, this.#provider);
    this.#adoptions.set(api.trace, adoption);
    return adoption;
  }

  /** One of those who registered it needs it no more. */
  leave(): void {
    if (--this.#useCount === 0) this.end();
  }

  /** Gives back what was there. */
  end(): void {
    if (!this.isOn) return;
    this.isOn = false;
    restoreSlots(this.#slots, this.#given, this.#before);
    for (const adoption of this.#adoptions.values()) adoption.end();
    if (current === this) current = null;
  }
}

// Deno's own is a class with static methods, which it makes the global one at its start. Bun has none yet; once it has, it is known
// by its name.
function nativeManager(manager: ApiContextManager | undefined): NativeManager | null {
  if (manager === undefined) return null;
  const denoOwn = deno<{ telemetry?: { contextManager?: unknown } }>()?.telemetry?.contextManager;
  return manager === denoOwn || bun<{ otel?: unknown }>()?.otel !== undefined ? manager : null;
}

function checkApi(api: unknown): asserts api is OpenTelemetryApi {
  const { trace, context, propagation, ROOT_CONTEXT } = Object(api) as Partial<OpenTelemetryApi>;
  if (
    typeof trace?.setGlobalTracerProvider === "function"
    && typeof context?.setGlobalContextManager === "function"
    && typeof propagation?.setGlobalPropagator === "function" && typeof ROOT_CONTEXT?.getValue === "function"
  ) {
    return;
  }
  throw new TypeError(
    'Cannot register: expected the module, as import * as api from "@opentelemetry/api" gives it, got '
      + (trace === undefined ? kindOf(api) : "a part of it"),
  );
}

function warn(message: string): void {
  try {
    console.warn(`[cirron] ${message}`);
  } catch {
    // A console that throws must not break the program that is watched.
  }
}
