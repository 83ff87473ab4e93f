/**
 * The journals of a fleet that trains one model: as many ranks as asked for, in steps of which each ends in a collective. Three ranks are
 * slower, each in another way, and nothing is drawn by chance: what is to be found is known.
 *
 * @module
 */
import process from "node:process";
import { TestEngine } from "./engine.ts";
import { writeRun } from "./journal_runs.ts";

/** How large it is. */
export interface FleetSize {
  readonly ranks: number;
  /** Six spans each. */
  readonly steps: number;
}

/** The ranks that are slower. */
export const STRAGGLERS = {
  /** Each `forward` takes 1.3 times as long. */
  byMedian: 17,
  /** Each 50th `data` takes 20 ms more; the others are as those of the rest. */
  byP99: 42,
  /** Each step loses 5 ms between two spans: none of its own shows it, and the collective hides it. */
  hidden: 63,
} as const;

/** Nanoseconds of the parts of a step; each varies by a few percent. */
const DATA = 1_000_000;
const FORWARD = 4_000_000;
const BACKWARD = 8_000_000;
const ALL_REDUCE = 2_000_000;
const OPTIMIZER = 500_000;
const SLOWER_FORWARD = 1.3;
const HICCUP = 20_000_000;
const HICCUP_EACH = 50;
const HIDDEN = 5_000_000;

/** Nanoseconds by which the clocks of two neighbours differ: no query may need that they agree. */
const SKEW = 1_700_000;

interface Step {
  readonly data: number;
  readonly forward: number;
  readonly unseen: number;
  readonly backward: number;
}

/** A number from 0 to 1 that looks drawn by chance. */
function noise(rank: number, step: number, part: number): number {
  let x = (rank * 0x9E3779B1 ^ step * 0x85EBCA6B ^ part * 0xC2B2AE35) >>> 0;
  x = Math.imul(x ^ x >>> 16, 0x7FEB352D);
  x = Math.imul(x ^ x >>> 15, 0x846CA68B);
  return ((x ^ x >>> 16) >>> 0) / 2 ** 32;
}

function stepOf(rank: number, step: number): Step {
  const about = (ns: number, part: number) => Math.round(ns * (0.97 + 0.06 * noise(rank, step, part)));
  const isHiccup = rank === STRAGGLERS.byP99 && step % HICCUP_EACH === HICCUP_EACH - 1;
  return {
    data: about(DATA, 0) + (isHiccup ? HICCUP : 0),
    forward: about(FORWARD * (rank === STRAGGLERS.byMedian ? SLOWER_FORWARD : 1), 1),
    unseen: rank === STRAGGLERS.hidden ? HIDDEN : 0,
    backward: about(BACKWARD, 2),
  };
}

function untilCollective({ data, forward, unseen, backward }: Step): number {
  return data + forward + unseen + backward;
}

/** What a rank of the fleet did last at each step: nanoseconds before the collective, of the slowest. */
function slowestOf({ ranks, steps }: FleetSize): Float64Array {
  const slowest = new Float64Array(steps);
  for (let rank = 0; rank < ranks; rank++) {
    for (let step = 0; step < steps; step++) {
      slowest[step] = Math.max(slowest[step], untilCollective(stepOf(rank, step)));
    }
  }
  return slowest;
}

/**
 * Writes a folder of runs for each rank, of one run.
 * @param directory Of all runs.
 * @param runId What `CIRRON_RUN_ID` is while they record.
 */
export function writeFleet(directory: string, size: FleetSize, runId: string): void {
  const slowest = slowestOf(size);
  const before = process.env.CIRRON_RUN_ID;
  process.env.CIRRON_RUN_ID = runId;
  try {
    for (let rank = 0; rank < size.ranks; rank++) writeRank(directory, rank, slowest);
  } finally {
    if (before === undefined) delete process.env.CIRRON_RUN_ID;
    else process.env.CIRRON_RUN_ID = before;
  }
}

function writeRank(directory: string, rank: number, slowest: Float64Array): void {
  const ci = new TestEngine(slowest.length * 6 + 100, { idSuffix: rank.toString(16).padStart(16, "0") });
  const { clock } = ci;
  clock.advance(rank * SKEW);
  ci.profile();
  const part = (name: string, ns: number) => ci.scope(name, () => clock.advance(ns, 1));
  for (let step = 0; step < slowest.length; step++) {
    const mine = stepOf(rank, step);
    ci.scope("step", { index: step }, () => {
      part("data", mine.data);
      part("forward", mine.forward);
      clock.advance(mine.unseen);
      part("backward", mine.backward);
      part("all_reduce", slowest[step] - untilCollective(mine) + ALL_REDUCE);
      part("optimizer", Math.round(OPTIMIZER * (0.97 + 0.06 * noise(0, step, 3))));
    });
  }
  ci.engine.shutdown();
  writeRun(directory, ci.engine.read(Infinity, true), {
    run: rank + 1,
    pid: 1000 + rank,
    session: { rank },
    rows: 512,
    segmentBytes: 1 << 26,
  });
}
