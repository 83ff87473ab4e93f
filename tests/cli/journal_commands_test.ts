import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { read } from "../../src/api/read.ts";
import { callCirron } from "../support/command_line.ts";
import { TestEngine } from "../support/engine.ts";
import { runName, type RunOptions, writeRun } from "../support/journal_runs.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The commands on journals: what they write is what read() reads.

/** A run with a session, of which a span failed; where it goes on or never finished, the session is open. */
function addRun(directory: string, options: RunOptions): string {
  const ci = new TestEngine(undefined, { idSuffix: String(options.run ?? 0).padStart(16, "0") });
  ci.clock.advance((options.run ?? 0) * 1e9);
  ci.profile();
  ci.scope("request", () => ci.clock.us(1500));
  try {
    ci.scope("request", () => {
      throw new Error("no");
    });
  } catch {
    // It is to fail.
  }
  ci.clock.us(500);
  if ((options.state ?? "ended") === "ended") ci.engine.shutdown();
  return writeRun(directory, ci.engine.read(Infinity, true), options);
}

function threeRuns(): TempDirectory {
  const folder = new TempDirectory();
  addRun(folder.path, { run: 1, pid: 11 });
  addRun(folder.path, { run: 2, pid: 12, state: "unfinished", session: { rank: 3 } });
  addRun(folder.path, { run: 3, state: "running" });
  return folder;
}

test("cirron list has a line for each thread of a journal: when, how long, spans, failed, state, rank, pid", async () => {
  using folder = threeRuns();
  const { code, out, errors } = await callCirron(["list", folder.path]);
  assertEquals([code, errors], [0, []]);
  const [head, ...lines] = out.trimEnd().split("\n").map(line => line.trim().split(/ +/));
  assertEquals(head, ["began", "took", "spans", "failed", "state", "rank", "pid", "runtime"]);
  assertEquals(lines.map(line => line.slice(3, 8)), [
    ["3", "1", "ended", "0", "11"],
    ["3", "1", "unfinished", "3", "12"],
    ["2", "1", "running", "0", String(process.pid)],
  ]);
  assertEquals(lines.slice(0, 2).map(line => line[2]), ["2.0ms", "2.0ms"]);
  const rows = JSON.parse((await callCirron(["list", "--json", "--last", "2", folder.path])).out);
  assertEquals(rows.map(({ state }: { state: string }) => state), ["unfinished", "running"]);
  const { roots } = read(folder.path).trace({ format: "dict", open: true });
  assertEquals(rows.map(({ id }: { id: string }) => id), roots.slice(1).map(({ id }) => id));
});

test("cirron list counts a span once that is there twice, as those are that waited for a GPU", async () => {
  using folder = new TempDirectory();
  addRun(folder.path, { run: 1, pid: 1 });
  addRun(folder.path, { run: 1, pid: 1 });
  const [row, ...others] = JSON.parse((await callCirron(["list", "--json", folder.path])).out);
  assertEquals([others, row.span_count, row.error_count], [[], 3, 1]);
});

test("cirron list has runs that have written nothing yet, and no folder that is none", async () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  writeRun(folder.path, ci.engine.read(Infinity, true), { run: 1, pid: 9, state: "unfinished" });
  mkdirSync(join(folder.path, runName(2, 8), "0"), { recursive: true });
  const rows = JSON.parse((await callCirron(["list", "--json", folder.path])).out);
  assertEquals(
    rows.map((
      row: { pid: number; span_count: number; state: string },
    ) => [row.pid, row.span_count, row.state]),
    [[9, 0, "unfinished"]],
  );
});

test("cirron tree, summary and export read journals as read() does", async () => {
  using folder = threeRuns();
  const tree = await callCirron(["tree", "--json", folder.path]);
  assertEquals(tree.out, `${read(folder.path).trace({ format: "json" })}\n`);
  assertMatch((await callCirron(["tree", folder.path])).out, /cirron\.session - 2\.0ms.* unfinished/);
  const summary = JSON.parse((await callCirron(["summary", "--json", "--name", "request", folder.path])).out);
  assertEquals(summary[0].count, 6);
  const alone = await callCirron(["export", "json", join(folder.path, runName(1, 11), "0", "spans.arrow")]);
  assertEquals(JSON.parse(alone.out).span_count, 3);
});

test("cirron clear removes what is recognised of runs that are over, and their folders where nothing else is in them", async () => {
  using folder = threeRuns();
  const mine = join(folder.path, runName(1, 11), "0", "notes.txt");
  writeFileSync(mine, "mine");
  const elsewhere = folder.write("elsewhere", "mine");
  symlinkSync(elsewhere, join(folder.path, runName(2, 12), "0", "spans.00009.arrow"));
  const dry = await callCirron(["clear", "--dry-run", folder.path]);
  assertMatch(dry.out, /^Would remove 5 files, .*; 3 files kept\n$/);
  assert(existsSync(join(folder.path, runName(1, 11), "0", "spans.arrow")));
  const { code, out, errors } = await callCirron(["clear", folder.path]);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, /^Removed 5 files, .*; 3 files kept\n$/);
  assertEquals(readdirSync(join(folder.path, runName(1, 11), "0")), ["notes.txt"]);
  assertEquals(readdirSync(join(folder.path, runName(2, 12), "0")), ["spans.00009.arrow"]);
  assert(existsSync(join(folder.path, runName(3, process.pid), "0", "spans.arrow")));
  assertEquals([readFileSync(mine, "utf8"), readFileSync(elsewhere, "utf8")], ["mine", "mine"]);
});

test("cirron clear --keep keeps the newest runs", async () => {
  using folder = new TempDirectory();
  for (const run of [1, 2, 3]) addRun(folder.path, { run, pid: 10 + run });
  const { out } = await callCirron(["clear", "--keep", "2", "--json", folder.path]);
  assertEquals(JSON.parse(out).removed_file_count, 2);
  assertEquals(readdirSync(folder.path).sort(), [runName(2, 12), runName(3, 13)]);
  await callCirron(["clear", folder.path]);
  assertEquals(readdirSync(folder.path), []);
});

test("cirron clear leaves a run of which it cannot be told whether it is over", async () => {
  using folder = new TempDirectory();
  const recorder = addRun(folder.path, { run: 1, state: "unfinished", session: { boot_id: null } });
  writeFileSync(join(addRun(folder.path, { run: 2, pid: 2 }), "session.json"), "{");
  const { out } = await callCirron(["clear", folder.path]);
  assertMatch(out, /^Removed 0 files, 0B; 5 files kept\n$/);
  assert(existsSync(join(recorder, "spans.arrow")));
});

test("cirron trim cuts off what is torn in runs that are over, and nothing else", async () => {
  using folder = threeRuns();
  const segment = (run: number, pid: number) => join(folder.path, runName(run, pid), "0", "spans.arrow");
  const whole = new Map<string, Uint8Array>();
  for (const path of [segment(1, 11), segment(2, 12), segment(3, process.pid)]) {
    whole.set(path, readFileSync(path));
  }
  const [ended, unfinished, running] = whole.keys();
  for (const path of [unfinished, running]) writeFileSync(path, whole.get(path)!.subarray(0, -7));
  const left = readFileSync(unfinished).length;
  const dry = await callCirron(["trim", "--dry-run", folder.path]);
  assertMatch(dry.out, /^Would trim 1 file in .*, \d+B\n$/);
  assertEquals(readFileSync(unfinished).length, left);
  const { code, out, errors } = await callCirron(["trim", "--json", folder.path]);
  assertEquals([code, errors], [0, []]);
  const { trimmed_file_count, trimmed_bytes } = JSON.parse(out);
  assertEquals([trimmed_file_count, left - trimmed_bytes], [1, readFileSync(unfinished).length]);
  const kept = readFileSync(unfinished);
  assertEquals(new Uint8Array(kept), new Uint8Array(whole.get(unfinished)!.subarray(0, kept.length)));
  assertEquals(new Uint8Array(readFileSync(ended)), new Uint8Array(whole.get(ended)!));
  assertEquals(readFileSync(running).length, whole.get(running)!.length - 7);
  assertEquals(read(folder.path).torn_file_count, 1);
  assertMatch((await callCirron(["trim", folder.path])).out, /^Trimmed 0 files in .*, 0B\n$/);
});
