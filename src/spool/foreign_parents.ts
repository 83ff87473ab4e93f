/**
 * Spans of a spool that continue another process's: their parent is known by half of its id.
 *
 * @module
 */
import { NONE, type SpanColumns } from "./columns.ts";
import type { IdTable } from "./id_table.ts";

/** Characters of an id that trace context has room for: what a span has of a parent in another process. */
const SPAN_ID_CHARACTERS = 16;

const ID_CHARACTERS = 32;

/**
 * Gives such spans the whole id of their parent, where that is in the files too.
 * @param kept The rows that are looked at.
 * @returns The rows whose parent is in none.
 */
export function joinForeign(spans: SpanColumns, kept: Uint32Array, ids: IdTable): ReadonlySet<number> {
  const halves = new Map([...ids.texts].filter(([, text]) => text.length === SPAN_ID_CHARACTERS));
  const lost = new Set<number>();
  if (halves.size === 0) return lost;
  const isForeign = (row: number) =>
    spans.parent[row] !== NONE && halves.has(spans.parent[row])
    && (ids.texts.get(spans.id[row])?.length ?? ID_CHARACTERS) === ID_CHARACTERS;
  const foreign = kept.filter(isForeign);
  const byHalf = wholeIds(
    new Set(Array.from(foreign, row => halves.get(spans.parent[row])!)),
    spans,
    kept,
    ids,
  );
  for (const row of foreign) {
    const whole = byHalf.get(halves.get(spans.parent[row])!);
    if (whole === undefined) lost.add(row);
    else spans.parent[row] = whole;
  }
  return lost;
}

/** The ids of spans that begin with one of the halves. */
function wholeIds(
  halves: ReadonlySet<string>,
  spans: SpanColumns,
  kept: Uint32Array,
  ids: IdTable,
): ReadonlyMap<string, number> {
  // Texts are made of those alone that begin like one of them.
  const words = new Set(Array.from(halves, half => parseInt(half.slice(0, 8), 16) | 0));
  const found = new Map<string, number>();
  for (const row of kept) {
    const id = spans.id[row];
    if (!ids.texts.has(id) && !words.has(ids.firstWord(id))) continue;
    const half = ids.text(id).slice(0, SPAN_ID_CHARACTERS);
    if (halves.has(half)) found.set(half, id);
  }
  return found;
}
