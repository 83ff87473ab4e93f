/**
 * A snapshot's columns as the values that users read: ids, null for what was not measured, attributes of their own.
 *
 * @module
 */
import { bigintToJson, copyAttrs } from "../attrs.ts";
import type { Attrs, MarkValue, Snapshot } from "../rows.ts";

/** The id of the pseudo-span that holds marks made outside any scope and session. */
const ORPHANS_ID = "root";

const ZEROS = "0".repeat(32);

/** The 32 hex characters of a span's id, or `"root"` for the pseudo-span 0. */
export function idText(prefix: string, id: number): string {
  if (id === 0) return ORPHANS_ID;
  const counter = id.toString(16);
  // Joined, not added: V8 keeps a sum as a rope, and one rope anywhere sends `JSON.stringify` of the whole dict onto its
  // recursive path, which gives up 2 600 levels down (Deno 2.9.6). The flat path has no such limit.
  return [prefix, ZEROS.slice(prefix.length + counter.length), counter].join("");
}

/** The id of a row as text. */
export function ownIdText(snapshot: Snapshot, row: number): string {
  const { idText: ids } = snapshot;
  return typeof ids === "string" ? idText(ids, snapshot.id[row]) : ids.own[row];
}

/** The parent's id as text; null for a root. */
export function parentIdText(snapshot: Snapshot, row: number): string | null {
  const { idText: ids } = snapshot;
  if (typeof ids !== "string") return ids.parent[row];
  const parent = snapshot.parent[row];
  return parent === 0 ? null : idText(ids, parent);
}

/** A column's value, with NaN as null. */
export function measured(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** The same of a column that is there only if something in it was measured. */
export function measuredIn(column: Float64Array | null, row: number): number | null {
  return column === null ? null : measured(column[row]);
}

/** Duration of a row in microseconds, to the clock's resolution. */
export function wallUs(snapshot: Snapshot, row: number): number {
  return (snapshot.endNs[row] - snapshot.startNs[row]) / 1000;
}

/** Whether a row's function threw, or its program says that it failed. */
export function isFailed(snapshot: Snapshot, row: number): boolean {
  return typeof snapshot.attrs[row]?.error === "string";
}

/** Attributes of a row, the caller's to keep. */
export function attrsOf(snapshot: Snapshot, row: number): Attrs {
  const attrs = ownAttrs(snapshot.attrs[row]);
  const dataLoadNs = snapshot.dataLoadNs[row];
  if (!Number.isNaN(dataLoadNs)) attrs.data_load_ns = dataLoadNs;
  return attrs;
}

/** A copy of kept attributes: what a caller does to it does not reach the buffer. */
export function ownAttrs(attrs: Attrs | undefined): Attrs {
  return attrs === undefined ? {} : copyAttrs(attrs);
}

/** A mark's value as a dict node has it. */
export function markValue(value: MarkValue): number | string | boolean {
  return typeof value === "bigint" ? bigintToJson(value) : value;
}
