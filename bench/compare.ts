/**
 * Measures cases against each other: one short call of each in turn, many times over, so that whatever else the machine
 * does meets all of them alike. A figure is the median of the rounds' own figures, not a quotient of two medians.
 *
 * @module
 */
import type { Added, Case, Target } from "./case.ts";

/** What came out for a case. */
export interface Measured {
  readonly name: string;
  readonly unit: "ns" | "bytes";
  /** Of one piece of work: the median over the rounds. */
  readonly median: number;
  /** The 10th percentile, which other programs hardly touch. */
  readonly p10: number;
  /** The 99th percentile, which has the garbage collector's pauses. */
  readonly p99: number;
  readonly target: Target | null;
  /** What stands in the place of the target's last term: at most that is the aim. Null for floors and peers. */
  readonly figure: number | null;
  readonly floor?: Floor;
  /** How many times as long as other cases it took, the least and the most. */
  readonly times?: readonly [least: number, most: number];
  /** As the case has them. */
  readonly parts?: Case["parts"];
  readonly added?: MeasuredAddition;
}

/** What a case takes beyond another. */
export interface MeasuredAddition {
  /** In the case's unit: the median over the rounds. */
  readonly median: number;
  /** As a multiple of what a third case takes beyond it, the median over the rounds; without a third case undefined. */
  readonly times?: number;
  /** As the case has it. */
  readonly atMost?: number;
}

/** What a case is made of whoever writes it, and what comes on top. */
export interface Floor {
  readonly of: Readonly<Record<string, number>>;
  /** What these take: the median over the rounds. */
  readonly median: number;
  /** The case less its floor: the median over the rounds. */
  readonly above: number;
}

/** How long to measure. */
export interface CompareOptions {
  readonly seconds: number;
  /** @default 10 */
  readonly leastRounds?: number;
  /** Lets the event loop turn after a call when so long has passed. @default Infinity */
  readonly turnsAfterMs?: number;
}

/** The case's aim: the number that its figure is held against. */
export function aimOf({ of, plus }: Target): number {
  return plus ?? Object.values(of).at(-1)!;
}

/** Measures `cases`, interleaved. */
export async function compare(cases: readonly Case[], options: CompareOptions): Promise<Measured[]> {
  const perRound = cases.map((): number[] => []);
  const { leastRounds = 10, turnsAfterMs = Infinity } = options;
  let turnedMs = performance.now();
  const turnIfDue = async () => {
    if (performance.now() - turnedMs < turnsAfterMs) return;
    await turn();
    turnedMs = performance.now();
  };
  // Engines compile what is hot, in steps, and each step throws rounds out of line.
  const warmMs = performance.now() + options.seconds * 200;
  do {
    for (const one of cases) {
      await one.run();
      if (turnsAfterMs < Infinity) await turnIfDue();
    }
  } while (performance.now() < warmMs);
  const untilMs = performance.now() + options.seconds * 800;
  for (let round = 0; round < leastRounds || performance.now() < untilMs; round++) {
    for (let k = 0; k < cases.length; k++) {
      // Every other round backwards: what runs before a case leaves it a cache and a heap.
      const i = round % 2 === 0 ? k : cases.length - 1 - k;
      const { run, pieces = 1 } = cases[i];
      const beginMs = performance.now();
      const own = run();
      if (own instanceof Promise) await own;
      const took = typeof own === "number" ? own : (performance.now() - beginMs) * 1e6;
      perRound[i].push(took / pieces);
      if (turnsAfterMs < Infinity) await turnIfDue();
    }
  }
  return cases.map(({ name, unit = "ns", target = null, floor, timesOf, parts, added }, i) => ({
    name,
    unit,
    median: median(perRound[i]),
    p10: quantile(perRound[i], 0.1),
    p99: quantile(perRound[i], 0.99),
    target,
    figure: target === null ? null : median(perRound[i].map((own, round) => {
      return figureOf(target, own, name => valuesOf(name)[round]);
    })),
    floor: floor === undefined ? undefined : aboveFloor(floor, perRound[i], valuesOf),
    times: timesOf === undefined ? undefined : timesAsLong(perRound[i], timesOf.map(valuesOf)),
    parts,
    added: added === undefined ? undefined : addition(added, perRound[i], valuesOf),
  }));

  function valuesOf(name: string): readonly number[] {
    const at = cases.findIndex(one => one.name === name);
    if (at < 0) throw new Error(`A case names "${name}", which is no case of its group`);
    return perRound[at];
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve));
}

/** What stands in the place of the target's last term where a case took `own`. */
export function figureOf({ of, plus }: Target, own: number, valueOf: (name: string) => number): number {
  const terms = Object.entries(of);
  const last = plus === undefined ? terms.pop()! : null;
  const rest = own - terms.reduce((sum, [name, factor]) => sum + factor * valueOf(name), 0);
  return last === null ? rest : rest / valueOf(last[0]);
}

function aboveFloor(
  of: Floor["of"],
  own: readonly number[],
  valuesOf: (name: string) => readonly number[],
): Floor {
  const floors = own.map((_, round) =>
    Object.entries(of).reduce((sum, [name, factor]) => sum + factor * valuesOf(name)[round], 0)
  );
  return { of, median: median(floors), above: median(own.map((value, round) => value - floors[round])) };
}

function addition(
  { over, against, atMost }: Added,
  own: readonly number[],
  valuesOf: (name: string) => readonly number[],
): MeasuredAddition {
  const beyond = (values: readonly number[]) => values.map((value, round) => value - valuesOf(over)[round]);
  const added = beyond(own);
  const others = against === undefined ? undefined : beyond(valuesOf(against));
  const times = others && median(added.map((value, round) => value / others[round]));
  return { median: median(added), times, atMost };
}

function timesAsLong(
  own: readonly number[],
  others: readonly (readonly number[])[],
): readonly [least: number, most: number] {
  const times = others.map(values => median(own.map((value, round) => value / values[round])));
  return [Math.min(...times), Math.max(...times)];
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
