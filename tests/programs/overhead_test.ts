import { assert } from "@std/assert";
import { openClock } from "../../src/meters/clock.ts";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
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

/** Where a system call is dearer than a scope, and with it each page of fresh memory, the estimate is of other things. */
const MOST_READING_NS = 1000;

function readingNs(): number {
  const { nowNs, cpu: { thread } } = openClock();
  if (!thread.ok) return 0;
  const passes = Array.from({ length: 50 }, () => {
    const begin = nowNs();
    for (let i = 0; i < 20; i++) thread.value();
    return (nowNs() - begin) / 20;
  });
  return passes.sort((a, b) => a - b)[10];
}

const ns = readingNs();
const dear = ns > MOST_READING_NS
  ? `a reading of the thread's CPU clock takes ${
    Math.round(ns)
  } ns on this machine, more than what is measured`
  : null;

for (const kind of KINDS) {
  testUnless(dear, import.meta.url)(
    `health().overhead is within a factor of 1.5 of what ${kind} adds to a loop`,
    async () => {
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
    },
  );
}
