/**
 * `deno task ok`: everything that must hold before a change lands. `--no-tests` leaves the tests out.
 *
 * @module
 */
import { FAST_CHECKS, runChecks, SLOW_CHECKS } from "./checks.ts";
import { readWanted, runTests } from "./tests.ts";

const failed = await runChecks([...FAST_CHECKS, ...SLOW_CHECKS]);
let last: readonly string[] = failed.length > 0 ? [] : ["ok"];
if (!Deno.args.includes("--no-tests")) {
  const { ok, summary } = await runTests(readWanted([]));
  last = summary;
  if (!ok) failed.push(`tests (${summary.at(-1)})`);
}
if (last.length > 0) console.log(`\n${last.join("\n")}`);
if (failed.length > 0) {
  console.error(`\nNot ok: ${failed.join(", ")}`);
  Deno.exit(1);
}
