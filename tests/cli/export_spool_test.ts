import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { read } from "../../src/api/read.ts";
import type { TraceNode } from "../../src/data/values.ts";
import { JournalRecorder } from "../../src/journal/recorder.ts";
import { toSpoolFiles } from "../../src/journal/spool_files.ts";
import { SPOOL_FILE_NAME } from "../../src/spool/format.ts";
import { callCirron } from "../support/command_line.ts";
import { TestEngine } from "../support/engine.ts";
import { writeRun } from "../support/journal_runs.ts";
import { type Schema, violations } from "../support/json_schema.ts";
import { readSource } from "../support/sources.ts";
import { readFiles } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const SCHEMA = JSON.parse(readSource("docs/spool-v1.schema.json")) as Schema;

/** A session with everything a row may have. */
function record(ci: TestEngine): void {
  ci.engine.profile({ output: "none" });
  for (let i = 0; i < 3; i++) {
    ci.scope(
      "request",
      { index: i, attrs: { path: `/${i}`, deep: { list: [1, null, "\u{1F600}"] } } },
      scope => {
        ci.clock.us(1500 + i);
        scope.mark("int", 2n ** 60n + BigInt(i));
        scope.mark("float", 0.5);
        scope.mark("text", 'a "quoted" one', { kind: "summary", attrs: { a: true } });
        scope.mark("bool", false);
      },
    );
  }
  for (const _ of ci.batches(2)) ci.clock.us(10);
}

/** A node without what says of marks and spans which of two equal ones comes first. */
function sorted(nodes: readonly TraceNode[]): unknown[] {
  return nodes.map(({ children, marks, ...node }) => ({
    ...node,
    marks: [...marks].sort((a, b) => a.ts_us - b.ts_us || (a.name < b.name ? -1 : 1)),
    children: sorted(children),
  }));
}

function rootsOf(path: string): unknown[] {
  return sorted(read(path).trace({ format: "dict" }).roots);
}

test("cirron export spool gives a spool of which every value is the journal's, and every file of the format", async () => {
  using folder = new TempDirectory();
  const [journal, spool] = [join(folder.path, "journal"), join(folder.path, "spool")];
  const ci = new TestEngine();
  record(ci);
  ci.engine.shutdown();
  writeRun(journal, ci.engine.read(Infinity, true), { run: 1, pid: 11, session: { rank: 3, thread: 0 } });
  const { code, out, errors } = await callCirron(["export", "spool", "-o", spool, journal]);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, /^Wrote .*spool: 6 spans, 1 file, [\d.]+KiB\n$/);
  assertEquals(rootsOf(spool), rootsOf(journal));
  const [names, { span_count, mark_count, skipped_row_count }] = [readdirSync(spool), read(spool)];
  assertEquals([span_count, mark_count, skipped_row_count], [6, 12, 0]);
  for (const name of names) {
    assertMatch(name, SPOOL_FILE_NAME);
    assertEquals(violations(SCHEMA, JSON.parse(readFileSync(join(spool, name), "utf8"))), []);
  }
  // Again, it replaces what it has written.
  const json = JSON.parse((await callCirron(["export", "spool", "--json", "-o", spool, journal])).out);
  assertEquals([json.span_count, json.mark_count, json.files], [6, 12, 1]);
  assertEquals(readdirSync(spool), names);
});

for (const state of ["unfinished", "running"] as const) {
  test(`A session that is ${state} is one without an end in the spool that is made of its journal`, async () => {
    using folder = new TempDirectory();
    const [journal, spool] = [join(folder.path, "journal"), join(folder.path, "spool")];
    const ci = new TestEngine();
    record(ci);
    ci.scope("open").mark("seen", 1);
    writeRun(journal, ci.engine.read(Infinity, true), { run: 1, state });
    assertEquals((await callCirron(["export", "spool", "-o", spool, journal])).code, 0);
    const found = read(spool);
    assertEquals([found.unfinished_count, found.skipped_row_count, found.mark_count], [1, 0, 13]);
    const [session, ...others] = found.trace({ format: "dict" }).roots;
    assertEquals([session.name, session.attrs["cirron.unfinished"], others], ["cirron.session", true, []]);
    const names = [
      "request",
      "request",
      "request",
      "batch",
      "batch",
      ...(state === "unfinished" ? ["open"] : []),
    ];
    assertEquals(session.children.map(({ name }) => name), names);
  });
}

test("A journal that does not fit one file gives several, with each span and mark in one of them", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.engine.profile({ output: "none" });
  for (let i = 0; i < 2500; i++) ci.scope("x", { index: i }, () => ci.mark("m", i));
  ci.engine.shutdown();
  const path = writeRun(folder.path, ci.engine.read(Infinity, true), { rows: 512 });
  const recorder = JournalRecorder.inFolder(path, () => 0n);
  const files = [...toSpoolFiles(recorder, 1000)];
  assertEquals(files.map(({ spanCount, markCount }) => [spanCount, markCount]), [
    [1000, 1000],
    [1000, 1000],
    [501, 500],
  ]);
  assertEquals(new Set(files.map(({ name }) => name)).size, 3);
  assertEquals(files.map(({ name }) => name), files.map(({ name }) => name).sort());
});

test("cirron export spool wants a directory, and converts whole journals and nothing else", async () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.engine.profile({ output: ["journal", "spool"], outputDir: folder.path });
  ci.scope("x").end();
  ci.engine.shutdown();
  const none = await callCirron(["export", "spool", folder.path]);
  assertEquals([none.code, none.out], [2, ""]);
  assert(none.errors[0].includes("give -o DIRECTORY"), none.errors[0]);
  const filtered = await callCirron(["export", "spool", "-o", "x", "--name", "x", folder.path]);
  assert(filtered.errors[0].includes("converted whole, without --name"), filtered.errors[0]);
  const made = join(folder.path, "made");
  const { out } = await callCirron(["export", "spool", "--json", "-o", made, folder.path]);
  assertEquals(JSON.parse(out).span_count, 2); // not those of the spool beside it as well
  // The ids are those that the recorder's own spool has.
  const ids = (directory: string) =>
    readFiles(directory).flatMap(({ spans }) => spans).map(({ id }) => id).sort();
  assertEquals(ids(made), ids(folder.path));
  const file = folder.write("file", "text");
  const failed = await callCirron(["export", "spool", "-o", file, folder.path]);
  assertEquals([failed.code, readFileSync(file, "utf8")], [2, "text"]);
  using empty = new TempDirectory();
  assertEquals((await callCirron(["export", "spool", "-o", made, empty.path])).code, 1);
});
