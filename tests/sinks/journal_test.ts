import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { VERSION } from "../../src/data/version.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { FakeFiles, systemError } from "../support/journal.ts";
import { filesIn, journalIn, namesOf, onlyJournalIn } from "../support/journal_folder.ts";
import { HOUR_MS, recordMany, upTo } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const TICK_NS = 100_000_000;

function start(directory: string, options: ProfileOptions = {}, ci = new TestEngine()): TestEngine {
  ci.profile({ output: "journal", outputDir: directory, flushIntervalMs: HOUR_MS, ...options });
  return ci;
}

// What is written, and when.

test("A journal has the session as open as soon as profile() returns", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  const { session, spans, opens } = onlyJournalIn(folder.path);
  assertEquals([spans, namesOf(opens)], [[], ["cirron.session"]]);
  assertEquals([session!.pid, session!.thread, session!.ended_unix_ns], [process.pid, 0, null]);
  assertEquals(session!.sdk_version, VERSION);
  assertEquals(Object.keys(opens[0].attrs!).includes("cirron.unfinished"), false);
  assertMatch(dirname(ci.engine.health().journal_dir!), /[\\/]\d{20}-\d+$/);
  ci.engine.shutdown();
});

test("A journal has after shutdown() what was recorded, and says that it has ended", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  ci.scope("a", { index: 2, attrs: { k: "v" } }, scope => {
    ci.clock.us(9);
    scope.mark("m", 1);
    ci.scope("b").end();
  });
  ci.engine.shutdown();
  const { session, spans, opens, marks } = onlyJournalIn(folder.path);
  assertEquals([namesOf(spans), opens], [["b", "a[2]", "cirron.session"], []]);
  const [, a, root] = spans;
  assertEquals([a.parent, a.attrs, a.endNs - a.startNs, root.parent], [root.id, { k: "v" }, 9000, null]);
  assertEquals(marks.map(({ span, name, value }) => [span, name, value]), [[a.id, "m", 1]]);
  assertNotEquals(session!.ended_unix_ns, null);
  assertEquals([session!.span_drop_count, ci.warnings], [0, []]);
});

test("A journal is given 512 spans by the close of the last", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  recordMany(ci, 511);
  assertEquals(onlyJournalIn(folder.path).rowCount, 0);
  recordMany(ci, 513, 511);
  assertEquals(onlyJournalIn(folder.path).rowCount, 512);
  ci.engine.shutdown();
});

test("A journal is given what waits by the first close after 100 ms, in a loop without end as well", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: null });
  ci.scope("x", { index: 0 }).end();
  ci.clock.advance(TICK_NS - 1);
  ci.scope("x", { index: 1 }).end();
  assertEquals(onlyJournalIn(folder.path).rowCount, 0);
  ci.clock.advance(1);
  ci.scope("x", { index: 2 }).end();
  assertEquals(namesOf(onlyJournalIn(folder.path).spans), ["x[0]", "x[1]", "x[2]"]);
  ci.engine.shutdown();
});

test("A span of a journal has its marks, however few of both were written", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  using files = new FakeFiles();
  let writes = 0;
  files.replace("writeSync", (original, args) => {
    if (++writes > 2) throw systemError("ENOSPC"); // a schema and the marks
    return original(...args);
  });
  ci.scope("a", () => ci.mark("m", 1));
  ci.engine.flush();
  const { spans, marks } = onlyJournalIn(folder.path);
  assertEquals([spans.length, marks.length], [0, 1]);
  files.restore();
  ci.engine.shutdown();
});

test("A list of outputs may have a journal and a spool, in one directory too", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { output: ["journal", "spool"] });
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals(namesOf(onlyJournalIn(folder.path).spans), ["a", "cirron.session"]);
  const { output, spool_dir, journal_dir } = ci.engine.health();
  assertEquals([output, spool_dir], [[], folder.path]);
  assert(journal_dir!.startsWith(folder.path));
});

test("Each session of a process has a run of its own", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  for (let i = 0; i < 2; i++) {
    start(folder.path, {}, ci);
    ci.clock.advance(1000);
    ci.engine.shutdown();
  }
  const runs = new Set(
    filesIn(folder.path).map(path => path.split(/[\\/]/)[0])
      .filter(name => name !== ".pids"),
  );
  assertEquals(runs.size, 2);
});

// Open scopes.

test("A journal has a scope that has been open for a tick, with its marks, and one that is younger not", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: null });
  const step = ci.scope("step", { attrs: { k: 1 } });
  step.mark("loss", 0.5);
  ci.clock.advance(TICK_NS, 1);
  const young = ci.scope("young");
  ci.scope("x").end(); // its close finds the tick due
  const { opens, marks } = onlyJournalIn(folder.path);
  assertEquals(namesOf(opens), ["cirron.session", "step"]);
  assertEquals([opens[1].attrs, opens[1].endNs - opens[1].startNs, opens[1].cpuNs], [
    { k: 1 },
    TICK_NS,
    TICK_NS,
  ]);
  assertEquals(marks.map(({ span, name }) => [span, name]), [[opens[1].id, "loss"]]);
  young.end();
  step.end();
  ci.engine.shutdown();
  assertEquals(onlyJournalIn(folder.path).opens, []);
});

test("A scope that stays open is written again when it changes, and the session as often and each second", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: null });
  const step = ci.scope("step");
  const tick = (): string[] => {
    const before = onlyJournalIn(folder.path).openRowCount;
    ci.clock.advance(TICK_NS);
    ci.scope("x").end();
    const { opens, openRowCount } = onlyJournalIn(folder.path);
    return [...namesOf(opens), `+${openRowCount - before}`];
  };
  assertEquals(tick(), ["cirron.session", "step", "+2"]);
  assertEquals(tick(), ["cirron.session", "step", "+0"]);
  step.set({ k: 1 });
  assertEquals(tick(), ["cirron.session", "step", "+2"]);
  step.rename("other");
  assertEquals(tick(), ["cirron.session", "other", "+2"]);
  for (let i = 0; i < 9; i++) assertEquals(tick().at(-1), "+0");
  assertEquals(tick().at(-1), "+1");
  ci.engine.shutdown();
});

test("Many open scopes are written in turns, each once", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: null });
  const scopes = upTo(5000).map(index => ci.scope("open", { index }));
  const counts: number[] = [];
  for (let i = 0; i < 8; i++) {
    ci.clock.advance(TICK_NS);
    ci.scope("x").end();
    counts.push(onlyJournalIn(folder.path).openRowCount);
  }
  assert(counts[0] < 1100);
  const { opens, openRowCount } = onlyJournalIn(folder.path);
  assertEquals(opens.filter(({ name }) => name === "open").length, 5000);
  assert(openRowCount < 5020, String(openRowCount));
  for (const scope of scopes.reverse()) scope.end();
  ci.engine.shutdown();
});

test("With a GPU a span is written before its figure is known, and again with it, and its mark once", () => {
  using folder = new TempDirectory();
  let settledNs = -Infinity;
  const gpu = {
    settledNs: () => settledNs,
    between: (startNs: number, endNs: number) => (endNs - startNs) / 2,
    poke: () => {},
    attrs: () => ({}),
    stop: () => {},
  };
  const open = { gpu: () => ({ ok: true as const, value: gpu, source: "a test" }) };
  const ci = start(folder.path, { flushIntervalMs: null }, new TestEngine(undefined, { open }));
  const span = (index: number) => {
    const scope = ci.scope("x", { index });
    scope.mark("m", index);
    ci.clock.us(10);
    scope.end();
  };
  for (let i = 0; i < 600; i++) span(i);
  const early = onlyJournalIn(folder.path);
  assertEquals([early.rowCount, early.marks.length], [512, 512]);
  assert(early.spans.every(({ gpuNs }) => gpuNs === null));
  settledNs = Infinity;
  ci.clock.advance(TICK_NS);
  span(600); // its close finds the tick due
  const { spans, rowCount, marks } = onlyJournalIn(folder.path);
  assertEquals([spans.length, rowCount, marks.length], [601, 512 + 601, 601]);
  assert(spans.every(({ gpuNs }) => gpuNs === 5000));
  ci.engine.shutdown();
});

// What cannot be written.

test("What cannot be written waits, is tried again after 100 ms, and is complete then", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  using files = new FakeFiles();
  let tries = 0;
  files.replace("writeSync", () => {
    tries++;
    throw systemError("ENOSPC");
  });
  recordMany(ci, 5000);
  assertEquals(tries, 1);
  ci.clock.advance(TICK_NS);
  ci.engine.flush();
  assertEquals(tries, 2);
  files.restore();
  ci.clock.advance(TICK_NS);
  ci.engine.flush();
  recordMany(ci, 6000, 5000);
  ci.engine.shutdown();
  const { spans, rowCount, session } = onlyJournalIn(folder.path);
  assertEquals(spans.filter(({ name }) => name === "x").map(({ index }) => index), upTo(6000));
  assertEquals([rowCount, session!.span_drop_count], [6001, 0]);
  assertEquals(ci.warnings.length, 1);
  assertMatch(ci.warnings[0], /The journal cannot be written: .*ENOSPC/);
});

largeTest(
  "Of what cannot be written 16 MB wait, the newest, and all else is counted in spans and marks",
  () => {
    using folder = new TempDirectory();
    const ci = start(folder.path);
    using files = new FakeFiles();
    files.replace("writeSync", () => {
      throw systemError("ENOSPC");
    });
    const attrs = { text: "x".repeat(4000) };
    for (let index = 0; index < 6000; index++) {
      ci.scope("x", { index, attrs }, () => ci.mark("m", index));
    }
    files.restore();
    ci.clock.advance(TICK_NS);
    ci.engine.shutdown();
    const { journal_span_drop_count, journal_mark_drop_count } = ci.engine.health();
    assert(journal_span_drop_count > 1500 && journal_span_drop_count < 3000, String(journal_span_drop_count));
    const { spans, marks, session } = onlyJournalIn(folder.path);
    const kept = spans.filter(({ name }) => name === "x").map(({ index }) => index!);
    assertEquals(kept.length + journal_span_drop_count, 6000);
    assertEquals(marks.length + journal_mark_drop_count, 6000);
    assertEquals(kept.at(-1), 5999);
    assertEquals([session!.span_drop_count, session!.mark_drop_count], [
      journal_span_drop_count,
      journal_mark_drop_count,
    ]);
  },
);

test("What waits when the session ends on a full disk is counted", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  using files = new FakeFiles();
  files.replace("writeSync", () => {
    throw systemError("ENOSPC");
  });
  ci.scope("a", () => ci.mark("m", 1));
  ci.engine.shutdown();
  const { journal_span_drop_count, journal_mark_drop_count } = ci.engine.health();
  assertEquals([journal_span_drop_count, journal_mark_drop_count, ci.warnings.length], [2, 1, 1]);
});

test("Retries take 2 ms of a turn, and the rest is for the next", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path);
  using files = new FakeFiles();
  files.replace("writeSync", () => {
    throw systemError("ENOSPC");
  });
  recordMany(ci, 5120);
  files.restore();
  files.replace("writeSync", (original, args) => {
    ci.clock.advance(500_000);
    return original(...args);
  });
  ci.clock.advance(TICK_NS);
  ci.engine.flush();
  assertEquals(onlyJournalIn(folder.path).rowCount, 3 * 512); // and the schema
  ci.engine.shutdown();
  assertEquals(onlyJournalIn(folder.path).rowCount, 5121);
});

test("A journal whose folder was removed is made anew, with all that is open", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { flushIntervalMs: null });
  const step = ci.scope("step");
  const tick = () => {
    ci.clock.advance(TICK_NS);
    ci.scope("x").end();
  };
  tick();
  rmSync(dirname(ci.engine.health().journal_dir!), { recursive: true });
  tick();
  tick();
  const { session, opens } = onlyJournalIn(folder.path);
  assertEquals([session!.pid, namesOf(opens)], [process.pid, ["cirron.session", "step"]]);
  step.end();
  ci.engine.shutdown();
  assertEquals(namesOf(onlyJournalIn(folder.path).spans).slice(-2), ["step", "cirron.session"]);
  assertEquals(ci.warnings, []);
});

test("A link in the place of a journal's folder is not followed, and the spans are counted", () => {
  using folder = new TempDirectory();
  using elsewhere = new TempDirectory();
  const ci = start(folder.path);
  const path = ci.engine.health().journal_dir!;
  rmSync(path, { recursive: true });
  symlinkSync(elsewhere.path, path);
  ci.clock.advance(TICK_NS);
  recordMany(ci, 1000);
  ci.engine.shutdown();
  assertEquals(filesIn(elsewhere.path), []);
  assertEquals([ci.engine.health().journal_span_drop_count, ci.warnings.length], [1001, 1]);
});

test("Where the journal's directory is a file there is one warning, and the trace stays in memory", () => {
  using folder = new TempDirectory();
  const ci = start(folder.write("file", "x"));
  recordMany(ci, 600);
  ci.engine.flush();
  assertEquals(ci.warnings.length, 1);
  assertEquals(ci.dict({ name: "x" }).roots.length, 600);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().journal_span_drop_count, 601);
});

// What the session knows.

test("A session's parent is its own span's, and all that is in it is of that trace", () => {
  using folder = new TempDirectory();
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const parent = `00-${trace}-b7ad6b7169203331-01`;
  const ci = start(folder.path, { parent });
  const inner = ci.scope("a", scope => scope.traceparent);
  ci.engine.shutdown();
  const { session, spans } = onlyJournalIn(folder.path);
  const [a, root] = spans;
  assertEquals([session!.parent, a.parent, root.parent! < 0, a.root], [parent, root.id, true, root.parent]);
  assertEquals(inner.slice(3, 35), trace);
  assertEquals(session!.context!.slice(0, 35), `00-${trace}`);
  const [node] = ci.dict().roots;
  assertEquals([node.name, node.parent_id, node.trace_id], ["cirron.session", "b7ad6b7169203331", trace]);
});

test("A parent that is no traceparent is warned of, and ignored", () => {
  const ci = new TestEngine();
  ci.engine.profile({ output: "none", parent: "00-x" });
  assertEquals(ci.warnings, [
    '[cirron] profile() was given the parent "00-x", which is no traceparent; it is ignored',
  ]);
  ci.engine.shutdown();
  assertEquals(ci.dict().roots[0].parent_id, null);
});

test("The environment's journal lies in the directory journal of CIRRON_OUTPUT_DIR, under a .gitignore of its own", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, ".cirron");
  const before = process.env.CIRRON_OUTPUT_DIR;
  process.env.CIRRON_OUTPUT_DIR = directory;
  const ci = new TestEngine();
  try {
    ci.engine.profile({ output: "journal" });
  } finally {
    if (before === undefined) delete process.env.CIRRON_OUTPUT_DIR;
    else process.env.CIRRON_OUTPUT_DIR = before;
  }
  ci.engine.shutdown();
  assertEquals(namesOf(onlyJournalIn(join(directory, "journal")).spans), ["cirron.session"]);
  assertEquals(readFileSync(join(directory, ".gitignore"), "utf8"), "*\n");
});

test("journalMaxBytes keeps the folder of all runs within its bound, and counts what was evicted", () => {
  using folder = new TempDirectory();
  const ci = start(folder.path, { journalMaxBytes: 3_000_000 });
  recordMany(ci, 100_000);
  ci.engine.shutdown();
  const { journal_bytes, journal_drop_count, journal_dir } = ci.engine.health();
  assert(journal_bytes <= 3_000_000, String(journal_bytes));
  assert(journal_drop_count > 2, String(journal_drop_count));
  assert(existsSync(journal_dir!));
  const { spans } = journalIn(journal_dir!);
  assertEquals(namesOf(spans).at(-1), "cirron.session");
});
