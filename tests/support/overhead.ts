/**
 * A program that compares what `health().overhead` says with what instrumentation adds to a loop, for one kind of scope: the
 * argument. It prints estimated by measured.
 *
 * @module
 */
import process from "node:process";
import type { CounterOptions } from "../../src/data/counters.ts";
import { openClock } from "../../src/meters/clock.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "../../src/record/scope.ts";
import { Engine } from "../../src/session/engine.ts";
import { NO_DRIVER } from "./openers.ts";

/** One kind of scope. */
interface Kind {
  readonly counters: CounterOptions;
  readonly isAsync?: boolean;
  /** Does `work` in a scope. */
  scoped(i: number): unknown;
}

const TURNS = 10_000;
// As many as it takes until the compiler is through with the program, also where it has to wait for a CPU.
const WARM_ROUNDS = 12;
const MEASURED = 16;

const clock = openClock();
const engine = new Engine({ clock, open: { gpu: () => NO_DRIVER } });
// By the thread's CPU time where there is such a clock: on a busy machine the wall clock tells of other programs.
const now = clock.cpu.thread.ok ? clock.cpu.thread.value : clock.nowNs;
let sum = 0;

// Little: what the machine does to it, which is not always the same, is in the difference.
function work(): void {
  for (let i = 0; i < 5; i++) sum += Math.sqrt(sum + i);
}

async function workAsync(): Promise<void> {
  work();
  await null;
}

function scope(name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
  return engine.recording.scope(name, second, third, null);
}

function mark(name: string, value: number, options?: MarkOptions): void {
  engine.recording.mark(name, value, options, null);
}

const WALL: CounterOptions = { cpu: false, gpu: false };

const KINDS: Record<string, Kind> = {
  "a scope": {
    counters: WALL,
    scoped() {
      const step = scope("step") as Scope;
      work();
      step.end();
    },
  },
  "a scope with CPU time and a mark": {
    counters: { gpu: false },
    scoped(i) {
      const step = scope("step") as Scope;
      work();
      mark("loss", i);
      step.end();
    },
  },
  "a scope with attributes": {
    counters: WALL,
    scoped(i) {
      const step = scope("step", { attrs: { i, kind: "step" } }) as Scope;
      work();
      step.end();
    },
  },
  "a scope with a function": { counters: WALL, scoped: () => scope("step", work) },
  "a scope with an async function": { counters: WALL, isAsync: true, scoped: () => scope("step", workAsync) },
};

/** Estimated by measured. */
async function ratioOf({ counters, isAsync = false, scoped }: Kind): Promise<number> {
  const profiler = engine.profile({ output: "none", counters, traceBufferMaxSpans: 5000 });
  // One loop for both, so that what it costs to call a turn is in both.
  const timed = async (turn: (i: number) => unknown): Promise<number> => {
    const begin = now();
    if (isAsync) { for (let i = 0; i < TURNS; i++) await turn(i); }
    else for (let i = 0; i < TURNS; i++) turn(i);
    return now() - begin;
  };
  const bare = isAsync ? workAsync : work;
  const added: number[] = [];
  let estimated = 0;
  for (let round = 1; round <= WARM_ROUNDS + MEASURED; round++) {
    const without = await timed(bare);
    added.push(await timed(scoped) - without);
    // Asked once, as a program would: soon, and what counts is measured right after it.
    if (round === WARM_ROUNDS) estimated = profiler.health().overhead.estimated_ns / round;
  }
  profiler.shutdown();
  // The mean of the middle half: in some rounds garbage is collected and in others not.
  const middle = added.slice(WARM_ROUNDS).sort((a, b) => a - b).slice(MEASURED / 4, MEASURED * 3 / 4);
  return estimated / (middle.reduce((sum, ns) => sum + ns) / middle.length);
}

const ratio = await ratioOf(KINDS[process.argv[2]]);
if (!(sum > 0)) throw new Error("no work was done");
console.log(JSON.stringify(ratio));
