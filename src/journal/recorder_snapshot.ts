/**
 * What was read of one recorder's streams -> a snapshot.
 *
 * @module
 */
import { IdSeries } from "../data/id_series.ts";
import { OPEN_NAME, ORPHANS, UNFINISHED } from "../data/session_names.ts";
import type { AttrRows, MarkColumns, Snapshot, SnapshotThread } from "../data/snapshot.ts";
import { type ForeignContext, parseTraceparent } from "../data/trace_context.ts";
import type { Attrs } from "../data/values.ts";
import { RowLookup } from "../tree/row_lookup.ts";
import { sortRuns } from "../tree/sorted_runs.ts";
import { JOURNAL_COUNTERS } from "./format.ts";
import { parseAttrs, ParsedAttrs } from "./parsed_attrs.ts";
import type { JournalMarks } from "./read_marks.ts";
import type { JournalSpans } from "./read_spans.ts";

/** What was read. */
export interface RecorderRows {
  /** Closed spans; of two of one number the last one counts. */
  readonly spans: JournalSpans;
  /** The rows of `spans` that are kept, in order of close. */
  readonly kept: Uint32Array;
  readonly opens: JournalSpans;
  /** The rows of `opens` that are kept, in order of opening. */
  readonly keptOpens: readonly number[];
  readonly marks: JournalMarks;
  /** Whether these are all spans there are: then marks in no span are of one that is open. */
  readonly isWhole: boolean;
}

/** Whose they are. */
export interface RecorderIdentity {
  readonly idSuffix: string;
  readonly anchorNs: bigint;
  readonly thread: SnapshotThread;
  /** Whether the recorder is gone without a word: then what was open lasts until the last that is known of it, and is `unfinished`. */
  readonly isUnfinished: boolean;
  /**
   * Whether it does not run any more, by its own word or without one: then what was open counts as closed. A process says so before it is
   * sure, since nothing may be able to afterwards; what it writes then takes that back.
   */
  readonly isOver: boolean;
  /** Until when what is open lasts, at least: of a recorder that runs, the moment at which it was looked at. */
  readonly untilNs: number;
}

/** Makes a snapshot. */
export function recorderSnapshot(rows: RecorderRows, identity: RecorderIdentity): Snapshot {
  return new Builder(rows, identity).snapshot();
}

/** The rows of `spans` without those that another one of the same number comes after. */
export function withoutRepeats({ id, length }: JournalSpans): Uint32Array {
  const { repeated } = new RowLookup(id, length);
  const rows = counted(length);
  if (repeated.length === 0) return rows;
  const isOlder = new Uint8Array(length);
  for (const row of repeated) isOlder[row] = 1;
  return rows.filter(row => isOlder[row] === 0);
}

/** A span that only its marks tell of, or the pseudo-span. */
interface Guessed {
  readonly id: number;
  readonly name: string;
  startNs: number;
  endNs: number;
}

class Builder {
  readonly #rows: RecorderRows;
  readonly #identity: RecorderIdentity;
  readonly #markOrder: Uint32Array;
  readonly #endNs: number;
  /** What comes behind the rows of `spans`: rows of `opens`, and what is guessed. */
  readonly #tail: readonly (number | Guessed)[];
  /** Rows that are closed, from `spans`. */
  readonly #closed: number;
  readonly #length: number;

  constructor(rows: RecorderRows, identity: RecorderIdentity) {
    this.#rows = rows;
    this.#identity = identity;
    this.#markOrder = orderOfMarks(rows.marks);
    this.#endNs = Math.max(lastMoment(rows), identity.untilNs);
    const idOf = (one: number | Guessed) => typeof one === "number" ? rows.opens.id[one] : one.id;
    const tail = [...rows.keptOpens, ...this.#guess()];
    // Those that count as closed come first.
    this.#tail = identity.isOver ? tail : tail.sort((a, b) => idOf(a) - idOf(b));
    this.#closed = rows.kept.length;
    this.#length = this.#closed + tail.length;
  }

  snapshot(): Snapshot {
    const { spans, opens, keptOpens } = this.#rows;
    const { idSuffix, anchorNs, thread, isOver } = this.#identity;
    const id = this.#column(spans.id, opens.id, one => one.id);
    const endNs = this.#column(spans.endNs, opens.endNs, one => one.endNs);
    this.#tail.forEach((one, i) => {
      if (typeof one === "number") endNs[this.#closed + i] = this.#endNs;
    });
    const marks = this.#marks(id);
    return {
      length: this.#length,
      closedLength: this.#closed + (isOver ? keptOpens.length : 0),
      anchorNs,
      threads: { list: [thread], of: new Uint32Array(this.#length) },
      ids: new IdSeries(idSuffix),
      id,
      parent: this.#column(spans.parent, opens.parent, () => 0),
      root: this.#column(spans.root, opens.root, () => 0),
      foreign: this.#foreign(),
      name: this.#names(),
      index: this.#column(spans.index, opens.index, () => NaN),
      startNs: this.#column(spans.startNs, opens.startNs, one => one.startNs),
      endNs,
      counters: this.#counters(),
      dataLoadNs: this.#column(spans.dataLoadNs, opens.dataLoadNs, () => NaN),
      attrs: this.#attrs(),
      markCount: countsOf(marks.first),
      marks,
    };
  }

  /** Spans that marks were made in and that are neither closed nor known to be open; and the pseudo-span. */
  #guess(): Guessed[] {
    const { spans, opens, keptOpens, marks, isWhole } = this.#rows;
    const known = new RowLookup(spans.id, spans.length);
    const open = new Set(keptOpens.map(row => opens.id[row]));
    const found = new Map<number, Guessed>();
    for (const i of this.#markOrder) {
      const id = marks.span[i];
      if (id !== 0 && (!isWhole || known.rowOf(id) >= 0 || open.has(id))) continue;
      const ns = marks.tsNs[i];
      const one = found.get(id);
      if (one === undefined) {
        // As in memory, marks outside any scope are there until now.
        const endNs = id === 0 ? this.#endNs : ns;
        found.set(id, { id, name: id === 0 ? ORPHANS : OPEN_NAME, startNs: ns, endNs });
      } else {
        one.startNs = Math.min(one.startNs, ns);
        one.endNs = Math.max(one.endNs, ns);
      }
    }
    return [...found.values()];
  }

  #column(
    closed: Float64Array,
    open: Float64Array,
    guess: (one: Guessed) => number,
  ): Float64Array {
    const { kept } = this.#rows;
    // Most often all rows are kept, and nothing comes behind them.
    if (this.#length === closed.length && kept.length === closed.length) return closed;
    const column = new Float64Array(this.#length);
    let at = 0;
    if (isRange(kept)) {
      column.set(closed.subarray(kept[0] ?? 0, (kept[0] ?? 0) + kept.length));
      at = kept.length;
    } else for (const row of kept) column[at++] = closed[row];
    for (const one of this.#tail) column[at++] = typeof one === "number" ? open[one] : guess(one);
    return column;
  }

  #names(): readonly string[] {
    const { spans, kept, opens } = this.#rows;
    if (this.#length === spans.length && kept.length === spans.length) return spans.name;
    const names = new Array<string>(this.#length);
    let at = 0;
    for (const row of kept) names[at++] = spans.name[row];
    for (const one of this.#tail) names[at++] = typeof one === "number" ? opens.name[one] : one.name;
    return names;
  }

  #counters(): Snapshot["counters"] {
    const { spans, opens } = this.#rows;
    const columns = JOURNAL_COUNTERS.filter(name =>
      spans.counters[name] !== undefined || opens.counters[name] !== undefined
    ).map(name => {
      const of = ({ counters, length }: JournalSpans) => counters[name] ?? new Float64Array(length).fill(NaN);
      return [name, this.#column(of(spans), of(opens), () => NaN)] as const;
    });
    return Object.fromEntries(columns);
  }

  #attrs(): AttrRows {
    const { spans, kept, opens } = this.#rows;
    const { isUnfinished } = this.#identity;
    const ofTail = this.#tail.map((one): Attrs | undefined => {
      if (typeof one !== "number") return undefined;
      const text = opens.attrs.text(one);
      const attrs = text === null ? undefined : parseAttrs(text);
      return isUnfinished ? { ...attrs, [UNFINISHED]: true } : attrs;
    });
    if (spans.attrs.isEmpty && ofTail.every(attrs => attrs === undefined)) return [];
    return new ParsedAttrs(spans.attrs, kept, ofTail);
  }

  #foreign(): ReadonlyMap<number, ForeignContext> {
    const { spans, opens } = this.#rows;
    const foreign = new Map<number, ForeignContext>();
    for (const [number, text] of [...spans.foreign, ...opens.foreign]) {
      const context = parseTraceparent(text);
      if (context !== null) foreign.set(number, context);
    }
    return foreign;
  }

  #marks(id: Float64Array): MarkColumns {
    const { marks } = this.#rows;
    const lookup = new RowLookup(id);
    const first = new Uint32Array(this.#length + 1);
    const rowOf = new Int32Array(this.#markOrder.length);
    this.#markOrder.forEach((i, k) => {
      rowOf[k] = lookup.rowOf(marks.span[i]);
      if (rowOf[k] >= 0) first[rowOf[k] + 1]++;
    });
    for (let row = 0; row < this.#length; row++) first[row + 1] += first[row];
    const next = first.slice();
    const order = new Uint32Array(first[this.#length]);
    this.#markOrder.forEach((i, k) => {
      if (rowOf[k] >= 0) order[next[rowOf[k]]++] = i;
    });
    return {
      first,
      name: Array.from(order, i => marks.name[i]),
      value: Array.from(order, i => marks.value[i]),
      summary: Uint8Array.from(order, i => marks.summary[i]),
      tsNs: Float64Array.from(order, i => marks.tsNs[i]),
      attrs: marks.attrs.isEmpty ? [] : new ParsedAttrs(marks.attrs, order),
      order: Float64Array.from(order, i => marks.id[i] - 1),
      drained: new Uint8Array(order.length).fill(1),
    };
  }
}

/** The marks as they were made, each once: of two of one number the one that was written last. */
function orderOfMarks({ id, length }: JournalMarks): Uint32Array {
  const order = sortRuns(counted(length), (a, b) => id[a] - id[b]);
  return order.filter((i, k) => k + 1 === length || id[order[k + 1]] !== id[i]);
}

/** 0, 1, 2, ... */
function counted(length: number): Uint32Array {
  const numbers = new Uint32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}

function countsOf(first: Uint32Array): Uint32Array {
  const counts = new Uint32Array(first.length - 1);
  for (let row = 0; row < counts.length; row++) counts[row] = first[row + 1] - first[row];
  return counts;
}

/** The last moment that is known of a recorder. */
function lastMoment({ spans, opens, marks }: RecorderRows): number {
  let ns = 0;
  for (const column of [spans.endNs, opens.endNs, marks.tsNs]) {
    for (let i = 0; i < column.length; i++) if (column[i] > ns) ns = column[i];
  }
  return ns;
}

function isRange(rows: Uint32Array): boolean {
  return rows.length === 0 || rows[rows.length - 1] - rows[0] === rows.length - 1;
}
