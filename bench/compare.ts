/**
 * Measures cases against each other: one short call of each in turn, many times over, so that whatever else the machine
 * does meets all of them alike. A figure is the median of the rounds' own figures, not a quotient of two medians.
 *
 * @module
 */
import type { Case, Target } from "./case.ts";

/** What came out for a case. */
export interface Measured {
  readonly name: string;
  readonly unit: "ns" | "bytes";
  /** Of one piece of work: the median over the rounds. */
  readonly median: number;
  /** The 99th percentile, which has the garbage collector's pauses. */
  readonly p99: number;
  readonly target: Target | null;
  /** What stands in the place of the target's last term: at most that is the aim. Null for floors and peers. */
  readonly figure: number | null;
}

/** How long to measure. */
export interface CompareOptions {
  readonly seconds: number;
  /** @default 10 */
  readonly leastRounds?: number;
  /** Lets the event loop turn after each call. */
  readonly turns?: boolean;
}

/** The case's aim: the number that its figure is held against. */
export function aimOf({ of, plus }: Target): number {
  return plus ?? Object.values(of).at(-1)!;
}

/** Measures `cases`, interleaved. */
export async function compare(cases: readonly Case[], options: CompareOptions): Promise<Measured[]> {
  const perRound = cases.map((): number[] => []);
  const { leastRounds = 10, turns = false } = options;
  // Engines compile what is hot, in steps, and each step throws rounds out of line.
  const warmMs = performance.now() + options.seconds * 200;
  do {
    for (const one of cases) {
      one.run();
      if (turns) await turn();
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
      const took = typeof own === "number" ? own : (performance.now() - beginMs) * 1e6;
      perRound[i].push(took / pieces);
      if (turns) await turn();
    }
  }
  return cases.map(({ name, unit = "ns", target = null }, i) => ({
    name,
    unit,
    median: median(perRound[i]),
    p99: quantile(perRound[i], 0.99),
    target,
    figure: target === null ? null : figure(cases, perRound, perRound[i], target),
  }));
}

function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve));
}

function figure(
  cases: readonly Case[],
  perRound: readonly number[][],
  own: readonly number[],
  { of, plus }: Target,
): number {
  const terms = Object.entries(of).map(([name, factor]) => {
    const at = cases.findIndex(one => one.name === name);
    if (at < 0) throw new Error(`A target names "${name}", which is no case of the group`);
    return { factor, values: perRound[at] };
  });
  const last = plus === undefined ? terms.pop()! : null;
  return median(own.map((value, round) => {
    const rest = terms.reduce((sum, { factor, values }) => sum + factor * values[round], 0);
    return last === null ? value - rest : (value - rest) / last.values[round];
  }));
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
