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
}

/** What makes spans. */
export interface OtelTracer {
  startSpan(name: string, options: { attributes: Record<string, unknown> }): {
    addEvent(name: string, attributes: Record<string, unknown>): unknown;
    end(): void;
  };
}

/** The parts of `@opentelemetry/sdk-trace-base` that are used. */
export interface OtelSdk {
  readonly BasicTracerProvider: new(options: { spanProcessors: object[] }) => {
    getTracer(name: string): OtelTracer;
  };
  readonly SimpleSpanProcessor: new(exporter: object) => object;
  readonly InMemorySpanExporter: new() => { getFinishedSpans(): OtelSpan[]; reset(): void };
}

const PACKAGE = "@opentelemetry/sdk-trace-base";

/** The pinned version. */
export async function loadOpenTelemetry(): Promise<OtelSdk> {
  const pins = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")).devDependencies;
  // From node_modules here in Bun; Deno has its own cache.
  const specifier = "Deno" in globalThis ? `npm:${PACKAGE}@${pins[PACKAGE]}` : PACKAGE;
  return await import(specifier);
}
