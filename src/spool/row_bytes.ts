/**
 * Rows of spool v1 written as bytes. What is the same in each span of a batch stands in a few fixed pieces, and between them go ids,
 * times and numbers: a row makes no string, which is what took most of the time.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import { jsonOf } from "../data/json_text.ts";
import { jsonValue } from "../data/json_value.ts";
import { ORPHANS } from "../data/session_names.ts";
import { areMade, type Snapshot } from "../data/snapshot.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import { Constant, type TextBytes } from "../formats/bytes.ts";
import { counterKeys } from "../formats/counter_keys.ts";
import { attrsOf, counterColumns, ownIdText, parentIdText, splitAnchor, traceIdOf } from "../tree/columns.ts";
import { valueType } from "./rows.ts";

/** Writes rows of one snapshot. */
export class RowBytes {
  readonly #out: TextBytes;
  readonly #snapshot: Snapshot;
  readonly #fixed: FixedPieces;
  /** Null where ids were given elsewhere. */
  readonly #ids: IdSeries | null;
  readonly #markIds: IdSeries;
  readonly #columns: readonly Float64Array[];
  readonly #us: number;
  readonly #restNs: number;

  constructor(out: TextBytes, snapshot: Snapshot, identity: Identity) {
    const { us, restNs } = splitAnchor(snapshot);
    this.#out = out;
    this.#snapshot = snapshot;
    this.#ids = areMade(snapshot.ids) ? snapshot.ids : null;
    this.#markIds = identity.markIds;
    this.#columns = counterColumns(snapshot).filter(column => column !== null);
    this.#us = us;
    this.#restNs = restNs;
    this.#fixed = fixedPieces(snapshot, identity);
  }

  /** Writes a closed row as a span. */
  span(row: number): void {
    const out = this.#out;
    const fixed = this.#fixed;
    const snapshot = this.#snapshot;
    out.put(fixed.begin);
    this.#ownId(row, fixed.idEnd, NAME);
    out.json(snapshot.name[row]);
    this.#parentAndTrace(row);
    const index = snapshot.index[row];
    if (index === index) out.number(index);
    else out.put(NULL);
    out.put(START);
    this.#moment(snapshot.startNs[row]);
    out.put(END);
    this.#moment(snapshot.endNs[row]);
    const columns = this.#columns;
    for (let k = 0; k < columns.length; k++) {
      out.put(fixed.counters[k]);
      const value = columns[k][row];
      if (value === value) out.number(value);
      else out.put(NULL);
    }
    out.put(fixed.identity);
    const attrs = snapshot.attrs.at(row);
    const dataLoadNs = snapshot.dataLoadNs[row];
    if (dataLoadNs === dataLoadNs) out.text(jsonOf(attrsOf(snapshot, row)));
    else if (attrs === undefined) out.put(EMPTY);
    else putAttrs(out, attrs);
    if (snapshot.markCount[row] === 0) out.put(NO_MARK_IDS);
    else this.#listMarkIds(row);
  }

  /** Writes a mark of a row. */
  mark(row: number, i: number): void {
    const out = this.#out;
    const fixed = this.#fixed;
    const { marks } = this.#snapshot;
    out.put(BEGIN);
    this.#markId(i);
    out.put(fixed.markIdEnd);
    this.#ownId(row, fixed.idEnd, NAME);
    out.json(marks.name[i]);
    const value = marks.value[i];
    out.put(VALUE[valueType(value)]);
    putValue(out, value);
    out.put(ATTRS);
    const attrs = marks.attrs.at(i);
    if (attrs === undefined) out.put(EMPTY);
    else putAttrs(out, attrs);
    out.put(MOMENT);
    this.#moment(marks.tsNs[i]);
    out.put(marks.summary[i] === 1 ? SUMMARY : POINT);
  }

  #ownId(row: number, end: Constant, givenEnd: Constant): void {
    const out = this.#out;
    const ids = this.#ids;
    const id = this.#snapshot.id[row];
    if (ids !== null && id !== 0) {
      ids.scatter(id);
      out.hex64(ids.high, ids.low);
      out.put(end);
    } else {
      out.text(ids === null ? ownIdText(this.#snapshot, row) : ORPHANS);
      out.put(givenEnd);
    }
  }

  #parentAndTrace(row: number): void {
    const out = this.#out;
    const fixed = this.#fixed;
    const ids = this.#ids;
    const snapshot = this.#snapshot;
    const parent = snapshot.parent[row];
    const root = snapshot.root === undefined ? 0 : snapshot.root[row];
    if (ids === null || parent < 0 || root <= 0) {
      const texts = [parentIdText(snapshot, row), traceIdOf(snapshot, row)];
      const [parentId, traceId] = texts.map(text => text === null ? "null" : `"${text}"`);
      out.text(`,"parent_id":${parentId},"trace_id":${traceId},"index":`);
      return;
    }
    if (parent === 0) {
      out.put(fixed.noParent);
    } else {
      out.put(PARENT);
      ids.scatter(parent);
      out.hex64(ids.high, ids.low);
      out.put(fixed.parentEnd);
    }
    ids.scatter(root);
    out.hex64(ids.high, ids.low);
    out.put(INDEX);
  }

  // Exact digits without a bigint: whole microseconds since 1970 fit a number, and the rest has three digits.
  #moment(ns: number): void {
    const out = this.#out;
    const sum = this.#restNs + ns;
    const wholeUs = Math.floor(sum / 1000);
    const restNs = sum - wholeUs * 1000;
    const us = this.#us + wholeUs;
    if (us >= 0 && Number.isInteger(restNs)) {
      out.integer(us);
      out.threeDigits(restNs);
    } else {
      const digits = String(restNs);
      out.text(`${us}${"000".slice(digits.length)}${digits}`);
    }
  }

  #markId(i: number): void {
    const markIds = this.#markIds;
    markIds.scatter(this.#snapshot.marks.order[i] + 1);
    this.#out.hex64(markIds.high, markIds.low);
  }

  #listMarkIds(row: number): void {
    const out = this.#out;
    const { first } = this.#snapshot.marks;
    const end = first[row + 1];
    if (first[row] === end) {
      out.put(NO_MARK_IDS);
      return;
    }
    out.put(MARK_IDS);
    for (let i = first[row]; i < end; i++) {
      this.#markId(i);
      out.put(i + 1 < end ? this.#fixed.nextMarkId : this.#fixed.lastMarkId);
    }
  }
}

/** What is the same in all rows of a process. */
interface FixedPieces {
  readonly begin: Constant;
  readonly idEnd: Constant;
  readonly noParent: Constant;
  readonly parentEnd: Constant;
  readonly counters: readonly Constant[];
  readonly identity: Constant;
  readonly markIdEnd: Constant;
  readonly nextMarkId: Constant;
  readonly lastMarkId: Constant;
}

const BEGIN = new Constant('{"id":"');
const NAME = new Constant('","name":');
const PARENT = new Constant(',"parent_id":"');
const INDEX = new Constant('","index":');
const START = new Constant(',"start_ns":');
const END = new Constant(',"end_ns":');
const NULL = new Constant("null");
const EMPTY = new Constant("{}");
const NO_MARK_IDS = new Constant(',"mark_ids":[]}');
const MARK_IDS = new Constant(',"mark_ids":["');
const ATTRS = new Constant(',"attrs":');
const MOMENT = new Constant(',"ts_ns":');
const SUMMARY = new Constant(',"kind":"summary"}');
const POINT = new Constant(',"kind":"point"}');
const VALUE = {
  float: new Constant(',"value_type":"float","value":'),
  int: new Constant(',"value_type":"int","value":'),
  string: new Constant(',"value_type":"string","value":'),
  bool: new Constant(',"value_type":"bool","value":'),
};

// One batch after the other is of the same process.
let last: { readonly key: string; readonly pieces: FixedPieces } | null = null;

function fixedPieces(snapshot: Snapshot, { pid, rank, threadId, markIds }: Identity): FixedPieces {
  const suffix = areMade(snapshot.ids) ? snapshot.ids.suffix : "";
  const { before, after } = counterKeys(snapshot.counters);
  const key = [suffix, markIds.suffix, pid, rank, threadId, after, ...before].join(" ");
  if (last?.key === key) return last.pieces;
  const marks = markIds.suffix;
  const pieces: FixedPieces = {
    begin: BEGIN,
    idEnd: new Constant(`${suffix}","name":`),
    noParent: new Constant(`,"parent_id":null,"trace_id":"${suffix}`),
    parentEnd: new Constant(`${suffix}","trace_id":"${suffix}`),
    counters: before.map(text => new Constant(text)),
    identity: new Constant(`${after},"thread_id":${threadId},"pid":${pid},"rank":${rank},"attrs":`),
    markIdEnd: new Constant(`${marks}","span_id":"`),
    nextMarkId: new Constant(`${marks}","`),
    lastMarkId: new Constant(`${marks}"]}`),
  };
  last = { key, pieces };
  return pieces;
}

function putValue(out: TextBytes, value: MarkValue): void {
  if (typeof value === "number" && Number.isFinite(value)) out.number(value);
  else if (typeof value === "string") out.json(value);
  else if (typeof value === "bigint") out.text(String(value)); // exact, as no JavaScript number is
  else out.text(jsonOf(jsonValue(value)));
}

function putAttrs(out: TextBytes, attrs: Attrs): void {
  let before = 0x7b; // {
  for (const key of Object.keys(attrs)) {
    const value = attrs[key];
    if (value === undefined) continue;
    out.character(before);
    before = 0x2c; // ,
    out.json(key);
    out.character(0x3a); // :
    if (typeof value === "string") out.json(value);
    else if (typeof value === "number" && Number.isFinite(value)) out.number(value);
    else out.text(jsonOf(value));
  }
  if (before === 0x7b) out.character(before);
  out.character(0x7d);
}
