/**
 * `deno task test [deno|bun] [PATHS]`: every test on Deno and on Bun, or those at PATHS. The last line has the sum, and the one
 * before it why some were skipped. `deno task test:quick` leaves out tests/programs, large data and what collects garbage,
 * and runs both runtimes side by side.
 *
 * @module
 */
import { readWanted, runTests } from "./tests.ts";

const { ok, summary } = await runTests(readWanted(Deno.args));
console.log(`\n${summary.join("\n")}`);
Deno.exit(ok ? 0 : 1);
