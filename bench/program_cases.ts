/**
 * What recording costs a program as they are, not one call in a loop: seven names, three levels, every form, attributes,
 * marks, and 1 to 100 us of work in between.
 *
 * @module
 */
import type { Case, Group } from "./case.ts";
import { programPath, start } from "./programs.ts";

const SPAN = "a span of a whole program";

/** Groups of this file. */
export const programGroups: readonly Group[] = [
  { name: "program", cases: programCases, seconds: 1, leastRounds: 5, startsPrograms: true },
];

function programCases(): Case[] {
  return [
    { name: `${SPAN} that does nothing else, wall only`, run: () => perSpan("wall", 0), parts: PARTS },
    { name: `${SPAN}, 1 to 100 us of work, wall only`, run: () => perSpan("wall", 100), parts: PARTS },
    { name: `${SPAN}, 1 to 100 us of work, with cpu`, run: () => perSpan("cpu", 100) },
  ];
}

function perSpan(counters: "wall" | "cpu", mostUs: number): number {
  return Number(start(programPath("training.ts"), [counters, String(mostUs), "2"], ["-A"]));
}

// What an epoch of `programs/training.ts` is made of, by its 83 spans.
const PARTS: Case["parts"] = Object.fromEntries(
  Object.entries({
    "one turn of batches": 21, // a turn of epochs is the same
    "scope + end with an attribute, wall only": 20,
    "using scope, wall only": 20,
    "callback scope, wall only": 21,
    "await of an async callback scope, wall only": 1,
    "mark, in a scope": 41,
  }).map(([name, count]) => [name, count / 83]),
);
