// deno-lint-ignore-file camelcase -- the names of the spool format
/**
 * One span or mark of a spool file -> a checked record. What is damaged gives null, never an exception.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import { cutText } from "../data/text_limits.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import { COUNTERS } from "../meters/counters.ts";

/** A span of a file, checked. */
export interface SpoolSpan {
  readonly id: string;
  readonly parentId: string | null;
  /** Null for unknown. */
  readonly traceId: string | null;
  readonly name: string;
  /** NaN for none. */
  readonly index: number;
  /** Since 1970. */
  readonly startNs: bigint;
  /** Since 1970. */
  readonly endNs: bigint;
  /** As the counters are listed; NaN for not measured. */
  readonly counters: readonly number[];
  /** NaN for unknown. */
  readonly pid: number;
  /** NaN for unknown. */
  readonly rank: number;
  /** NaN for unknown. */
  readonly threadId: number;
  readonly attrs: Attrs | undefined;
}

/** A mark of a file, checked. */
export interface SpoolMark {
  readonly id: string;
  readonly spanId: string;
  readonly name: string;
  readonly value: MarkValue;
  readonly isSummary: boolean;
  /** Since 1970. */
  readonly tsNs: bigint;
  readonly attrs: Attrs | undefined;
}

type Fields = Record<string, unknown>;

/** A span as the file has it, or null if a field is missing, of the wrong type or out of range. */
export function decodeSpan(value: unknown): SpoolSpan | null {
  if (!isObject(value)) return null;
  const { id, name, parent_id, trace_id } = value;
  const parentId = parent_id === undefined ? null : parent_id;
  const startNs = toNs(value.start_ns);
  const endNs = toNs(value.end_ns);
  const counters = COUNTERS.map(({ column }) => toReading(value[column]));
  const pid = toCount(value.pid);
  const rank = toCount(value.rank);
  const attrs = toAttrs(value.attrs);
  if (
    !isId(id) || (parentId !== null && !isId(parentId)) || typeof name !== "string" || startNs === null
    || endNs === null || !counters.every(reading => reading !== null)
    || pid === null || rank === null || attrs === null
  ) {
    return null;
  }
  return {
    id,
    parentId,
    traceId: isId(trace_id) ? cutText(trace_id) : null,
    name: cutText(name),
    index: toCount(value.index) ?? NaN, // what loops over something else may count as they like
    startNs,
    endNs,
    counters,
    pid,
    rank,
    threadId: toCount(value.thread_id) ?? NaN, // of the writer's choice: whatever else it is costs no span
    attrs,
  };
}

/** A mark as the file has it, or null if a field is missing, of the wrong type or out of range. */
export function decodeMark(value: unknown): SpoolMark | null {
  if (!isObject(value)) return null;
  const { id, span_id, name, kind } = value;
  const markValue = toValue(value.value_type, value.value);
  const tsNs = toNs(value.ts_ns);
  const attrs = toAttrs(value.attrs);
  if (
    !isId(id) || !isId(span_id) || typeof name !== "string" || markValue === null || tsNs === null
    || attrs === null || (kind !== "point" && kind !== "summary")
  ) {
    return null;
  }
  return {
    id,
    spanId: span_id,
    name: cutText(name),
    value: markValue,
    isSummary: kind === "summary",
    tsNs,
    attrs,
  };
}

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

// Python's integers have no end, and BigInt takes quadratic time over the digits: as many as `mark()` keeps of a bigint.
const DIGITS = /^-?\d{16,1234}$/;

/** An integer as `parseExact` gives it: a number where that is exact, else its digits. */
function toInteger(value: unknown): number | bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : null;
  return typeof value === "string" && DIGITS.test(value) ? BigInt(value) : null;
}

// What is measured or counted has 64 bits at most, and no trace is long enough to sum those up to infinity.
const LIMIT = 1n << 63n;

function toNs(value: unknown): bigint | null {
  const integer = toInteger(value);
  if (integer === null) return null;
  const ns = BigInt(integer);
  return ns < LIMIT && ns > -LIMIT ? ns : null;
}

/** NaN for null, absent or NaN, which is what Python makes of none; null if it is no integer, or out of range. */
function toCount(value: unknown): number | null {
  if (value === null || value === undefined || value === "NaN") return NaN;
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : null;
  const integer = toNs(value);
  return integer === null ? null : Number(integer);
}

/** The same of a number, rounded: a writer that let a fraction through should not cost the span. */
function toReading(value: unknown): number | null {
  if (typeof value !== "number") return toCount(value);
  return Math.abs(value) < Number(LIMIT) ? Math.round(value) : null;
}

/** Undefined for none; null if they are no object. Within bounds from here on: a file may nest and repeat as it likes. */
export function toAttrs(value: unknown): Attrs | undefined | null {
  if (value === null || value === undefined) return undefined;
  if (!isObject(value)) return null;
  for (const _ in value) return copyAttrs(value);
  return undefined;
}

const NOT_FINITE: ReadonlyMap<unknown, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

export function toValue(type: unknown, value: unknown): MarkValue | null {
  switch (type) {
    case "float": {
      if (typeof value === "number") return value;
      const integer = toInteger(value);
      return integer === null ? NOT_FINITE.get(value) ?? null : Number(integer);
    }
    case "int":
      // 1e21 is how JavaScript writes a whole number of that size.
      return typeof value === "number" && Number.isInteger(value) ? value : toInteger(value);
    case "string":
      return typeof value === "string" ? cutText(value) : null;
    case "bool":
      return typeof value === "boolean" ? value : null;
    default:
      return null;
  }
}
