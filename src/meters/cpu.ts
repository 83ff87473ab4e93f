// deno-lint-ignore-file camelcase -- health is data that leaves the process
/**
 * CPU time at the boundaries of spans.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { CounterOptions } from "../data/counters.ts";
import type { CpuHealth } from "../data/health.ts";
import type { Clock } from "./clock.ts";
import type { Meter } from "./meter.ts";

/** How long a CPU-clock reading may be carried forward, by default: at least. */
export const CPU_COALESCE_NS = 5000;

/** At most, however dear a reading is. */
export const MOST_COALESCE_NS = 50_000;

/** In between as many times as long as a reading takes: so readings are a twentieth of the time at most. */
const COALESCE_READINGS = 20;

/**
 * CPU time at a moment of the monotonic clock, with few system calls. The owner asks `isStale` first, because a
 * reading takes long enough that the moment itself should be read again after it.
 */
export class CpuMeter implements Meter {
  /** Readings made. */
  readCount = 0;
  readonly #read: () => number;
  readonly #source: string;
  #coalesceNs: number;
  /** What a reading has taken at least; -Infinity where nobody wants to know. */
  #leastNs: number;
  #readAtNs = -Infinity;
  #cpuNs = 0;
  #highestNs = 0;

  /**
   * @param coalesceNs How long a reading may be carried forward; null for what follows from how long one takes here, which is
   * {@link CPU_COALESCE_NS} up to {@link MOST_COALESCE_NS}.
   * @param source Where `read` reads, for `health()`.
   */
  constructor(read: () => number, coalesceNs: number | null, source: string = "") {
    this.#read = read;
    this.#source = source;
    this.#coalesceNs = coalesceNs ?? CPU_COALESCE_NS;
    this.#leastNs = coalesceNs === null ? Infinity : -Infinity;
  }

  /** Where it is read, and how long a reading is carried forward. */
  health(): CpuHealth {
    return { present: true, source: this.#source, reason: null, coalesce_ns: this.#coalesceNs };
  }

  /** Whether the last reading is too old to be carried forward to `nowNs`. */
  isStale(nowNs: number): boolean {
    return nowNs - this.#readAtNs >= this.#coalesceNs;
  }

  /** Makes a reading: one system call. */
  read(nowNs: number): void {
    this.readCount++;
    this.#cpuNs = this.#read();
    this.#readAtNs = nowNs;
  }

  /**
   * Makes the last reading count for a moment after it, which is when a span starts that does not contain it. Else what
   * lies between, perhaps a time in which the thread had no CPU, would be added as work.
   */
  restamp(nowNs: number): void {
    const tookNs = nowNs - this.#readAtNs;
    if (tookNs < this.#leastNs) this.#follow(tookNs);
    this.#readAtNs = nowNs;
  }

  // The least of all: one that was interrupted, or made by code that is not compiled yet, says nothing of the others.
  #follow(tookNs: number): void {
    this.#leastNs = tookNs;
    this.#coalesceNs = Math.min(Math.max(tookNs * COALESCE_READINGS, CPU_COALESCE_NS), MOST_COALESCE_NS);
  }

  /** CPU time at `nowNs`, as if one thread had run since the last reading. Never falls. */
  at(nowNs: number): number {
    const cpuNs = this.#cpuNs + (nowNs - this.#readAtNs);
    // A carried figure may lie above the next true one (the thread slept); time consumed cannot fall.
    if (cpuNs > this.#highestNs) this.#highestNs = cpuNs;
    return this.#highestNs;
  }
}

/** The CPU meter that `options` ask for, or why there is none. */
export function openCpuMeter(clock: Clock, options: CounterOptions = {}): Probe<CpuMeter> {
  const probe = clock.cpu[options.cpu === "thread" ? "thread" : "process"];
  if (!probe.ok) return probe;
  const value = new CpuMeter(probe.value, options.cpuCoalesceNs ?? null, probe.source);
  return { ok: true, value, source: probe.source };
}
