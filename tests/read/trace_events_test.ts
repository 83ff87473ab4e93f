import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { toTraceEvents } from "../../src/read/trace_events.ts";
import { buildTree } from "../../src/read/tree.ts";
import type { Snapshot } from "../../src/rows.ts";
import { cutText } from "../../src/text_limits.ts";
import { chain, type HandRow, idOf, snapshotOf } from "../support/cases.ts";
import { TEXTS } from "../support/hostile.ts";

interface Event {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  id?: string;
  s?: string;
  args: Record<string, unknown>;
}

interface File {
  traceEvents: Event[];
  displayTimeUnit: string;
  otherData: Record<string, unknown>;
}

function file(snapshot: Snapshot): File {
  return JSON.parse(toTraceEvents(buildTree(snapshot), 4711));
}

function events(phase: string, closed: readonly HandRow[], open: readonly HandRow[] = []): Event[] {
  return file(snapshotOf(closed, open)).traceEvents.filter(event => event.ph === phase);
}

test("toTraceEvents() of nothing is a file without events", () => {
  assertEquals(file(snapshotOf([])).traceEvents, []);
});

test("toTraceEvents() counts microseconds from the first span's start, nanoseconds as a fraction", () => {
  const [outer, inner] = events("X", [
    { id: 2, parent: 1, startNs: 777_000_001_234, endNs: 777_000_002_235 },
    { id: 1, startNs: 777_000_000_000, endNs: 777_001_000_000 },
  ]);
  assertEquals([outer.ts, outer.dur], [0, 1000]);
  assertEquals([inner.ts, inner.dur], [1.234, 1.001]);
  assertEquals([inner.pid, inner.tid], [4711, 1]);
});

test("toTraceEvents() has index, counters, attributes and marks in the arguments, and no counter that was not measured", () => {
  const snapshot = snapshotOf([
    {
      id: 1,
      name: "step",
      index: 3,
      cpuNs: 42,
      attrs: { error: "TypeError: no", rate: 0.5 },
      marks: [{ name: "loss", value: 0.25 }, { name: "bad", value: NaN }, { name: "big", value: 2n ** 70n }],
    },
    { id: 2 },
  ]);
  const [step, bare] = file({ ...snapshot, gpuNs: Float64Array.of(7, NaN) }).traceEvents.filter(e =>
    e.ph === "X"
  );
  assertEquals(step.args, {
    id: idOf(1),
    index: 3,
    error: "TypeError: no",
    cpu_ns: 42,
    gpu_ns: 7,
    attrs: { error: "TypeError: no", rate: 0.5 },
    marks: [
      { name: "loss", value: 0.25 },
      { name: "bad", value: "NaN" },
      { name: "big", value: "1180591620717411303424" },
    ],
  });
  assertEquals(bare.args, { id: idOf(2) });
});

test("toTraceEvents() makes counters of numbers and instants of the rest; what is not finite is in neither", () => {
  const rows: HandRow[] = [{
    id: 1,
    startNs: 1000,
    endNs: 9000,
    marks: [
      { name: "loss", value: 0.5, tsNs: 2000 },
      { name: "loss", value: Infinity, tsNs: 3000 },
      { name: "count", value: 7n, tsNs: 4000 },
      { name: "state", value: "warm", tsNs: 5000 },
      { name: "done", value: true, tsNs: 6000 },
    ],
  }];
  assertEquals(events("C", rows).map(({ name, ts, args }) => [name, ts, args]), [
    ["loss", 1, { value: 0.5 }],
    ["count", 3, { value: 7 }],
  ]);
  assertEquals(events("i", rows).map(({ name, ts, s, args }) => [name, ts, s, args]), [
    ["state", 4, "t", { value: "warm" }],
    ["done", 5, "t", { value: true }],
  ]);
});

test("toTraceEvents() keeps the counters of concurrent flows apart", () => {
  const marks = [{ name: "loss", value: 1, tsNs: 3 }];
  const counters = events("C", [{ id: 1, startNs: 0, endNs: 9, marks }, {
    id: 2,
    startNs: 1,
    endNs: 9,
    marks,
  }]);
  assertEquals(counters.map(({ tid, id }) => [tid, id]), [[1, undefined], [2, "flow 2"]]);
});

test("toTraceEvents() names processes and tracks, and sorts tracks", () => {
  const meta = events("M", [{ id: 1, startNs: 0, endNs: 9 }, { id: 2, startNs: 1, endNs: 8 }]);
  assertEquals(meta.map(({ name, tid, args }) => [name, tid, args]), [
    ["process_name", 1, { name: "process 4711" }],
    ["thread_name", 1, { name: "main" }],
    ["thread_sort_index", 1, { sort_index: 0 }],
    ["thread_name", 2, { name: "flow 2" }],
    ["thread_sort_index", 2, { sort_index: 1 }],
  ]);
});

test("toTraceEvents() tells processes of several machines apart, though their numbers are the same", () => {
  const { traceEvents } = file({
    ...snapshotOf([1, 2, 3].map(id => ({ id, startNs: id, endNs: id + 1 }))),
    processes: {
      list: [{ pid: 7, rank: 0 }, { pid: 7, rank: 1 }, { pid: NaN, rank: NaN }],
      of: Uint32Array.of(0, 1, 2),
    },
  });
  const names = traceEvents.filter(event => event.name === "process_name");
  assertEquals(names.map(({ pid, args }) => [pid, args.name]), [
    [7, "rank 0, process 7"],
    [8, "rank 1, process 7"],
    [0, "process ?"],
  ]);
});

test("toTraceEvents() shows open spans with their time so far, and says that they are open", () => {
  const [event] = events("X", [], [{ id: 1, startNs: 1000, endNs: 3000 }]);
  assertEquals([event.dur, event.args.open], [2, true]);
});

test("toTraceEvents() says when the trace began and what the session's span says", () => {
  const { otherData } = file(
    snapshotOf([{ id: 1, name: "cirron.session", startNs: 5000, attrs: { pid: 1 } }]),
  );
  assertEquals(otherData, {
    exporter: "@cirron/sdk",
    start_unix_us: 1_767_323_045_678_901 + 5,
    session: { pid: 1 },
  });
});

test("toTraceEvents() is valid JSON in valid UTF-8, whatever names and attributes hold", () => {
  for (const text of Object.values(TEXTS).map(cutText)) {
    const rows: HandRow[] = [{
      id: 1,
      name: text,
      attrs: { [text]: text },
      marks: [{ name: text, value: text }],
    }];
    const json = toTraceEvents(buildTree(snapshotOf(rows)), 1);
    assertEquals(new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(json)), json);
    const found: File = JSON.parse(json);
    assertEquals(found.traceEvents.find(event => event.ph === "X")!.name, text);
  }
  assert(!Object.hasOwn(Object.prototype, "polluted"));
});

test("toTraceEvents() takes a chain of 100 000 spans", () => {
  const depth = 100_000;
  assertEquals(events("X", chain(depth)).length, depth);
});
