import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { toSessionTable } from "../../src/formats/session_table.ts";
import type { SessionRow } from "../../src/tree/sessions.ts";

function row(more: Partial<SessionRow> = {}): SessionRow {
  return {
    id: "s",
    start_us: new Date(2026, 0, 2, 3, 4, 5).getTime() * 1000,
    wall_us: 2_350_000,
    state: "ended",
    span_count: 1234,
    error_count: 0,
    pid: 17,
    rank: 0,
    thread_id: 0,
    thread_name: null,
    runtime: "bun",
    runtime_version: "1.4.5",
    run_id: null,
    ...more,
  };
}

test("toSessionTable() says that there are none", () => {
  assertEquals(toSessionTable([]), "(no sessions)");
});

test("toSessionTable() gives the time of the wall's clock, and leaves out what no row has", () => {
  assertEquals(toSessionTable([row()]).split("\n"), [
    "              began  took spans state rank pid  runtime",
    "2026-01-02 03:04:05 2.35s  1234 ended    0  17  bun 1.4.5",
  ]);
});

test("toSessionTable() has a column of failures where there are any, and of threads where a process has several", () => {
  const [head] = toSessionTable([row({ error_count: 2 }), row({ thread_id: 3 })]).split("\n");
  assertMatch(head, / spans failed state rank pid thread {2}runtime$/);
  assertMatch(toSessionTable([row(), row({ pid: 18, thread_id: 3 })]), / pid {2}runtime\n/);
});

test("toSessionTable() shows what is not known as a dash, the run's id, and no text that a terminal obeys", () => {
  const unknown = { pid: null, rank: null, runtime: null, start_us: NaN, state: "unknown" } as const;
  assertMatch(toSessionTable([row(unknown)]), /\n +- 2\.35s {2}1234 unknown {4}- {3}- {2}-$/);
  assertMatch(toSessionTable([row({ run_id: "r\n\u001b1" })]), /bun 1\.4\.5 \(r\\n\\x1b1\)$/);
});
