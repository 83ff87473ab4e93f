/**
 * Contexts of OpenTelemetry's API as flows keep them.
 *
 * @module
 */
import { type ForeignContext, NO_SPAN_ID, NO_TRACE_ID } from "../data/trace_context.ts";
import type { OutermostParent, Surroundings } from "../record/flows.ts";
import type { SpanRecorder } from "../record/span_recorder.ts";
import type { ApiSpan, Context, SpanContext } from "./api.ts";
import { Span } from "./span.ts";

/** The context of a flow. Nothing of it is of one copy of this package alone, since several share the flows. */
export interface FlowContext extends Surroundings {
  /** What the API is given. */
  readonly context: Context;
  /** Its span. */
  readonly span: ApiSpan | undefined;
  /** Changes when the contexts that are there are given up. */
  readonly generation: number;
}

/** A context that differs from another by its span. The API's own copies a map and makes three functions for that. */
export class SpanLayer implements Context, FlowContext {
  readonly span: ApiSpan | undefined;
  readonly generation: number;
  readonly #base: Context;
  readonly #spanKey: symbol;

  /** @param base The context that it differs from; its own span does not count. */
  constructor(base: Context, spanKey: symbol, span: ApiSpan, generation: number) {
    this.#base = base instanceof SpanLayer ? base.#base : base;
    this.#spanKey = spanKey;
    this.span = span;
    this.generation = generation;
  }

  get context(): Context {
    return this;
  }

  outermost(flows: object): OutermostParent | null {
    return outermostOf(this.span, flows);
  }

  /** Whether it is this span in that context. */
  isOn(base: Context): boolean {
    return this.#base === (base instanceof SpanLayer ? base.#base : base);
  }

  getValue(key: symbol): unknown {
    return key === this.#spanKey ? this.span : this.#base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === this.#spanKey && typeof value === "object" && value !== null
      ? new SpanLayer(this.#base, key, value as ApiSpan, this.generation)
      : this.#base.setValue(this.#spanKey, this.span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === this.#spanKey
      ? this.#base.deleteValue(key)
      : this.#base.setValue(this.#spanKey, this.span).deleteValue(key);
  }
}

/** A context that somebody else made. */
export class GivenContext implements FlowContext {
  readonly context: Context;
  readonly span: ApiSpan | undefined;
  readonly generation: number;

  constructor(context: Context, spanKey: symbol, generation: number) {
    this.context = context;
    this.span = spanOf(context, spanKey);
    this.generation = generation;
  }

  outermost(flows: object): OutermostParent | null {
    return outermostOf(this.span, flows);
  }
}

/** The span of a context; undefined for none. */
export function spanOf(context: Context, spanKey: symbol): ApiSpan | undefined {
  return context.getValue(spanKey) as ApiSpan | undefined || undefined;
}

/** The number of the scope that a span is; 0 for none, and for what another recorder has. */
export function numberOf(span: ApiSpan | undefined, recorder: SpanRecorder | null): number {
  return span instanceof Span && span.recorder === recorder ? span.scope.number : 0;
}

function outermostOf(span: ApiSpan | undefined, flows: object): OutermostParent | null {
  if (span === undefined) return null;
  if (span instanceof Span && span.recorder.flows === flows) {
    return { remote: span.remote, number: span.scope.number, root: span.root };
  }
  const remote = foreignOf(span.spanContext());
  return remote === null ? null : { remote, number: 0, root: 0 };
}

/** Where a span stands; null if that is nowhere. */
export function foreignOf(context: SpanContext | undefined): ForeignContext | null {
  const { traceId, spanId, traceFlags } = Object(context) as Partial<SpanContext>;
  return isId(traceId, NO_TRACE_ID) && isId(spanId, NO_SPAN_ID)
    ? { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase(), flags: Number(traceFlags) & 255 }
    : null;
}

function isId(id: unknown, none: string): id is string {
  return typeof id === "string" && id.length === none.length && id !== none && /^[0-9a-f]+$/i.test(id);
}
