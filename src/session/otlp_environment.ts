/**
 * The environment variables of OpenTelemetry's exporters, each read only where it may.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 *
 * @module
 */
import type { Attrs } from "../data/values.ts";
import { readVariable } from "./environment.ts";

/** Those that are read. */
export const OTLP_VARIABLES: readonly string[] = [
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
];

/** Where traces go, as they say; undefined if they do not. */
export function otlpUrl(): string | undefined {
  const traces = readVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const all = readVariable("OTEL_EXPORTER_OTLP_ENDPOINT");
  return traces ?? (all === undefined ? undefined : `${all.replace(/\/+$/, "")}/v1/traces`);
}

/** Headers of requests. */
export function otlpHeaders(): Record<string, string> {
  return pairs(ofTraces("HEADERS") ?? "");
}

/** Milliseconds until a request is given up; undefined if they do not say, or nothing that is one. */
export function otlpTimeoutMs(): number | undefined {
  const ms = Number(ofTraces("TIMEOUT") ?? NaN);
  return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}

/** `"gzip"`, `"none"`, or whatever else they say. */
export function otlpCompression(): string | undefined {
  return ofTraces("COMPRESSION");
}

/** `"http/protobuf"`, `"http/json"`, or whatever else they say. */
export function otlpProtocol(): string | undefined {
  return ofTraces("PROTOCOL");
}

/** What they say of the resource. */
export function otlpResource(): Attrs {
  const attrs = pairs(readVariable("OTEL_RESOURCE_ATTRIBUTES") ?? "");
  const name = readVariable("OTEL_SERVICE_NAME");
  return name === undefined ? attrs : { ...attrs, "service.name": name };
}

function ofTraces(what: string): string | undefined {
  return readVariable(`OTEL_EXPORTER_OTLP_TRACES_${what}`) ?? readVariable(`OTEL_EXPORTER_OTLP_${what}`);
}

// As W3C's baggage: pairs between commas, percent-encoded. What is no pair is left out.
function pairs(text: string): Record<string, string> {
  const found: [string, string][] = [];
  for (const pair of text.split(",")) {
    const [, key, value] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    if (key === undefined || key === "") continue;
    try {
      found.push([decodeURIComponent(key), decodeURIComponent(value)]);
    } catch {
      found.push([key, value]);
    }
  }
  return Object.fromEntries(found);
}
