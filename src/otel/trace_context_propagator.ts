/**
 * W3C Trace Context in carriers: https://www.w3.org/TR/trace-context/
 *
 * @module
 */
import { formatTraceparent, parseTraceparent } from "../data/trace_context.ts";
import type { ApiPropagator, Context, SpanContext, TextMapGetter, TextMapSetter } from "./api.ts";
import { type Bridge, isSuppressed } from "./bridge.ts";
import { headerOf } from "./carrier.ts";
import { foreignOf, spanOf } from "./flow_context.ts";
import { parseTraceState } from "./trace_state.ts";

const TRACEPARENT = "traceparent";
const TRACESTATE = "tracestate";

/** Hands the span of a context on, and takes over that of a caller. */
export class TraceContextPropagator implements ApiPropagator {
  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  /** Writes both headers of the context's span; nothing without one. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = spanOf(context, this.#bridge.spanKey);
    const where = span?.spanContext();
    const foreign = foreignOf(where);
    if (foreign === null || isSuppressed(context)) return;
    setter.set(carrier, TRACEPARENT, formatTraceparent(foreign.traceId, foreign.spanId, foreign.flags));
    const state = where?.traceState?.serialize() ?? "";
    if (state !== "") setter.set(carrier, TRACESTATE, state);
  }

  /** The context with the caller's span; as it was where there is none, or more than one. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const parents = headerOf(carrier, getter, TRACEPARENT);
    const parent = parents.length === 1 ? parseTraceparent(parents[0].replace(AROUND, "")) : null;
    if (parent === null) return context;
    const where: SpanContext = {
      traceId: parent.traceId,
      spanId: parent.spanId,
      traceFlags: parent.flags,
      isRemote: true,
    };
    const state = parseTraceState(headerOf(carrier, getter, TRACESTATE).join(","));
    if (state !== null) where.traceState = state;
    return context.setValue(this.#bridge.spanKey, this.#bridge.api.trace.wrapSpanContext(where));
  }

  /** The headers that it writes. */
  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}

const AROUND = /^[ \t]+|[ \t]+$/g;
