// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * Tree -> the sessions that its spans are of: what a directory of recordings holds.
 *
 * @module
 */
import { SESSION_NAME } from "../data/session_names.ts";
import { unixUs } from "../data/snapshot.ts";
import type { JsonValue } from "../data/values.ts";
import { isFailed, isUnfinishedRow, measured, ownIdText } from "./columns.ts";
import type { Tree } from "./tree.ts";

/**
 * How a session stands. `"ended"`: it was ended. `"running"`: it goes on, as a journal can tell. `"unfinished"`: its end was not written; it
 * was killed, or, of a spool, still runs. `"unknown"`: spans of a thread without a session's own, as of the Python package.
 */
export type SessionState = "ended" | "running" | "unfinished" | "unknown";

/** A session, or the spans of a thread that are of none. */
export interface SessionRow {
  /** The id of the session's span; null if there is none. */
  readonly id: string | null;
  /** Whole microseconds since 1970 at which it began; of what has no session's span, the first span. */
  readonly start_us: number;
  /** From the start to the end, or to the last that is known, in microseconds. */
  wall_us: number;
  readonly state: SessionState;
  /** Closed spans, the session's own among them. */
  span_count: number;
  /** Spans whose function threw. */
  error_count: number;
  readonly pid: number | null;
  readonly rank: number | null;
  readonly thread_id: number | null;
  /** As the program named the thread; null if it did not. */
  readonly thread_name: string | null;
  /** `"deno"`, `"bun"` or `"node"`; null if the session does not say. */
  readonly runtime: string | null;
  readonly runtime_version: string | null;
  /** What identifies the run on a platform; null if the session does not say. */
  readonly run_id: string | null;
}

/** The sessions in a tree. */
export interface Sessions {
  /** In order of start. */
  readonly rows: SessionRow[];
  /** The index in `rows` of each position's session. */
  readonly of: Uint32Array;
}

/**
 * The sessions that the spans of `tree` are of. Spans under no session's own are of the last that began before them in their thread;
 * where there is none, those of a thread are counted together. `tree` is best unfiltered, and with open spans.
 */
export function findSessions(tree: Tree): Sessions {
  const { snapshot, rows, parent } = tree;
  const found: { row: SessionRow; startNs: number; endNs: number }[] = [];
  const ofThread = new Map<number, number[]>(); // in order of start, as positions are
  const loose = new Map<number, number>();
  const of = new Uint32Array(rows.length);
  const begin = (position: number, isSession: boolean): number => {
    const row = rows[position];
    const startNs = snapshot.startNs[row];
    return found.push({ row: toRow(tree, position, isSession), startNs, endNs: snapshot.endNs[row] }) - 1;
  };
  const threadAt = (position: number) => snapshot.threads?.of[rows[position]] ?? 0;

  for (let i = 0; i < rows.length; i++) {
    if (parent[i] >= 0 || snapshot.name[rows[i]] !== SESSION_NAME) continue;
    of[i] = begin(i, true);
    const thread = threadAt(i);
    const known = ofThread.get(thread);
    if (known === undefined) ofThread.set(thread, [of[i]]);
    else known.push(of[i]);
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (parent[i] >= 0) of[i] = of[parent[i]];
    else if (snapshot.name[row] !== SESSION_NAME) {
      const thread = threadAt(i);
      const before = ofThread.get(thread)?.findLast(one => found[one].startNs <= snapshot.startNs[row]);
      if (before !== undefined) of[i] = before;
      else {
        if (!loose.has(thread)) loose.set(thread, begin(i, false));
        of[i] = loose.get(thread)!;
      }
    }
    const session = found[of[i]];
    if (session.row.id === null) session.endNs = Math.max(session.endNs, snapshot.endNs[row]);
    if (row >= snapshot.closedLength) continue;
    session.row.span_count++;
    if (isFailed(snapshot, row)) session.row.error_count++;
  }
  return inOrderOfStart(found, of);
}

function inOrderOfStart(
  found: readonly { row: SessionRow; startNs: number; endNs: number }[],
  of: Uint32Array,
): Sessions {
  const order = Array.from(found.keys()).sort((a, b) => found[a].startNs - found[b].startNs || a - b);
  const place = new Uint32Array(found.length);
  order.forEach((one, i) => place[one] = i);
  const rows = order.map(one => {
    const { row, startNs, endNs } = found[one];
    row.wall_us = (endNs - startNs) / 1000;
    return row;
  });
  return { rows, of: of.map(one => place[one]) };
}

function toRow({ snapshot, rows }: Tree, position: number, isSession: boolean): SessionRow {
  const row = rows[position];
  const attrs = isSession ? snapshot.attrs.at(row) : undefined;
  const thread = snapshot.threads?.list[snapshot.threads.of[row]];
  const state = !isSession ? "unknown" : isUnfinishedRow(snapshot, row) ? "unfinished" : "ended";
  return {
    id: isSession ? ownIdText(snapshot, row) : null,
    start_us: unixUs(snapshot.anchorNs, snapshot.startNs[row]),
    wall_us: 0,
    state,
    span_count: 0,
    error_count: 0,
    pid: measured(thread?.pid ?? NaN),
    rank: measured(thread?.rank ?? NaN),
    thread_id: measured(thread?.threadId ?? NaN),
    thread_name: thread?.name ?? null,
    runtime: textOf(attrs?.runtime),
    runtime_version: textOf(attrs?.runtime_version),
    run_id: textOf(attrs?.["cirron.run_id"]),
  };
}

/** A text; null for anything else. */
export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
