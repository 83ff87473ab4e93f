/**
 * `deno task check`: format, lint, types and the lint of the documentation, in a few seconds.
 *
 * @module
 */
import { FAST_CHECKS, runChecks } from "./checks.ts";

const failed = await runChecks(FAST_CHECKS);
console.log(failed.length > 0 ? `\nNot ok: ${failed.join(", ")}` : "\nok");
Deno.exit(failed.length > 0 ? 1 : 0);
