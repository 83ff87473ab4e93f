import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { mergeFiles } from "../../src/spool/merge.ts";
import { findSessions, type Sessions } from "../../src/tree/sessions.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { sessionOf } from "../support/command_line.ts";
import { type Fields, fileOf, markOf, spanOf } from "../support/spool.ts";

function sessionsOf(spans: readonly Fields[], marks: readonly Fields[] = []): Sessions {
  const content = fileOf(spans, marks);
  return findSessions(
    buildTree(mergeFiles([{ name: "x", content: plain(content), failure: null }]).snapshot),
  );
}

/** As parsing gives it: digits for what a number cannot hold. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, field) => typeof field === "bigint" ? String(field) : field));
}

test("findSessions() gives nothing of no spans", () => {
  assertEquals(sessionsOf([]), { rows: [], of: new Uint32Array(0) });
});

test("findSessions() gives a session with all that lies below it, and what it says of itself", () => {
  const { rows } = sessionsOf([
    spanOf("a", 10, { parent_id: "s" }),
    spanOf("b", 20, { parent_id: "a", attrs: { error: "Error: no" } }),
    sessionOf("s", 0, { attrs: { "cirron.run_id": "r1" } }),
  ]);
  assertEquals(rows, [{
    id: "s",
    start_us: 1_767_323_045_678_901,
    wall_us: 1_000_000,
    state: "ended",
    span_count: 3,
    error_count: 1,
    pid: 7,
    rank: 0,
    thread_id: 140_234_567_890_176,
    thread_name: null,
    runtime: "deno",
    runtime_version: "2.9.6",
    run_id: "r1",
  }]);
});

test("findSessions() sorts sessions by start, whatever the order of their files", () => {
  const { rows } = sessionsOf([sessionOf("late", 5_000_000, { pid: 1 }), sessionOf("early", 0, { pid: 2 })]);
  assertEquals(rows.map(({ id }) => id), ["early", "late"]);
});

test("findSessions() gives a session without an end until the last that is known of its thread", () => {
  const [row] = sessionsOf([
    { ...sessionOf("s", 0, { attrs: { "cirron.unfinished": true } }) },
    spanOf("a", 3_000_000, { parent_id: "an open one" }),
  ]).rows;
  assertEquals([row.state, row.wall_us, row.span_count], ["unfinished", 3_001_000, 2]);
});

test("findSessions() counts spans under no session to the last that began before them in their thread", () => {
  const { rows } = sessionsOf([
    sessionOf("first"),
    sessionOf("second", 2_000_000),
    spanOf("a", 1_000_000, { parent_id: "open" }),
    spanOf("b", 2_500_000, { parent_id: "open too" }),
    spanOf("c", 2_600_000),
    spanOf("other thread", 2_600_000, { thread_id: 5 }),
  ]);
  assertEquals(rows.map(({ id, state, span_count: count }) => [id, state, count]), [
    ["first", "ended", 2],
    ["second", "ended", 3],
    [null, "unknown", 1],
  ]);
});

test("findSessions() puts the spans of a thread without a session together, from the first to the last", () => {
  const { rows, of } = sessionsOf(
    [
      spanOf("a", 0, { pid: 9, rank: null }),
      spanOf("b", 4000, { pid: 9, rank: null }),
      spanOf("c", 100, { pid: 10 }),
    ],
    [markOf("m", "a")],
  );
  assertEquals(rows.map(row => [row.state, row.pid, row.rank, row.span_count, row.wall_us, row.runtime]), [
    ["unknown", 9, null, 2, 5000, null],
    ["unknown", 10, 0, 1, 1000, null],
  ]);
  assertEquals([...of], [0, 1, 0]);
});
