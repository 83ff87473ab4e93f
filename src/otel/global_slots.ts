/**
 * Where all copies of OpenTelemetry's API in a process look for what is registered.
 *
 * @module
 */
import type { ApiContextManager, ApiPropagator, ApiTracerProvider, OpenTelemetryApi } from "./api.ts";

const KEY = Symbol.for("opentelemetry.js.api.1");

/** What is registered, of what this package registers. */
export interface Slots {
  /** Of the copy of the API that made them: a copy looks into no older one's. */
  readonly version?: string;
  trace?: ApiTracerProvider;
  context?: ApiContextManager;
  propagation?: ApiPropagator;
}

/** What is put into them. */
export type Given = Required<Omit<Slots, "version">>;

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

/** Makes other slots the process's; undefined for none. */
export function setGlobalSlots(slots: Slots | undefined): void {
  if (slots === undefined) delete (globalThis as Holder)[KEY];
  else (globalThis as Holder)[KEY] = slots;
}

/** Gives everything back that is in slots, in place of which others were: also what was registered meanwhile. */
export function giveBack(before: Slots | undefined): void {
  const now = globalSlots();
  if (now === undefined || now === before) return;
  const others = Object.entries(now).filter(([name]) => name !== "version");
  if (before === undefined) {
    if (others.length === 0) setGlobalSlots(undefined);
    return;
  }
  Object.assign(before, Object.fromEntries(others));
  for (const name of SLOTS) if (now[name] === undefined) delete before[name];
  setGlobalSlots(before);
}

/** Puts what is given into the slots, and gives what was there. */
export function fillSlots(slots: Slots, given: Given): Slots {
  const before: Slots = {};
  for (const name of SLOTS) before[name] = slots[name] as never;
  Object.assign(slots, given);
  return before;
}

/** Gives back what was there before, where nobody has put anything else since. */
export function restoreSlots(slots: Slots, given: Given, before: Slots): void {
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
    const slots = globalSlots();
    // Out of the way meanwhile: the API refuses to take anyone's place, and slots that another version of it has made.
    setGlobalSlots(undefined);
    try {
      this.#proxy = trace.getTracerProvider();
      this.#delegate = slots?.trace === this.#proxy ? this.#proxy.getDelegate?.() : undefined;
      trace.setGlobalTracerProvider(provider);
      this.provider = globalSlots()?.trace ?? provider;
    } finally {
      takeOver(slots);
    }
  }

  /** Gives the copy its provider back. */
  end(): void {
    this.#proxy.setDelegate?.(this.#delegate);
  }
}

// Leaves the slots in place that all copies look into: those that were there, or the API's new ones, with all that was in the others,
// where they are newer.
function takeOver(slots: Slots | undefined): void {
  const made = globalSlots();
  if (made !== undefined) delete made.trace;
  if (slots === undefined) return;
  if (made === undefined || !isNewer(made.version, slots.version)) {
    setGlobalSlots(slots);
    return;
  }
  for (const [name, value] of Object.entries(slots)) {
    if (name !== "version") (made as Record<string, unknown>)[name] = value;
  }
}

function isNewer(a: string | undefined, b: string | undefined): boolean {
  const [x, y] = [a, b].map(version => Number(/^1\.(\d+)\./.exec(version ?? "")?.[1]));
  return x > y;
}
