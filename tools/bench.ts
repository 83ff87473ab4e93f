/**
 * `deno task bench`: the benchmarks on both runtimes. `deno task bench deno` or `bun` runs one.
 *
 * @module
 */
import { run } from "./run.ts";

const RECORDING = "bench/recording_bench.ts";
const SPOOL = "bench/spool_bench.ts";
const COUNTERS = "bench/counters_bench.ts";
const [only] = Deno.args;

let ok = true;
if (only !== "bun") ok = (await run("deno", ["bench", "-A", RECORDING])).ok && ok;
if (only !== "deno") ok = (await run("bun", [RECORDING])).ok && ok;
if (only !== "bun") ok = (await run("deno", ["run", "-A", SPOOL])).ok && ok;
if (only !== "deno") ok = (await run("bun", [SPOOL])).ok && ok;
if (only !== "bun") ok = (await run("deno", ["run", "-A", COUNTERS])).ok && ok;
if (only !== "deno") ok = (await run("bun", [COUNTERS])).ok && ok;
Deno.exit(ok ? 0 : 1);
