/**
 * Tree -> Chrome's trace event format, which Perfetto, chrome://tracing and DevTools open: spans as complete events on
 * tracks, numeric marks as counters, other marks (and what a counter cannot hold: NaN, infinities) as instants. Times are microseconds from the trace's start, with
 * nanoseconds as a fraction.
 *
 * @module
 */
import { type Attrs, type JsonValue, type MarkValue, type Snapshot, unixUs } from "../rows.ts";
import { VERSION } from "../version.ts";
import { attrsOf, isFailed, markValue, measured, measuredIn, ownIdText, wallUs } from "./fields.ts";
import { labelTracks, type TrackLabel } from "./track_labels.ts";
import { drawnEndNs, layTracks } from "./tracks.ts";
import type { Tree } from "./tree.ts";

/** The category of all our events. */
const CATEGORY = "cirron";

type Add = (event: Record<string, JsonValue>) => void;

/**
 * The spans of `tree` as JSON text.
 * @param self What is known of this process, its `pid` at least: for traces that say nothing of theirs.
 */
export function toTraceEvents(tree: Tree, self: Attrs): string {
  const { snapshot, rows } = tree;
  const { list: tracks } = layTracks(tree);
  const labels = labelTracks(snapshot, tracks, self.pid as number);
  const originNs = earliest(tree);
  const us = (ns: number) => (ns - originNs) / 1000;
  const parts: string[] = [];
  const add: Add = event => void parts.push(JSON.stringify(event));
  tracks.forEach(({ positions, nestsIn }, index) => {
    const label = labels[index];
    const where = { pid: label.pid, tid: label.tid };
    nameTrack(label, index, add);
    const endUs = new Float64Array(positions.length);
    for (let place = 0; place < positions.length; place++) {
      const row = rows[positions[place]];
      const ts = us(snapshot.startNs[row]);
      const limit = us(drawnEndNs(snapshot, row));
      const outer = nestsIn[place];
      const dur = durationWithin(
        ts,
        wallUs(snapshot, row),
        outer < 0 ? limit : Math.min(limit, endUs[outer]),
      );
      endUs[place] = ts + dur;
      const event = { name: snapshot.name[row], cat: CATEGORY, ph: "X", ts, dur };
      add({ ...event, ...where, args: spanArgs(tree, row) });
      addMarks(snapshot, row, label, us, add);
    }
  });
  return `{"traceEvents":[${parts.join(",\n")}],"displayTimeUnit":"ms","otherData":${
    JSON.stringify(otherData(tree, originNs, self))
  }}`;
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

function nameTrack({ pid, tid, process, track, isFirst }: TrackLabel, index: number, add: Add): void {
  const event = { ph: "M", ts: 0, pid, tid };
  if (isFirst) add({ ...event, name: "process_name", args: { name: process } });
  add({ ...event, name: "thread_name", args: { name: track } });
  add({ ...event, name: "thread_sort_index", args: { sort_index: index } });
}

function spanArgs(tree: Tree, row: number): Record<string, JsonValue> {
  const { snapshot } = tree;
  const args: Record<string, JsonValue> = { id: ownIdText(snapshot, row) };
  const index = measured(snapshot.index[row]);
  if (index !== null) args.index = index;
  if (row >= snapshot.closedLength) args.open = true;
  if (isFailed(snapshot, row)) args.error = snapshot.attrs[row]!.error;
  const counters = {
    cpu_ns: measured(snapshot.cpuNs[row]),
    gpu_ns: measuredIn(snapshot.gpuNs, row),
    memory_peak_bytes: measuredIn(snapshot.memoryPeakBytes, row),
  };
  for (const [name, value] of Object.entries(counters)) if (value !== null) args[name] = value;
  const attrs = attrsOf(snapshot, row);
  if (Object.keys(attrs).length > 0) args.attrs = attrs;
  const marks = marksOf(tree, row);
  if (marks.length > 0) args.marks = marks;
  return args;
}

function marksOf({ snapshot: { marks } }: Tree, row: number): JsonValue[] {
  const list: JsonValue[] = [];
  for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
    list.push({ name: marks.name[i], value: jsonValue(marks.value[i]) });
  }
  return list;
}

/** A mark's value as JSON can say it: what is not finite as a string, and what is beyond the exact range as its digits. */
function jsonValue(value: MarkValue): JsonValue {
  const plain = markValue(value);
  return typeof plain === "number" && !Number.isFinite(plain) ? String(plain) : plain;
}

function addMarks(
  { marks }: Snapshot,
  row: number,
  { pid, tid, track, isFirst }: TrackLabel,
  us: (ns: number) => number,
  add: Add,
): void {
  for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
    const value = jsonValue(marks.value[i]);
    const event = { name: marks.name[i], cat: CATEGORY, ts: us(marks.tsNs[i]), pid, tid };
    if (typeof value === "number") {
      // A counter belongs to a process: those of its other tracks are told apart by id.
      add({ ...event, ph: "C", ...(isFirst ? {} : { id: track }), args: { value } });
    } else {
      add({ ...event, ph: "i", s: "t", args: { value } });
    }
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
  const row = name.indexOf("cirron.session");
  return row < length ? row : -1;
}
