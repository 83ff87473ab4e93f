/**
 * The page's own program: what spans have counted -> CPU, GPU and memory over time. At each moment the shortest span that ran says
 * most of it.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** One counter over time. */
export interface Gauge {
  readonly label: string;
  /** Amount per time as `"share"`: 1 is one core, or all of a GPU. */
  readonly unit: "share" | "bytes" | "number";
  /** Values of equal parts of a stretch: NaN for nothing known. */
  values(from: number, until: number, parts: number): Float64Array;
}

/** Those that any span has. */
export function gaugesOf(model: Model): Gauge[] {
  const { start, end, count } = model;
  return model.header.counters.flatMap(({ column, label, total, unit }): Gauge[] => {
    const counted = model.optional[column];
    if (counted === undefined) return [];
    const isShare = total === "sum" && unit === "ns";
    return [{
      label: isShare ? label + (label === "cpu" ? ", cores" : ", share") : label,
      unit: isShare ? "share" : unit === "bytes" ? "bytes" : "number",
      values(from, until, parts) {
        const part = (until - from) / parts;
        const amount = new Float64Array(parts);
        const time = new Float64Array(parts);
        const long: number[] = [];
        for (let i = 0; i < count; i++) {
          const value = counted[i];
          if (value !== value || start[i] >= until || end[i] <= from) continue;
          const wall = end[i] - start[i];
          if (wall >= part) {
            long.push(i);
            continue;
          }
          const at = Math.floor(((start[i] + end[i]) / 2 - from) / part);
          if (at < 0 || at >= parts) continue;
          if (isShare) amount[at] += value;
          else amount[at] = Math.max(amount[at], value);
          time[at] += wall;
        }
        const values = new Float64Array(parts).fill(NaN);
        // From the shortest on, into what is still free: each part is looked at once, however many lie above it.
        const next = Int32Array.from({ length: parts + 1 }, (_, i) => i);
        const free = (at: number): number => {
          while (next[at] !== at) at = next[at] = next[next[at]];
          return at;
        };
        long.sort((a, b) => end[a] - start[a] - end[b] + start[b]);
        for (const i of long) {
          const value = isShare ? counted[i] / (end[i] - start[i]) : counted[i];
          const last = Math.min(parts, Math.ceil((end[i] - from) / part));
          for (let at = free(Math.max(0, Math.floor((start[i] - from) / part))); at < last; at = free(at)) {
            values[at] = value;
            next[at] = at + 1;
          }
        }
        for (let at = 0; at < parts; at++) {
          const isCovered = time[at] > part / 4 || (time[at] > 0 && values[at] !== values[at]);
          if (isCovered) values[at] = isShare ? amount[at] / time[at] : amount[at];
        }
        return values;
      },
    }];
  });
}
