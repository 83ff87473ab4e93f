/**
 * The one engine of the process. JSR's npm form makes it easy to load the package twice; both copies record into the
 * same engine, the first one's.
 *
 * @module
 */
import { Engine } from "../session/engine.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import { Host } from "./host.ts";

const KEY = Symbol.for("@cirron/sdk/engine/1");

/** The process's engine. */
export const engine: EngineV1 = (globalThis as { [KEY]?: EngineV1 })[KEY] ??= new Engine();

/** Where this copy of the package reads it back. */
export const host: Host = new Host(engine);
