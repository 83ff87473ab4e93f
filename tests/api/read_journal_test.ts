import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { tableFromIPC } from "apache-arrow";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pl } from "../../polars.ts";
import { polarsEngine } from "../../src/api/frames.ts";
import { Host } from "../../src/api/host.ts";
import { read, readSpool } from "../../src/api/read.ts";
import type { TraceFunction } from "../../src/api/trace.ts";
import type { TraceOptions } from "../../src/api/trace_options.ts";
import { CirronError } from "../../src/data/errors.ts";
import type { Snapshot } from "../../src/data/snapshot.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { closedOnly, newestRows } from "../../src/tree/newest_rows.ts";
import { pickedRows } from "../../src/tree/picked_rows.ts";
import { TestEngine } from "../support/engine.ts";
import { runName, writeRun } from "../support/journal_runs.ts";
import { fileOf, spanOf, TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Everything that a recording may hold, and something open. */
function recordAll(ci: TestEngine): void {
  ci.mark("before all", 1);
  for (const epoch of ci.epochs(2)) {
    for (const batch of ci.batches(3)) {
      ci.scope(
        "forward",
        { index: -3, attrs: { shape: [1, 2], note: 'é\u2028"' } },
        () => ci.clock.us(1234, 1),
      );
      ci.mark("loss", 1 / (1 + epoch + batch), { attrs: { of: "batch", list: [null, { a: -0.5 }] } });
      ci.mark("norm", NaN, { kind: "summary" });
      ci.mark("far", -Infinity);
      ci.mark("big", -(2n ** 70n));
      ci.mark("small", 7n);
      ci.mark("text", 'x"y\\');
      ci.mark("empty", "");
      ci.mark("done", batch === 1);
      ci.clock.us(10);
    }
  }
  try {
    ci.scope("fails", () => {
      throw new TypeError("no");
    });
  } catch {
    // It is to fail.
  }
  ci.scope("stranger", { parent: REMOTE }, () => ci.scope("inner", () => ci.clock.us(3)));
  ci.scope("open outside", { attrs: { is: "open" } });
  ci.clock.us(200);
  const inside = ci.scope("open inside", { parent: REMOTE });
  inside.mark("so far", 0.5);
  ci.clock.us(100);
}

function recorded(record: (ci: TestEngine) => void, idSuffix = "0123456789abcdef"): Snapshot {
  const ci = new TestEngine(undefined, { idSuffix });
  record(ci);
  return ci.engine.read(Infinity, true);
}

/** What `trace()` reads of a snapshot, as it does of the buffer. */
function traceOf(snapshot: Snapshot): TraceFunction {
  const host = new Host({
    read: (last, open) => {
      const rows = newestRows(snapshot, last);
      return open ? rows : closedOnly(rows);
    },
    frameEngine: polarsEngine(pl as never),
  }, { print: () => {}, isNotebook: () => false, terminal: () => null });
  return (options => host.trace(options)) as TraceFunction;
}

/** The same once its program is over: what was open is not any more. */
function over(snapshot: Snapshot): Snapshot {
  const rows = Uint32Array.from(snapshot.id.subarray(0, snapshot.length).keys());
  const pseudo = rows.filter(row => snapshot.id[row] === 0); // which holds marks, and is no span
  const spans = rows.filter(row => snapshot.id[row] !== 0);
  return { ...pickedRows(snapshot, Uint32Array.of(...spans, ...pseudo)), closedLength: spans.length };
}

function nodesOf({ roots }: TraceDict): TraceNode[] {
  const all: TraceNode[] = [];
  const waiting = [...roots];
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    all.push(node);
    waiting.push(...node.children);
  }
  return all;
}

/** Names, each with that of what it hangs under. */
function linksOf(dict: TraceDict): string[] {
  const nodes = nodesOf(dict);
  const parentOf = new Map(nodes.flatMap(node => node.children.map(child => [child, node.name])));
  return nodes.map(node => `${parentOf.get(node) ?? "-"} > ${node.name}`).sort();
}

const OPTIONS: readonly TraceOptions[] = [
  {},
  { open: true },
  { last: 2 },
  { last: 5, open: true },
  { roots: 1 },
  { roots: 2, open: true },
  { slowest: 2 },
  { name: "batch", last: 2 },
  { name: /^f/, depth: 0 },
  { where: { error: "TypeError: no" } },
  { minWallUs: 500 },
];

test("read() of a journal gives what trace() gives of the same recording, in every format and with every filter", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  writeRun(folder.path, snapshot, { segmentBytes: 2000 });
  const expected = traceOf(over(snapshot));
  for (const options of OPTIONS) {
    // Anew each time: what was read whole once is not read again.
    const [dict, json, text] = (["dict", "json", "text"] as const).map(format =>
      read(folder.path).trace({ ...options, format })
    );
    assertEquals(dict, expected({ ...options, format: "dict" }));
    assertEquals(json, expected({ ...options, format: "json" }));
    assertEquals(text, expected({ ...options, format: "text" }));
    const df = read(folder.path).trace({ ...options, format: "df" });
    assertEquals(df.toRecords(), expected({ ...options, format: "df" }).toRecords());
    for (const by of ["path", "name"] as const) {
      const summary = read(folder.path).trace({ ...options, format: "summary", by });
      assertEquals([...summary.rows], [...expected({ ...options, format: "summary", by }).rows]);
    }
  }
  const { file_count, skipped_file_count, torn_file_count, unfinished_count, running_count } = read(
    folder.path,
  );
  assert(file_count > 6);
  assertEquals([skipped_file_count, torn_file_count, unfinished_count, running_count], [0, 0, 0, 0]);
  const { span_count, mark_count, skipped_row_count, process_count } = read(folder.path);
  assertEquals(
    [span_count, mark_count, skipped_row_count, process_count],
    [over(snapshot).closedLength, snapshot.marks.name.length, 0, 1],
  );
});

test("A journal is read by the folder of runs, a run, a recorder, the folder that holds it, and file by file", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  const journal = join(folder.path, ".cirron", "journal");
  const recorder = writeRun(journal, snapshot);
  const expected = traceOf(over(snapshot))({ format: "dict" });
  const paths = [journal, join(recorder, ".."), recorder, `${recorder}/`, join(folder.path, ".cirron")];
  for (const path of paths) assertEquals(read(path).trace({ format: "dict" }), expected, path);
  const alone = read(join(recorder, "spans.arrow")).trace({ format: "dict" });
  const closed = traceOf(snapshot)({ format: "dict" }); // what was open lies in a file of its own
  assertEquals(linksOf(alone), linksOf(closed));
  assertEquals(nodesOf(alone).map(({ id }) => id).sort(), nodesOf(closed).map(({ id }) => id).sort());
  assertEquals(read(join(recorder, "marks.arrow")).mark_count, snapshot.marks.name.length);
  assertEquals(readSpool, read);
});

test("Several runs, spools and single files are read as one", () => {
  using folder = new TempDirectory();
  using spool = new TestSpool();
  spool.add(fileOf([spanOf("a", 0, { name: "of the spool" })]));
  const record = (name: string) => (ci: TestEngine) => void ci.scope(name, () => ci.mark("m", name));
  writeRun(join(folder.path, "a"), recorded(record("first"), "1".repeat(16)), { run: 1, pid: 11 });
  writeRun(join(folder.path, "a"), recorded(record("second"), "2".repeat(16)), { run: 2, pid: 12 });
  const third = writeRun(join(folder.path, "b"), recorded(record("third"), "3".repeat(16)), { pid: 13 });
  const file = join(third, "spans.arrow");
  const both = read([join(folder.path, "a"), spool.path, file]);
  assertEquals(
    linksOf(both.trace({ format: "dict" })),
    ["first", "of the spool", "second", "third"].map(name => `- > ${name}`),
  );
  assertEquals([both.span_count, both.mark_count, both.process_count], [4, 2, 4]);
  const marks = nodesOf(both.trace({ format: "dict" })).flatMap(node =>
    node.marks.map(({ value }) => [node.name, value])
  );
  assertEquals(marks.sort(), [["first", "first"], ["second", "second"]]);
  assertEquals(both.trace({ format: "dict", last: 1 }).span_count, 1);
});

test("A worker's and a child's spans hang under the span that asked, whoever's clock says what", () => {
  using folder = new TempDirectory();
  const main = new TestEngine(undefined, { idSuffix: "1".repeat(16) });
  const worker = new TestEngine(undefined, { idSuffix: "2".repeat(16) });
  const child = new TestEngine(undefined, { idSuffix: "3".repeat(16) });
  worker.clock.advance(-5e9); // it began before what it hangs on, as the clocks have it
  main.scope("pool", pool => {
    for (let i = 0; i < 3; i++) {
      main.scope("ask", ask => {
        worker.scope("work", { parent: ask.traceparent }, work => {
          worker.clock.us(5);
          worker.scope("step", () => worker.mark("step", i));
          child.scope("spawned", { parent: work.traceparent }, () => child.clock.us(1));
        });
        main.clock.us(50);
      });
    }
    child.scope("of the pool", { parent: pool.traceparent }, () => {});
  });
  child.scope("stranger", { parent: REMOTE }, () => {});
  for (const [thread, ci] of [main, worker].entries()) {
    writeRun(folder.path, ci.engine.read(Infinity, true), {
      session: { thread, thread_name: thread === 1 ? "w" : null },
    });
  }
  writeRun(folder.path, child.engine.read(Infinity, true), { run: 2, pid: 4712 });
  const dict = read(folder.path).trace({ format: "dict" });
  assertEquals(linksOf(dict), [
    "- > pool",
    "- > stranger",
    ...Array(3).fill("ask > work"),
    "pool > ask",
    "pool > ask",
    "pool > ask",
    "pool > of the pool",
    ...Array(3).fill("work > spawned"),
    ...Array(3).fill("work > step"),
  ]);
  const nodes = nodesOf(dict);
  assertEquals(new Set(nodes.map(({ trace_id }) => trace_id)).size, 2);
  for (const node of nodes) for (const below of node.children) assertEquals(below.parent_id, node.id);
  assertEquals(nodes.find(({ name }) => name === "stranger")!.parent_id, REMOTE.slice(36, 52));
  const marks = nodes.filter(({ name }) => name === "step").map(node => node.marks[0].value);
  assertEquals(marks.sort(), [0, 1, 2]);
  const tracks = read(folder.path).trace({ format: "perfetto" });
  assert(tracks.includes('"thread 1, w"'), "a worker's track has its name");
  const { rows } = read(folder.path).trace({ format: "summary" });
  assert(
    rows.some(({ path }) => path === "pool > ask > work > spawned"),
    JSON.stringify(rows.map(({ path }) => path)),
  );
  // The newest alone are what they are among all.
  const all = read(folder.path);
  assertEquals(all.span_count, nodes.length);
  for (let count = 0; count <= nodes.length; count++) {
    for (const filter of [{ last: count }, { roots: count }, { last: count, open: true }]) {
      const options = { ...filter, format: "dict" } as const;
      assertEquals(read(folder.path).trace(options), all.trace(options));
    }
  }
});

test("A recorder that goes on has open spans with open: true, until now and with their marks", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  writeRun(folder.path, snapshot, { state: "running" });
  const run = read(folder.path);
  assertEquals([run.running_count, run.unfinished_count], [1, 0]);
  assertEquals(run.trace({ format: "dict" }), traceOf(snapshot)({ format: "dict" }));
  const nodes = nodesOf(run.trace({ format: "dict", open: true }));
  const names = nodes.filter(({ attrs, name }) =>
    /^open/.test(name) && attrs["cirron.unfinished"] === undefined
  )
    .map(({ name, marks }) => [name, marks.length]);
  assertEquals(names.sort(), [["open inside", 1], ["open outside", 0]]);
  // The clock of the tests stands in the past: their age is up to now.
  const open = nodes.find(({ name }) => name === "open outside")!;
  assert(open.wall_us > 1e6);
});

test("What was open in a recorder that never finished is shown without being asked for, unfinished, until the last that is known", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  writeRun(folder.path, snapshot, { state: "unfinished" });
  const run = read(folder.path);
  assertEquals([run.running_count, run.unfinished_count], [0, 1]);
  assertEquals(run.span_count, snapshot.closedLength + 2);
  const nodes = nodesOf(run.trace({ format: "dict" }));
  const unfinished = nodes.filter(({ attrs }) => attrs["cirron.unfinished"] === true);
  assertEquals(unfinished.map(({ name, wall_us, marks }) => [name, wall_us, marks.length]), [
    ["open outside", 300, 0],
    ["open inside", 100, 1],
  ]);
  assertEquals(unfinished[0].attrs.is, "open");
  assertMatch(run.trace({ format: "text" }), /open outside .*unfinished/);
  // They closed last, as far as anybody knows.
  const last = read(folder.path).trace({ format: "dict", last: 3 });
  assertEquals(nodesOf(last).map(({ name }) => name).sort(), ["open inside", "open outside", "stranger"]);
});

test("A span that has closed is not open, however many rows of it there are", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  const [a, b] = [ci.scope("a"), ci.scope("b")];
  const early = ci.engine.read(Infinity, true);
  ci.clock.us(5);
  b.end();
  const late = ci.engine.read(Infinity, true);
  writeRun(folder.path, early, { state: "running" });
  writeRun(folder.path, early, { state: "running" });
  writeRun(folder.path, late, { state: "running" });
  a.end();
  const dict = read(folder.path).trace({ format: "dict", open: true });
  assertEquals(dict.roots.map(({ name, children }) => [name, children.map(child => child.name)]), [["a", [
    "b",
  ]]]);
  assertEquals(read(folder.path).trace({ format: "dict" }).span_count, 1);
  assertEquals(read(folder.path).trace({ format: "dict", last: 1, open: true }).span_count, 2);
});

test("Marks of a span that is in no file hang on one named (open), where all is read and open spans are asked for", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  const scope = ci.scope("short");
  scope.mark("known", 1);
  ci.scope("below", () => {});
  const snapshot = ci.engine.read(Infinity, true);
  const recorder = writeRun(folder.path, snapshot, { state: "running" });
  rmSync(join(recorder, "opens.arrow"));
  assertEquals(linksOf(read(folder.path).trace({ format: "dict" })), ["- > below"]);
  const dict = read(folder.path).trace({ format: "dict", open: true });
  assertEquals(linksOf(dict), ["(open) > below", "- > (open)"]);
  assertEquals(dict.roots[0].marks.map(({ name }) => name), ["known"]);
  assertEquals(read(folder.path).mark_count, 1);
});

test("Rows that were written twice count once, also where only the newest are read", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(ci => {
    for (let i = 0; i < 10; i++) ci.scope("s", { index: i }, () => ci.mark("m", i));
  });
  writeRun(folder.path, snapshot);
  writeRun(folder.path, snapshot);
  const expected = traceOf(snapshot);
  for (const options of [{}, { last: 4 }, { last: 10 }, { last: 15 }] as const) {
    assertEquals(
      read(folder.path).trace({ ...options, format: "dict" }),
      expected({ ...options, format: "dict" }),
    );
  }
  assertEquals([read(folder.path).span_count, read(folder.path).mark_count], [10, 10]);
});

test("A torn tail and damage are counted, and what lies before them is read", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(ci => {
    for (let i = 0; i < 9; i++) ci.scope("s", { index: i }, () => ci.mark("m", i));
  });
  const recorder = writeRun(folder.path, snapshot, { state: "unfinished" });
  const path = join(recorder, "spans.arrow");
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 5));
  const torn = read(folder.path);
  assertEquals([torn.torn_file_count, torn.skipped_file_count, torn.span_count], [1, 0, 6]);
  writeFileSync(path, whole);
  appendFileSync(path, new Uint8Array(100));
  assertEquals([read(folder.path).torn_file_count, read(folder.path).span_count], [1, 9]);
  writeFileSync(path, "{}".repeat(100));
  mkdirSync(join(recorder, "opens.arrow"));
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (line: string) => void lines.push(line);
  try {
    const damaged = read(folder.path);
    assertEquals([damaged.skipped_file_count, damaged.span_count, damaged.mark_count], [2, 0, 9]);
  } finally {
    console.warn = warn;
  }
  assertEquals(lines, [
    "[cirron] read() skipped 2 of 3 files; the first is spans.arrow: it is no Arrow stream",
  ]);
});

test("A recorder without session.json is read by what its streams say", () => {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  const recorder = writeRun(folder.path, snapshot);
  rmSync(join(recorder, "session.json"));
  const run = read(folder.path);
  assertEquals([run.unfinished_count, run.process_count], [1, 1]);
  const ids = (dict: TraceDict) => nodesOf(dict).map(({ id, start_us }) => `${id} ${start_us}`).sort();
  const expected = ids(
    traceOf(snapshot)({ format: "dict", open: true }).roots.length === 0
      ? { roots: [], span_count: 0 }
      : traceOf(snapshot)({ format: "dict", open: true }),
  );
  assertEquals(ids(run.trace({ format: "dict", open: true })), expected);
});

test("What is written later does not change what was read, and what was evicted meanwhile is no error", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.scope("first", () => {});
  const recorder = writeRun(folder.path, ci.engine.read(Infinity, true), { state: "running" });
  const run = read(folder.path);
  const other = read(folder.path);
  ci.scope("second", () => {});
  writeRun(folder.path, ci.engine.read(1, false), { state: "running" });
  assertEquals(linksOf(run.trace({ format: "dict" })), ["- > first"]);
  assertEquals(linksOf(read(folder.path).trace({ format: "dict" })), ["- > first", "- > second"]);
  rmSync(recorder, { recursive: true });
  assertEquals([other.span_count, run.span_count], [0, 1]);
});

test("A session of another version of the format is not read", () => {
  using folder = new TempDirectory();
  const recorder = writeRun(folder.path, recorded(recordAll));
  const path = join(recorder, "spans.arrow");
  const bytes = readFileSync(path);
  // The version among the metadata: a text of one character.
  const at = bytes.indexOf("cirron.journal") - 4;
  const version = bytes.subarray(0, 2000).findIndex((_, i) =>
    i > at - 40 && bytes[i] === 1 && bytes[i + 4] === 0x31 && bytes[i + 5] === 0
  );
  assert(version > 0);
  bytes[version + 4] = 0x32;
  writeFileSync(path, bytes);
  const { warn } = console;
  console.warn = () => {};
  try {
    assertEquals(read(path).skipped_file_count, 1);
  } finally {
    console.warn = warn;
  }
});

test("read() throws a TypeError for what are no paths, and a CirronError that names what is not there or something else", () => {
  using folder = new TempDirectory();
  for (const paths of [5, {}, [], [""], "", [null], new URL("file:///tmp")]) {
    assertThrows(() => read(paths as never), TypeError, "paths must be a path or a list of paths, got ");
  }
  const missing = join(folder.path, runName(1, 1));
  assertThrows(
    () => read([folder.path, missing]),
    CirronError,
    `${JSON.stringify(missing)}: there is no such file or directory`,
  );
  const text = folder.write("notes.txt", "");
  assertThrows(() => read(text), CirronError, "it is no directory, and no .json or .arrow file");
  assertEquals(read(folder.path).trace({ format: "dict" }), { roots: [], span_count: 0 });
});

test('trace({ from: "journal" }) has the whole run, also what memory has let go of, while it runs and after its end', () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.engine.profile({ output: "journal", outputDir: folder.path, traceBufferMaxSpans: 10 });
  const open = ci.scope("open");
  for (let i = 0; i < 100; i++) ci.scope("step", { index: i, attrs: { i } }, () => ci.mark("m", i));
  const trace = (options: TraceOptions) =>
    ci.host.trace({ from: "journal", format: "dict", ...options } as never) as TraceDict;
  assertEquals(ci.dict({ name: "step" }).span_count, 10);
  assertEquals(trace({ name: "step" }).roots.map(({ index, marks }) => [index, marks[0].value]), [
    ...Array.from({ length: 100 }, (_, i) => [i, i]),
  ]);
  assertEquals(trace({}).span_count, 100);
  assertEquals(trace({ open: true }).roots.map(({ name }) => name), ["cirron.session"]);
  assertEquals(trace({ last: 20 }).span_count, 20);
  assertEquals(trace({ last: 5 }), ci.dict({ last: 5 }));
  const [newest] = trace({ where: { i: 3 }, name: "step" }).roots;
  assertEquals(newest.index, 3);
  open.end();
  ci.engine.shutdown();
  assertEquals(trace({}).roots.map(({ name, children }) => [name, children[0].children.length]), [
    ["cirron.session", 100],
  ]);
  assertEquals(trace({ roots: 1 }).roots.map(({ name }) => name), ["open"]);
});

test('trace({ from: "journal" }) throws where there is no journal, or no session', () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  const trace = () => ci.host.trace({ from: "journal", format: "dict" });
  const none = 'the session writes none, start it with output: "journal"';
  assertThrows(trace, CirronError, none);
  ci.profile();
  assertThrows(trace, CirronError, none);
  assertThrows(
    () => ci.host.trace({ from: "disk" } as never),
    RangeError,
    'from must be "memory" or "journal"',
  );
  assertThrows(
    () => read(folder.path).trace({ from: "journal" }),
    TypeError,
    "from and workers are for the package's own trace()",
  );
  assertEquals(read(folder.path).trace({ from: "memory", format: "dict" }).span_count, 0);
});

test("Roots are what lies in a worker's session, too, and not that session", () => {
  using folder = new TempDirectory();
  const [main, worker] = ["1", "2"].map(digit => new TestEngine(undefined, { idSuffix: digit.repeat(16) }));
  main.profile();
  const scope = main.scope("request");
  main.clock.us(5);
  scope.end();
  const context = main.engine.recording.context?.() ?? "";
  worker.profile({ parent: context });
  worker.scope("task", () => worker.clock.us(50));
  for (const [thread, ci] of [main, worker].entries()) {
    ci.engine.shutdown();
    writeRun(folder.path, ci.engine.read(Infinity, true), { session: { thread } });
  }
  const all = read(folder.path).trace({ format: "dict" });
  assertEquals(linksOf(all), [
    "- > cirron.session",
    "cirron.session > cirron.session",
    "cirron.session > request",
    "cirron.session > task",
  ]);
  const roots = (count: number) =>
    read(folder.path).trace({ format: "dict", roots: count }).roots.map(({ name }) => name);
  assertEquals([roots(1), roots(9)], [["task"], ["request", "task"]]);
});

/** Readers that know nothing of this package. */
const STRANGERS: Readonly<Record<string, (bytes: Buffer) => Record<string, unknown>[]>> = {
  "polars": bytes => pl.readIPCStream(bytes).toRecords(),
  "apache-arrow": bytes => tableFromIPC(bytes).toArray().map(row => row.toJSON()),
};

for (const [reader, recordsOf] of Object.entries(STRANGERS)) {
  test(`${reader} reads the files of a run as they are, and finds the values that trace() gives`, () => {
    checkValues(recordsOf);
  });
}

function checkValues(recordsOf: (bytes: Buffer) => Record<string, unknown>[]): void {
  using folder = new TempDirectory();
  const snapshot = recorded(recordAll);
  const recorder = writeRun(folder.path, snapshot);
  const frameOf = (name: string) => recordsOf(readFileSync(join(recorder, `${name}.arrow`)));
  const df = traceOf(snapshot)({ format: "df" }).toRecords();
  const spans = frameOf("spans");
  const numbers = (rows: readonly Record<string, unknown>[], name: string) =>
    rows.map(row => row[name] === null ? null : Number(row[name]));
  assertEquals(spans.map(row => row.name), df.map(row => row.name));
  assertEquals(numbers(spans, "wall_ns").map(ns => ns! / 1000), numbers(df, "wall_us"));
  for (const column of ["index", "cpu_ns", "gpu_ns", "memory_peak_bytes"]) {
    assertEquals(numbers(spans, column), numbers(df, column), column);
  }
  const numberOf = new Map(df.map((row, i) => [row.id, Number(spans[i].id)]));
  const parents = df.map(row => numberOf.get(row.parent_id) ?? null);
  assertEquals(
    numbers(spans, "parent").map(parent =>
      parent !== null && parent > 0 && [...numberOf.values()].includes(parent) ? parent : null
    ),
    parents,
  );
  const byId = new Map(
    nodesOf(traceOf(snapshot)({ format: "dict", open: true })).map(node => [node.id, node]),
  );
  const attrs = df.map(row => byId.get(String(row.id))!.attrs);
  const read = spans.map(({ attrs, data_load_ns: load }) => ({
    ...JSON.parse(attrs === null ? "{}" : String(attrs)),
    ...(load === null ? {} : { data_load_ns: Number(load) }),
  }));
  assertEquals(read, attrs);
  const valueOf = (row: Record<string, unknown>) =>
    row.integer === null ? row.number ?? row.text ?? row.flag : BigInt(String(row.integer));
  const marks = frameOf("marks").map(row =>
    `${row.name} ${valueOf(row)} ${row.is_summary ? "summary" : "point"}`
  );
  const expected = [...byId.values()].flatMap(node => node.marks)
    .map(({ name, value, kind }) => `${name} ${value} ${kind}`);
  assertEquals(marks.sort(), expected.sort());
  const opens = frameOf("opens").map(row => [row.name, JSON.parse(String(row.attrs ?? "{}"))]);
  assertEquals(opens, [["open outside", { is: "open" }], ["open inside", {}]]);
}
