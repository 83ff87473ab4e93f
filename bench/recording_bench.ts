/**
 * What recording costs, beside its floors in the same run. `deno bench -A bench/recording_bench.ts`, or
 * `bun bench/recording_bench.ts`. Times are for 1000 pieces of work: read microseconds as nanoseconds apiece.
 *
 * @module
 */
import { bench, group, run } from "mitata";
import { cases } from "./cases.ts";

const all = cases();

if ("Deno" in globalThis) {
  for (const { group, name, run } of all) {
    Deno.bench({ group, name: `${name} x1000`, fn: run, baseline: name === "two clock reads" });
  }
} else {
  for (const title of ["floor", "ours"]) {
    group(title, () => {
      for (const { group, name, run } of all) if (group === title) bench(`${name} x1000`, run);
    });
  }
  await run();
}
