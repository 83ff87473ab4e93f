/**
 * What the compiler must say of the types of `@cirron/sdk/otel` beside those of the API itself, of both versions that are promised:
 * `deno check` reads this file. It never runs.
 *
 * @module
 */
import type {
  ApiContextManager,
  ApiPropagator,
  ApiSpan,
  ApiTracer,
  ApiTracerProvider,
  Context,
  Exception,
  Link,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TextMapGetter,
  TextMapSetter,
  TimeInput,
  TraceState,
} from "@cirron/sdk/otel";
import { register, type Unregister } from "@cirron/sdk/otel";
import * as oldest from "@opentelemetry/api";
import * as newest from "@opentelemetry/api-next";

/** The module of either version can be registered; a part of it cannot. */
export function registered(): Unregister[] {
  // @ts-expect-error -- a part of it
  register(oldest.trace);
  // @ts-expect-error -- nothing
  register();
  return [register(oldest), register(newest)];
}

/** What the API is given can be given to it, of the oldest version. */
export function givenToOldest(
  provider: ApiTracerProvider,
  tracer: ApiTracer,
  span: ApiSpan,
  manager: ApiContextManager,
  propagator: ApiPropagator,
  context: Context,
): unknown[] {
  const its: [
    oldest.TracerProvider,
    oldest.Tracer,
    oldest.Span,
    oldest.ContextManager,
    oldest.TextMapPropagator,
    oldest.Context,
  ] = [provider, tracer, span, manager, propagator, context];
  return its;
}

/** The same of the newest. */
export function givenToNewest(
  provider: ApiTracerProvider,
  tracer: ApiTracer,
  span: ApiSpan,
  manager: ApiContextManager,
  propagator: ApiPropagator,
  context: Context,
): unknown[] {
  const its: [
    newest.TracerProvider,
    newest.Tracer,
    newest.Span,
    newest.ContextManager,
    newest.TextMapPropagator,
    newest.Context,
  ] = [provider, tracer, span, manager, propagator, context];
  return its;
}

/** What the API gives can be taken, of both. */
export function takenFrom(
  [a, b, c, d, e, f, g, h, i, j]: [
    oldest.SpanContext,
    oldest.SpanOptions,
    oldest.SpanStatus,
    oldest.Link,
    oldest.Exception,
    oldest.TimeInput,
    oldest.TraceState,
    oldest.TextMapGetter,
    oldest.TextMapSetter,
    oldest.Context,
  ],
  [k, l, m, n, o, p, q, r, s, t]: [
    newest.SpanContext,
    newest.SpanOptions,
    newest.SpanStatus,
    newest.Link,
    newest.Exception,
    newest.TimeInput,
    newest.TraceState,
    newest.TextMapGetter,
    newest.TextMapSetter,
    newest.Context,
  ],
): unknown[] {
  type Taken = [
    SpanContext,
    SpanOptions,
    SpanStatus,
    Link,
    Exception,
    TimeInput,
    TraceState,
    TextMapGetter,
    TextMapSetter,
    Context,
  ];
  const ofOldest: Taken = [a, b, c, d, e, f, g, h, i, j];
  const ofNewest: Taken = [k, l, m, n, o, p, q, r, s, t];
  return [ofOldest, ofNewest];
}

/** Every member that the API's interfaces have is there: none can be forgotten. */
export type Complete = [
  Exclude<keyof oldest.Span | keyof newest.Span, keyof ApiSpan>,
  Exclude<keyof oldest.Tracer | keyof newest.Tracer, keyof ApiTracer>,
  Exclude<keyof oldest.ContextManager | keyof newest.ContextManager, keyof ApiContextManager>,
  Exclude<keyof oldest.TextMapPropagator | keyof newest.TextMapPropagator, keyof ApiPropagator>,
  Exclude<keyof oldest.SpanOptions | keyof newest.SpanOptions, keyof SpanOptions>,
];

/** Nothing is left out. */
export const COMPLETE: Complete extends [never, never, never, never, never] ? true : never = true;
