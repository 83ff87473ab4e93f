/**
 * Spans of several lengths at once, for as long as a load runs.
 *
 * @module
 */
import * as ci from "../../mod.ts";
import { type Burst, compareSpans, type Comparison } from "./bursts.ts";

/** Lengths of the spans that are compared. */
export const LENGTHS_MS: readonly number[] = [10, 30, 100, 500, 2000, 10_000];

const sleep = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));

/** Opens spans of every length, one after the other, until told to stop. */
export function openSpans(): { stop(): Promise<void> } {
  let isOver = false;
  const flows = LENGTHS_MS.map(async lengthMs => {
    while (!isOver) await ci.scope(`span ${lengthMs}`, () => sleep(lengthMs));
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(flows);
      await sleep(2500); // the driver's samples of the last spans
    },
  };
}

/** The spans of the session that ended before the last burst did, held against the bursts. */
export function compareAll(load: string, bursts: readonly Burst[]): Comparison[] {
  const { roots } = ci.trace({ format: "dict", open: true });
  const spans = roots.flatMap(root => root.children);
  const firstUs = bursts[0].start_us;
  const lastUs = bursts.at(-1)!.end_us;
  return LENGTHS_MS.map(lengthMs => {
    const mine = spans.filter(span =>
      span.name === `span ${lengthMs}` && span.start_us >= firstUs && span.end_us !== null
      && span.end_us < lastUs
    );
    return compareSpans(load, lengthMs, mine, bursts);
  });
}
