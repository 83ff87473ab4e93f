// deno-lint-ignore-file camelcase -- columns are data that leaves the process
/**
 * Counters as users know them: the options that choose them, and what a span has of each. What they are read by, and how they are
 * shown, is the list in `src/meters/counters.ts`.
 *
 * @module
 */

/** Whose CPU time is counted: the whole process's (all threads), or the calling thread's. */
export type CpuKind = "process" | "thread";

/** Which counters a session records. `null` is the same as leaving one out. */
export interface CounterOptions {
  /**
   * Whose CPU time `cpu_ns` counts: every thread's, this thread's, or nobody's.
   * @default "process"
   */
  cpu?: CpuKind | false | null;
  /**
   * A CPU-clock reading younger than this is carried forward by the monotonic clock instead of made again, since
   * each one is a system call of 600 to 5000 ns. It bounds the error: a span's `cpu_ns` is off by at most
   * twice this for each thread that started or stopped running meanwhile. 0 reads at every boundary.
   * @default 20 times as long as a reading takes here, from 5000 to 50000; `health().probes.cpu.coalesce_ns` has it
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

/** A counter, as options and `health().probes` name it. */
export type CounterName = "cpu" | "gpu" | "memory";

/** What the counters say of a span. */
export interface CounterValues {
  /** CPU time consumed meanwhile in nanoseconds: by the whole process or by one thread, as the session's counters say. */
  cpu_ns: number | null;
  /** Time in nanoseconds during which a GPU was busy. */
  gpu_ns: number | null;
  /** Highest resident set in bytes during the span. */
  memory_peak_bytes: number | null;
}

/** A counter's column. */
export type CounterColumn = keyof CounterValues;
