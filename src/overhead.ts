// deno-lint-ignore-file camelcase -- health is data that leaves the process
/**
 * What recording costs in this process: costs apiece, measured on a recorder of their own, times what was done.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { PeakMeter } from "./memory_peak.ts";
import { CpuMeter } from "./probes.ts";
import { NOTHING_DONE, Recorder, type WorkDone } from "./recorder.ts";
import type { Overhead } from "./rows.ts";
import type { Scope } from "./scope.ts";

/** What is done once and costs something. */
type Kind = keyof WorkDone;

/**
 * Costs apiece, in nanoseconds: of a scope without a function, one with a function, one with a function within another
 * such, what a promise as its result adds, what two attributes add, of a mark, and of a reading of each counter.
 */
export type UnitCosts = Readonly<Record<Kind, number>>;

/** What a calibration measures with. */
export interface CalibrationOptions {
  readonly clock: Clock;
  /** Spans that the session's buffer keeps: what is kept is dearer to collect. */
  readonly maxSpans: number;
  /** The session's CPU clock; null if it has none. */
  readonly readCpu: (() => number) | null;
  /** The session's meter of peaks, which takes the readings as some more boundaries; null if it has none. */
  readonly peak: PeakMeter | null;
}

/** Spans at most that the recorder keeps which is measured, as there is not time to fill it. */
const MAX_SPANS = 16_384;

/** Calls that are timed together. */
const PASS = 512;

/** Passes of which none is faster than all before it, before their median counts. */
const SETTLED_PASSES = 16;

/** What is faster: this share of the time. */
const FASTER = 0.9;

/** Passes in which garbage is collected once or twice. */
const GARBAGE_PASSES = 32;

/** Time of the thread after which a figure is taken as it is. */
const LIMIT_NS = 8_000_000;

/** How many times as much as was done may be done to measure what it cost. */
const MOST = 4;

/** A kind is measured again when this many times as much of it was done. */
const AGAIN = 10;

/** The costs apiece of one session, each measured when there is something to multiply it with. */
export class Calibration {
  /** Readings of the session's meter of peaks that were made to measure them. */
  peakReadCount = 0;
  readonly #options: CalibrationOptions;
  readonly #nowNs: () => number;
  readonly #costs: Record<Kind, number> = { ...NOTHING_DONE };
  /** What collecting the garbage of a scope with a function costs. */
  #garbageNs = 0;
  /** How much was done when each was measured. */
  readonly #doneThen: Record<Kind, number> = { ...NOTHING_DONE };

  constructor(options: CalibrationOptions) {
    this.#options = options;
    // Of the thread's time where it can be had: the wall clock tells of other programs.
    const { clock } = options;
    this.#nowNs = clock.cpu.thread.ok ? clock.cpu.thread.value : clock.nowNs;
  }

  /**
   * The costs as far as they matter for `done`. One is measured when its kind was first done, and again whenever ten times as
   * much was: a figure from before the compiler was through is too high, so the lowest counts. For each at most four times
   * as much is done as the program did: some milliseconds together, and 30 in Deno where every kind is in use.
   */
  costs(done: WorkDone): UnitCosts {
    const { readCpu, peak } = this.#options;
    const flow = (recorder: Recorder): unknown => recorder.scope("calibration", nothing, undefined, null);
    this.#measure("scopes", done, recorder => {
      (recorder.scope("calibration", undefined, undefined, null) as Scope).end();
    });
    this.#measure("flows", done, flow);
    this.#measure("innerFlows", done, flow);
    // What runs in the end, from the queue of microtasks, is less than this.
    this.#measure("promises", done, () => RESOLVED.then(() => {}, () => {}));
    this.#measure("attrs", done, recorder => {
      (recorder.scope("calibration", TWO_ATTRS, undefined, null) as Scope).end();
    });
    this.#measure("marks", done, recorder => {
      const scope = recorder.scope("calibration", undefined, undefined, null) as Scope;
      recorder.mark("calibration", 1, undefined, null);
      scope.end();
    });
    if (readCpu !== null) {
      const meter = new CpuMeter(readCpu, 0);
      const { nowNs } = this.#options.clock;
      // As where a span starts: the time is read again after it.
      this.#measure("cpuReads", done, () => {
        meter.read(nowNs());
      });
    }
    if (peak !== null) {
      const { readCount } = peak;
      this.#measure("peakReads", done, () => peak.start());
      this.peakReadCount += peak.readCount - readCount;
    }
    return this.#costs;
  }

  #measure(kind: Kind, done: WorkDone, work: (recorder: Recorder) => void): void {
    if (done[kind] < this.#doneThen[kind] * AGAIN || done[kind] === 0) return;
    const isFirst = this.#doneThen[kind] === 0;
    this.#doneThen[kind] = done[kind];
    const recorder = this.#recorder();
    const most = Math.max(1, Math.floor(done[kind] * MOST / PASS));
    if (done.flows > 0) recorder.flows.open(); // from then on each scope asks for its flow
    let costNs = 0;
    const call = (): void => work(recorder);
    const measure = (): void => {
      costNs = this.#settledNs(call, most);
    };
    if (kind === "innerFlows") recorder.scope("calibration", measure, undefined, null);
    else measure();
    if (kind === "flows") this.#garbageNs = this.#collectedNs(call, most, costNs);
    if (kind === "attrs") costNs += this.#collectedNs(call, most, costNs);
    if (kind === "flows" || kind === "innerFlows") costNs += this.#garbageNs;
    if (kind === "attrs" || kind === "marks") costNs = Math.max(0, costNs - this.#costs.scopes);
    this.#costs[kind] = isFirst ? costNs : Math.min(costNs, this.#costs[kind]);
  }

  #recorder(): Recorder {
    const { clock, maxSpans, readCpu } = this.#options;
    return new Recorder({
      clock,
      // Its one reading is never too old: so carrying it forward is in the cost of a scope, and nothing else.
      counters: { cpu: readCpu === null ? null : new CpuMeter(readCpu, Infinity), memory: null, gpu: null },
      maxSpans: Math.min(maxSpans, MAX_SPANS),
      warn: nothing,
    });
  }

  // The median of passes, once they stopped getting faster.
  #settledNs(work: () => void, most: number): number {
    const beginNs = this.#nowNs();
    const last: number[] = [];
    let lowestNs = Infinity;
    for (let pass = 0; last.length < SETTLED_PASSES && pass < most; pass++) {
      const passNs = this.#passNs(work);
      if (passNs < lowestNs * FASTER) last.length = 0;
      last.push(passNs);
      lowestNs = Math.min(lowestNs, passNs);
      if (this.#nowNs() - beginNs > LIMIT_NS) break;
    }
    return last.sort((a, b) => a - b)[last.length >> 1];
  }

  // What a call costs above that in the long run, when what it leaves behind is collected.
  #collectedNs(work: () => void, most: number, settledNs: number): number {
    const passes = Math.min(GARBAGE_PASSES, most);
    let sumNs = 0;
    for (let i = 0; i < passes; i++) sumNs += this.#passNs(work);
    // Not more than half as much again: it may have been the turn of the program's own garbage.
    return Math.min(Math.max(0, sumNs / passes - settledNs), settledNs / 2);
  }

  #passNs(work: () => void): number {
    const beginNs = this.#nowNs();
    for (let i = 0; i < PASS; i++) work();
    return (this.#nowNs() - beginNs) / PASS;
  }
}

const nothing = (): void => {};
const RESOLVED = Promise.resolve();
const TWO_ATTRS = { attrs: { number: 1, text: "two" } };

/** The whole, in the parts that it is made of. */
export function estimateOverhead(costs: UnitCosts, done: WorkDone, flushNs: number): Overhead {
  const { scopes, flows, innerFlows } = done;
  const span_ns = Math.round(
    (scopes - flows) * costs.scopes
      + (flows - innerFlows) * costs.flows
      + innerFlows * costs.innerFlows
      + done.promises * costs.promises
      + done.attrs * costs.attrs,
  );
  const mark_ns = Math.round(done.marks * costs.marks);
  const counter_ns = Math.round(done.cpuReads * costs.cpuReads + done.peakReads * costs.peakReads);
  return {
    estimated_ns: span_ns + mark_ns + counter_ns + flushNs,
    span_ns,
    mark_ns,
    counter_ns,
    flush_ns: flushNs,
  };
}
