/**
 * What recording has cost so far: counts that the recorder keeps anyway, times what a piece costs in this process.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { CpuMeter } from "./probes.ts";
import { Recorder, type Tally } from "./recorder.ts";
import type { OverheadHealth } from "./rows.ts";

/** Nanoseconds apiece. */
interface Costs {
  readonly span: number;
  /** What a flow of its own adds to a span. */
  readonly callback: number;
  readonly mark: number;
  readonly cpuRead: number;
  readonly memoryRead: number;
}

// About half a millisecond in all where the code is compiled, a few where it is not.
const ROUNDS = 9;
const PIECES = 256;

/** Estimates what a recorder costs. */
export class OverheadMeter {
  readonly #clock: Clock;
  readonly #readCpu: (() => number) | null;
  readonly #readMemory: (() => number) | null;
  #costs: Costs | null = null;
  #calibratedAt = 0;

  /**
   * @param readCpu The session's CPU clock; null if it reads none.
   * @param readMemory What the session's memory meter does at the end of a span; null if it has none.
   */
  constructor(clock: Clock, readCpu: (() => number) | null, readMemory: (() => number) | null) {
    this.#clock = clock;
    this.#readCpu = readCpu;
    this.#readMemory = readMemory;
  }

  /**
   * The estimate. Calibrates on a recorder of its own, if need be: at the first call, and whenever the work done has
   * doubled since, as an engine compiles code better the more it runs.
   */
  estimate(tally: Tally, flushNs: number): OverheadHealth {
    const { spans, callbacks, marks, cpuReads, memoryReads } = tally;
    const work = spans + marks;
    if (work > 0 && work >= 2 * this.#calibratedAt) {
      this.#costs = this.#calibrate(callbacks > 0);
      this.#calibratedAt = work;
    }
    const costs = this.#costs;
    const spanNs = costs === null
      ? 0
      : spans * costs.span + callbacks * costs.callback + cpuReads * costs.cpuRead
        + memoryReads * costs.memoryRead;
    const markNs = costs === null ? 0 : marks * costs.mark;
    return {
      spans,
      marks,
      per_span_ns: spans === 0 ? null : Math.round(spanNs / spans),
      per_mark_ns: marks === 0 ? null : Math.round(markNs / marks),
      flush_ns: Math.round(flushNs),
      estimated_ns: Math.round(spanNs + markNs + flushNs),
    };
  }

  #calibrate(withCallbacks: boolean): Costs {
    const { nowNs } = this.#clock;
    const readCpu = this.#readCpu;
    const readMemory = this.#readMemory;
    const cpuRead = readCpu === null ? 0 : this.#apiece(() => void readCpu(), 16, 0);
    const memoryRead = readMemory === null ? 0 : this.#apiece(() => void readMemory(), 16, 0);
    // A meter like the session's: the same code runs, and what its readings cost is taken off again.
    const cpu = readCpu === null ? null : new CpuMeter(readCpu, Infinity);
    const recorder = new Recorder({
      clock: this.#clock,
      counters: { cpu, memory: null, gpu: null },
      maxSpans: PIECES,
      warn: () => {},
    });
    cpu?.read(nowNs());
    const empty = this.#apiece(() => {}, PIECES, 0);
    const span = this.#apiece(() => recorder.open("calibration", NaN, undefined).end(), PIECES, empty);
    const callback = withCallbacks
      ? this.#apiece(() => void recorder.scope("calibration", nothing, undefined, null), PIECES, empty) - span
      : 0;
    const scope = recorder.open("calibration", NaN, undefined);
    const mark = this.#apiece(() => recorder.mark("calibration", 1, undefined, scope), PIECES, empty);
    return { span, callback: Math.max(0, callback), mark, cpuRead, memoryRead };
  }

  // The median of some rounds: one in which the thread lost its CPU says nothing.
  #apiece(work: () => void, pieces: number, emptyNs: number): number {
    const { nowNs } = this.#clock;
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startNs = nowNs();
      for (let i = 0; i < pieces; i++) work();
      rounds.push((nowNs() - startNs) / pieces);
    }
    rounds.sort((a, b) => a - b);
    return Math.max(0, rounds[ROUNDS >> 1] - emptyNs);
  }
}

function nothing(): void {}
