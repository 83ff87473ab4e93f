/**
 * CPU time at the boundaries of spans.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { CounterOptions } from "../data/counters.ts";
import type { Clock } from "./clock.ts";

/** How long a CPU-clock reading may be carried forward, by default. */
export const CPU_COALESCE_NS = 5000;

/**
 * CPU time at a moment of the monotonic clock, with few system calls. The owner asks `isStale` first, because a
 * reading takes long enough that the moment itself should be read again after it.
 */
export class CpuMeter {
  /** Readings made. */
  readCount = 0;
  readonly #read: () => number;
  readonly #coalesceNs: number;
  #readAtNs = -Infinity;
  #cpuNs = 0;
  #highestNs = 0;

  constructor(read: () => number, coalesceNs: number) {
    this.#read = read;
    this.#coalesceNs = coalesceNs;
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
    this.#readAtNs = nowNs;
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
  const value = new CpuMeter(probe.value, options.cpuCoalesceNs ?? CPU_COALESCE_NS);
  return { ok: true, value, source: probe.source };
}
