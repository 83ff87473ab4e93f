/**
 * Records the first spans of a program, in portions given as `first,last`, and prints the nanoseconds of each: as a program
 * does it, with the counters that a session has by default.
 *
 * @module
 */
import process from "node:process";
import * as ci from "../../mod.ts";

ci.profile({ output: "none" });
const tookNs = process.argv.slice(2).map(portion => {
  const [first, last] = portion.split(",").map(Number);
  const beginMs = performance.now();
  for (let i = first; i <= last; i++) ci.scope("step").end();
  return (performance.now() - beginMs) * 1e6;
});
console.log(JSON.stringify(tookNs));
