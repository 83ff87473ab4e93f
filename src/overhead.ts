// deno-lint-ignore-file camelcase -- health is data that leaves the process
/**
 * What recording costs in this process: measured on a recorder of its own, once, when somebody first wants to know.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { PeakMeter } from "./memory_peak.ts";
import { Recorder } from "./recorder.ts";
import type { Overhead } from "./rows.ts";

/** Costs apiece, in nanoseconds. */
export interface UnitCosts {
  /** A scope and its end, with the wall clock alone. */
  readonly scopeNs: number;
  /** A scope with a function. */
  readonly flowNs: number;
  readonly markNs: number;
  /** A reading of the CPU clock. */
  readonly cpuReadNs: number;
  /** A reading and reset of the peak of memory. */
  readonly peakReadNs: number;
}

/** What was done so far. */
export interface Amounts {
  /** Scopes opened, those with a function among them. */
  readonly scopes: number;
  readonly flows: number;
  readonly marks: number;
  readonly cpuReads: number;
  readonly peakReads: number;
  readonly flushNs: number;
}

const ROUNDS = 30;
const PER_ROUND = 50;

/**
 * Measures the costs apiece: some 10 000 scopes and readings, about 5 ms.
 * @param readCpu The session's CPU clock; null if it has none.
 * @param peak The session's meter of peaks, which takes the readings as some more boundaries; null if it has none.
 */
export function measureUnitCosts(
  clock: Clock,
  readCpu: (() => number) | null,
  peak: PeakMeter | null,
): UnitCosts {
  const recorder = new Recorder({
    clock,
    counters: { cpu: null, memory: null, gpu: null },
    maxSpans: PER_ROUND,
    warn: () => {},
  });
  const nothing = (): void => {};
  const scopeNs = apiece(clock, () => recorder.open("calibration", NaN, undefined).end());
  // With a flow's context in the process a scope costs a little more to open; that is in this figure's loop as well.
  const flowNs = apiece(clock, () => recorder.scope("calibration", nothing, undefined, null));
  const holder = recorder.open("calibration", NaN, undefined);
  const markNs = apiece(clock, () => recorder.mark("calibration", 1, undefined, holder));
  holder.end();
  return {
    scopeNs,
    flowNs,
    markNs,
    cpuReadNs: readCpu === null ? 0 : apiece(clock, readCpu),
    peakReadNs: peak === null ? 0 : apiece(clock, () => peak.start()),
  };
}

// The median of rounds: neither the first ones, not compiled yet, nor those in which something else had the CPU.
function apiece(clock: Clock, work: () => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const beginNs = clock.nowNs();
    for (let i = 0; i < PER_ROUND; i++) work();
    rounds.push((clock.nowNs() - beginNs) / PER_ROUND);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

/** The whole, in the parts that it is made of. */
export function estimateOverhead(costs: UnitCosts, amounts: Amounts): Overhead {
  const { scopes, flows, marks, cpuReads, peakReads, flushNs } = amounts;
  const span_ns = Math.round((scopes - flows) * costs.scopeNs + flows * costs.flowNs);
  const mark_ns = Math.round(marks * costs.markNs);
  const counter_ns = Math.round(cpuReads * costs.cpuReadNs + peakReads * costs.peakReadNs);
  return {
    estimated_ns: span_ns + mark_ns + counter_ns + flushNs,
    span_ns,
    mark_ns,
    counter_ns,
    flush_ns: flushNs,
  };
}
