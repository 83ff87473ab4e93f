/**
 * `register`: this package as what OpenTelemetry's API calls.
 *
 * @module
 */
import { engine } from "../api/shared.ts";
import type { OpenTelemetryApi } from "./api.ts";
import { registerFor, type Unregister } from "./registration.ts";

/**
 * Makes this package the tracer provider, the context manager and the propagator of OpenTelemetry's API: spans of every library that
 * speaks it are recorded in the one tree, with the program's own scopes around and inside them. Brings no dependency: the API is the
 * caller's, 1.9 or 1.10.
 *
 * Register before libraries that keep a tracer are loaded, or after: those of this copy of the API become ours either way. In place
 * of an SDK that was registered before it warns, and gives that back when it is undone. Where Deno's own OpenTelemetry is on
 * (`OTEL_DENO`), its context goes on under ours, so that what it traces and what is recorded here know of each other.
 *
 * @param api The module: `import * as api from "@opentelemetry/api"`.
 * @returns Undoes it, and gives back what was there. After several calls the last one undone does.
 * @throws {TypeError} If `api` is not the module.
 *
 * @example Spans of a library under a scope
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { register } from "@cirron/sdk/otel";
 * import * as api from "@opentelemetry/api";
 * import { assertEquals } from "@std/assert";
 *
 * using _registration = register(api);
 * const tracer = api.trace.getTracer("library"); // as a library does it
 * ci.scope("request", () => {
 *   tracer.startActiveSpan("query", span => {
 *     span.setAttribute("db.system.name", "sqlite");
 *     ci.mark("rows", 3);
 *     span.end();
 *   });
 * });
 * const [request] = ci.trace({ format: "dict", roots: 1 }).roots;
 * const [query] = request.children;
 * assertEquals([query.name, query.attrs["db.system.name"], query.marks[0].name], ["query", "sqlite", "rows"]);
 * ```
 */
export function register(api: OpenTelemetryApi): Unregister {
  return registerFor(engine, api, message => console.warn(message));
}
