/**
 * Snapshots of several recorders -> one, in which a span that continues another recorder's hangs under it. Pure, and nothing recurses.
 *
 * @module
 */
import type { CounterColumn } from "../data/counters.ts";
import type {
  AttrRows,
  MarkColumns,
  Snapshot,
  SnapshotCounters,
  SnapshotThread,
  SnapshotThreads,
} from "../data/snapshot.ts";
import { areMade } from "../data/snapshot.ts";
import { spanNumber } from "../data/trace_context.ts";
import { foreignContext, idText, ownIdText, parentIdText, traceIdOf } from "./columns.ts";
import { numberRows } from "./number_rows.ts";
import { RowLookup } from "./row_lookup.ts";
import { sortRuns } from "./sorted_runs.ts";
import { inOrderOfStart } from "./tree.ts";

/** Hex characters of the id by which a span is known to other recorders: the first of its whole id. */
const SPAN_ID_CHARACTERS = 16;

/**
 * Merges snapshots. Those of one recorder stay as they are, unless a span of it continues another of its own. Ids and attributes are
 * made when they are asked for.
 * @param parts What was recorded or read; each with its threads, if there are several.
 */
export function mergeSnapshots(parts: readonly Snapshot[]): Snapshot {
  const rows = new PartRows(parts);
  const joins = foreignJoins(rows);
  if (parts.length === 1 && joins.size === 0) return parts[0];
  return new Merged(rows, joins).snapshot();
}

/** The rows of all parts one behind the other, which is what places count. */
class PartRows {
  readonly parts: readonly Snapshot[];
  /** Where each part begins, and where the last ends. */
  readonly bases: Uint32Array;
  readonly length: number;
  readonly #lookups: (RowLookup | undefined)[] = [];
  readonly #byHalf: (Map<string, number> | undefined)[] = [];

  constructor(parts: readonly Snapshot[]) {
    this.parts = parts;
    this.bases = new Uint32Array(parts.length + 1);
    parts.forEach(({ length }, k) => this.bases[k + 1] = this.bases[k] + length);
    this.length = this.bases[parts.length];
  }

  /** The part that a place is of. */
  partOf(place: number): number {
    return partOf(this.bases, place);
  }

  /** Rows of a part by number. */
  lookup(k: number): RowLookup {
    return this.#lookups[k] ??= new RowLookup(this.parts[k].id, this.parts[k].length);
  }

  /** The span that others know by this id; null if it is none of the parts'. */
  find(spanId: string): Found | null {
    for (let k = 0; k < this.parts.length; k++) {
      const { ids } = this.parts[k];
      const number = areMade(ids) ? spanNumber(ids, spanId) : NaN;
      const row = areMade(ids) ? this.lookup(k).rowOf(number) : this.#halves(k).get(spanId) ?? -1;
      if (row >= 0) return { place: this.bases[k] + row, id: ownIdText(this.parts[k], row) };
      // Not among the rows that were read, but its number is one that the recorder has given, or is about to.
      if (areMade(ids) && number >= 1 && number < this.lookup(k).high + NUMBERS_AHEAD) {
        return { place: -1, id: idText(ids, number) };
      }
    }
    return null;
  }

  #halves(k: number): Map<string, number> {
    const { length } = this.parts[k];
    return this.#byHalf[k] ??= new Map(
      Array.from({ length }, (_, row) => [ownIdText(this.parts[k], row).slice(0, SPAN_ID_CHARACTERS), row]),
    );
  }
}

/** A span that another one continues. */
interface Found {
  /** -1 if it is not among the rows. */
  readonly place: number;
  readonly id: string;
}

/** Numbers that a recorder may give while others write already what continues them. Of 2^64, a number hardly ever is one by chance. */
const NUMBERS_AHEAD = 2 ** 20;

/** The part whose rows, or marks, a place is among. */
function partOf(bases: Uint32Array, place: number): number {
  let low = 0;
  for (let high = bases.length - 1; high - low > 1;) {
    const middle = (low + high) >> 1;
    if (bases[middle] <= place) low = middle;
    else high = middle;
  }
  return low;
}

/** What spans continue, by their places, where that is a span of one of the parts. */
function foreignJoins(rows: PartRows): ReadonlyMap<number, Found> {
  const joins = new Map<number, Found>();
  const known = new Map<string, Found | null>();
  rows.parts.forEach((part, k) => {
    // Numbers below 0 are no series' own; of ids that were given, half an id says that it is another's.
    if (areMade(part.ids) && (part.foreign === undefined || part.foreign.size === 0)) return;
    for (let row = 0; row < part.length; row++) {
      const spanId = foreignParent(part, row);
      if (spanId === null) continue;
      if (!known.has(spanId)) known.set(spanId, rows.find(spanId));
      const found = known.get(spanId)!;
      if (found !== null) joins.set(rows.bases[k] + row, found);
    }
  });
  return joins;
}

function foreignParent(part: Snapshot, row: number): string | null {
  const number = part.parent[row];
  if (areMade(part.ids)) return number < 0 ? foreignContext(part, number)?.spanId ?? null : null;
  if (number !== 0) return null;
  const text = part.ids.parent(row);
  return text?.length === SPAN_ID_CHARACTERS ? text : null;
}

/** Builds the merged snapshot. */
class Merged {
  readonly #rows: PartRows;
  /** The place of each row. */
  readonly #places: Uint32Array;
  readonly #closedLength: number;
  readonly #anchorNs: bigint;
  /** What is added to the times of each part. */
  readonly #shifts: readonly number[];
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #joins: ReadonlyMap<number, Found>;

  constructor(rows: PartRows, joins: ReadonlyMap<number, Found>) {
    const { parts, bases, length } = rows;
    this.#rows = rows;
    this.#joins = joins;
    this.#anchorNs = middleAnchor(parts);
    this.#shifts = parts.map(({ anchorNs }) => Number(anchorNs - this.#anchorNs));
    const startAt = this.#shifted(part => part.startNs);
    const endAt = this.#shifted(part => part.endNs);
    this.#closedLength = parts.reduce((sum, { closedLength }) => sum + closedLength, 0);
    const closed = new Uint32Array(this.#closedLength);
    const open = new Uint32Array(length - this.#closedLength);
    let closedAt = 0;
    let openAt = 0;
    parts.forEach((part, k) => {
      for (let row = 0; row < part.closedLength; row++) closed[closedAt++] = bases[k] + row;
      for (let row = part.closedLength; row < part.length; row++) open[openAt++] = bases[k] + row;
    });
    this.#places = new Uint32Array(length);
    this.#places.set(sortRuns(closed, (a, b) => endAt[a] - endAt[b]));
    this.#places.set(sortRuns(open, (a, b) => startAt[a] - startAt[b]), this.#closedLength);
    this.#startNs = inOrder(startAt, this.#places);
    this.#endNs = inOrder(endAt, this.#places);
  }

  snapshot(): Snapshot {
    const rows = this.#rows;
    const places = this.#places;
    const { length } = places;
    const { parts, bases } = rows;
    const rowAt = new Uint32Array(length);
    for (let row = 0; row < length; row++) rowAt[places[row]] = row;
    const ofPart = (place: number): [part: Snapshot, row: number] => {
      const k = rows.partOf(place);
      return [parts[k], place - bases[k]];
    };
    const numbers = this.#numbers(rowAt);
    const marks = this.#marks();
    return {
      length,
      closedLength: this.#closedLength,
      anchorNs: this.#anchorNs,
      threads: this.#threads(),
      ids: {
        own: row => ownIdText(...ofPart(places[row])),
        parent: row => this.#joins.get(places[row])?.id ?? parentIdText(...ofPart(places[row])),
        trace: row => traceIdOf(...ofPart(places[row])),
      },
      ...numbers,
      name: this.#names(),
      index: this.#column(part => part.index),
      startNs: this.#startNs,
      endNs: this.#endNs,
      counters: this.#counters(),
      dataLoadNs: this.#column(part => part.dataLoadNs),
      attrs: attrsOfParts(parts.map(({ attrs }) => attrs), bases, places),
      markCount: differences(marks.first),
      marks,
    };
  }

  /** Times of a column, by place. */
  #shifted(of: (part: Snapshot) => Float64Array): Float64Array {
    const { parts, bases, length } = this.#rows;
    const column = new Float64Array(length);
    parts.forEach((part, k) => {
      const from = of(part);
      for (let row = 0; row < part.length; row++) column[bases[k] + row] = from[row] + this.#shifts[k];
    });
    return column;
  }

  /** A column by row; NaN where a part has none. */
  #column(of: (part: Snapshot) => Float64Array | undefined): Float64Array {
    const { parts, bases, length } = this.#rows;
    const byPlace = new Float64Array(length).fill(NaN);
    parts.forEach((part, k) => {
      const from = of(part);
      if (from !== undefined) byPlace.set(from.subarray(0, part.length), bases[k]);
    });
    return inOrder(byPlace, this.#places);
  }

  #names(): string[] {
    const { parts, bases } = this.#rows;
    const names = new Array<string>(this.#places.length);
    let at = 0;
    for (const place of this.#places) {
      const k = partOf(bases, place);
      names[at++] = parts[k].name[place - bases[k]];
    }
    return names;
  }

  #counters(): SnapshotCounters {
    const columns = new Set(this.#rows.parts.flatMap(({ counters }) => Object.keys(counters)));
    return Object.fromEntries(
      Array.from(columns as Set<CounterColumn>, name => [name, this.#column(part => part.counters[name])]),
    );
  }

  /** Numbers of the rows and of their parents: what is not there is a number that no row has. */
  #numbers(rowAt: Uint32Array): { id: Float64Array; parent: Float64Array } {
    const { parts, bases, length } = this.#rows;
    const parentRow = new Int32Array(length).fill(-1);
    const isPiece = new Uint8Array(length);
    const nearly = new Uint32Array(length);
    parts.forEach((part, k) => {
      const lookup = this.#rows.lookup(k);
      const base = bases[k];
      for (let row = 0; row < part.length; row++) {
        const number = part.parent[row];
        const up = number > 0 ? lookup.rowOf(number) : -1;
        const at = rowAt[base + row];
        if (up >= 0) parentRow[at] = rowAt[base + up];
        else if (number > 0) isPiece[at] = 1;
      }
      const sorted = inOrderOfStart(part);
      for (let i = 0; i < sorted.length; i++) nearly[base + i] = rowAt[base + sorted[i]];
    });
    for (const [at, { place }] of this.#joins) {
      if (place >= 0) parentRow[rowAt[at]] = rowAt[place];
      else isPiece[rowAt[at]] = 1;
    }
    const { id, parent } = numberRows(parentRow, this.#startNs, nearly);
    for (let row = 0; row < length; row++) if (isPiece[row] === 1) parent[row] = length + 1;
    return { id, parent };
  }

  /** The threads of all parts, by rank, process and number. */
  #threads(): SnapshotThreads {
    const key = ({ pid, rank, threadId }: SnapshotThread) => `${pid} ${rank} ${threadId}`;
    const known = new Map<string, SnapshotThread>();
    for (const { threads } of this.#rows.parts) {
      for (const thread of threads?.list ?? [UNKNOWN_THREAD]) {
        if ((known.get(key(thread))?.name ?? null) === null) known.set(key(thread), thread);
      }
    }
    const list = [...known.values()].sort(compareThreads);
    const indexes = new Map(list.map((thread, i) => [key(thread), i]));
    const indexesOf = this.#rows.parts.map(({ threads }) =>
      (threads?.list ?? [UNKNOWN_THREAD]).map(thread => indexes.get(key(thread))!)
    );
    const { parts, bases } = this.#rows;
    const of = new Uint32Array(this.#places.length);
    let at = 0;
    for (const place of this.#places) {
      const k = partOf(bases, place);
      of[at++] = indexesOf[k][parts[k].threads?.of[place - bases[k]] ?? 0];
    }
    return { list, of };
  }

  #marks(): MarkColumns {
    const { parts, bases } = this.#rows;
    const markBases = new Uint32Array(parts.length + 1);
    parts.forEach(({ marks }, k) => markBases[k + 1] = markBases[k] + marks.name.length);
    const { length } = this.#places;
    const first = new Uint32Array(length + 1);
    const places: number[] = [];
    for (let row = 0; row < length && markBases[parts.length] > 0; row++) {
      const k = partOf(bases, this.#places[row]);
      const from = parts[k].marks.first;
      const at = this.#places[row] - bases[k];
      for (let i = from[at]; i < from[at + 1]; i++) places.push(markBases[k] + i);
      first[row + 1] = places.length;
    }
    const value = <T>(of: (marks: MarkColumns) => ArrayLike<T>) => (place: number): T => {
      const k = partOf(markBases, place);
      return of(parts[k].marks)[place - markBases[k]];
    };
    const tsNs = value(marks => marks.tsNs);
    const summary = value(marks => marks.summary);
    const order = value(marks => marks.order);
    return {
      first,
      name: places.map(value(marks => marks.name)),
      value: places.map(value(marks => marks.value)),
      summary: Uint8Array.from(places, summary),
      tsNs: Float64Array.from(places, place => tsNs(place) + this.#shifts[partOf(markBases, place)]),
      attrs: attrsOfParts(parts.map(({ marks }) => marks.attrs), markBases, places),
      order: Float64Array.from(places, order),
      drained: new Uint8Array(places.length).fill(1),
    };
  }
}

/** A column that is given by place. */
function inOrder(byPlace: Float64Array, places: Uint32Array): Float64Array {
  const column = new Float64Array(places.length);
  for (let row = 0; row < places.length; row++) column[row] = byPlace[places[row]];
  return column;
}

function differences(first: Uint32Array): Uint32Array {
  const counts = new Uint32Array(first.length - 1);
  for (let row = 0; row < counts.length; row++) counts[row] = first[row + 1] - first[row];
  return counts;
}

const UNKNOWN_THREAD: SnapshotThread = { pid: NaN, rank: NaN, threadId: NaN };

/** By rank, process and number; unknown ones behind. */
export function compareThreads(a: SnapshotThread, b: SnapshotThread): number {
  return compare(a.rank, b.rank) || compare(a.pid, b.pid) || compare(a.threadId, b.threadId);
}

function compare(a: number, b: number): number {
  const [left, right] = [a, b].map(value => Number.isNaN(value) ? Infinity : value);
  return left < right ? -1 : left > right ? 1 : 0; // also of infinities
}

/** The anchor of the part in the middle by time: times near it are exact in a number, however far away one machine's clock is. */
function middleAnchor(parts: readonly Snapshot[]): bigint {
  const anchors = parts.filter(({ length }) => length > 0).map(({ anchorNs }) => anchorNs)
    .sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  return anchors[anchors.length >> 1] ?? 0n;
}

/** Attributes of rows or marks, from whichever part has them. */
function attrsOfParts(
  attrs: readonly AttrRows[],
  bases: Uint32Array,
  places: ArrayLike<number>,
): AttrRows {
  if (attrs.every(({ length }) => length === 0)) return [];
  return {
    length: places.length,
    at: row => {
      const k = partOf(bases, places[row]);
      return attrs[k].at(places[row] - bases[k]);
    },
  };
}
