/**
 * A snapshot's columns as the values that users read: ids, null for what was not measured, attributes of their own.
 *
 * @module
 */
import { bigintToJson, copyAttrs } from "../attrs.ts";
import { type Attrs, type MarkValue, type Snapshot, unixUs } from "../rows.ts";
import { UNFINISHED } from "../spool_format.ts";

/** The id of the pseudo-span that holds marks made outside any scope and session. */
const ORPHANS_ID = "root";

const ZEROS = "0".repeat(32);

/** Whether a prefix is one of this process's own: 16 hex characters, each of them a byte. */
export function isPlainPrefix(prefix: string): boolean {
  return /^[0-9a-f]{16}$/.test(prefix);
}

/** The 32 hex characters of a span's id, or `"root"` for the pseudo-span 0. */
export function idText(prefix: string, id: number): string {
  if (id === 0) return ORPHANS_ID;
  // Not added together: V8 keeps a sum as a rope, and one rope anywhere sends `JSON.stringify` of the whole dict onto its
  // recursive path, which gives up 2 600 levels down (Deno 2.9.6). The flat path has no such limit.
  if (prefix.length === 16) return idCharacters(prefix, id);
  const counter = id.toString(16);
  return [prefix, ZEROS.slice(prefix.length + counter.length), counter].join("");
}

// A call with 32 numbers takes half the time of joining two strings, in both engines, and the string is flat.
function idCharacters(prefix: string, id: number): string {
  const high = Math.floor(id / 0x100000000);
  const low = id >>> 0;
  return String.fromCharCode(
    prefix.charCodeAt(0),
    prefix.charCodeAt(1),
    prefix.charCodeAt(2),
    prefix.charCodeAt(3),
    prefix.charCodeAt(4),
    prefix.charCodeAt(5),
    prefix.charCodeAt(6),
    prefix.charCodeAt(7),
    prefix.charCodeAt(8),
    prefix.charCodeAt(9),
    prefix.charCodeAt(10),
    prefix.charCodeAt(11),
    prefix.charCodeAt(12),
    prefix.charCodeAt(13),
    prefix.charCodeAt(14),
    prefix.charCodeAt(15),
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

/**
 * The moment from which a snapshot's times count, as whole microseconds since 1970 and what is left over. For many times: a
 * bigint's division takes longer than all the rest.
 */
export function anchorOf({ anchorNs }: Snapshot): { us: number; restNs: number } {
  return { us: unixUs(anchorNs, 0), restNs: Number(anchorNs % 1000n) };
}

/** What `unixUs()` gives: whole microseconds since 1970, rounded down. */
export function momentUs(anchorUs: number, restNs: number, ns: number): number {
  return anchorUs + Math.floor((restNs + ns) / 1000);
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

/** Whether the row is a session whose end is in no file. */
export function isUnfinishedRow(snapshot: Snapshot, row: number): boolean {
  return snapshot.attrs[row]?.[UNFINISHED] === true;
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
