/**
 * Tree -> what only some spans of a page have: attributes and marks.
 *
 * @module
 */
import { jsonOf } from "../../data/json_text.ts";
import { plainValue } from "../../data/json_value.ts";
import type { JsonValue, MarkValue } from "../../data/values.ts";
import { ownAttrs } from "../../tree/columns.ts";
import type { Tree } from "../../tree/tree.ts";
import { ColumnWriter } from "./columns.ts";
import { shownText } from "./json.ts";
import { TextTable } from "./texts.ts";

/** Characters of an attribute's or a mark's text. */
const MOST_TEXT = 1000;

/** Characters of attributes in a page, each set once; the failed and the longest spans' first. */
const MOST_ATTR_BYTES = 16_000_000;

/** Characters of the names and the texts of marks in a page. */
const MOST_MARK_BYTES = 4_000_000;

/** Marks in a page. */
const MOST_MARKS = 1_000_000;

/** A mark belongs to a summary, or its value is a text. */
export const SUMMARY = 1;
export const TEXT = 2;

/** The details of the spans at some positions, and what found no room. */
export interface PageDetails {
  readonly columns: ColumnWriter;
  /** Sets of attributes as JSON, a line each: `[[name, text], ...]`. */
  readonly attrs: Uint8Array;
  /** Names and texts of marks, a line each. */
  readonly texts: Uint8Array;
  /** Spans whose attributes found no room. */
  readonly attrsLeftOut: number;
  /** One of so many marks is in the page. */
  readonly markStride: number;
  /** Marks whose name or text found no room. */
  readonly marksLeftOut: number;
}

/** The details of the spans at `positions`, which are counted from 0 in what is made. */
export function detailsOf(tree: Tree, positions: Uint32Array, originNs: number): PageDetails {
  const columns = new ColumnWriter();
  const attrs = attrsTo(columns, tree, positions);
  return { columns, ...attrs, ...marksTo(columns, tree, positions, originNs) };
}

function attrsTo(
  columns: ColumnWriter,
  { snapshot, rows }: Tree,
  positions: Uint32Array,
): Pick<PageDetails, "attrs" | "attrsLeftOut"> {
  const table = new TextTable(MOST_ATTR_BYTES);
  const of = new Float64Array(positions.length).fill(NaN);
  const having: number[] = [];
  for (let i = 0; i < positions.length; i++) {
    if (snapshot.attrs.at(rows[positions[i]]) !== undefined) having.push(i);
  }
  const weight = (i: number): number => {
    const row = rows[positions[i]];
    return typeof snapshot.attrs.at(row)!.error === "string"
      ? Infinity
      : snapshot.endNs[row] - snapshot.startNs[row];
  };
  // Nearly always there is room for all, and then none is to be preferred.
  const tryAll = (order: readonly number[]): number => {
    let leftOut = 0;
    for (const i of order) {
      const entries = Object.entries(ownAttrs(snapshot.attrs.at(rows[positions[i]])));
      if (entries.length === 0) continue;
      const text = jsonOf(
        entries.map(([name, value]) => [shownText(name, MOST_TEXT), attrText(value as JsonValue)]),
      );
      const index = table.index(text);
      if (index < 0) leftOut++;
      else of[i] = index;
    }
    return leftOut;
  };
  const order = having.length > ANY_ORDER
    ? having.toSorted((a, b) => weight(b) - weight(a) || a - b)
    : having;
  const attrsLeftOut = tryAll(order);
  columns.add("attrs", of);
  return { attrs: table.bytes(), attrsLeftOut };
}

/** So many spans with attributes find room whatever those are. */
const ANY_ORDER = 1000;

function marksTo(
  columns: ColumnWriter,
  { snapshot: { marks }, rows }: Tree,
  positions: Uint32Array,
  originNs: number,
): Pick<PageDetails, "texts" | "marksLeftOut" | "markStride"> {
  let count = 0;
  for (const position of positions) count += marks.first[rows[position] + 1] - marks.first[rows[position]];
  const markStride = Math.max(1, Math.ceil(count / MOST_MARKS));
  const table = new TextTable(MOST_MARK_BYTES);
  const most = Math.ceil(count / markStride);
  const span = new Float64Array(most);
  const name = new Float64Array(most);
  const tsNs = new Float64Array(most);
  const kind = new Float64Array(most);
  const value = new Float64Array(most).fill(NaN);
  const text = new Float64Array(most).fill(NaN);
  let seen = 0;
  let marksLeftOut = 0;
  let kept = 0;
  for (let i = 0; i < positions.length; i++) {
    const row = rows[positions[i]];
    for (let mark = marks.first[row]; mark < marks.first[row + 1]; mark++) {
      if (seen++ % markStride !== 0) continue;
      const plain = plainValue(marks.value[mark]);
      const nameIndex = table.index(shownText(marks.name[mark], MOST_TEXT));
      const textIndex = typeof plain === "number" ? NaN : table.index(markText(plain));
      if (nameIndex < 0 || textIndex < 0) {
        marksLeftOut++;
        continue;
      }
      span[kept] = i;
      name[kept] = nameIndex;
      tsNs[kept] = marks.tsNs[mark] - originNs;
      kind[kept] = (marks.summary[mark] === 1 ? SUMMARY : 0) | (typeof plain === "number" ? 0 : TEXT);
      if (typeof plain === "number") value[kept] = plain;
      else text[kept] = textIndex;
      kept++;
    }
  }
  if (kept > 0) {
    columns.add("markSpan", span.subarray(0, kept), true);
    columns.add("markName", name.subarray(0, kept));
    columns.add("markNs", tsNs.subarray(0, kept), true);
    columns.add("markKind", kind.subarray(0, kept));
    columns.add("markValue", value.subarray(0, kept));
    columns.add("markText", text.subarray(0, kept));
  }
  return { texts: table.bytes(), marksLeftOut, markStride };
}

function attrText(value: JsonValue): string {
  if (value === null) return "none";
  return shownText(typeof value === "string" ? value : jsonOf(value), MOST_TEXT);
}

function markText(value: Exclude<MarkValue, bigint | number>): string {
  return typeof value === "string" ? shownText(value, MOST_TEXT) : String(value);
}
