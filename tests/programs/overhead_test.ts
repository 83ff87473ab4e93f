import { assert } from "@std/assert";
import { test } from "node:test";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";

const KINDS = [
  "a scope",
  "a scope with CPU time and a mark",
  "a scope with attributes",
  "a scope with a function",
  "a scope with an async function",
];

// In processes of their own: what is asked for is what the first health() of a program says. The median of several, since
// the machine may be slowed down by others just then; where that leaves it open, the median of more, and what is systematic stays.
const PROCESSES = 7;
const MOST_PROCESSES = 5 * PROCESSES;
const PROGRAM = sourcePath("tests/support/overhead.ts");

for (const kind of KINDS) {
  test(`health().overhead is within a factor of 1.5 of what ${kind} adds to a loop`, async () => {
    const args = RUNTIME === "deno" ? ["run", "-A", "--no-check", PROGRAM] : [PROGRAM];
    const ratios: number[] = [];
    let isWithin = false;
    while (!isWithin && ratios.length < MOST_PROCESSES) {
      for (let i = 0; i < PROCESSES; i++) {
        ratios.push(said<number>(await run(findRuntime(RUNTIME)!, [...args, kind])));
      }
      const median = ratios.sort((a, b) => a - b)[ratios.length >> 1];
      isWithin = median > 1 / 1.5 && median < 1.5;
    }
    const all = ratios.map(ratio => ratio.toFixed(2)).join(", ");
    assert(isWithin, `estimated by measured: ${all}`);
  });
}
