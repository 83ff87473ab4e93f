/**
 * The tracer provider: a tracer for each library that asks.
 *
 * @module
 */
import type { ApiTracerProvider } from "./api.ts";
import { Tracer, type TracerHome } from "./tracer.ts";

/** Tracers kept to be given again: more would be names that somebody makes up. */
const MOST_TRACERS = 1000;

/** Gives tracers. */
export class TracerProvider implements ApiTracerProvider {
  readonly #home: TracerHome;
  readonly #tracers: Map<string, Tracer> = new Map();

  constructor(home: TracerHome) {
    this.#home = home;
  }

  /** The tracer of a library: the same one for the same name, version and schema. */
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const key = `${name}@${version ?? ""}:${options?.schemaUrl ?? ""}`;
    let tracer = this.#tracers.get(key);
    if (tracer === undefined) {
      tracer = new Tracer(this.#home, name, version, options);
      if (this.#tracers.size < MOST_TRACERS) this.#tracers.set(key, tracer);
    }
    return tracer;
  }
}
