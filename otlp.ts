/**
 * Spans out to OpenTelemetry: a sink that sends them over OTLP/HTTP to a collector, and through it to any backend. Nothing is loaded that
 * is not the package's own.
 *
 * Under Deno it needs `--allow-net` of the receiver.
 *
 * @example Send spans to a collector
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { otlp } from "@cirron/sdk/otlp";
 *
 * const fetch = () => Promise.resolve(new Response()); // in place of a collector
 * const profiler = ci.profile({ output: otlp({ url: "http://localhost:4318", fetch }) });
 * ci.scope("work", () => {});
 * profiler.shutdown();
 * await profiler.settled();
 * ```
 *
 * @module
 */
export { otlp, type OtlpOptions } from "./src/api/otlp.ts";
