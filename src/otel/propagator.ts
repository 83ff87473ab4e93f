/**
 * Trace context and baggage together: what OpenTelemetry propagates unless told otherwise.
 *
 * @module
 */
import type { ApiPropagator, Context, TextMapGetter, TextMapSetter } from "./api.ts";
import { BaggagePropagator } from "./baggage_propagator.ts";
import type { Bridge } from "./bridge.ts";
import { TraceContextPropagator } from "./trace_context_propagator.ts";

/** Writes and reads the headers `traceparent`, `tracestate` and `baggage`. */
export class Propagator implements ApiPropagator {
  readonly #parts: readonly ApiPropagator[];

  constructor(bridge: Bridge) {
    this.#parts = [new TraceContextPropagator(bridge), new BaggagePropagator(bridge)];
  }

  /** Writes a context into a carrier. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    for (const part of this.#parts) part.inject(context, carrier, setter);
  }

  /** A context with what a carrier has. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.#parts.reduce((found, part) => part.extract(found, carrier, getter), context);
  }

  /** The headers that it writes. */
  fields(): string[] {
    return this.#parts.flatMap(part => part.fields());
  }
}
