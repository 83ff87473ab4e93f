/**
 * Tree -> Chrome's trace event format, which Perfetto, chrome://tracing and DevTools open: spans as complete events on
 * tracks, numeric marks as counters, other marks (and what a counter cannot hold: NaN, infinities) as instants. Times are microseconds from the trace's start, with
 * nanoseconds as a fraction.
 *
 * @module
 */
import { jsonOf, jsonOfText } from "../data/json_text.ts";
import { plainValue } from "../data/json_value.ts";
import { SESSION_NAME } from "../data/session_names.ts";
import { type Snapshot, unixUs } from "../data/snapshot.ts";
import type { Attrs } from "../data/values.ts";
import { VERSION } from "../data/version.ts";
import { COUNTERS } from "../meters/counters.ts";
import {
  attrsOf,
  beginsTrace,
  counterColumns,
  isFailed,
  ownIdText,
  parentIdText,
  traceIdOf,
  wallUs,
} from "../tree/columns.ts";
import { drawnEndNs, layTracks } from "../tree/tracks.ts";
import type { Tree } from "../tree/tree.ts";
import { Constant, TextBytes } from "./bytes.ts";
import { attrsJson, writeValue } from "./json.ts";
import { labelTracks, type TrackLabel } from "./track_labels.ts";

/** The category of all our events. */
const CATEGORY = "cirron";

/**
 * The spans of `tree` as JSON text.
 * @param self What is known of this process, its `pid` at least: for traces that say nothing of theirs.
 */
export function toTraceEvents(tree: Tree, self: Attrs): string {
  const { snapshot, rows } = tree;
  const { list: tracks } = layTracks(tree);
  const labels = labelTracks(snapshot, tracks, self.pid as number);
  const originNs = earliest(tree);
  const counters = counterColumns(snapshot);
  const out = TextBytes.begin();
  keys ??= makeKeys();
  out.put(keys.begin);
  for (let index = 0; index < tracks.length; index++) {
    const { positions, nestsIn } = tracks[index];
    nameTrack(out, labels[index], index);
    const endUs = new Float64Array(positions.length);
    for (let place = 0; place < positions.length; place++) {
      const row = rows[positions[place]];
      const outer = nestsIn[place];
      const limitNs = drawnEndNs(snapshot, row) - originNs;
      const startNs = snapshot.startNs[row] - originNs;
      const limitUs = limitNs / 1000;
      const dur = durationWithin(
        startNs / 1000,
        wallUs(snapshot, row),
        outer < 0 ? limitUs : Math.min(limitUs, endUs[outer]),
      );
      endUs[place] = startNs / 1000 + dur;
      writeSpan(out, keys, tree, counters, positions[place], labels[index], startNs, dur);
      writeMarks(out, keys, snapshot, row, labels[index], originNs);
    }
  }
  out.put(keys.end);
  out.text(jsonOf(otherData(tree, originNs, self)));
  out.character(CLOSE_OBJECT);
  return out.finish();
}

const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;

type Keys = ReturnType<typeof makeKeys>;

let keys: Keys | null = null;

// What always stands together. Nothing but a track's name begins the list of events, so each has its comma before it.
function makeKeys() {
  return {
    begin: new Constant('{"traceEvents":['),
    end: new Constant('],"displayTimeUnit":"ms","otherData":'),
    event: new Constant(',\n{"name":'),
    span: new Constant(`,"cat":"${CATEGORY}","ph":"X","ts":`),
    mark: new Constant(`,"cat":"${CATEGORY}","ts":`),
    dur: new Constant(',"dur":'),
    pid: new Constant(',"pid":'),
    tid: new Constant(',"tid":'),
    id: new Constant(',"args":{"id":'),
    parentId: new Constant(',"parent_id":'),
    traceId: new Constant(',"trace_id":'),
    index: new Constant(',"index":'),
    open: new Constant(',"open":true'),
    error: new Constant(',"error":'),
    attrs: new Constant(',"attrs":'),
    counters: COUNTERS.map(({ column }) => new Constant(`,"${column}":`)),
    marks: new Constant(',"marks":[{"name":'),
    nextMark: new Constant('},{"name":'),
    marksEnd: new Constant("}]"),
    eventEnd: new Constant("}}"),
    value: new Constant(',"value":'),
    counter: new Constant(',"ph":"C"'),
    counterId: new Constant(',"id":'),
    instant: new Constant(',"ph":"i","s":"t"'),
    markValue: new Constant(',"args":{"value":'),
  };
}

/** The start of the earliest span, on the session's clock; 0 without any. */
export function earliest({ rows, snapshot: { startNs } }: Tree): number {
  let ns = Infinity;
  for (const row of rows) ns = Math.min(ns, startNs[row]);
  return ns === Infinity ? 0 : ns;
}

/**
 * A duration of `wallUs` microseconds, less a rounding where `ts` and it would add up to more than `limit`. Viewers add, and
 * DevTools leaves out a span whose sum lies beyond its parent's, or beyond the next one's start: with nanoseconds as
 * fractions 4 % of spans were lost whose program did nothing between one's end and the other's (trace_engine 0.0.65).
 */
function durationWithin(ts: number, wallUs: number, limit: number): number {
  let dur = Math.max(0, wallUs);
  if (ts + dur > limit) dur = limit - ts;
  if (ts + dur > limit) dur -= limit * Number.EPSILON; // the difference was rounded up, too
  return Math.max(0, dur);
}

function nameTrack(out: TextBytes, { pid, tid, process, track, isFirst }: TrackLabel, index: number): void {
  const event = (name: string, args: string) =>
    `{"ph":"M","ts":0,"pid":${pid},"tid":${tid},"name":"${name}","args":{${args}}}`;
  if (index > 0) out.character(COMMA);
  if (isFirst) out.text(`${event("process_name", `"name":${jsonOfText(process)}`)},\n`);
  out.text(`${event("thread_name", `"name":${jsonOfText(track)}`)},\n`);
  out.text(event("thread_sort_index", `"sort_index":${index}`));
}

function writeSpan(
  out: TextBytes,
  keys: Keys,
  tree: Tree,
  counters: readonly (Float64Array | null)[],
  position: number,
  label: TrackLabel,
  startNs: number,
  durUs: number,
): void {
  const { snapshot, rows, parent } = tree;
  const row = rows[position];
  const parentRow = parent[position] < 0 ? -1 : rows[parent[position]];
  out.put(keys.event);
  out.json(snapshot.name[row]);
  out.put(keys.span);
  out.thousandths(startNs);
  out.put(keys.dur);
  out.number(durUs);
  writeTrack(out, keys, label);
  out.put(keys.id);
  out.json(ownIdText(snapshot, row));
  if (beginsTrace(snapshot, row, parentRow)) {
    if (parentRow < 0) writeText(out, keys.parentId, parentIdText(snapshot, row));
    writeText(out, keys.traceId, traceIdOf(snapshot, row)); // all below it is of the same
  }
  writeMeasured(out, keys.index, snapshot.index[row]);
  if (row >= snapshot.closedLength) out.put(keys.open);
  if (isFailed(snapshot, row)) {
    out.put(keys.error);
    out.json(snapshot.attrs.at(row)!.error as string);
  }
  for (let k = 0; k < counters.length; k++) {
    const values = counters[k];
    if (values !== null) writeMeasured(out, keys.counters[k], values[row]);
  }
  writeAttrs(out, keys, snapshot, row);
  writeSpanMarks(out, keys, snapshot, row);
  out.put(keys.eventEnd);
}

function writeText(out: TextBytes, key: Constant, text: string | null): void {
  if (text === null) return;
  out.put(key);
  out.json(text);
}

function writeTrack(out: TextBytes, keys: Keys, label: TrackLabel): void {
  out.put(keys.pid);
  out.number(label.pid);
  out.put(keys.tid);
  out.number(label.tid);
}

function writeMeasured(out: TextBytes, key: Constant, value: number): void {
  if (value !== value) return;
  out.put(key);
  out.number(value);
}

function writeAttrs(out: TextBytes, keys: Keys, snapshot: Snapshot, row: number): void {
  if (snapshot.attrs.at(row) === undefined && Number.isNaN(snapshot.dataLoadNs[row])) return;
  const attrs = attrsJson(snapshot, row);
  if (attrs === "{}") return;
  out.put(keys.attrs);
  out.text(attrs);
}

/** The marks of a span in its arguments. */
function writeSpanMarks(out: TextBytes, keys: Keys, { marks }: Snapshot, row: number): void {
  const first = marks.first[row];
  const end = marks.first[row + 1];
  if (first === end) return;
  for (let i = first; i < end; i++) {
    out.put(i === first ? keys.marks : keys.nextMark);
    out.json(marks.name[i]);
    out.put(keys.value);
    writeValue(out, marks.value[i]);
  }
  out.put(keys.marksEnd);
}

/** The marks of a span as events. */
function writeMarks(
  out: TextBytes,
  keys: Keys,
  { marks }: Snapshot,
  row: number,
  label: TrackLabel,
  originNs: number,
): void {
  const end = marks.first[row + 1];
  for (let i = marks.first[row]; i < end; i++) {
    const value = plainValue(marks.value[i]);
    out.put(keys.event);
    out.json(marks.name[i]);
    out.put(keys.mark);
    out.thousandths(marks.tsNs[i] - originNs);
    writeTrack(out, keys, label);
    if (typeof value !== "number" || !Number.isFinite(value)) out.put(keys.instant);
    else {
      out.put(keys.counter);
      // A counter belongs to a process: those of its other tracks are told apart by id.
      if (!label.isFirst) {
        out.put(keys.counterId);
        out.json(label.track);
      }
    }
    out.put(keys.markValue);
    writeValue(out, marks.value[i]);
    out.put(keys.eventEnd);
  }
}

/** What is known of the whole: when it started, and what the session's span says, or else this process. */
function otherData({ snapshot }: Tree, originNs: number, self: Attrs): Attrs {
  const data: Attrs = {
    exporter: "@cirron/sdk",
    version: VERSION,
    start_unix_us: unixUs(snapshot.anchorNs, originNs),
  };
  const session = sessionRow(snapshot);
  if (session >= 0) data.session = attrsOf(snapshot, session);
  else if (snapshot.threads === undefined) data.session = self;
  return data;
}

/** The first row that is a session's span, kept or not; -1 for none. */
function sessionRow({ name, length }: Snapshot): number {
  const row = name.indexOf(SESSION_NAME);
  return row < length ? row : -1;
}
