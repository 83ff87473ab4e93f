/**
 * Counters read at the boundaries of spans, each present or absent with a reason.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { ProbeHealth } from "../data/health.ts";
import type { Clock, CpuKind } from "./clock.ts";

/** Which counters a session records. `null` is the same as leaving one out. */
export interface CounterOptions {
  /**
   * Whose CPU time `cpu_ns` counts: every thread's, this thread's, or nobody's.
   * @default "process"
   */
  cpu?: CpuKind | false | null;
  /**
   * A CPU-clock reading younger than this is carried forward by the monotonic clock instead of made again, since
   * each one is a system call of about 600 ns. It bounds the error: a span's `cpu_ns` is off by at most
   * twice this for each thread that started or stopped running meanwhile. 0 reads at every boundary.
   * @default 5000
   */
  cpuCoalesceNs?: number | null;
  /**
   * Record `memory_peak_bytes`: two system calls, about 1.7 us, at each boundary of a span; four in a worker, 3.4 us. Resets the kernel's own
   * high-water mark (`VmHWM`), which other tools may read. What is resident is what the process holds on to, so garbage
   * counts until it is collected and given back.
   * @default false
   */
  memory?: boolean | null;
  /**
   * Record `gpu_ns`, and energy and memory of the GPUs on the session's span, where NVIDIA's driver is there. The driver is
   * asked once a second from a thread of its own; a span costs nothing more.
   * @default true
   */
  gpu?: boolean | null;
}

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

/** GPU time, known some time after the moments it is asked about. */
export interface GpuMeter {
  /** The moment up to which it is as well known as it will ever be. Takes in what has come. */
  settledNs(nowNs: number): number;
  /** Time between two moments in which a GPU was busy, as far as it is known by now; NaN if it is not. */
  busyNs(startNs: number, endNs: number): number;
}

/** The CPU meter that `options` ask for, or why there is none. */
export function openCpuMeter(clock: Clock, options: CounterOptions = {}): Probe<CpuMeter> {
  const kind = options.cpu ?? "process";
  if (kind === false) return { ok: false, reason: "off (counters: { cpu: false })" };
  const probe = clock.cpu[kind];
  if (!probe.ok) return probe;
  const value = new CpuMeter(probe.value, options.cpuCoalesceNs ?? CPU_COALESCE_NS);
  return { ok: true, value, source: probe.source };
}

/** A probe as `health()` shows it. */
export function probeHealth(probe: Probe<unknown>): ProbeHealth {
  return probe.ok
    ? { present: true, source: probe.source, reason: null }
    : { present: false, source: null, reason: probe.reason };
}
