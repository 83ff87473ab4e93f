import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { type DataFrame, pl } from "../../polars.ts";
import { readSpool, type SpoolTrace } from "../../src/api/read.ts";
import { readFiles } from "../../src/api/recordings.ts";
import { host } from "../../src/api/shared.ts";
import type { TraceOptions } from "../../src/api/trace_options.ts";
import { CirronError } from "../../src/data/errors.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { shape, TestEngine } from "../support/engine.ts";
import { type Schema, violations } from "../support/json_schema.ts";
import { readSource } from "../support/sources.ts";
import {
  type Fields,
  fileName,
  fileOf,
  markOf,
  PYTHON_FILE,
  spanOf,
  START_NS,
  TestSpool,
  toJsonText,
} from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const DOC = "docs/spool-format.md";
const SCHEMA = JSON.parse(readSource("docs/spool-v1.schema.json")) as Schema;

// readSpool() prints through the process's host, and who runs the tests may do so at a terminal.
const { traceContext } = host;
host.traceContext = read => ({ ...traceContext.call(host, read), terminal: () => null });

/** What a spool with these files is read as. */
function readFilesOf(...files: (Fields | string)[]): SpoolTrace {
  using spool = new TestSpool();
  for (const file of files) spool.add(file);
  return readSpool(spool.path);
}

/** What a call prints to stdout. */
function printedBy(call: () => void): string[] {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    call();
  } finally {
    console.log = log;
  }
  return lines;
}

/** Two ranks' training: epochs with two batches each, the second rank's last epoch still open. */
const TRAINING: readonly Fields[] = [0, 1].flatMap(rank => {
  const id = (name: string) => `${rank}-${name}`;
  const batch = (epoch: number, index: number): Fields =>
    spanOf(id(`batch${epoch}${index}`), epoch * 20_000 + index * 5000 + rank, {
      name: "batch",
      parent_id: id(`epoch${epoch}`),
      index,
      pid: 100 + rank,
      rank,
    });
  const epoch = (index: number): Fields =>
    spanOf(id(`epoch${index}`), index * 20_000 + rank, {
      name: "epoch",
      index,
      end_ns: START_NS + BigInt(index * 20_000 + rank + 10_000) * 1000n,
      pid: 100 + rank,
      rank,
    });
  const loss = (epoch: number, index: number): Fields =>
    markOf(id(`loss${epoch}${index}`), id(`batch${epoch}${index}`), {
      name: "loss",
      value: 1 / (1 + epoch * 2 + index),
      ts_ns: START_NS + BigInt(epoch * 20_000 + index * 5000 + 500) * 1000n,
    });
  const last = markOf(id("norm"), id("epoch1"), {
    name: "norm",
    value: "NaN",
    ts_ns: START_NS + 26_000_000n,
  });
  return [
    fileOf([batch(0, 0)], [loss(0, 0), loss(0, 1)]),
    fileOf([batch(0, 1), epoch(0)]),
    fileOf(rank === 0 ? [batch(1, 0), batch(1, 1), epoch(1)] : [batch(1, 0)], [loss(1, 0), last]),
  ];
});

test("readSpool() of an empty directory has no spans", () => {
  const spool = readFilesOf();
  assertEquals(Object.keys(spool), [
    "trace",
    "file_count",
    "skipped_file_count",
    "torn_file_count",
    "span_count",
    "mark_count",
    "skipped_row_count",
    "unfinished_count",
    "running_count",
    "process_count",
  ]);
  assertEquals(Object.values(spool).slice(1), Array.from({ length: 9 }, () => 0));
  assertEquals(printedBy(() => assertStrictEquals(spool.trace(), undefined)), ["(no spans)"]);
  assertEquals(spool.trace({ format: "json" }), '{"roots":[],"span_count":0}');
});

test("readSpool() of no directory throws a CirronError that names it", () => {
  using folder = new TempDirectory();
  const missing = `${folder.path}/missing`;
  assertThrows(() => readSpool(missing), CirronError, `"${missing}": there is no such file or directory`);
  const file = folder.write("file", "");
  assertThrows(
    () => readSpool(file),
    CirronError,
    `"${file}": it is no directory, and no .json or .arrow file`,
  );
});

test("readSpool() throws a TypeError for what is no path", () => {
  for (const path of [5, {}, [], new URL("file:///tmp")]) {
    assertThrows(
      () => readSpool(path as unknown as string),
      TypeError,
      "must be a path or a list of paths, got ",
    );
  }
  assertThrows(() => readSpool(""), TypeError, "got an empty string");
});

test("readSpool() looks at files of the spool's names only", () => {
  using spool = new TestSpool();
  const text = toJsonText(fileOf([spanOf("a")]));
  const name = spool.add(text);
  for (
    const other of [
      `${name}.tmp`,
      `x${name}`,
      `${name}x`,
      name.slice(1),
      name.toUpperCase(),
      name.replace(".json", ".jsonl"),
      ".gitignore",
      "01767323045678901234-5a1f0c6b-e4f9-4f0d-9d9d-4c7b7f3a2e10.json",
    ]
  ) {
    if (other.toLowerCase() !== name) spool.write(other, text.replaceAll('"a"', `"${other}"`));
  }
  const { file_count, skipped_file_count, span_count } = readSpool(spool.path);
  assertEquals([file_count, skipped_file_count, span_count], [1, 0, 1]);
});

test("readSpool() skips and counts damaged files, and reads the others", () => {
  const whole = toJsonText(fileOf([spanOf("a")], [markOf("m", "a", { name: "é" })]));
  const damaged = [
    "",
    " ",
    "null",
    "[]",
    "5",
    '"text"',
    "not JSON",
    "\u0000".repeat(100),
    whole + whole,
    whole.replace('"schema_version":1', '"schema_version":2'),
    whole.replace('"schema_version":1', '"schema_version":"1"'),
    whole.replace('"schema_version":1,', ""),
    whole.replace('"value":0.5', '"value":nan'),
    toJsonText(fileOf({})),
    toJsonText(fileOf("spans")),
    toJsonText(fileOf([], {})),
  ];
  const { file_count, skipped_file_count, span_count, mark_count } = readFilesOf(...damaged, whole);
  assertEquals([file_count, skipped_file_count], [1, damaged.length]);
  assertEquals([span_count, mark_count], [1, 1]);
});

test("readSpool() skips a file truncated anywhere", () => {
  using spool = new TestSpool();
  let truncated = 0;
  for (let length = 0; length < PYTHON_FILE.length; length += 7, truncated++) {
    spool.add(PYTHON_FILE.slice(0, length));
  }
  spool.add(fileOf([spanOf("a")]));
  const { file_count, skipped_file_count, span_count, skipped_row_count } = readSpool(spool.path);
  assertEquals([file_count, skipped_file_count, span_count, skipped_row_count], [1, truncated, 1, 0]);
});

test("readSpool() never throws for a file with any one byte changed", () => {
  using spool = new TestSpool();
  let changed = 0;
  for (let at = 3; at < PYTHON_FILE.length; at += 7, changed++) {
    for (const byte of ['"', "9", "\\", "}"]) {
      spool.add(PYTHON_FILE.slice(0, at) + byte + PYTHON_FILE.slice(at + 1));
    }
  }
  const read = readSpool(spool.path);
  assertEquals(read.file_count + read.skipped_file_count, changed * 4);
  read.trace({ format: "json", open: true });
});

test("readSpool() skips a file that is larger than a string can be, without reading it", () => {
  using spool = new TestSpool();
  const file = openSync(spool.at(fileName(99)), "w");
  ftruncateSync(file, 3_000_000_000); // a hole: takes no room
  closeSync(file);
  spool.add(fileOf([spanOf("a")]));
  const { skipped_file_count, span_count } = readSpool(spool.path);
  assertEquals([skipped_file_count, span_count], [1, 1]);
});

test("readSpool() skips directories and links with a file's name", () => {
  using spool = new TestSpool();
  mkdirSync(spool.at(fileName(90)));
  symlinkSync(spool.at(spool.add(fileOf([spanOf("a")]))), spool.at(fileName(91)));
  symlinkSync(spool.at("nowhere"), spool.at(fileName(92)));
  const { file_count, skipped_file_count } = readSpool(spool.path);
  assertEquals([file_count, skipped_file_count], [1, 3]);
});

/** What readSpool() warns of. */
function warningsOf(spool: TestSpool): string[] {
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (line: string) => void lines.push(line);
  try {
    readSpool(spool.path);
  } finally {
    console.warn = warn;
  }
  return lines;
}

test("readSpool() says in one line how many files it skipped, and what is wrong with the first", () => {
  const link = (spool: TestSpool) => symlinkSync(spool.at("nowhere"), spool.at(fileName(50)));
  const big = (spool: TestSpool) => {
    const file = openSync(spool.at(fileName(50)), "w");
    ftruncateSync(file, 3_000_000_000);
    closeSync(file);
  };
  const content = (text: string) => (spool: TestSpool) => void spool.write(fileName(50), text);
  for (
    const [add, reason] of [
      [content("{"), "is not JSON"],
      [content("[]"), "is no object"],
      [content('{"spans":[],"marks":[]}'), "has the format's version unknown, not 1"],
      [content('{"schema_version":2,"spans":[],"marks":[]}'), "has the format's version 2, not 1"],
      [content('{"schema_version":1,"spans":[]}'), "has no lists of spans and marks"],
      [link, "is no regular file"],
      [big, "is over 512 MiB"],
    ] as const
  ) {
    using spool = new TestSpool();
    spool.add(fileOf([spanOf("a")]));
    add(spool);
    spool.write(fileName(60), "");
    assertEquals(warningsOf(spool), [
      `[cirron] read() skipped 2 of 3 files; the first is ${fileName(50)}: it ${reason}`,
    ]);
  }
});

test("readSpool() says nothing where no file was skipped", () => {
  using spool = new TestSpool();
  assertEquals(warningsOf(spool), []);
  spool.add(fileOf([spanOf("a", 0, { cpu_ns: "x" })]));
  assertEquals(warningsOf(spool), []);
});

test("readSpool() reads on where the console throws", () => {
  using spool = new TestSpool();
  spool.add("{");
  spool.add(fileOf([spanOf("a")]));
  const { warn } = console;
  console.warn = () => {
    throw new Error("console");
  };
  try {
    assertEquals(readSpool(spool.path).span_count, 1);
  } finally {
    console.warn = warn;
  }
});

test("readSpool() reads files in which Python wrote NaN and infinities", () => {
  const text = PYTHON_FILE.replace('"cpu_ns": 1500', '"cpu_ns": NaN')
    .replace('"value": 0.5', '"value": NaN')
    .replace('"value": 1e-05', '"value": -Infinity')
    .replace('"data_load_ns": 250', '"data_load_ns": Infinity');
  const spool = readFilesOf(text);
  assertEquals([spool.file_count, spool.span_count, spool.mark_count, spool.skipped_row_count], [1, 1, 3, 0]);
  const [node] = spool.trace({ format: "dict" }).roots;
  assertEquals([node.cpu_ns, node.attrs.data_load_ns], [null, "Infinity"]);
  assertEquals(node.marks.map(mark => mark.value), [NaN, -Infinity, "18446744073709551617"]);
});

test("readFiles() passes over a file that was evicted since it was listed", () => {
  using spool = new TestSpool();
  const name = spool.add("{}");
  const read = [...readFiles([{ directory: spool.path, names: [fileName(8), name, fileName(9)] }])];
  assertEquals(read.map(file => [file.name, "bytes" in file && new TextDecoder().decode(file.bytes)]), [[
    name,
    "{}",
  ]]);
});

test("readSpool() reads once: later files do not change the trace", () => {
  using spool = new TestSpool();
  spool.add(fileOf([spanOf("a")]));
  const read = readSpool(spool.path);
  spool.add(fileOf([spanOf("b")]));
  assertEquals(read.trace({ format: "dict" }).span_count, 1);
  assertEquals(readSpool(spool.path).span_count, 2);
});

test("readSpool() reads files in the order of their names", () => {
  using spool = new TestSpool();
  const at = (number: number, name: string) =>
    spool.write(fileName(number), toJsonText(fileOf([spanOf("a", 0, { name })])));
  at(20, "newest");
  at(3, "old");
  assertEquals(readSpool(spool.path).trace({ format: "dict" }).roots[0].name, "newest");
});

test("readSpool() reads what the Python package writes, to the nanosecond", () => {
  const spool = readFilesOf(PYTHON_FILE);
  assertEquals(printedBy(() => spool.trace()), [
    "batch[3] - 2.0us {loss=0.5000, lr=1.00e-5, seen=18446744073709551617}",
  ]);
  const [node] = spool.trace({ format: "dict" }).roots;
  assertEquals([node.start_us, node.end_us, node.wall_us], [1767323045678901, 1767323045678903, 2.001]);
  assertEquals(node.marks.map(mark => mark.value), [0.5, 0.00001, "18446744073709551617"]);
});

test("readSpool() merges processes: trace() prints the tree", () => {
  const spool = readFilesOf(...TRAINING);
  assertEquals([spool.file_count, spool.process_count], [6, 2]);
  assertEquals([spool.span_count, spool.mark_count], [10, 8]);
  assertEquals(printedBy(() => assertStrictEquals(spool.trace(), undefined)), [
    [
      "epoch[0] - 10.0ms",
      "  batch[0] - 1.0ms {loss=1}",
      "  batch[1] - 1.0ms {loss=0.5000}",
      "epoch[0] - 10.0ms",
      "  batch[0] - 1.0ms {loss=1}",
      "  batch[1] - 1.0ms {loss=0.5000}",
      "epoch[1] - 10.0ms {norm=NaN}",
      "  batch[0] - 1.0ms {loss=0.3333}",
      "  batch[1] - 1.0ms",
      "batch[0] - 1.0ms {loss=0.3333}",
    ].join("\n"),
  ]);
});

test("readSpool() shows spans that are in no file with open: true", () => {
  const dict = readFilesOf(...TRAINING).trace({ format: "dict", open: true });
  assertEquals(
    shape({ ...dict, roots: dict.roots.slice(3) }),
    [
      `(open) open {norm=NaN}`,
      `  batch[0] {loss=${1 / 3}}`,
    ].join("\n"),
  );
  assertEquals(dict.span_count, 11);
});

test("readSpool().trace() filters by name and last", () => {
  const spool = readFilesOf(...TRAINING);
  const shapeOf = (options: { name?: string; last?: number; open?: boolean }) =>
    shape(spool.trace({ format: "dict", ...options })).replace(/ \{.*\}/g, "").split("\n");
  assertEquals(shapeOf({ name: "batch" }), [0, 0, 1, 1, 0, 0, 1].map(index => `batch[${index}]`));
  assertEquals(shapeOf({ last: 3 }), ["epoch[1]", "  batch[1]", "batch[0]"]);
  assertEquals(shapeOf({ name: "epoch", last: 1 }), ["epoch[1]"]);
  assertEquals(shapeOf({ name: "(open)", open: true }), ["(open) open", "  batch[0]"]);
  assertEquals(shapeOf({ last: 0 }), [""]);
  assertEquals(shapeOf({ name: "missing" }), [""]);
});

test("readSpool().trace() leaves out what is too deep or too short", () => {
  const spool = readFilesOf(...TRAINING);
  const names = (options: TraceOptions) =>
    shape(spool.trace({ ...options, format: "dict" })).split("\n").map(line => line.replace(/ \{.*/, ""));
  assertEquals(names({ depth: 0, name: "epoch" }), ["epoch[0]", "epoch[0]", "epoch[1]"]);
  assertEquals(names({ minWallUs: 10_000 }), ["epoch[0]", "epoch[0]", "epoch[1]"]);
});

test("readSpool().trace() folds the tree if asked, and not where nobody looks", () => {
  const spool = readFilesOf(...TRAINING);
  const lines = (options?: { fold: number }) => printedBy(() => spool.trace(options)).join("\n").split("\n");
  assertEquals(lines({ fold: 0 }), [
    "epoch x3 - 30.0ms total, p50 10.0ms, p95 10.0ms, max 10.0ms",
    lines().at(-1)!, // a batch whose epoch is in no file
  ]);
  assertEquals(lines().length, 10);
});

test("readSpool().trace() as html is a page of all processes", () => {
  const page = readFilesOf(...TRAINING).trace({ format: "html", open: true });
  assert(page.startsWith("<!doctype html>"));
  const [, data] = /id="data">(.*?)<\/script>/s.exec(page)!;
  const summary = readFilesOf(...TRAINING).trace({ format: "summary", open: true });
  const spans = summary.rows.reduce((sum, row) => sum + row.count, 0);
  assertEquals((JSON.parse(data) as { spanCount: number }).spanCount, spans);
});

test("readSpool().trace() as summary sums up all processes", () => {
  const { rows } = readFilesOf(...TRAINING).trace({ format: "summary", open: true });
  assertEquals(rows.map(row => [row.path, row.count, row.open_count, row.total_us]), [
    ["epoch", 3, 0, 30_000],
    ["epoch > batch", 6, 0, 6000],
    ["(open)", 1, 1, 5999],
    ["(open) > batch", 1, 0, 1000],
  ]);
});

test("readSpool().trace() as json is the dict, serialized", () => {
  const spool = readFilesOf(...TRAINING);
  const { roots, span_count } = spool.trace({ format: "dict", open: true });
  const norm = roots.flatMap(root => root.marks).filter(mark => mark.name === "norm");
  assertEquals(norm.map(mark => mark.value), [NaN, NaN]);
  for (const mark of norm) mark.value = "NaN";
  assertEquals(spool.trace({ format: "json", open: true }), JSON.stringify({ roots, span_count }));
});

test("readSpool().trace() as df has a row per span in order of close, newest first with last", () => {
  const spool = readFilesOf(...TRAINING);
  const df: DataFrame = spool.trace({ format: "df" });
  assertEquals(df.columns, [
    "id",
    "parent_id",
    "name",
    "index",
    "wall_us",
    "cpu_ns",
    "gpu_ns",
    "memory_peak_bytes",
    "mark_count",
    "depth",
    "trace_id",
  ]);
  assertEquals(df.dtypes.map(String).slice(3, 5), [pl.Int64, pl.Float64].map(String));
  assertEquals(df.getColumn("id").toArray(), [
    "0-batch00",
    "1-batch00",
    "0-batch01",
    "1-batch01",
    "0-epoch0",
    "1-epoch0",
    "0-batch10",
    "1-batch10",
    "0-batch11",
    "0-epoch1",
  ]);
  assertEquals(df.getColumn("depth").toArray(), [1, 1, 1, 1, 0, 0, 1, 0, 1, 0]);
  assertEquals(df.getColumn("mark_count").toArray(), [1, 1, 1, 1, 0, 0, 1, 1, 0, 1]);
  assertEquals(df.getColumn("cpu_ns").nullCount(), 10);
  const last = spool.trace({ format: "df", name: "batch", last: 2 });
  assertEquals(last.getColumn("id").toArray(), ["0-batch11", "1-batch10"]);
  const open = spool.trace({ format: "df", open: true });
  assertEquals(open.getColumn("name").toArray().at(-1), "(open)");
});

test("readSpool().trace() throws for wrong options as trace() does", () => {
  const spool = readFilesOf();
  assertThrows(() => spool.trace({ format: "xml" } as never), RangeError, "format must be");
  assertThrows(() => spool.trace({ last: 1.5 }), RangeError, "last must be");
  assertThrows(() => spool.trace({ name: 3 } as never), TypeError, "name must be");
});

test("readSpool() gives objects of the caller's own", () => {
  const spool = readFilesOf(fileOf([spanOf("a", 0, { attrs: { list: [1] } })]));
  const first = spool.trace({ format: "dict" });
  first.roots[0].attrs.list = "changed";
  first.roots.length = 0;
  assertEquals(spool.trace({ format: "dict" }).roots[0].attrs, { list: [1] });
});

test("readSpool() gives the trace that the recording process itself reads", () => {
  using folder = new TempDirectory();
  const directory = `${folder.path}/spool`;
  const ci = new TestEngine();
  ci.profile({ output: "spool", outputDir: directory });
  for (const epoch of ci.epochs(2)) {
    for (const batch of ci.batches(3)) {
      ci.scope("forward", { attrs: { shape: [1, 2], note: "é" } }, () => ci.clock.advance(1_234_567, 1));
      ci.mark("loss", 1 / (1 + epoch + batch), { attrs: { of: "batch" } });
      ci.mark("norm", NaN, { kind: "summary" });
      ci.mark("big", 2n ** 70n);
      ci.mark("text", 'x"y\\');
      ci.mark("done", true);
      ci.engine.flush();
    }
  }
  const recorded = ci.dict(); // which flushes, so it comes first
  const spool = readSpool(directory);
  const { roots: [session, ...others] } = spool.trace({ format: "dict" });
  assertEquals([session.name, others, spool.unfinished_count], ["cirron.session", [], 1]);
  assertEquals(session.children, recorded.roots); // in memory the session is not there before it has closed
  const filter = { name: "batch", last: 2 };
  assertEquals(spool.trace({ ...filter, format: "json" }), ci.json(filter));
  ci.engine.shutdown();
  assertEquals(readSpool(directory).trace({ format: "dict" }), ci.dict());
});

test("readSpool() gives numbers for numbers, whole or not, and for bigints that a number can hold", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.profile({ output: "spool", outputDir: folder.path });
  const values = [0.75, 1, 0, -5, 2 ** 53, -(2 ** 60), 1e21, 1.5e300, 7n, 2n ** 53n];
  ci.scope("a", scope => values.forEach((value, i) => scope.mark(`m${i}`, value)));
  const recorded = ci.dict({ name: "a" });
  ci.engine.shutdown();
  const read = readSpool(folder.path).trace({ name: "a", format: "dict" });
  assertEquals(read.roots[0].marks.map(mark => mark.value), [...values.slice(0, 8), 7, "9007199254740992"]);
  assertEquals(read, recorded);
});

test("readSpool() lets an unfinished session reach to the last that is known of it, not into the next or another thread's", () => {
  const session = (id: string, us: number, more: Fields = {}) =>
    spanOf(id, us, {
      name: "cirron.session",
      start_ns: START_NS + BigInt(us) * 1000n,
      end_ns: START_NS + BigInt(us) * 1000n,
      thread_id: 0,
      attrs: { "cirron.unfinished": true },
      ...more,
    });
  const spool = readFilesOf(
    // Its outermost scope is open, so nothing leads from what is in it to the session.
    fileOf([session("a", 0), spanOf("a1", 1000, { parent_id: "lost", thread_id: 0 })]),
    fileOf([
      session("worker", 500, { thread_id: 1 }),
      spanOf("w1", 9000, { parent_id: "worker", thread_id: 1 }),
    ]),
    fileOf([session("b", 5000), spanOf("b1", 6000, { parent_id: "b", thread_id: 0 })], [
      markOf("m", "b", { ts_ns: START_NS + 7_500_000n }),
    ]),
    fileOf([session("c", 20_000), spanOf("c", 20_000, { name: "cirron.session", thread_id: 0 })]),
  );
  const { roots } = spool.trace({ format: "dict" });
  const ms = Object.fromEntries(roots.map(root => [root.id, root.wall_us / 1000]));
  assertEquals(ms, { a: 2, a1: 1, worker: 9.5, b: 2.5, c: 1 });
  assertEquals([spool.unfinished_count, spool.span_count], [3, 7]);
  const lines = printedBy(() => spool.trace())[0].split("\n").filter(line =>
    line.startsWith("cirron.session")
  );
  assertEquals(
    lines.filter(line => /^cirron\.session - \S+ unfinished( \(thread 1\))?( \{|$)/.test(line)).length,
    3,
  );
});

largeTest("readSpool() reads 100 000 spans with marks in a few seconds", () => {
  using spool = new TestSpool();
  const PER_FILE = 10_000;
  for (let file = 0; file < 10; file++) {
    const numbers = Array.from({ length: PER_FILE }, (_, i) => file * PER_FILE + i);
    spool.add(fileOf(
      numbers.map(n => spanOf(`s${n}`, n, { parent_id: n === 0 ? null : `s${n >> 1}` })),
      numbers.map(n => markOf(`m${n}`, `s${n}`)),
    ));
  }
  const started = performance.now();
  const read = readSpool(spool.path);
  const took = performance.now() - started;
  assertEquals([read.span_count, read.mark_count], [100_000, 100_000]);
  const { roots, span_count } = read.trace({ format: "dict" });
  assertEquals([roots.length, span_count], [1, 100_000]);
  // It takes 1.1 s here (Deno), 0.7 s (Bun). What is guarded is the order of magnitude: quadratic would be minutes.
  assert(took < 20_000, `${took} ms`);
});

// The format's documents.

/** The fields that the tables of the documentation name, by kind. */
function documentedFields(kind: "file" | "span" | "mark"): string[] {
  const table = readSource(DOC).split(new RegExp(`^\\| ${kind} field .*$`, "m"))[1].split("\n\n")[0];
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(match => match[1]);
}

/** The example of the documentation. */
function documentedExample(): string {
  return /```json\n([\s\S]*?)```/.exec(readSource(DOC))![1];
}

test("docs/spool-format.md and the schema name the same fields, all required but the newest", () => {
  const definitions = SCHEMA.$defs as Record<string, Schema>;
  for (
    const [kind, schema] of [["file", SCHEMA], ["span", definitions.span], [
      "mark",
      definitions.mark,
    ]] as const
  ) {
    const fields = documentedFields(kind);
    assert(fields.length > 5);
    assertEquals(Object.keys(schema.properties as Schema), fields);
    assertEquals(schema.required, fields.filter(field => field !== "trace_id"));
  }
});

test("The schema has no object that refuses unknown keys", () => {
  assert(!/additionalProperties|unevaluatedProperties/.test(JSON.stringify(SCHEMA)));
});

test("The schema takes the example of the documentation, and readSpool() reads all of it", () => {
  assertEquals(violations(SCHEMA, JSON.parse(documentedExample())), []);
  const spool = readFilesOf(documentedExample());
  assertEquals([spool.span_count, spool.mark_count, spool.skipped_row_count], [1, 2, 0]);
  assertEquals(
    shape(spool.trace({ format: "dict", open: true })),
    "(open) open {grad_norm=NaN}\n  batch[0] {loss=0.5234}",
  );
});

test("The schema takes the files of these tests", () => {
  assertEquals(violations(SCHEMA, JSON.parse(PYTHON_FILE)), []);
  for (const file of TRAINING) assertEquals(violations(SCHEMA, JSON.parse(toJsonText(file))), []);
});

test("The schema takes every type of value, and refuses a value of another type", () => {
  const withValue = (value_type: unknown, value: unknown) =>
    violations(SCHEMA, JSON.parse(toJsonText(fileOf([], [markOf("m", "a", { value_type, value })]))));
  const right = [["float", 0.5], ["float", 1], ["float", "NaN"], ["float", "-Infinity"], ["int", 10n ** 30n]];
  for (const [type, value] of [...right, ["string", "x"], ["bool", true]]) {
    assertEquals(withValue(type, value), []);
  }
  const wrong = [["float", "nan"], ["float", true], ["int", 0.5], ["int", "1"], ["string", 1], ["bool", 0]];
  for (const [type, value] of [...wrong, ["double", 0.5], ["int", null]]) {
    assert(withValue(type, value).length > 0, `${type} ${value}`);
  }
});

test("The schema refuses what readSpool() skips", () => {
  const broken: [Fields, number][] = [
    ...[0, 2, "1", null, undefined].map((version): [Fields, number] => [
      { ...fileOf([]), schema_version: version },
      0,
    ]),
    [fileOf({}), 0],
    [fileOf([], "x"), 0],
    ...Object.entries({
      id: 5,
      name: null,
      parent_id: "",
      start_ns: 0.5,
      end_ns: "1",
      cpu_ns: "1",
      attrs: [],
    })
      .map(([field, value]): [Fields, number] => [fileOf([spanOf("a", 0, { [field]: value })]), 1]),
    ...Object.entries({ id: "", span_id: null, name: 5, attrs: 5, ts_ns: null, kind: "x", value_type: "x" })
      .map(([field, value]): [Fields, number] => [fileOf([], [markOf("a", "b", { [field]: value })]), 1]),
  ];
  for (const [file, rows] of broken) {
    const text = toJsonText(file);
    assert(violations(SCHEMA, JSON.parse(text)).length > 0, text);
    const { skipped_file_count, skipped_row_count } = readFilesOf(text);
    assertEquals([skipped_file_count, skipped_row_count], [1 - rows, rows], text);
  }
});

test("The schema refuses a file that lacks any field", () => {
  const file = JSON.parse(documentedExample());
  for (const part of [file, file.spans[0], file.marks[0]]) {
    for (const field of Object.keys(part)) {
      const { [field]: value } = part;
      delete part[field];
      assert(violations(SCHEMA, file).length > 0, field);
      part[field] = value;
    }
  }
});

/** What `readSpool().trace({ format: "perfetto" })` has of a kind of metadata, and where each span lies. */
function exported(
  spool: SpoolTrace,
  open = false,
): { processes: unknown[]; tracks: unknown[]; spans: unknown } {
  const { traceEvents } = JSON.parse(spool.trace({ format: "perfetto", open })) as {
    traceEvents: { ph: string; name: string; pid: number; tid: number; args: Fields }[];
  };
  const metadata = (name: string) =>
    traceEvents.filter(event => event.name === name).map(({ pid, tid, args }) => [pid, tid, args.name]);
  const spans = traceEvents.filter(({ ph }) => ph === "X").map(({ name, tid }) => `${tid} ${name}`);
  return { processes: metadata("process_name"), tracks: metadata("thread_name"), spans };
}

test("readSpool().trace() as perfetto has ranks as processes and their threads as tracks", () => {
  const spool = readFilesOf(fileOf([
    spanOf("a", 0, { pid: 7, rank: 0, thread_id: 0 }),
    spanOf("b", 0, { pid: 7, rank: 0, thread_id: 2 }),
    spanOf("c", 0, { pid: 7, rank: 1, thread_id: 0 }), // the same number on another machine
    spanOf("d", 1, { pid: 7, rank: 1, thread_id: 0 }), // while c runs
  ]));
  assertEquals(exported(spool), {
    processes: [[7, 1, "rank 0, process 7"], [1, 3, "rank 1, process 7"]],
    tracks: [[7, 1, "main"], [7, 2, "thread 2"], [1, 3, "main"], [1, 4, "flow 2"]],
    spans: ["1 a", "2 b", "3 c", "4 d"],
  });
});

test("readSpool().trace() as perfetto shows an open span where its children ran", () => {
  const spool = readFilesOf(
    fileOf([spanOf("a", 0, { parent_id: "up" }), spanOf("b", 2000, { parent_id: "up" })]),
  );
  assertEquals(exported(spool, true), {
    processes: [[7, 1, "rank 0, process 7"]],
    tracks: [[7, 1, "main"]],
    spans: ["1 (open)", "1 a", "1 b"],
  });
});

test("readSpool().trace() as perfetto takes a thread that is no integer for none", () => {
  const spool = readFilesOf(fileOf([spanOf("a", 0, { thread_id: "x" }), spanOf("b", 0, { thread_id: 0.5 })]));
  assertEquals([spool.span_count, spool.skipped_row_count], [2, 0]);
  assertEquals(exported(spool).tracks, [[7, 1, "main"], [7, 2, "flow 2"]]);
});

test("readSpool().trace() as speedscope has a profile for each thread", () => {
  const spool = readFilesOf(fileOf([spanOf("a", 0, { thread_id: 0 }), spanOf("b", 0, { thread_id: 2 })]));
  const { profiles } = JSON.parse(spool.trace({ format: "speedscope" })) as { profiles: { name: string }[] };
  assertEquals(profiles.map(({ name }) => name), ["main", "thread 2"]);
});
