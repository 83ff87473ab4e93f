/**
 * A snapshot's columns as the values that users read: ids, null for what was not measured, attributes of their own.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import type { CounterColumn, CounterValues } from "../data/counters.ts";
import type { IdSeries } from "../data/id_series.ts";
import { ORPHANS, UNFINISHED } from "../data/session_names.ts";
import { areMade, type Snapshot, unixUs } from "../data/snapshot.ts";
import { type ForeignContext, traceIdText } from "../data/trace_context.ts";
import type { Attrs } from "../data/values.ts";
import { COUNTERS } from "../meters/counters.ts";

/** The 32 hex characters of the id of a number, or `"root"` for the pseudo-span 0. */
export function idText(series: IdSeries, id: number): string {
  if (id === 0) return ORPHANS;
  series.scatter(id);
  const { high, low, suffix } = series;
  // Not added together: V8 keeps a sum as a rope, and one rope anywhere sends `JSON.stringify` of the whole dict onto its
  // recursive path, which gives up 2 600 levels down (Deno 2.9.6). The flat path has no such limit.
  // A call with 32 numbers takes half the time of joining two strings, in both engines, and the string is flat.
  return String.fromCharCode(
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
  );
}

const DIGITS = "0123456789abcdef";

/**
 * The moment from which a snapshot's times count, as whole microseconds since 1970 and what is left over. For many times: a
 * bigint's division takes longer than all the rest.
 */
export function splitAnchor({ anchorNs }: Snapshot): { us: number; restNs: number } {
  return { us: unixUs(anchorNs, 0), restNs: Number(anchorNs % 1000n) };
}

/** What `unixUs()` gives: whole microseconds since 1970, rounded down. */
export function momentUs(anchorUs: number, restNs: number, ns: number): number {
  return anchorUs + Math.floor((restNs + ns) / 1000);
}

/** The id of a row as text. */
export function ownIdText(snapshot: Snapshot, row: number): string {
  const { ids } = snapshot;
  return areMade(ids) ? idText(ids, snapshot.id[row]) : ids.own(row);
}

/** The parent's id as text, of a foreign one the 16 characters of its span id; null for a root. */
export function parentIdText(snapshot: Snapshot, row: number): string | null {
  const { ids } = snapshot;
  if (!(areMade(ids))) return ids.parent(row);
  const parent = snapshot.parent[row];
  if (parent < 0) return foreignContext(snapshot, parent)?.spanId ?? null;
  return parent === 0 ? null : idText(ids, parent);
}

/** The 32 hex characters of the trace that a row belongs to; null if that is not known, and for the pseudo-span. */
export function traceIdOf(snapshot: Snapshot, row: number): string | null {
  const { ids } = snapshot;
  if (!(areMade(ids))) return ids.trace(row);
  const root = snapshot.root === undefined ? 0 : snapshot.root[row];
  if (root < 0) return foreignContext(snapshot, root)?.traceId ?? null;
  if (root === 0) return null;
  // Rows of one trace mostly come together, and share one string.
  if (lastTrace.root !== root || lastTrace.series !== ids) {
    lastTrace = { series: ids, root, text: traceIdText(ids, root) };
  }
  return lastTrace.text;
}

let lastTrace: { readonly series: IdSeries | null; readonly root: number; readonly text: string } = {
  series: null,
  root: 0,
  text: "",
};

/** What a row continues whose parent or root has a number below 0. */
export function foreignContext({ foreign }: Snapshot, number: number): ForeignContext | undefined {
  return foreign?.get(number);
}

/** Whether a row is of another trace than its parent's row; -1 for none. */
export function beginsTrace(snapshot: Snapshot, row: number, parentRow: number): boolean {
  const { ids, root } = snapshot;
  if (parentRow < 0) return true;
  if (!areMade(ids)) return ids.trace(row) !== ids.trace(parentRow);
  return root !== undefined && root[row] !== root[parentRow];
}

/** A column's value, with NaN as null. */
export function measured(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

const COUNTER_COLUMNS: readonly CounterColumn[] = COUNTERS.map(({ column }) => column);

/** The columns of the counters, as they are listed; null for those that no row has. */
export function counterColumns({ counters }: Snapshot): readonly (Float64Array | null)[] {
  return COUNTER_COLUMNS.map(column => counters[column] ?? null);
}

/** Nothing of each counter, in the order of the list: what `putCounters()` is to be given a copy of. */
export const NOT_COUNTED: Readonly<CounterValues> = Object.fromEntries(
  COUNTER_COLUMNS.map(column => [column, null]),
) as unknown as CounterValues;

/** Puts what was counted in a row into an object that has nothing of each counter. */
export function putCounters(
  to: CounterValues,
  columns: readonly (Float64Array | null)[],
  row: number,
): void {
  for (let k = 0; k < columns.length; k++) {
    const values = columns[k];
    if (values !== null) to[COUNTER_COLUMNS[k]] = measured(values[row]);
  }
}

/** Duration of a row in microseconds, to the clock's resolution. */
export function wallUs(snapshot: Snapshot, row: number): number {
  return (snapshot.endNs[row] - snapshot.startNs[row]) / 1000;
}

/** Whether a row's function threw, or its program says that it failed. */
export function isFailed(snapshot: Snapshot, row: number): boolean {
  return typeof snapshot.attrs.at(row)?.error === "string";
}

/** Whether the row is a session whose end is in no file. */
export function isUnfinishedRow(snapshot: Snapshot, row: number): boolean {
  return snapshot.attrs.at(row)?.[UNFINISHED] === true;
}

/** Attributes of a row, the caller's to keep. */
export function attrsOf(snapshot: Snapshot, row: number): Attrs {
  const attrs = ownAttrs(snapshot.attrs.at(row));
  const dataLoadNs = snapshot.dataLoadNs[row];
  if (!Number.isNaN(dataLoadNs)) attrs.data_load_ns = dataLoadNs;
  return attrs;
}

/** A copy of kept attributes: what a caller does to it does not reach the buffer. */
export function ownAttrs(attrs: Attrs | undefined): Attrs {
  return attrs === undefined ? {} : copyAttrs(attrs);
}
