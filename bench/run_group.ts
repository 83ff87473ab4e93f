/**
 * Measures one group and prints what came out as JSON: `deno run -A bench/run_group.ts scope`, or with `bun`. A second
 * argument is the seconds to measure for, a third the rounds to measure at least.
 *
 * @module
 */
import process from "node:process";
import { compare } from "./compare.ts";
import { GROUPS } from "./groups.ts";

const [name, seconds, rounds] = process.argv.slice(2);
const group = GROUPS.find(group => group.name === name);
if (group === undefined) throw new Error(`No group "${name}": ${GROUPS.map(({ name }) => name).join(", ")}`);
const cases = await group.cases();
const measured = cases === null ? [] : await compare(cases, {
  seconds: Number(seconds || (group.seconds ?? 5)),
  leastRounds: rounds === undefined ? group.leastRounds : Number(rounds),
  turnsAfterMs: group.turnsAfterMs,
});
console.log(JSON.stringify(measured));
