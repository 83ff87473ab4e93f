/**
 * What comes first costs more: nothing is compiled, and no memory has been touched. Each round is a process of its own.
 *
 * @module
 */
import type { TraceFormat } from "../src/api/trace_options.ts";
import type { Case, Group } from "./case.ts";
import { programPath, start } from "./programs.ts";

const FORMATS: readonly TraceFormat[] = [
  "tree",
  "dict",
  "json",
  "df",
  "summary",
  "html",
  "perfetto",
  "speedscope",
];

/** Cases that do the same over and over. */
const COMPILED: Partial<Record<TraceFormat, string>> = {
  tree: "trace tree as text, 100 000 spans",
  dict: "trace dict, 100 000 spans",
  json: "trace json, 100 000 spans",
  df: "trace df, 100 000 spans",
};

/** Groups of this file. */
export const firstGroups: readonly Group[] = [
  { name: "first spans", cases: spanCases, startsPrograms: true },
  { name: "first trace", cases: traceCases, seconds: 1, leastRounds: 7, startsPrograms: true },
];

function spanCases(): Case[] {
  const portions = [[1, 1000], [1001, 10_000], [10_001, 100_000]];
  // One process measures every portion; each case takes its own figures in the order they came.
  const waiting = portions.map((): number[] => []);
  return portions.map(([first, last], i) => ({
    name: `scope + end, spans ${spaced(first)} to ${spaced(last)} of a program`,
    pieces: last - first + 1,
    run: () => {
      if (waiting[i].length === 0) {
        const found = JSON.parse(
          start(programPath("first_spans.ts"), portions.map(String), ["-A"]),
        ) as number[];
        found.forEach((ns, k) => waiting[k].push(ns));
      }
      return waiting[i].shift()!;
    },
  }));
}

function traceCases(): Case[] {
  return FORMATS.map(format => ({
    name: `first trace ${format}, 100 000 spans`,
    run: () => Number(start(programPath("first_trace.ts"), [format, "100000"], ["-A"])),
    parts: COMPILED[format] === undefined ? undefined : { [COMPILED[format]]: 1 },
  }));
}

function spaced(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, " ");
}
