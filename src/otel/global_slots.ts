/**
 * Where all copies of OpenTelemetry's API in a process look for what is registered.
 *
 * @module
 */
import type { ApiContextManager, ApiPropagator, ApiTracerProvider, OpenTelemetryApi } from "./api.ts";

const KEY = Symbol.for("opentelemetry.js.api.1");

/** What is registered, of what this package registers. */
export interface Slots {
  trace?: ApiTracerProvider;
  context?: ApiContextManager;
  propagation?: ApiPropagator;
}

type Holder = { [KEY]?: Slots };

const SLOTS = ["trace", "context", "propagation"] as const;

/** What a copy of the API gives to the tracers that it has made already: not declared, but there in all versions. */
interface ProxyProvider extends ApiTracerProvider {
  getDelegate?(): ApiTracerProvider;
  setDelegate?(provider: ApiTracerProvider | undefined): void;
}

/** The slots; undefined where no copy of the API has registered anything. */
export function globalSlots(): Slots | undefined {
  return (globalThis as Holder)[KEY];
}

/** Puts what is given into the slots, and gives what was there. */
export function fillSlots(slots: Slots, given: Required<Slots>): Slots {
  const before: Slots = {};
  for (const name of SLOTS) before[name] = slots[name] as never;
  Object.assign(slots, given);
  return before;
}

/** Gives back what was there before, where nobody has put anything else since. */
export function restoreSlots(slots: Slots, given: Required<Slots>, before: Slots): void {
  for (const name of SLOTS) {
    if (slots[name] !== given[name]) continue;
    if (before[name] === undefined) delete slots[name];
    else slots[name] = before[name] as never;
  }
}

/** Makes a provider that of one copy of the API: tracers that it has given out become the provider's with it. */
export class Adoption {
  /** What the copy takes for the provider, which is to be found in the slots. */
  readonly provider: ApiTracerProvider;
  readonly #proxy: ProxyProvider;
  readonly #delegate: ApiTracerProvider | undefined;

  constructor({ trace }: OpenTelemetryApi, provider: ApiTracerProvider) {
    const holder = globalThis as Holder;
    const slots = holder[KEY];
    // Out of the way meanwhile: the API refuses to take anyone's place, and slots that another version of it has made.
    delete holder[KEY];
    try {
      this.#proxy = trace.getTracerProvider();
      this.#delegate = slots?.trace === this.#proxy ? this.#proxy.getDelegate?.() : undefined;
      trace.setGlobalTracerProvider(provider);
      this.provider = globalSlots()?.trace ?? provider;
    } finally {
      if (slots !== undefined) holder[KEY] = slots;
      else if (holder[KEY] !== undefined) delete holder[KEY].trace;
    }
  }

  /** Gives the copy its provider back. */
  end(): void {
    this.#proxy.setDelegate?.(this.#delegate);
  }
}
