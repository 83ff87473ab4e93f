/**
 * `deno task bench`: the benchmarks on both runtimes. `deno task bench deno` or `bun` runs one; `deno task bench results`
 * measures what `bench/RESULTS.md` and the README say and writes it there, `deno task bench server` the server alone, in five processes
 * of each contestant (`--rounds=5`); `deno task bench guard` fails where recording has become dearer.
 *
 * @module
 */
import { ensurePeersInstalled } from "./install.mjs";
import { run } from "./run.ts";

const ALL = "bench/all_bench.ts";
const PROGRAMS = ["bench/spool_bench.ts", "bench/counters_bench.ts"];
const [only, ...groups] = Deno.args;

// What the others are measured beside.
if (only !== "guard") ensurePeersInstalled();

let ok = true;
if (only === "guard") {
  ok = (await run("deno", ["run", "-A", "--no-check", "bench/guard.ts", ...groups])).ok;
} else if (only === "results" || only === "server") {
  const chosen = only === "server" ? ["server", "server, HTTP", ...groups] : groups;
  ok = (await run("deno", ["run", "-A", "bench/record.ts", ...chosen])).ok;
} else {
  if (only !== "bun") ok = (await run("deno", ["bench", "-A", "--lock=bench/peers/deno.lock", ALL])).ok && ok;
  if (only !== "deno") ok = (await run("bun", [ALL])).ok && ok;
  for (const program of PROGRAMS) {
    if (only !== "bun") ok = (await run("deno", ["run", "-A", program])).ok && ok;
    if (only !== "deno") ok = (await run("bun", [program])).ok && ok;
  }
}
Deno.exit(ok ? 0 : 1);
