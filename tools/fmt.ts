/**
 * `deno task fmt`: formats everything.
 *
 * @module
 */
import { run } from "./run.ts";

Deno.exit((await run("dprint", ["fmt"])).ok ? 0 : 1);
