/**
 * A snapshot's closed spans -> OTLP's, as protocol buffers. Straight from the columns: an object a span would take ten times as long.
 * https://github.com/open-telemetry/opentelemetry-proto
 *
 * @module
 */
import { ORPHANS } from "../../data/session_names.ts";
import { areMade, type Snapshot } from "../../data/snapshot.ts";
import { COUNTERS } from "../../meters/counters.ts";
import { counterColumns, foreignContext, ownIdText, parentIdText, traceIdOf } from "../../tree/columns.ts";
import { writeAttribute, writeAttributes } from "./attributes.ts";
import { beginsAtSession, isResource, REMOTE, SAMPLED, spanKind, STATUS_ERROR } from "./model.ts";
import { type ProtobufWriter, tag, WIRE } from "./protobuf.ts";

/** The field of `ScopeSpans` that a span is. */
const SPAN = tag(2, WIRE.bytes);

/** The first byte of each field of `Span`. */
const TRACE_ID = tag(1, WIRE.bytes);
const SPAN_ID = tag(2, WIRE.bytes);
const PARENT_SPAN_ID = tag(4, WIRE.bytes);
const NAME = tag(5, WIRE.bytes);
const KIND = tag(6, WIRE.varint);
const START = tag(7, WIRE.fixed64);
const END = tag(8, WIRE.fixed64);
const ATTRIBUTE = tag(9, WIRE.bytes);
const EVENT = tag(11, WIRE.bytes);
const STATUS = tag(15, WIRE.bytes);
/** 16 does not fit one byte. */
const FLAGS = [0x85, 0x01] as const;

/** The same of `Event`. */
const EVENT_TIME = tag(1, WIRE.fixed64);
const EVENT_NAME = tag(2, WIRE.bytes);
const EVENT_ATTRIBUTE = tag(3, WIRE.bytes);

/** The same of `Status`. */
const MESSAGE = tag(2, WIRE.bytes);
const CODE = tag(3, WIRE.varint);

/** What a span's `attributes` call what is a column here. */
const COUNTER_KEYS: readonly string[] = COUNTERS.map(({ column }) => `cirron.${column}`);

/** Writes spans, again and again with the same tables. */
export class SpanWriter {
  readonly #out: ProtobufWriter;
  #anchorNs = 0n;
  #anchorHigh = 0;
  #anchorLow = 0;
  /** The 16 bytes of the series' own randomness, and whose they are. */
  #suffix = "";
  readonly #suffixBytes = new Uint8Array(8);

  constructor(out: ProtobufWriter) {
    this.#out = out;
  }

  /**
   * Writes the closed spans of rows `from` up to before `until` as fields of a `ScopeSpans`. The session's own is none: it is
   * the resource.
   * @returns How many.
   */
  write(snapshot: Snapshot, from: number, until: number): number {
    this.#useAnchor(snapshot.anchorNs);
    const counters = counterColumns(snapshot);
    let count = 0;
    for (let row = from; row < until; row++) {
      if (isResource(snapshot, row)) continue;
      count++;
      this.#span(snapshot, counters, row);
    }
    return count;
  }

  #span(snapshot: Snapshot, counters: readonly (Float64Array | null)[], row: number): void {
    const out = this.#out;
    const attrs = snapshot.attrs.at(row);
    out.byte(SPAN);
    const start = out.open();
    const isRemote = this.#ids(snapshot, row);
    out.textField(NAME, snapshot.name[row]);
    out.ensure(32);
    out.byte(KIND);
    out.byte(spanKind(attrs));
    this.#time(START, snapshot.startNs[row]);
    this.#time(END, snapshot.endNs[row]);
    if (attrs !== undefined) writeAttributes(out, ATTRIBUTE, attrs);
    const index = snapshot.index[row];
    if (index === index) writeAttribute(out, ATTRIBUTE, "cirron.index", index);
    const dataLoadNs = snapshot.dataLoadNs[row];
    if (dataLoadNs === dataLoadNs) writeAttribute(out, ATTRIBUTE, "cirron.data_load_ns", dataLoadNs);
    for (let k = 0; k < counters.length; k++) {
      const value = counters[k]?.[row] ?? NaN;
      if (value === value) writeAttribute(out, ATTRIBUTE, COUNTER_KEYS[k], value);
    }
    if (snapshot.markCount[row] > 0) this.#events(snapshot, row);
    if (typeof attrs?.error === "string") this.#failed(attrs.error);
    out.byte(FLAGS[0]);
    out.byte(FLAGS[1]);
    out.ensure(4);
    out.view.setUint32(out.at, isRemote ? SAMPLED | REMOTE : SAMPLED, true);
    out.at += 4;
    out.close(start);
  }

  /** Trace, own and parent's id; whether the parent is another process's or thread's. */
  #ids(snapshot: Snapshot, row: number): boolean {
    const out = this.#out;
    const { ids } = snapshot;
    if (!areMade(ids)) {
      this.#hex(TRACE_ID, traceIdOf(snapshot, row) ?? ownIdText(snapshot, row));
      this.#hex(SPAN_ID, ownIdText(snapshot, row).slice(0, 16));
      const parent = parentIdText(snapshot, row);
      if (parent === null || parent === ORPHANS || beginsAtSession(snapshot, row)) return false;
      this.#hex(PARENT_SPAN_ID, parent.slice(0, 16));
      return parent.length === 16;
    }
    const root = snapshot.root?.[row] ?? 0;
    const parent = snapshot.parent[row];
    const id = snapshot.id[row];
    if (this.#suffix !== ids.suffix) this.#useSuffix(ids.suffix);
    out.ensure(48);
    const remote = root < 0 ? foreignContext(snapshot, root) : undefined;
    if (remote !== undefined) this.#hex(TRACE_ID, remote.traceId);
    else {
      out.byte(TRACE_ID);
      out.byte(16);
      out.raw(this.#suffixBytes);
      // A row whose trace is not known is one of its own.
      ids.scatter(root > 0 ? root : id);
      this.#word(ids.high, ids.low);
    }
    out.byte(SPAN_ID);
    out.byte(8);
    ids.scatter(id);
    this.#word(ids.high, ids.low);
    if (parent < 0) {
      const context = foreignContext(snapshot, parent);
      if (context === undefined) return false;
      this.#hex(PARENT_SPAN_ID, context.spanId);
      return true;
    }
    // What begins a trace hangs on the session, which is no span here.
    if (parent > 0 && root !== id) {
      out.byte(PARENT_SPAN_ID);
      out.byte(8);
      ids.scatter(parent);
      this.#word(ids.high, ids.low);
    }
    return false;
  }

  #events({ marks }: Snapshot, row: number): void {
    const out = this.#out;
    for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
      out.byte(EVENT);
      const start = out.open();
      this.#time(EVENT_TIME, marks.tsNs[i]);
      out.textField(EVENT_NAME, marks.name[i]);
      writeAttribute(out, EVENT_ATTRIBUTE, "value", marks.value[i]);
      if (marks.summary[i] === 1) writeAttribute(out, EVENT_ATTRIBUTE, "kind", "summary");
      const attrs = marks.attrs.at(i);
      if (attrs !== undefined) writeAttributes(out, EVENT_ATTRIBUTE, attrs);
      out.close(start);
    }
  }

  #failed(error: string): void {
    const out = this.#out;
    out.byte(STATUS);
    const start = out.open();
    out.textField(MESSAGE, error);
    out.byte(CODE);
    out.byte(STATUS_ERROR);
    out.close(start);
  }

  #time(field: number, ns: number): void {
    const out = this.#out;
    const low = this.#anchorLow + ns % WORD;
    const carry = low >= WORD ? 1 : low < 0 ? -1 : 0;
    out.byte(field);
    out.fixed64(this.#anchorHigh + Math.trunc(ns / WORD) + carry, low - carry * WORD);
  }

  #word(high: number, low: number): void {
    const { view, at } = this.#out;
    view.setInt32(at, high);
    view.setInt32(at + 4, low);
    this.#out.at = at + 8;
  }

  #hex(field: number, text: string): void {
    const out = this.#out;
    const length = text.length >> 1;
    out.ensure(length + 2);
    out.byte(field);
    out.byte(length);
    putHex(text, out.bytes, out.at);
    out.at += length;
  }

  #useSuffix(suffix: string): void {
    this.#suffix = suffix;
    putHex(suffix, this.#suffixBytes, 0);
  }

  #useAnchor(anchorNs: bigint): void {
    if (anchorNs === this.#anchorNs) return;
    this.#anchorNs = anchorNs;
    this.#anchorHigh = Number(anchorNs >> 32n);
    this.#anchorLow = Number(anchorNs & 0xffffffffn);
  }
}

const WORD = 0x100000000;

function putHex(text: string, to: Uint8Array, at: number): void {
  for (let i = 0; i + 1 < text.length; i += 2) {
    to[at + (i >> 1)] = digit(text.charCodeAt(i)) << 4 | digit(text.charCodeAt(i + 1));
  }
}

function digit(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x57;
}
