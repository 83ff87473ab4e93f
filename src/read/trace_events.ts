/**
 * Tree -> Chrome's trace event format, which Perfetto, chrome://tracing and DevTools open: spans as complete events on
 * tracks, numeric marks as counters, other marks as instants. Times are microseconds from the trace's start, with
 * nanoseconds as a fraction.
 *
 * @module
 */
import { bigintToJson } from "../attrs.ts";
import type { Attrs, JsonValue, MarkValue } from "../rows.ts";
import { attrsOf, isFailed, markValue, measured, measuredIn, ownIdText } from "./fields.ts";
import { layTracks, type Track } from "./tracks.ts";
import type { Tree } from "./tree.ts";

/** The category of all our events. */
const CATEGORY = "cirron";

/**
 * The spans of `tree` as JSON text.
 * @param pid This process, for traces that say nothing of theirs.
 */
export function toTraceEvents(tree: Tree, pid: number): string {
  const { snapshot, rows } = tree;
  const tracks = layTracks(tree);
  const originNs = earliest(tree);
  const us = (ns: number) => (ns - originNs) / 1000;
  const pidOf = processIds(tree, pid);
  const parts: string[] = [];
  const add = (event: Record<string, JsonValue>) => void parts.push(JSON.stringify(event));
  let named = -1;
  for (const track of tracks.list) {
    const where = { pid: pidOf(track), tid: track.number + 1 };
    if (track.process !== named) {
      named = track.process;
      const args = { name: processName(tree, track, pid) };
      add({ name: "process_name", ph: "M", ts: 0, ...where, args });
    }
    add({ name: "thread_name", ph: "M", ts: 0, ...where, args: { name: trackName(track) } });
    add({ name: "thread_sort_index", ph: "M", ts: 0, ...where, args: { sort_index: track.number } });
    for (const position of track.positions) {
      const row = rows[position];
      const { startNs, endNs } = snapshot;
      const event = { name: snapshot.name[row], cat: CATEGORY, ph: "X", ts: us(startNs[row]) };
      // The end less the start, each as the file has it: so that a child's end never lies beyond its parent's by a rounding.
      add({ ...event, dur: (endNs[row] - startNs[row]) / 1000, ...where, args: spanArgs(tree, row) });
      addMarks(tree, row, track, where, us, add);
    }
  }
  return `{"traceEvents":[${parts.join(",\n")}],"displayTimeUnit":"ms","otherData":${
    JSON.stringify(otherData(tree, originNs))
  }}`;
}

/** A track's name for people. */
export function trackName(track: Track): string {
  return track.number === 0 ? "main" : `flow ${track.number + 1}`;
}

/** The start of the earliest span, on the session's clock; 0 without any. */
export function earliest({ rows, snapshot: { startNs } }: Tree): number {
  let ns = Infinity;
  for (const row of rows) ns = Math.min(ns, startNs[row]);
  return ns === Infinity ? 0 : ns;
}

/** A process's name for people. */
export function processName({ snapshot }: Tree, track: Track, pid: number): string {
  const process = snapshot.processes?.list[track.process];
  if (process === undefined) return `process ${pid}`;
  const number = `process ${Number.isNaN(process.pid) ? "?" : process.pid}`;
  return Number.isNaN(process.rank) ? number : `rank ${process.rank}, ${number}`;
}

// Processes of several machines may have the same number, which a viewer would take for one: those get another.
function processIds({ snapshot }: Tree, pid: number): (track: Track) => number {
  const { processes } = snapshot;
  if (processes === undefined) return () => pid;
  const taken = new Set<number>();
  const ids = processes.list.map(({ pid: own }) => {
    let id = Number.isNaN(own) ? 0 : own;
    while (taken.has(id)) id++;
    taken.add(id);
    return id;
  });
  return track => ids[track.process];
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

/** A mark's value as JSON can say it: what is not finite as a string. */
function jsonValue(value: MarkValue): JsonValue {
  const plain = markValue(value);
  return typeof plain === "number" && !Number.isFinite(plain) ? String(plain) : plain;
}

function addMarks(
  { snapshot }: Tree,
  row: number,
  track: Track,
  where: { pid: number; tid: number },
  us: (ns: number) => number,
  add: (event: Record<string, JsonValue>) => void,
): void {
  const { marks } = snapshot;
  for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
    const value = marks.value[i];
    const event = { name: marks.name[i], cat: CATEGORY, ts: us(marks.tsNs[i]), ...where };
    const number = typeof value === "bigint" ? bigintToJson(value) : value;
    if (typeof number === "number") {
      if (!Number.isFinite(number)) continue; // a counter has no place for it; the span's arguments have
      // A counter belongs to a process: those of concurrent flows are told apart by id.
      const id: Attrs = track.number === 0 ? {} : { id: trackName(track) };
      add({ ...event, ph: "C", ...id, args: { value: number } });
    } else {
      add({ ...event, ph: "i", s: "t", args: { value: jsonValue(value) } });
    }
  }
}

/** What is known of the whole: when it started, and what the session's span says. */
function otherData({ rows, snapshot }: Tree, originNs: number): Attrs {
  const data: Attrs = {
    exporter: "@cirron/sdk",
    start_unix_us: Number(snapshot.anchorNs / 1000n) + Math.floor(originNs / 1000),
  };
  const session = rows.find(row => snapshot.name[row] === "cirron.session");
  if (session !== undefined) data.session = attrsOf(snapshot, session);
  return data;
}
