/**
 * The cases under the runtimes' own benchmark tools, for a look at spread and allocation: `deno bench -A bench/all_bench.ts`,
 * or `bun bench/all_bench.ts`, with the names of groups to take only those. A call does many pieces of work at once: the
 * number after the x. Ratios come from `deno task bench results`, which takes the cases in turn.
 *
 * @module
 */
import { bench, group as section, run } from "mitata";
import process from "node:process";
import { GROUPS } from "./groups.ts";

const wanted = process.argv.slice(2);

for (const { name: title, cases, startsPrograms = false } of GROUPS) {
  if (startsPrograms || (wanted.length > 0 && !wanted.includes(title))) continue;
  const all = await cases() ?? [];
  if ("Deno" in globalThis) {
    for (const { name, run, pieces = 1 } of all) {
      Deno.bench({ group: title, name: `${name} x${pieces}`, fn: () => run() as void });
    }
  } else {
    section(title, () => {
      for (const { name, run, pieces = 1 } of all) bench(`${name} x${pieces}`, () => run());
    });
  }
}
if (!("Deno" in globalThis)) await run();
