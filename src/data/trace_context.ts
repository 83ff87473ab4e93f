/**
 * Trace context as W3C writes it: `00-<trace id>-<span id>-<flags>`. https://www.w3.org/TR/trace-context/
 *
 * @module
 */
import type { IdSeries } from "./id_series.ts";
import { ownCopy } from "./text_limits.ts";

/** Where a span of another recorder stands: in another process or thread, or at a remote caller. */
export interface ForeignContext {
  /** 32 lower-case hex characters, not all zeros. */
  readonly traceId: string;
  /** 16 lower-case hex characters, not all zeros. */
  readonly spanId: string;
  /** 8 bits as they came; of a version that is not known yet, the lowest. */
  readonly flags: number;
}

/** The caller may have recorded the trace. */
const SAMPLED = 1;

/** What of the flags is handed on: those that have a meaning, which are "sampled" and "the trace id is random". */
const KNOWN_FLAGS = 3;

/** The id of a span that is not recorded. */
export const NO_SPAN_ID = "0000000000000000";

/** The id of the trace of what is not recorded. */
export const NO_TRACE_ID = "00000000000000000000000000000000";

/** The context of what is not recorded. Its ids are of zeros, so every receiver goes on as if there were none. */
export const NO_CONTEXT: string = `00-${NO_TRACE_ID}-${NO_SPAN_ID}-00`;

const VERSION_0_LENGTH = NO_CONTEXT.length;

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/**
 * What a `traceparent` says; null if it is none, in which case the specification wants it ignored. Of a version after 00 what is
 * known is read, whatever follows.
 */
export function parseTraceparent(text: string): ForeignContext | null {
  const { length } = text;
  const found = length < VERSION_0_LENGTH ? null : FORM.exec(text);
  if (found === null) return null;
  const [, version, traceId, spanId, flags] = found;
  if (version === "ff" || traceId === NO_TRACE_ID || spanId === NO_SPAN_ID) return null;
  if (length > VERSION_0_LENGTH && (version === "00" || text[VERSION_0_LENGTH] !== "-")) return null;
  const bits = parseInt(flags, 16);
  // Copies: what matched is a view that would keep a long header alive.
  return {
    traceId: ownCopy(traceId),
    spanId: ownCopy(spanId),
    flags: version === "00" ? bits : bits & SAMPLED,
  };
}

/** The `traceparent` of a span. */
export function formatTraceparent(traceId: string, spanId: string, flags: number = SAMPLED): string {
  return `00-${traceId}-${spanId}-0${flags & KNOWN_FLAGS}`;
}

/** The 16 hex characters of a span's number; zeros for 0, which is no span's. */
export function spanIdText(series: IdSeries, number: number): string {
  return traceIdText(series, number).slice(16);
}

/** The number whose 16 hex characters these are, of the spans of one series; what they are of another's is no span's number there. */
export function spanNumber(series: IdSeries, spanId: string): number {
  return series.numberOf(parseInt(spanId.slice(0, 8), 16), parseInt(spanId.slice(8), 16));
}

/**
 * The 32 hex characters of the trace that the span of this number began: what is the process's own, then the number's. In this
 * order, for samplers take the last bits of a trace id for random.
 */
export function traceIdText(series: IdSeries, root: number): string {
  series.scatter(root);
  const { high, low, suffix } = series;
  // In one call, as `idText()` does it and for its reasons.
  return String.fromCharCode(
    suffix.charCodeAt(0),
    suffix.charCodeAt(1),
    suffix.charCodeAt(2),
    suffix.charCodeAt(3),
    suffix.charCodeAt(4),
    suffix.charCodeAt(5),
    suffix.charCodeAt(6),
    suffix.charCodeAt(7),
    suffix.charCodeAt(8),
    suffix.charCodeAt(9),
    suffix.charCodeAt(10),
    suffix.charCodeAt(11),
    suffix.charCodeAt(12),
    suffix.charCodeAt(13),
    suffix.charCodeAt(14),
    suffix.charCodeAt(15),
    DIGITS.charCodeAt(high >>> 28),
    DIGITS.charCodeAt((high >>> 24) & 15),
    DIGITS.charCodeAt((high >>> 20) & 15),
    DIGITS.charCodeAt((high >>> 16) & 15),
    DIGITS.charCodeAt((high >>> 12) & 15),
    DIGITS.charCodeAt((high >>> 8) & 15),
    DIGITS.charCodeAt((high >>> 4) & 15),
    DIGITS.charCodeAt(high & 15),
    DIGITS.charCodeAt(low >>> 28),
    DIGITS.charCodeAt((low >>> 24) & 15),
    DIGITS.charCodeAt((low >>> 20) & 15),
    DIGITS.charCodeAt((low >>> 16) & 15),
    DIGITS.charCodeAt((low >>> 12) & 15),
    DIGITS.charCodeAt((low >>> 8) & 15),
    DIGITS.charCodeAt((low >>> 4) & 15),
    DIGITS.charCodeAt(low & 15),
  );
}

const DIGITS = "0123456789abcdef";
