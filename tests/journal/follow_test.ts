import { assertEquals } from "@std/assert";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FollowBounds, RecorderFollower } from "../../src/journal/follow_recorder.ts";
import { findRuns, RunFollower } from "../../src/journal/follow_run.ts";
import { put } from "../../src/journal/read_spans.ts";
import { METADATA, SESSION, span, type SpanValues } from "../support/journal.ts";
import { LiveRecorder, processesOf } from "../support/live_journal.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const ALL: FollowBounds = { fromUnixNs: 0n, mostBytes: Infinity, mostOpen: 100 };
const RUNNING = processesOf(new Set([SESSION.pid]));

/** A follower, and the ids that each look gave. */
function follow(recorder: LiveRecorder, bounds = ALL, processes = RUNNING) {
  const follower = new RecorderFollower(recorder.writer.folder, bounds, processes);
  const ahead = follower.attach();
  const look = (): number[] => {
    const ids: number[] = [];
    follower.look({
      batch(columns) {
        const column = new Float64Array(columns.rows);
        put(column, 0, columns.rows, columns.integers("id"), 0);
        ids.push(...column);
      },
      damaged: rows => ids.push(-rows),
    });
    return ids;
  };
  return { follower, look, ahead };
}

const spans = (...ids: number[]) => ids.map(id => span(id));

test("A follower gives each batch once, as it comes", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write(spans(2, 3));
  const { look, ahead } = follow(recorder);
  assertEquals(ahead, 2);
  assertEquals(look(), [2, 3]);
  assertEquals(look(), []);
  recorder.write(spans(4));
  recorder.write(spans(5, 6));
  assertEquals(look(), [4, 5, 6]);
});

test("A follower goes on with the next segments", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path, { segmentBytes: 4000 });
  recorder.write(spans(1));
  const { look } = follow(recorder);
  const seen = look();
  for (let id = 2; id <= 40; id++) {
    recorder.write(spans(id));
    if (id % 7 === 0) seen.push(...look());
  }
  seen.push(...look());
  assertEquals(readdirSync(recorder.writer.folder).filter(name => name.startsWith("spans")).length > 3, true);
  assertEquals(seen, Array.from({ length: 40 }, (_, i) => i + 1));
});

test("A follower waits for the rest of a batch that is half there", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write(spans(1));
  recorder.write(spans(2));
  const path = join(recorder.writer.folder, "spans.arrow");
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 100);
  const { look } = follow(recorder);
  assertEquals(look(), [1]);
  assertEquals(look(), []);
  appendFileSync(path, whole.subarray(whole.length - 100));
  assertEquals(look(), [2]);
});

test("A follower reads a batch that is larger than what it reads at once", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path, { segmentBytes: 1 << 24 });
  recorder.write(spans(1));
  const { look } = follow(recorder);
  look();
  const name = "x".repeat(100_000);
  recorder.write(Array.from({ length: 30 }, (_, i) => span(i + 2, { name: `${name}${i}` })));
  recorder.write(spans(99));
  assertEquals(look(), [...Array.from({ length: 30 }, (_, i) => i + 2), 99]);
});

test("A follower leaves what makes no sense, and goes on with the next segment", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path, { segmentBytes: 4000 });
  recorder.write(spans(1));
  const { look } = follow(recorder);
  assertEquals(look(), [1]);
  appendFileSync(join(recorder.writer.folder, "spans.arrow"), new Uint8Array(64).fill(7));
  assertEquals(look(), []);
  for (let id = 2; id < 12; id++) recorder.write(spans(id));
  const seen = look();
  assertEquals(seen.at(-1), 11);
});

test("A follower begins where spans are new enough, and counts those before", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path, { segmentBytes: 4000 });
  const at = (id: number): SpanValues => span(id, { startNs: id * 1e9, endNs: id * 1e9 + 1 });
  for (let id = 1; id <= 30; id++) recorder.write([at(id)]);
  const bounds = { ...ALL, fromUnixNs: METADATA.anchorNs + 25_000_000_001n };
  const { follower, look, ahead } = follow(recorder, bounds);
  assertEquals([follower.rowsBefore, ahead], [24, 6]);
  assertEquals(look(), [25, 26, 27, 28, 29, 30]);
  const few = follow(recorder, { ...ALL, mostBytes: 5000 });
  const newest = few.look();
  assertEquals(newest.at(-1), 30);
  assertEquals(newest.length < 12 && few.follower.rowsBefore + newest.length === 30, true);
});

test("What is open is what has been written and has not closed", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write([span(1, { name: "a" }), span(2, { name: "b", parent: 1 }), span(3)], "opens");
  recorder.write(spans(3));
  const { follower, look } = follow(recorder);
  const names = () => [...follower.open.values()].map(({ name }) => name);
  look();
  assertEquals(names(), ["a", "b"]);
  recorder.write([span(65_538, { name: "c", parent: 1 })], "opens");
  look();
  assertEquals(names(), ["a", "b", "c"]);
  // Of the same lowest 16 bits as the number of another.
  recorder.write(spans(65_538));
  look();
  assertEquals(names(), ["a", "b"]);
  // Opened, written and closed between two looks.
  recorder.write(spans(7), "opens");
  recorder.write([...spans(7), span(2, { parent: 1 })]);
  look();
  assertEquals(names(), ["a"]);
});

test("Open spans are known up to a bound, and the others counted", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write(spans(1, 2, 3, 4), "opens");
  const { follower } = follow(recorder, { ...ALL, mostOpen: 3 });
  assertEquals([follower.open.size, follower.openDropCount], [3, 1]);
});

test("A recorder that ends has nothing open, and says so; one whose process is gone does not", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write(spans(1), "opens");
  const pids = new Set([SESSION.pid]);
  const { follower, look } = follow(recorder, ALL, processesOf(pids));
  look();
  assertEquals([follower.liveness, follower.open.size], ["running", 1]);
  pids.clear();
  look();
  assertEquals([follower.liveness, follower.open.size], ["unfinished", 1]);
  recorder.writer.close({ ended_unix_ns: "1767323047000000000" });
  look();
  assertEquals([follower.liveness, follower.open.size], ["ended", 0]);
});

test("A folder that goes is no error, and a file that goes is counted", () => {
  using folder = new TempDirectory();
  const recorder = new LiveRecorder(folder.path);
  recorder.write(spans(1));
  const { follower, look } = follow(recorder);
  look();
  renameSync(recorder.writer.folder, `${recorder.writer.folder}-away`);
  assertEquals(look(), []);
  assertEquals(follower.look({ batch: () => {}, damaged: () => {} }), false);
});

test("Threads and child processes that come are followed, and other programs are not", () => {
  using folder = new TempDirectory();
  const context = (id: string) => `00-${"a".repeat(32)}-${id.repeat(16)}-01`;
  const main = new LiveRecorder(folder.path, { session: { context: context("1") } });
  main.write(spans(1));
  const run = new RunFollower(folder.path, main.run, ALL, RUNNING);
  run.refresh();
  assertEquals([...run.recorders.keys()], [`${main.run}/0`]);
  new LiveRecorder(folder.path, { session: { thread: 3, context: context("2") } }).write(spans(1));
  const child = new LiveRecorder(folder.path, { run: 2, session: { pid: 99, context: context("3") } });
  child.write(spans(1));
  const other = { pid: 98, context: `00-${"b".repeat(32)}-${"4".repeat(16)}-01` };
  new LiveRecorder(folder.path, { run: 3, session: other }).write(spans(1));
  run.refresh();
  assertEquals([...run.recorders.keys()], [`${main.run}/0`, `${main.run}/3`, `${child.run}/0`]);
  rmSync(join(folder.path, main.run), { recursive: true });
  run.refresh();
  assertEquals(run.isThere, false);
});

test("Runs are found with what becomes of them, oldest first; a folder that is not there has none", () => {
  using folder = new TempDirectory();
  assertEquals(findRuns(join(folder.path, "no"), RUNNING), []);
  const first = new LiveRecorder(folder.path, { run: 5, session: { pid: 7 } });
  first.write(spans(1));
  first.writer.close({ ended_unix_ns: "1767323047000000000" });
  new LiveRecorder(folder.path, { run: 6 }).write(spans(1));
  new LiveRecorder(folder.path, { run: 7, session: { pid: 8 } }).write(spans(1));
  const found = findRuns(folder.path, RUNNING).map(({ pid, liveness }) => [pid, liveness]);
  assertEquals(found, [[7, "ended"], [SESSION.pid, "running"], [8, "unfinished"]]);
});
