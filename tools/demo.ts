/**
 * `deno task demo`: the main job, the same program on both runtimes. `deno task demo deno` or `bun` runs one.
 *
 * @module
 */
import { run } from "./run.ts";

const PROGRAM = "examples/train.ts";
const [only] = Deno.args;

// The programs write to a pipe, and what they write goes to this terminal.
if (Deno.stdout.isTerminal() && !Deno.noColor) Deno.env.set("FORCE_COLOR", "1");

let ok = true;
if (only !== "bun") {
  console.log(`\n== ${PROGRAM} on Deno ${Deno.version.deno}\n`);
  ok = (await run("deno", ["run", "-A", PROGRAM])).ok && ok;
}
if (only !== "deno") {
  console.log(`\n== ${PROGRAM} on Bun\n`);
  ok = (await run("bun", [PROGRAM])).ok && ok;
}
Deno.exit(ok ? 0 : 1);
