import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot, SnapshotThread } from "../../src/data/snapshot.ts";
import { cutText } from "../../src/data/text_limits.ts";
import { VERSION } from "../../src/data/version.ts";
import { toTraceEvents } from "../../src/formats/perfetto.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, flat, type HandRow, idOf, snapshotOf, traceOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { TEXTS } from "../support/hostile.ts";
import { Model, programs, sequential, sequentialRows } from "../support/programs.ts";

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
  return JSON.parse(toTraceEvents(buildTree(snapshot), { pid: 4711, runtime: "deno" }));
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
    trace_id: traceOf(1),
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
  assertEquals(bare.args, { id: idOf(2), trace_id: traceOf(2) });
});

test("toTraceEvents() makes counters of numbers, and instants of the rest and of what is not finite", () => {
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
    ["loss", 2, "t", { value: "Infinity" }],
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

/** The file of spans that each ran on another thread, and did not overlap. */
function onThreads(...list: SnapshotThread[]): File {
  return file({
    ...snapshotOf(list.map((_, i) => ({ id: i + 1, startNs: i, endNs: i + 1 }))),
    threads: { list, of: Uint32Array.from(list.keys()) },
  });
}

function names({ traceEvents }: File, event: string): unknown[] {
  return traceEvents.filter(({ name }) => name === event).map(({ pid, tid, args }) => [pid, tid, args.name]);
}

test("toTraceEvents() tells processes apart that have the same number, no number, or one that no viewer takes", () => {
  const found = onThreads(
    { pid: 1, rank: 0, threadId: 0 },
    { pid: 1, rank: 1, threadId: 0 },
    { pid: 2, rank: 2, threadId: 0 },
    { pid: 0, rank: 3, threadId: 0 },
    { pid: -4, rank: NaN, threadId: 0 },
    { pid: 2 ** 40, rank: NaN, threadId: 0 },
    { pid: NaN, rank: NaN, threadId: NaN },
  );
  assertEquals(names(found, "process_name"), [
    [1, 1, "rank 0, process 1"],
    [3, 2, "rank 1, process 1"],
    [2, 3, "rank 2, process 2"],
    [4, 4, "rank 3, process 0"],
    [5, 5, "process -4"],
    [6, 6, `process ${2 ** 40}`],
    [7, 7, "process ?"],
  ]);
});

test("toTraceEvents() names threads where a process has several, and numbers no two tracks of a trace alike", () => {
  const found = onThreads(
    { pid: 7, rank: 0, threadId: 0 },
    { pid: 7, rank: 0, threadId: 3 },
    { pid: 7, rank: 0, threadId: NaN },
    { pid: 9, rank: 1, threadId: 140_234_567_890_176 },
  );
  assertEquals(names(found, "process_name"), [[7, 1, "rank 0, process 7"], [9, 4, "rank 1, process 9"]]);
  assertEquals(names(found, "thread_name"), [
    [7, 1, "main"],
    [7, 2, "thread 3"],
    [7, 3, "thread ?"],
    [9, 4, "main"],
  ]);
});

test("toTraceEvents() never lets the sum of start and duration go beyond the parent's, nor beyond what comes next", () => {
  // As viewers add them: DevTools leaves out what ends after its parent, if only by a rounding.
  fc.assert(
    fc.property(sequential, steps => {
      const rows = sequentialRows(steps);
      const wallUs = new Map(rows.map(({ id, startNs, endNs }) => [idOf(id), (endNs! - startNs!) / 1000]));
      const parentOf = new Map(
        rows.map(({ id, parent }) => [idOf(id), parent === undefined ? null : idOf(parent)]),
      );
      const found = events("X", rows);
      assertEquals(found.map(({ args }) => args.id).sort(), [...wallUs.keys()].sort());
      const open: Event[] = [];
      for (const event of found) {
        const { id } = event.args as { id: string };
        while (open.length > 0 && open.at(-1)!.args.id !== parentOf.get(id)) {
          const over = open.pop()!;
          assert(
            over.ts + over.dur! <= event.ts,
            `${JSON.stringify(over)} runs into ${JSON.stringify(event)}`,
          );
        }
        const outer = open.at(-1);
        assertEquals(outer?.args.id ?? null, parentOf.get(id));
        if (outer !== undefined && event.dur! > 0) {
          assert(event.ts + event.dur! <= outer.ts + outer.dur!, `${id} ends after its parent`);
        }
        const rounding = (event.ts + event.dur!) * Number.EPSILON * 4;
        assertAlmostEquals(event.dur!, wallUs.get(id)!, rounding);
        open.push(event);
      }
    }),
    { numRuns: 1000 },
  );
});

test("toTraceEvents() shows every span of any recorded program once, as long as the dict says", () => {
  fc.assert(fc.property(programs, fc.boolean(), (program, open) => {
    const ci = new TestEngine();
    new Model(ci, program);
    const { traceEvents }: File = JSON.parse(ci.host.trace({ format: "perfetto", open }) as string);
    const durations = traceEvents.filter(({ ph }) => ph === "X").map((
      { args, dur },
    ) => [String(args.id), dur!]);
    const expected = flat(ci.dict({ open })).map(({ node }) => [node.id, node.wall_us]);
    const nearest = ([id, us]: (string | number)[]) => `${id} ${Math.round(Number(us) * 1000)}`; // whole nanoseconds
    assertEquals(durations.map(nearest).sort(), expected.map(nearest).sort());
  }));
});

test("toTraceEvents() takes a span that ends before it starts for one without a length", () => {
  const [event] = events("X", [{ id: 1, startNs: 9000, endNs: 5000 }]);
  assertEquals([event.ts, event.dur], [0, 0]);
});

test("toTraceEvents() shows open spans with their time so far, and says that they are open", () => {
  const [event] = events("X", [], [{ id: 1, startNs: 1000, endNs: 3000 }]);
  assertEquals([event.dur, event.args.open], [2, true]);
});

test("toTraceEvents() says when the trace began and what the session's span says", () => {
  const session = { id: 1, name: "cirron.session", startNs: 5000, attrs: { pid: 1 } };
  const child = { id: 2, parent: 1, name: "a", startNs: 7000 };
  const { otherData } = file(snapshotOf([session]));
  assertEquals(otherData, {
    exporter: "@cirron/sdk",
    version: VERSION,
    start_unix_us: 1_767_323_045_678_901 + 5,
    session: { pid: 1 },
  });
  const filtered = JSON.parse(
    toTraceEvents(buildTree(snapshotOf([child, session]), { name: "a" }), { pid: 3 }),
  );
  assertEquals(filtered.otherData, { ...otherData, start_unix_us: 1_767_323_045_678_901 + 7 });
});

test("toTraceEvents() without a session's span says what is known of this process, and nothing of others'", () => {
  assertEquals(file(snapshotOf([{ id: 1 }])).otherData.session, { pid: 4711, runtime: "deno" });
  assertEquals(onThreads({ pid: 1, rank: 0, threadId: 0 }).otherData.session, undefined);
});

test("toTraceEvents() is valid JSON in valid UTF-8, whatever names and attributes hold", () => {
  for (const text of Object.values(TEXTS).map(cutText)) {
    const rows: HandRow[] = [{
      id: 1,
      name: text,
      attrs: { [text]: text },
      marks: [{ name: text, value: text }],
    }];
    const json = toTraceEvents(buildTree(snapshotOf(rows)), { pid: 1 });
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
