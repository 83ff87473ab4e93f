#!/usr/bin/env node
/**
 * The command line `cirron`: `deno run -A jsr:@cirron/sdk/cli`, or the package's own command, on Deno, Bun and Node 22.
 * docs/cli.md has its commands.
 *
 * @example The list of commands
 * ```ts
 * import { cirron } from "@cirron/sdk/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await cirron(["--help"]), 0);
 * ```
 *
 * @module
 */
import { startIfProgram } from "./src/cli/cirron.ts";

export { cirron } from "./src/cli/cirron.ts";

startIfProgram(import.meta.main, import.meta.url);
