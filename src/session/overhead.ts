// deno-lint-ignore-file camelcase -- health is data that leaves the process
/**
 * What recording costs in this process: costs apiece, measured on a recorder of their own, times what was done.
 *
 * @module
 */
import type { Overhead } from "../data/health.ts";
import { IdSeries } from "../data/id_series.ts";
import type { Clock } from "../meters/clock.ts";
import { CpuMeter } from "../meters/cpu.ts";
import type { PeakMeter } from "../meters/memory.ts";
import { Recorder } from "../record/recorder.ts";
import type { Scope } from "../record/scope.ts";
import { NOTHING_DONE, type WorkDone } from "../record/work_done.ts";

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

/** Rounds in which nothing has got faster, before they count. */
const SETTLED_ROUNDS = 40;

/** What is faster: this share of the time. */
const FASTER = 0.9;

/** Kinds that leave so much behind that it is collected in many a pass. */
const COLLECTED: readonly Kind[] = ["flows", "innerFlows", "promises", "attrs"];

/** Passes in which garbage is collected once or twice. */
const GARBAGE_PASSES = 32;

/** The share that garbage may add to the cost of a scope with a function. */
const MOST_GARBAGE = 0.75;

/** Time of the thread after which the figures are taken as they are. */
const LIMIT_NS = 25_000_000;

/** How many times as much as was done may be done to measure what it cost. */
const MOST = 4;

/** A kind is measured again when this many times as much of it was done. */
const AGAIN = 10;

const KINDS = Object.keys(NOTHING_DONE) as Kind[];

/** One kind that is being measured. */
interface Trial {
  readonly kind: Kind;
  /** Does it so many times, and gives the time of one. */
  readonly pass: () => number;
  /** Passes at most. */
  readonly most: number;
  /** What they gave. */
  readonly passesNs: number[];
}

/** The costs apiece of one session, each measured when there is something to multiply it with. */
export class Calibration {
  /** Readings of the session's meter of peaks that were made to measure them. */
  peakReadCount = 0;
  readonly #options: CalibrationOptions;
  readonly #nowNs: () => number;
  readonly #costs: Record<Kind, number> = { ...NOTHING_DONE };
  /** How much was done when each was measured. */
  readonly #doneThen: Record<Kind, number> = { ...NOTHING_DONE };
  /** What collecting the garbage of a scope with a function costs. */
  #garbageNs = 0;

  constructor(options: CalibrationOptions) {
    this.#options = options;
    // Of the thread's time where it can be had: the wall clock tells of other programs.
    const { clock } = options;
    this.#nowNs = clock.cpu.thread.ok ? clock.cpu.thread.value : clock.nowNs;
  }

  /**
   * The costs as far as they matter for `done`. One is measured when its kind was first done, and again whenever ten times as
   * much was: a figure from before the compiler was through is too high, so the lowest counts. For each at most four times
   * as much is done as the program did: some milliseconds together, and 40 in Deno where every kind is in use.
   */
  costs(done: WorkDone): UnitCosts {
    const due = KINDS.filter(kind => done[kind] > 0 && done[kind] >= this.#doneThen[kind] * AGAIN);
    if (due.length === 0) return this.#costs;
    const readCount = this.#options.peak?.readCount ?? 0;
    const trials = due.map((kind): Trial => ({
      kind,
      pass: this.#passOf(kind, done.flows > 0),
      most: Math.max(1, Math.floor(done[kind] * MOST / PASS)),
      passesNs: [],
    }));
    this.#run(trials);
    for (const trial of trials) this.#take(trial, done);
    this.peakReadCount += (this.#options.peak?.readCount ?? 0) - readCount;
    return this.#costs;
  }

  // All kinds take turns until none gets faster: so each is measured after the compiler has seen them all, as in a program.
  #run(trials: readonly Trial[]): void {
    const endNs = this.#nowNs() + LIMIT_NS;
    for (let same = 0, pending = trials; same < SETTLED_ROUNDS && pending.length > 0; same++) {
      for (const { pass, passesNs } of pending) {
        const ns = pass();
        if (ns < Math.min(...passesNs) * FASTER) same = 0;
        passesNs.push(ns);
      }
      if (this.#nowNs() > endNs) break;
      pending = pending.filter(({ most, passesNs }) => passesNs.length < most);
    }
  }

  // In the order of the kinds: scopes come before what is measured with them.
  #take({ kind, pass, most, passesNs }: Trial, done: WorkDone): void {
    // The median, for no program has the least each time; and less where much is collected in the meantime.
    const share = COLLECTED.includes(kind) ? 0.25 : 0.5;
    let costNs = quantile(passesNs.slice(-SETTLED_ROUNDS), share);
    if (kind === "flows") {
      const moreNs = Array.from({ length: Math.min(GARBAGE_PASSES, most) }, pass);
      costNs = Math.min(costNs, quantile(moreNs, share));
      this.#garbageNs = garbageNs(moreNs, costNs);
    }
    if (kind === "flows" || kind === "innerFlows") costNs += this.#garbageNs;
    if (kind === "attrs" || kind === "marks") costNs = Math.max(0, costNs - this.#costs.scopes);
    this.#costs[kind] = this.#doneThen[kind] === 0 ? costNs : Math.min(costNs, this.#costs[kind]);
    this.#doneThen[kind] = done[kind];
  }

  // Each with a recorder of its own: what a span may have besides is dearer in a buffer that has seen some.
  #passOf(kind: Kind, hasFlows: boolean): () => number {
    const recorder = this.#recorder();
    if (hasFlows) recorder.flows.open(); // from then on each scope asks for its flow
    const work = this.#workOf(kind, recorder);
    const pass = (): number => {
      const beginNs = this.#nowNs();
      for (let i = 0; i < PASS; i++) work();
      return (this.#nowNs() - beginNs) / PASS;
    };
    if (kind !== "innerFlows") return pass;
    return () => recorder.scope("calibration", pass, undefined, null) as number;
  }

  #workOf(kind: Kind, recorder: Recorder): () => void {
    const { clock, readCpu, peak } = this.#options;
    const meter = new CpuMeter(readCpu ?? clock.nowNs, 0);
    const work: Record<Kind, () => void> = {
      scopes: () => (recorder.scope("calibration", undefined, undefined, null) as Scope).end(),
      flows: () => recorder.scope("calibration", nothing, undefined, null),
      innerFlows: () => recorder.scope("calibration", nothing, undefined, null),
      // What runs in the end, from the queue of microtasks, is less than this.
      promises: () => RESOLVED.then(() => {}, () => {}),
      attrs: () => (recorder.scope("calibration", TWO_ATTRS, undefined, null) as Scope).end(),
      marks: () => {
        const scope = recorder.scope("calibration", undefined, undefined, null) as Scope;
        recorder.mark("calibration", 1, undefined, null);
        scope.end();
      },
      cpuReads: () => meter.read(clock.nowNs()), // as where a span starts: the time is read again after it
      peakReads: () => peak?.start(),
    };
    return work[kind];
  }

  #recorder(): Recorder {
    const { clock, maxSpans, readCpu } = this.#options;
    return new Recorder({
      clock,
      // Its one reading is never too old: so carrying it forward is in the cost of a scope, and nothing else.
      counters: { cpu: readCpu === null ? null : new CpuMeter(readCpu, Infinity), memory: null, gpu: null },
      maxSpans: Math.min(maxSpans, MAX_SPANS),
      ids: () => NO_IDS,
      warn: nothing,
    });
  }
}

function quantile(passesNs: readonly number[], share: number): number {
  return passesNs.toSorted((a, b) => a - b)[Math.floor(passesNs.length * share)];
}

// What a call costs above `costNs` in the long run: a pass in which something is collected takes several times as long.
function garbageNs(passesNs: readonly number[], costNs: number): number {
  const sumNs = passesNs.reduce((sum, ns) => ns > costNs * 2 ? sum + ns - costNs : sum, 0);
  // Not much more than in any program: it may have been the turn of the host's own garbage.
  return Math.min(sumNs / passesNs.length, costNs * MOST_GARBAGE);
}

const NO_IDS = new IdSeries("0".repeat(16)); // nobody asks for the id of a calibration
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
