/**
 * The counters of a session, as recording takes them.
 *
 * @module
 */
import type { CpuMeter, GpuMeter } from "../meters/cpu.ts";
import type { PeakMeter } from "../meters/memory.ts";

/** What is read at the boundaries of spans, besides time; null for what is not. */
export interface Counters {
  readonly cpu: CpuMeter | null;
  readonly memory: PeakMeter | null;
  readonly gpu: GpuMeter | null;
}
