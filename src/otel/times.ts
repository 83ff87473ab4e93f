/**
 * Moments as OpenTelemetry's API takes them, on the recorder's clock.
 *
 * @module
 */
import { performanceNs } from "../meters/clock.ts";
import type { SpanRecorder } from "../record/span_recorder.ts";
import type { TimeInput } from "./api.ts";

/** Whether a value is a moment, and no attributes. */
export function isTime(value: unknown): value is TimeInput {
  return typeof value === "number" || value instanceof Date || isPair(value);
}

/** Nanoseconds on the recorder's clock, below 0 if before its start; NaN if it is no moment. */
export function clockNs({ clock, buffer }: SpanRecorder, time: unknown): number {
  if (isPair(time)) {
    const [seconds, nanoseconds] = time;
    return Number.isFinite(seconds) && Number.isFinite(nanoseconds)
      ? sinceAnchor(
        BigInt(Math.trunc(seconds)) * 1_000_000_000n
          + BigInt(Math.round(seconds % 1 * 1e9 + nanoseconds)),
      )
      : NaN;
  }
  const ms = time instanceof Date ? Date.prototype.getTime.call(time) : time;
  if (typeof ms !== "number" || !Number.isFinite(ms)) return NaN;
  // What is not later than now on `performance`'s clock is a reading of it: so the API's own SDK tells them apart.
  const read = typeof time === "number" ? performanceNs(clock, ms) : null;
  // In two parts: nanoseconds since 1970 are more than a number tells apart.
  return read ?? sinceAnchor(BigInt(Math.trunc(ms)) * 1_000_000n + BigInt(Math.round(ms % 1 * 1e6)));

  function sinceAnchor(unixNs: bigint): number {
    return Number(unixNs - buffer.anchorNs);
  }
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "number"
    && typeof value[1] === "number";
}
