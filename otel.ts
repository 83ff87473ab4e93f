/**
 * OpenTelemetry in: spans of every library that uses `@opentelemetry/api`, recorded in the one tree.
 *
 * @example Everything that the libraries of a program trace
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { register } from "@cirron/sdk/otel";
 * import * as api from "@opentelemetry/api";
 *
 * ci.profile({ output: "none" });
 * const unregister = register(api);
 * api.trace.getTracer("library").startActiveSpan("work", span => span.end());
 * ci.trace();
 * unregister();
 * ci.shutdown();
 * ```
 *
 * @module
 */
export type {
  ApiContextManager,
  ApiPropagator,
  ApiSpan,
  ApiTracer,
  ApiTracerProvider,
  Baggage,
  BaggageEntry,
  Context,
  Exception,
  Link,
  OpenTelemetryApi,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TextMapGetter,
  TextMapSetter,
  TimeInput,
  TraceState,
} from "./src/otel/api.ts";
export { register } from "./src/otel/register.ts";
export type { Unregister } from "./src/otel/registration.ts";
