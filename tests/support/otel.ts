/**
 * An engine that is registered with a copy of OpenTelemetry's API, until it is disposed of.
 *
 * @module
 */
import * as oldest from "@opentelemetry/api";
import * as newest from "@opentelemetry/api-next";
import { registerFor, type Unregister } from "../../src/otel/registration.ts";
import { TestEngine } from "./engine.ts";

/** The API as its users have it: a module with everything in it. */
export type Api = typeof oldest;

/** The versions that are promised. CommonJS, of which runtimes see the names that they find. */
export const APIS: readonly (readonly [version: string, api: Api])[] = [
  ["1.9.0", oldest],
  ["1.10.0", newest as unknown as Api],
];

/** The older version. */
export const api: Api = oldest;

/** The newer version, with what only that has. */
export const newestApi: typeof newest = newest;

/** An engine of the test's own that OpenTelemetry records into. */
export class BridgedEngine extends TestEngine {
  readonly api: Api;
  readonly unregister: Unregister;

  /** @param api The copy that is registered. */
  constructor(api: Api = oldest, maxSpans?: number) {
    super(maxSpans);
    this.api = api;
    this.unregister = registerFor(this.engine, api, message => void this.warnings.push(message));
  }

  /** A tracer of a library. */
  get tracer(): oldest.Tracer {
    return this.api.trace.getTracer("library");
  }

  [Symbol.dispose](): void {
    this.unregister();
    this.engine.shutdown();
  }
}
