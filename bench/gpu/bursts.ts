/**
 * What a load says that it did, and how far our figures are from it.
 *
 * @module
 */

/** A burst of kernels, measured by CUDA events. */
export interface Burst {
  readonly start_us: number;
  readonly end_us: number;
  readonly busy_ms: number;
}

/** A span of ours. */
export interface Measured {
  readonly start_us: number;
  readonly end_us: number | null;
  readonly gpu_ns: number | null;
}

/** Errors of the spans of one length. */
export interface Comparison {
  readonly load: string;
  readonly lengthMs: number;
  readonly spans: number;
  /** Sum of our figures over the sum of CUDA's. */
  readonly ratio: number;
  readonly rmsMs: number;
  readonly worstMs: number;
  readonly unknown: number;
}

/** Holds our spans of one length against the bursts. */
export function compareSpans(
  load: string,
  lengthMs: number,
  spans: readonly Measured[],
  bursts: readonly Burst[],
): Comparison {
  const errors: number[] = [];
  let ours = 0;
  let cudas = 0;
  let unknown = 0;
  for (const { start_us, end_us, gpu_ns } of spans) {
    if (gpu_ns === null) {
      unknown++;
      continue;
    }
    const truth = busyMsWithin(bursts, start_us, end_us!);
    errors.push(gpu_ns / 1e6 - truth);
    ours += gpu_ns / 1e6;
    cudas += truth;
  }
  return {
    load,
    lengthMs,
    spans: errors.length,
    ratio: ours / cudas,
    rmsMs: Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length),
    worstMs: errors.reduce((worst, error) => Math.max(worst, Math.abs(error)), 0),
    unknown,
  };
}

// CUDA's events tell how long a burst was busy; it ends when the synchronization does.
function busyMsWithin(bursts: readonly Burst[], startUs: number, endUs: number): number {
  let sum = 0;
  for (const burst of bursts) {
    const beginUs = burst.end_us - burst.busy_ms * 1000;
    sum += Math.max(0, Math.min(endUs, burst.end_us) - Math.max(startUs, beginUs)) / 1000;
  }
  return sum;
}
