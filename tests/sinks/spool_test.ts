import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { VERSION } from "../../src/data/version.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { keepAlive, recordMany, upTo } from "../support/sinks.ts";
import { namesIn, readFiles, readHeaders, spooledNames } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const HOUR_MS = 3_600_000;

function start(directory: string, options: ProfileOptions = {}, ci = new TestEngine()): TestEngine {
  ci.profile({ output: "spool", outputDir: directory, flushIntervalMs: HOUR_MS, ...options });
  return ci;
}

// Files.

test("The spool writes a file per flush with data, and none without", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.engine.flush();
  assertEquals(namesIn(folder.path), []);
  ci.scope("a").end();
  ci.engine.flush();
  ci.engine.flush();
  assertEquals(namesIn(folder.path).length, 1);
  ci.mark("m", 1);
  ci.engine.flush();
  assertEquals(namesIn(folder.path).length, 2);
  ci.engine.shutdown();
  assertEquals(namesIn(folder.path).length, 3);
  assertEquals(spooledNames(folder.path), ["a", "cirron.session"]);
  assertEquals(ci.warnings, []);
});

test("The spool names files by their time and their batch", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.clock.us(5);
  const now = ci.clock.unixNs();
  ci.scope("a").end();
  ci.engine.flush();
  const [file] = readFiles(folder.path);
  assertMatch(file.file, /^[0-9]{20}-[0-9a-f]{32}\.json$/);
  assertEquals(file.file, `${String(now).padStart(20, "0")}-${file.batch_id}.json`);
  assertEquals(file.created_ns, now);
  ci.engine.shutdown();
});

test("A spool file has exactly the keys of version 1", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.scope("a").end();
  ci.engine.flush();
  const [{ file: _, ...file }] = readFiles(folder.path);
  assertEquals(Object.keys(file), [
    "schema_version",
    "sdk_version",
    "batch_id",
    "created_ns",
    "spans",
    "marks",
    "snapshots",
  ]);
  assertEquals([file.schema_version, file.sdk_version, file.snapshots], [1n, VERSION, []]);
  ci.engine.shutdown();
});

test("A spool file holds what was recorded", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.scope("a", { index: 2, attrs: { k: "v" } }, scope => {
    ci.clock.us(9);
    scope.mark("loss", NaN);
  });
  ci.engine.flush();
  const [{ spans: [a], marks: [loss] }] = readFiles(folder.path);
  assertEquals([a.name, a.index, a.attrs, a.mark_ids], ["a", 2n, { k: "v" }, [loss.id]]);
  assertEquals(
    [a.start_ns, a.end_ns, a.pid],
    [ci.clock.unixNs() - 9000n, ci.clock.unixNs(), BigInt(process.pid)],
  );
  assertEquals([loss.span_id, loss.value_type, loss.value], [a.id, "float", "NaN"]);
  ci.engine.shutdown();
});

test("Spool files have the mode 0600 and the directories it makes 0700", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "deep", "er", "spool");
  const before = process.umask(0o022);
  try {
    const ci = start(directory);
    ci.scope("a").end();
    ci.engine.shutdown();
  } finally {
    process.umask(before);
  }
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  assertEquals(
    ["deep", "deep/er", "deep/er/spool"].map(name => mode(join(folder.path, name))),
    ["700", "700", "700"],
  );
  assertEquals(namesIn(directory).map(name => mode(join(directory, name))), ["600"]);
});

test("The spool leaves the mode of a directory that is there alone", () => {
  using folder = new TempDirectory();
  const mode = statSync(folder.path).mode;
  const ci = start(folder.path);
  ci.engine.shutdown();
  assertEquals(statSync(folder.path).mode, mode);
});

test("profile() writes the session's span as unfinished, and shutdown() the finished one under the same id", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  const ci = start(directory);
  const [{ spans: [header], marks }] = readHeaders(directory);
  assertEquals([header.name, header.parent_id, marks], ["cirron.session", null, []]);
  assertEquals([header.start_ns, header.end_ns], [ci.clock.unixNs(), ci.clock.unixNs()]);
  assertEquals(namesIn(directory), []);
  ci.clock.us(7);
  ci.engine.shutdown();
  const [{ spans: [session] }] = readFiles(directory);
  const { "cirron.unfinished": unfinished, ...attrs } = header.attrs as Record<string, unknown>;
  assertEquals([session.id, session.end_ns, session.attrs, unfinished], [
    header.id,
    ci.clock.unixNs(),
    attrs,
    true,
  ]);
});

test("Spool file names sort in the order of writing while the clock stands still", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  for (let i = 0; i < 30; i++) {
    recordMany(ci, i + 1, i);
    ci.engine.flush();
  }
  assertEquals(spooledNames(folder.path), upTo(30).map(i => `x[${i}]`));
  for (const { file, created_ns } of readFiles(folder.path)) {
    assertEquals(file.slice(0, 20), String(created_ns).padStart(20, "0"));
  }
  ci.engine.shutdown();
});

test("Spool file names sort in the order of writing when the clock is set back", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  const { unixNs } = ci.clock;
  let offset = 0n;
  (ci.clock as { unixNs: () => bigint }).unixNs = () => unixNs() + offset;
  start(folder.path, {}, ci);
  for (let i = 0; i < 10; i++) {
    offset -= 3_600_000_000_000n;
    recordMany(ci, i + 1, i);
    ci.engine.flush();
  }
  assertEquals(spooledNames(folder.path), upTo(10).map(i => `x[${i}]`));
  ci.engine.shutdown();
});

largeTest("A tick writes one file, however many slices it has", async () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: 20 });
  recordMany(ci, 4000);
  await keepAlive((async () => {
    while (namesIn(folder.path).length === 0) await new Promise(resolve => setTimeout(resolve, 1));
  })());
  assertEquals([namesIn(folder.path).length, spooledNames(folder.path).length], [1, 4000]);
  ci.engine.shutdown();
});

largeTest("A flush of more than 8 MB makes several files, and loses nothing", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  recordMany(ci, 100_000);
  ci.engine.flush();
  const files = readdirSync(folder.path).sort();
  assert(files.length > 2, `${files.length} files`);
  const sizes = files.map(name => statSync(join(folder.path, name)).size);
  assert(sizes.every(size => size < 16_000_000), String(sizes));
  assertEquals(spooledNames(folder.path), upTo(100_000).map(i => `x[${i}]`));
  assertEquals(ci.engine.health().spool_bytes, sizes.reduce((sum, size) => sum + size));
  ci.engine.shutdown();
});

test("The spool never leaves a .tmp behind", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  for (let i = 0; i < 20; i++) {
    recordMany(ci, 10);
    ci.engine.flush();
  }
  ci.engine.shutdown();
  assertEquals(namesIn(folder.path).filter(name => !name.endsWith(".json")), []);
});

// The bound.

test("The spool evicts the oldest files beyond spoolMaxBytes, and counts them", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { spoolMaxBytes: 20_000 });
  for (let i = 0; i < 50; i++) {
    recordMany(ci, (i + 1) * 10, i * 10);
    ci.engine.flush();
    ci.clock.us(1000);
  }
  const { spool_drop_count, spool_bytes, spool_dir } = ci.engine.health();
  const names = namesIn(folder.path);
  const bytes = names.reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0);
  assertEquals([spool_bytes, spool_dir, spool_drop_count], [bytes, folder.path, 51 - names.length]);
  assert(bytes <= 20_000 && bytes > 10_000, `${bytes} bytes`);
  const spans = spooledNames(folder.path);
  assertEquals(spans, upTo(500).slice(-spans.length).map(i => `x[${i}]`));
  ci.engine.shutdown();
});

test("The spool keeps its newest file, whatever spoolMaxBytes is", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { spoolMaxBytes: 0 });
  for (let i = 0; i < 5; i++) {
    recordMany(ci, i + 1, i);
    ci.engine.flush();
    assertEquals(spooledNames(folder.path), [`x[${i}]`]);
  }
  assertEquals(ci.engine.health().spool_drop_count, 5); // the session's first file too
  ci.engine.shutdown();
});

test("The spool counts the files of earlier sessions into its bound", async () => {
  using folder = new TempDirectory();
  const first = start(folder.path);
  for (let i = 0; i < 10; i++) {
    recordMany(first, 10);
    first.engine.flush();
  }
  first.engine.shutdown();
  const second = new TestEngine();
  second.clock.us(1e6);
  start(folder.path, { spoolMaxBytes: 5_000 }, second);
  second.scope("second").end();
  second.engine.flush();
  const written = second.engine.health().spool_bytes;
  await keepAlive((async () => {
    while (second.engine.health().spool_bytes <= written || second.engine.health().spool_bytes > 5_000) {
      await new Promise(resolve => setTimeout(resolve, 1));
    }
  })());
  const bytes = namesIn(folder.path).reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0);
  assert(bytes <= 5_000, `${bytes} bytes`);
  assertEquals(spooledNames(folder.path).at(-1), "second");
  second.engine.shutdown();
});

test("The spool leaves other files in its directory alone", () => {
  using folder = new TempDirectory();
  const others = [
    "notes.json",
    "00000000000000000001.json",
    "00000000000000000001-abc.json",
    `00000000000000000001-${"a".repeat(32)}.json.bak`,
    `00000000000000000001-${"A".repeat(32)}.json`,
    `x00000000000000000001-${"a".repeat(32)}.json`,
  ];
  for (const name of others) writeFileSync(join(folder.path, name), "x".repeat(10_000));
  const ci = start(folder.path, { spoolMaxBytes: 100 });
  for (let i = 0; i < 5; i++) {
    ci.scope("a").end();
    ci.engine.flush();
  }
  ci.engine.shutdown();
  for (const name of others) assertEquals(readFileSync(join(folder.path, name), "utf8").length, 10_000);
});

// Several writers.

test("Two engines that spool into one directory lose nothing", () => {
  using folder = new TempDirectory();
  const engines = [start(folder.path), start(folder.path)];
  for (let i = 0; i < 20; i++) {
    for (const ci of engines) {
      recordMany(ci, i + 1, i);
      ci.engine.flush();
    }
  }
  for (const ci of engines) ci.engine.shutdown();
  const indices = readFiles(folder.path).flatMap(file => file.spans)
    .filter(span => span.name === "x").map(span => Number(span.index)).toSorted((a, b) => a - b);
  assertEquals(indices, upTo(20).flatMap(i => [i, i]));
});

test("trace() lands batches in the spool", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.scope("a").end();
  assertEquals(ci.shape(), "a");
  assertEquals(spooledNames(folder.path), ["a"]);
  ci.engine.shutdown();
});

// Lines.

test('output "stdout" prints a line per closed span', () => {
  const ci = new TestEngine();
  ci.profile({ output: "stdout" });
  ci.scope("outer", { index: 1 }, () => {
    ci.scope("forward", () => {
      ci.clock.us(29);
      ci.mark("loss", 0.5);
    });
  });
  ci.engine.flush();
  assertEquals(ci.printed.join("\n").split("\n"), [
    "[cirron] forward - 29us {loss=0.5000}",
    "[cirron] outer[1] - 29us",
  ]);
  ci.engine.flush();
  assertEquals(ci.printed.join("\n").split("\n").length, 2);
  ci.engine.shutdown();
});

test('output "stdout" prints nothing for marks of spans that are open', () => {
  const ci = new TestEngine();
  ci.profile({ output: "stdout" });
  ci.mark("m", 1);
  ci.engine.flush();
  assertEquals(ci.printed, []);
  ci.engine.shutdown();
});

test('output "log" calls logger.info with a line per closed span', () => {
  class Log {
    readonly lines: string[] = [];
    info(line: string): void {
      this.lines.push(line);
    }
  }
  const logger = new Log();
  const ci = new TestEngine();
  ci.profile({ output: "log", logger });
  ci.scope("a", () => ci.clock.us(29));
  ci.scope("line\nbreak").end();
  ci.engine.flush();
  assertEquals(logger.lines[0], "[cirron] a - 29us");
  assertEquals([logger.lines.length, logger.lines[1].includes("\n")], [2, false]);
  ci.engine.shutdown();
  assertMatch(logger.lines[2], /^\[cirron\] cirron\.session - 29us/);
});

test('output "log" calls console.info without a logger', () => {
  const lines: unknown[] = [];
  const { info } = console;
  console.info = (...data: unknown[]) => void lines.push(...data);
  try {
    const ci = new TestEngine();
    ci.profile({ output: "log" });
    ci.scope("a").end();
    ci.engine.flush();
    assertEquals(lines, ["[cirron] a - 0.00us"]);
    ci.engine.shutdown();
  } finally {
    console.info = info;
  }
});

test("Outputs in a list each get all", () => {
  using folder = new TempDirectory();
  const lines: string[] = [];
  const ci = start(folder.path, {
    output: ["spool", "stdout", "log"],
    logger: { info: line => void lines.push(line) },
  });
  ci.scope("a").end();
  ci.engine.flush();
  assertEquals([spooledNames(folder.path), ci.printed, lines], [["a"], ["[cirron] a - 0.00us"], [
    "[cirron] a - 0.00us",
  ]]);
  ci.engine.shutdown();
});
