/**
 * Tree -> what the page shows: every span, as columns. Nothing recurses.
 *
 * @module
 */
import { SESSION_NAME } from "../../data/session_names.ts";
import type { JsonValue } from "../../data/values.ts";
import { type Counter, COUNTERS } from "../../meters/counters.ts";
import { attrsOf, counterColumns, isFailed } from "../../tree/columns.ts";
import { findOverlaps, findShared, OVERLAPS } from "../../tree/overlap.ts";
import { layTracks, type Tracks } from "../../tree/tracks.ts";
import type { Tree } from "../../tree/tree.ts";
import { NO_SPANS } from "../text.ts";
import { labelTracks } from "../track_labels.ts";
import { chosenPositions } from "./choice.ts";
import { type ColumnShape, ColumnWriter } from "./columns.ts";
import { detailsOf } from "./details.ts";
import { MOST_NAME, shownText } from "./json.ts";
import { packed } from "./packing.ts";
import { TextTable } from "./texts.ts";

/** Characters of names in a page, each once; later ones read as an ellipsis. */
const MOST_NAME_BYTES = 16_000_000;

/** A span is open, failed, overlaps a sibling, or overlaps none but something else. */
export const OPEN = 1;
export const FAILED = 2;
export const OVERLAPPING = 4;
export const WITHIN = 8;

/** One block of the page: columns and then texts, deflated or not, as text in an element of its own. */
export interface PageBlock {
  readonly shapes: readonly ColumnShape[];
  /** Bytes of each text behind the columns. */
  readonly textLengths: readonly number[];
  readonly isDeflated: boolean;
  /** Bytes before they are inflated. */
  readonly byteLength: number;
}

/** What the page's program reads before anything else. */
export interface PageHeader {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** From the first start to the last end. */
  readonly totalNs: number;
  /** Spans in the trace. */
  readonly spanCount: number;
  /** Of these, how many are too short for a page as full as this one. */
  readonly leftOutCount: number;
  /** Siblings of one name that the tree shows apart. */
  readonly fold: number;
  readonly counters: readonly Pick<Counter, "column" | "label" | "unit" | "total">[];
  readonly threads: readonly PageThread[];
  /** About how many rows the time line has. */
  readonly rowCount: number;
  /** What the session's span says of the process. */
  readonly facts: readonly string[];
  /** Spans whose names found no room, spans whose attributes did not, marks whose texts did not. */
  readonly namesLeftOut: number;
  readonly attrsLeftOut: number;
  readonly marksLeftOut: number;
  /** One of so many marks is in the page. */
  readonly markStride: number;
  /** The columns `name`, `parent` (see `parentCodes()`), `startNs`, `wallNs`, ..., and names. */
  readonly spans: PageBlock;
  /** Attributes and marks. */
  readonly details: PageBlock;
}

/** A thread as lanes of the page are called. */
export interface PageThread {
  readonly process: string;
  readonly name: string;
}

/** The header, and the blocks as text. */
export interface PageData {
  readonly header: PageHeader;
  readonly spans: string;
  readonly details: string;
}

/**
 * What a page shows.
 * @param fold Siblings of one name that its tree shows apart; see `trace()`.
 * @param most Spans in the page.
 */
export function toPageData(tree: Tree, fold: number, most?: number): PageData {
  const { snapshot, rows } = tree;
  const positions = chosenPositions(tree, most);
  // Of all spans, not only of those that are in the page: what it says of the whole is true of the whole.
  let originNs = rows.length === 0 ? 0 : Infinity;
  let lastNs = 0;
  for (const row of rows) {
    originNs = Math.min(originNs, snapshot.startNs[row]);
    lastNs = Math.max(lastNs, snapshot.endNs[row]);
  }
  const tracks = layTracks(tree);
  const { columns, names, namesLeftOut } = spansOf(tree, positions, originNs, tracks);
  const spans = blockOf(columns, [names]);
  const details = detailsOf(tree, positions, originNs);
  const more = blockOf(details.columns, [details.attrs, details.texts]);
  const header: PageHeader = {
    title: titleOf(tree),
    startMs: Number(snapshot.anchorNs / 1_000_000n) + originNs / 1e6,
    totalNs: Math.max(0, lastNs - originNs),
    spanCount: rows.length,
    leftOutCount: rows.length - positions.length,
    fold: Number.isFinite(fold) ? fold : rows.length,
    counters: COUNTERS.map(({ column, label, unit, total }) => ({ column, label, unit, total })),
    threads: threadsOf(tree, tracks),
    rowCount: Math.min(
      MOST_ROWS,
      rows.length === 0 ? 0 : tree.depth.reduce((most, one) => Math.max(most, one), 0) + tracks.list.length,
    ),
    facts: factsOf(tree),
    namesLeftOut,
    attrsLeftOut: details.attrsLeftOut,
    marksLeftOut: details.marksLeftOut,
    markStride: details.markStride,
    spans: spans.block,
    details: more.block,
  };
  return { header, spans: spans.text, details: more.text };
}

function blockOf(columns: ColumnWriter, texts: readonly Uint8Array[]): { block: PageBlock; text: string } {
  const { shapes, bytes } = columns.finish();
  const all = new Uint8Array(texts.reduce((sum, text) => sum + text.length, bytes.length));
  all.set(bytes);
  let at = bytes.length;
  for (const text of texts) {
    all.set(text, at);
    at += text.length;
  }
  const { isDeflated, byteLength, text } = packed(all);
  return { block: { shapes, textLengths: texts.map(text => text.length), isDeflated, byteLength }, text };
}

function spansOf(
  tree: Tree,
  positions: Uint32Array,
  originNs: number,
  tracks: Tracks,
): { columns: ColumnWriter; names: Uint8Array; namesLeftOut: number } {
  const { snapshot, rows } = tree;
  const count = positions.length;
  const spanOf = new Int32Array(rows.length).fill(-1);
  for (let i = 0; i < count; i++) spanOf[positions[i]] = i;
  const table = new TextTable(MOST_NAME_BYTES);
  const shownAs = new Map<string, number>();
  let namesLeftOut = 0;
  const name = new Float64Array(count);
  const parent = new Float64Array(count);
  const startNs = new Float64Array(count);
  const wallNs = new Float64Array(count);
  const flags = new Float64Array(count);
  const track = new Float64Array(count);
  const overlaps = findOverlaps(tree);
  const isShared = findShared(tree, overlaps);
  for (let i = 0; i < count; i++) {
    const position = positions[i];
    const row = rows[position];
    const own = snapshot.name[row];
    let index = shownAs.get(own);
    if (index === undefined) shownAs.set(own, index = table.index(shownText(own, MOST_NAME)));
    if (index < 0) namesLeftOut++;
    name[i] = index + 1;
    const up = tree.parent[position];
    parent[i] = up < 0 ? -1 : spanOf[up];
    startNs[i] = snapshot.startNs[row] - originNs;
    wallNs[i] = snapshot.endNs[row] - snapshot.startNs[row];
    track[i] = tracks.of[position];
    flags[i] = (row >= snapshot.closedLength ? OPEN : 0) | (isFailed(snapshot, row) ? FAILED : 0)
      | (overlaps[position] === OVERLAPS ? OVERLAPPING : isShared[position] === 1 ? WITHIN : 0);
  }
  const of = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from(positions, position => values[rows[position]]);
  const columns = new ColumnWriter();
  columns.add("name", name);
  columns.add("parent", parentCodes(parent, startNs, wallNs, track));
  columns.add("startNs", startNs, true);
  columns.add("wallNs", wallNs);
  columns.add("flags", flags);
  columns.add("track", track);
  columns.add("index", of(snapshot.index), true);
  columns.add("data_load_ns", of(snapshot.dataLoadNs));
  counterColumns(snapshot).forEach((values, k) => {
    if (values !== null) columns.add(COUNTERS[k].column, of(values));
  });
  columns.add("trackThread", tracks.list.map(({ thread }) => thread), true);
  columns.add("trackNumber", tracks.list.map(({ number }) => number), true);
  return { columns, names: table.bytes(), namesLeftOut };
}

/**
 * Parents as what is to be known of them besides tracks and times: 0 where it is the innermost span that runs on the same track, or where
 * none does the parent of the last one that began there so; 1 for a root; else how many spans before, and one.
 */
function parentCodes(
  parent: Float64Array,
  startNs: Float64Array,
  wallNs: Float64Array,
  track: Float64Array,
): Float64Array {
  const codes = new Float64Array(parent.length);
  const running: number[][] = [];
  const home: number[] = [];
  for (let i = 0; i < parent.length; i++) {
    const stack = running[track[i]] ??= [];
    while (stack.length > 0 && isOver(stack[stack.length - 1], startNs[i])) stack.pop();
    const guess = stack.length > 0 ? stack[stack.length - 1] : home[track[i]] ?? -1;
    codes[i] = guess === parent[i] ? 0 : parent[i] < 0 ? 1 : i - parent[i] + 1;
    if (stack.length === 0) home[track[i]] = parent[i];
    stack.push(i);
  }
  return codes;

  function isOver(span: number, ns: number): boolean {
    return startNs[span] + Math.max(0, wallNs[span]) <= ns;
  }
}

function threadsOf({ snapshot }: Tree, { list }: Tracks): PageThread[] {
  const threads: PageThread[] = (snapshot.threads?.list ?? [null]).map(() => ({ process: "", name: "main" }));
  if (snapshot.threads === undefined) return threads;
  const firsts = list.filter(({ number }) => number === 0);
  labelTracks(snapshot, firsts, NaN).forEach(({ process, track }, i) => {
    threads[firsts[i].thread] = { process, name: shownText(track, MOST_NAME) };
  });
  return threads;
}

/** The root's name, if there is one root. */
function titleOf({ rows, nextSibling, snapshot }: Tree): string {
  if (rows.length === 0) return NO_SPANS;
  return nextSibling[0] < 0 ? shownText(snapshot.name[rows[0]], MOST_NAME) : "Trace";
}

/** More rows make no cell higher. */
const MOST_ROWS = 1000;

/** Facts in a page's header, and characters of each. */
const MOST_FACTS = 8;
const MOST_FACT = 40;

function factsOf({ rows, nextSibling, snapshot }: Tree): string[] {
  if (rows.length === 0 || nextSibling[0] >= 0 || snapshot.name[rows[0]] !== SESSION_NAME) return [];
  return Object.entries(attrsOf(snapshot, rows[0]) as Record<string, JsonValue>)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([name, value]) => `${name} ${shownText(String(value), 2 * MOST_FACT)}`)
    .filter(text => text.length <= MOST_FACT)
    .slice(0, MOST_FACTS);
}
