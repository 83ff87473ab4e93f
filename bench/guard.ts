/**
 * The guard: whoever makes recording twice as dear as `bench/results.json` has it, beside the floors of the same run, hears of it.
 * `deno task bench guard`; with `deno` or `bun` for one runtime.
 *
 * Other programs make cases dearer, hardly ever cheaper, and meet floors and cases alike. So a try takes of each case what a
 * tenth of its rounds stay under, and the best of several tries counts, each as long as all before: a slow machine
 * compiles late.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tools/install.mjs";
import { run } from "../tools/run.ts";
import { aimOf, figureOf, type Measured } from "./compare.ts";
import type { Results } from "./results.ts";

const GUARDED = ["scope", "cpu", "callback scope", "mark", "batches", "enabled: false"];
const TRY_SECONDS = [1, 1, 2, 4, 8, 16];

const results: Results = JSON.parse(readFileSync(join(ROOT, "bench", "results.json"), "utf8"));
const [only] = Deno.args;

let isOver = false;
for (const name of ["deno", "bun"] as const) {
  if (only !== undefined && only !== name) continue;
  const { runtime, groups } = results.runtimes.find(({ runtime }) => runtime.toLowerCase().startsWith(name))!;
  console.log(`\n${runtime}, as ratios: the best of the tries, what was recorded, what is allowed`);
  for (const group of GUARDED) {
    if (!(await guard(name, group, groups[group]))) isOver = true;
  }
}
Deno.exit(isOver ? 1 : 0);

/** Measures a group until it is within its bounds or has been tried often enough, and says what came out. */
async function guard(name: "deno" | "bun", group: string, recorded: readonly Measured[]): Promise<boolean> {
  const held = recorded.filter(({ target }) => target !== null);
  const best = new Map<string, number>();
  const isWithin = (one: Measured) => best.get(one.name)! <= allowed(one);
  let tries = 0;
  do {
    for (const [case_, figure] of await figures(name, group, TRY_SECONDS[tries])) {
      best.set(case_, Math.min(best.get(case_) ?? Infinity, figure));
    }
  } while (++tries < TRY_SECONDS.length && !held.every(isWithin));
  for (const one of held) {
    const columns = [best.get(one.name)!, one.figure!, allowed(one)].map(value =>
      value.toFixed(2).padStart(6)
    );
    const verdict = isWithin(one) ? "" : `  TOO DEAR in ${tries} tries`;
    console.log(`${columns.join(" ")}  ${one.name}${verdict}`);
  }
  return held.every(isWithin);
}

/** What the least disturbed rounds of a try say, by the case. */
async function figures(name: "deno" | "bun", group: string, seconds: number): Promise<[string, number][]> {
  const program = ["bench/run_group.ts", group, String(seconds)];
  const args = name === "deno" ? ["run", "-A", "--no-check", ...program] : program;
  const { ok, output } = await run(name, args, () => false);
  if (!ok) throw new Error(`${name} cannot measure ${group}:\n${output}`);
  const measured = JSON.parse(output.split("\n").findLast(line => line.startsWith("["))!) as Measured[];
  const valueOf = (name: string) => measured.find(one => one.name === name)!.p10;
  return measured.flatMap(({ name, target, p10 }): [string, number][] => {
    return target === null ? [] : [[name, figureOf(target, p10, valueOf)]];
  });
}

// Twice what it was, or what it may cost at all: of what an engine makes next to nothing of, twice means nothing.
function allowed({ figure, target }: Measured): number {
  return Math.max(2 * figure!, aimOf(target!));
}
