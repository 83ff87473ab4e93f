/**
 * OpenTelemetry JS as the benchmarks use it. Loaded by a computed specifier, so that type checks need nothing installed.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** A finished span, as far as it is compared. */
export interface OtelSpan {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly events: readonly { readonly name: string; readonly attributes?: Record<string, unknown> }[];
  readonly parentSpanContext?: { readonly spanId: string };
  spanContext(): { readonly spanId: string };
}

/** A span that is open. */
export interface OtelOpenSpan {
  addEvent(name: string, attributes: Record<string, unknown>): unknown;
  setAttribute(key: string, value: unknown): unknown;
  end(): void;
}

/** What makes spans. */
export interface OtelTracer {
  startSpan(name: string, options?: { attributes?: Record<string, unknown> }): OtelOpenSpan;
  startActiveSpan<T>(
    name: string,
    options: { attributes?: Record<string, unknown> },
    fn: (span: OtelOpenSpan) => T,
  ): T;
}

/** The parts of `@opentelemetry/sdk-trace-base` that are used. */
export interface OtelSdk {
  readonly BasicTracerProvider: new(options: { spanProcessors: object[] }) => {
    getTracer(name: string): OtelTracer;
  };
  readonly SimpleSpanProcessor: new(exporter: object) => object;
  readonly BatchSpanProcessor: new(exporter: object) => { forceFlush(): Promise<void> };
  readonly InMemorySpanExporter: new() => { getFinishedSpans(): OtelSpan[]; reset(): void };
}

/** What of `@opentelemetry/api` is used. */
export interface OtelApi {
  readonly context: { setGlobalContextManager(manager: object): boolean; disable(): void };
  readonly trace: { getActiveSpan(): OtelOpenSpan | undefined; getTracer(name: string): OtelTracer };
}

/** What spans in spans need besides: `@opentelemetry/api` and `@opentelemetry/context-async-hooks`. */
export interface OtelContext extends OtelApi {
  readonly AsyncLocalStorageContextManager: new() => { enable(): object };
}

/** The pinned version. */
export async function loadOpenTelemetry(): Promise<OtelSdk> {
  return await load("@opentelemetry/sdk-trace-base") as OtelSdk;
}

/** The same of what knows the innermost span. */
export async function loadOpenTelemetryContext(): Promise<OtelContext> {
  const packages = await Promise.all(["@opentelemetry/api", "@opentelemetry/context-async-hooks"].map(load));
  return Object.assign({}, ...packages);
}

async function load(name: string): Promise<unknown> {
  const pins = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")).devDependencies;
  // From node_modules here in Bun; Deno has its own cache.
  const specifier = "Deno" in globalThis ? `npm:${name}@${pins[name]}` : name;
  return await import(specifier);
}
