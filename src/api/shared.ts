/**
 * The one engine of the process. JSR's npm form makes it easy to load the package twice; both copies record into the
 * same engine, the first one's.
 *
 * @module
 */
import { Engine } from "../session/engine.ts";
import { Host } from "./host.ts";

// The number goes up when the engine's methods change in a way that an older copy could not call.
const KEY = Symbol.for("@cirron/sdk/engine/1");

/** The process's engine. */
export const engine: Engine = (globalThis as { [KEY]?: Engine })[KEY] ??= new Engine();

/** Where this copy of the package reads it back. */
export const host: Host = new Host(engine);
