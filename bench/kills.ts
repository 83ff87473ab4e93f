/**
 * Kills programs with a journal at random moments, and prints what they lost: `kills.ts [TIMES] [--jobs=N] [--seed=N]`, on the runtime
 * that it runs on. Needs the checkout and the runtime's own binary, no package and no network.
 *
 * A loss is counted from the first span that the program told of and that is on no disk, to the last that it told of, on the program's own
 * clock. A machine that gives the program no turn in that time adds what it takes: the longest time between two spans that the program
 * told of, from 150 ms before the loss on, where it tells of one each millisecond or two. That is allowed beside the 100 ms, and printed.
 * Ends with 1 if more was lost, a span is missing among those that are left, a folder cannot be opened, or what was open is not
 * shown.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { kill, KILLED_PROGRAMS, type KilledProgram, type Loss } from "../tests/support/killed_programs.ts";

const { values: given, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { jobs: { type: "string" }, seed: { type: "string" } },
  allowPositionals: true,
});
const times = Number(positionals[0] ?? 20);
const jobs = Number(given.jobs ?? Math.max(1, availableParallelism() >> 1));
const seed = Number(given.seed ?? Date.now() % 1e9);

/** What may be lost. */
const MOST_MS = 100;

/** When the killing comes, in milliseconds after the first span. */
const FIRST_MS = 250;
const SPREAD_MS = 1500;

/** What should be open at any moment. */
const OPEN: readonly string[] = ["cirron.session true", "outer true m=1"];

/** Numbers from 0 up to 1 that look drawn, the same for the same seed (mulberry32). */
function drawn(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

interface Attempt {
  readonly program: KilledProgram;
  readonly atMs: number;
  /** Null if there was nothing that can be opened. */
  loss: Loss | null;
}

/** Does all of it, so many at a time. */
async function killAll(attempts: readonly Attempt[]): Promise<void> {
  const waiting = attempts[Symbol.iterator]();
  const work = async () => {
    for (const attempt of waiting) {
      try {
        attempt.loss = await kill(attempt.program, attempt.atMs);
      } catch (error) {
        console.error(`${attempt.program.what}, at ${attempt.atMs.toFixed(0)} ms:`, error);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

/** Prints a kind's line; gives what is wrong with it. */
function report({ what }: KilledProgram, attempts: readonly Attempt[]): string[] {
  const losses = attempts.map(({ loss }) => loss).filter(loss => loss !== null);
  const ms = losses.map(loss => loss.ms).sort((a, b) => a - b);
  const at = (share: number) =>
    (ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? NaN).toFixed(1);
  const sum = (of: (loss: Loss) => number) => losses.reduce((sum, loss) => sum + of(loss), 0);
  const late = losses.filter(({ ms, stalledMs }) => ms > MOST_MS + stalledMs).length;
  const gaps = sum(loss => loss.gaps);
  const hidden = losses.filter(({ open }) => OPEN.some(one => !open.includes(one))).length;
  const broken = sum(loss => loss.broken) + attempts.length - losses.length;
  const stalls = Math.max(0, ...losses.map(loss => loss.stalledMs)).toFixed(1);
  const cells = [
    losses.length,
    at(0.5),
    at(0.99),
    at(1),
    stalls,
    late,
    sum(loss => loss.lost),
    sum(loss => loss.kept),
  ];
  console.log([...cells, gaps, broken, hidden].map(cell => String(cell).padStart(9)).join(" ") + `  ${what}`);
  return [
    ...(late > 0 ? [`${late} losses of more than ${MOST_MS} ms and what the machine took`] : []),
    ...(gaps > 0 ? [`${gaps} inner gaps`] : []),
    ...(broken > 0 ? [`${broken} folders that cannot be opened`] : []),
    ...(hidden > 0 ? [`${hidden} times without what was open`] : []),
  ].map(wrong => `${what}: ${wrong}`);
}

const runtime = "Deno" in globalThis ? "Deno" : "Bun";
console.log(`${runtime}, ${times} kills of each kind, ${jobs} at a time, seed ${seed}`);
const random = drawn(seed);
// Kinds take turns, so that whatever else the machine does meets all of them alike.
const attempts = Array.from({ length: times }, () => KILLED_PROGRAMS).flat().map((program): Attempt => ({
  program,
  atMs: FIRST_MS + random() * SPREAD_MS,
  loss: null,
}));
await killAll(attempts);
const HEADS = [
  "kills",
  "median ms",
  "p99",
  "worst",
  "stall",
  "too late",
  "lost",
  "kept",
  "gaps",
  "broken",
  "hidden",
];
console.log(HEADS.map(head => head.padStart(9)).join(" "));
const wrong = KILLED_PROGRAMS.flatMap(kind =>
  report(kind, attempts.filter(({ program }) => program === kind))
);
for (const line of wrong) console.log(line);
process.exitCode = wrong.length > 0 ? 1 : 0;
