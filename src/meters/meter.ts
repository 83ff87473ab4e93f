/**
 * What a counter is read by.
 *
 * @module
 */
import type { CounterOptions } from "../data/counters.ts";
import type { ProbeHealth } from "../data/health.ts";
import type { Attrs } from "../data/values.ts";
import type { Clock } from "./clock.ts";

/** What all meters may tell of themselves. */
export interface Meter {
  /** What `health()` shows in place of where the meter was found. */
  health?(): ProbeHealth;
}

/**
 * Read at both ends of each span. Figures go through memory: V8 allocates for each double that a function returns which it does not
 * inline, and none of those that are called through a list is.
 */
export interface SpanMeter extends Meter {
  /** A span starts: puts what `end` wants to know of it at `to[at]`. */
  start(to: Float64Array, at: number): void;
  /**
   * Puts the figure of the span from its start to now at `to[at]`; NaN if it is not known. May be asked more than once, and of a span
   * that began without the meter, of which NaN was noted.
   * @param since Has at `from` what `start` put there.
   */
  end(since: Float64Array, from: number, to: Float64Array, at: number): void;
}

/** Known some time after the moments it is asked about. Not read by spans at all. */
export interface LateMeter extends Meter {
  /** The moment up to which it is as well known as it will ever be. Takes in what has come. */
  settledNs(nowNs: number): number;
  /** The figure of what lies between two moments, as far as it is known by now; NaN if it is not. */
  between(startNs: number, endNs: number): number;
  /** Asks for what is newest, for whoever reads next. */
  poke(): void;
  /** What the session's span says of it, as far as it is known by now. */
  attrs(): Attrs;
  /** Ends what it runs: all is settled from then on. */
  stop(): void;
}

/** What a meter is opened with. */
export interface MeterOptions {
  readonly clock: Clock;
  readonly options: CounterOptions;
  /** Whether this thread may end and tell nobody. */
  readonly isWorker: () => boolean;
}
