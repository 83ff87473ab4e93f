/**
 * `deno task bench`: the benchmarks on both runtimes. `deno task bench deno` or `bun` runs one.
 *
 * @module
 */
import { run } from "./run.ts";

const PROGRAM = "bench/recording_bench.ts";
const [only] = Deno.args;

let ok = true;
if (only !== "bun") ok = (await run("deno", ["bench", "-A", PROGRAM])).ok && ok;
if (only !== "deno") ok = (await run("bun", [PROGRAM])).ok && ok;
Deno.exit(ok ? 0 : 1);
