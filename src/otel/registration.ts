/**
 * What is put in place for a registration, and what was there before.
 *
 * @module
 */
import { kindOf } from "../data/arguments.ts";
import { bun, deno } from "../runtime/which.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import type { ApiContextManager, OpenTelemetryApi } from "./api.ts";
import { Bridge } from "./bridge.ts";
import { ContextManager, type NativeManager } from "./context_manager.ts";
import {
  Adoption,
  fillSlots,
  giveBack,
  type Given,
  globalSlots,
  restoreSlots,
  type Slots,
} from "./global_slots.ts";
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
 * Registers an engine with a copy of the API.
 * @param warn Told what somebody should know; may throw.
 * @throws {TypeError} If `api` is not the module.
 */
export function registerFor(
  engine: EngineV1,
  api: OpenTelemetryApi,
  warn: (message: string) => void,
): Unregister {
  checkApi(api);
  if (current !== null && !current.isOf(engine)) current.end();
  const registration = current ??= new Registration(engine, api, warn);
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
  readonly #engine: EngineV1;
  readonly #provider: TracerProvider = new TracerProvider(this);
  readonly #adoptions: Map<OpenTelemetryApi["trace"], Adoption> = new Map();
  /** The slots that were there, and what was in them. */
  readonly #slots: Slots | undefined;
  readonly #before: Slots;
  readonly #given: Given;
  #useCount = 0;

  constructor(engine: EngineV1, api: OpenTelemetryApi, warn: (message: string) => void) {
    this.#engine = engine;
    this.bridge = new Bridge(api, engine);
    const taken = this.#slots = globalSlots();
    const native = nativeManager(taken?.context);
    this.contexts = new ContextManager(this.bridge, native);
    if (taken?.trace !== undefined && native === null) {
      tell(
        warn,
        "register() takes the place of another tracer provider until it is undone. Tracers that libraries have made before go on "
          + "to that one: register first, and they are recorded here",
      );
    }
    const { provider } = this.#adopt(api);
    this.#given = { trace: provider, context: this.contexts, propagation: new Propagator(this.bridge) };
    this.#before = fillSlots(globalSlots()!, this.#given); // made by the API, where there were none
  }

  /** Whether it is this engine that is registered, and nobody has registered anything else since. */
  isOf(engine: EngineV1): boolean {
    const slots = globalSlots();
    return engine === this.#engine && slots !== undefined
      && (Object.keys(this.#given) as (keyof Given)[]).every(name => slots[name] === this.#given[name]);
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
    restoreSlots(globalSlots() ?? {}, this.#given, this.#before);
    giveBack(this.#slots);
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
    "Cannot register: expected the module @opentelemetry/api, as `import * as api` gives it, got "
      + (trace === undefined ? kindOf(api) : "a part of it"),
  );
}

function tell(warn: (message: string) => void, message: string): void {
  try {
    warn(`[cirron] ${message}`);
  } catch {
    // A console that throws must not break the program that is watched.
  }
}
