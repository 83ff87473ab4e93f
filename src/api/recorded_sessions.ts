/**
 * The sessions that recordings are of.
 *
 * @module
 */
import { SESSION_NAME } from "../data/session_names.ts";
import { type Snapshot, unixUs } from "../data/snapshot.ts";
import type { JournalRecorder } from "../journal/recorder.ts";
import { measured, ownIdText } from "../tree/columns.ts";
import { findSessions, type SessionRow, textOf } from "../tree/sessions.ts";
import { buildTree } from "../tree/tree.ts";
import type { Recordings } from "./recordings.ts";

/**
 * The sessions in order of start: of spools those that their spans are of, of journals one of each thread. A journal's rows are counted,
 * not read.
 */
export function sessionsOf({ spool, recorders }: Recordings): SessionRow[] {
  const rows = [
    ...findSessions(buildTree(spool.snapshot)).rows,
    ...recorders.filter(({ isEmpty, session }) => !isEmpty || session !== null).map(toRow),
  ];
  return rows.sort((a, b) => a.start_us - b.start_us);
}

function toRow(recorder: JournalRecorder): SessionRow {
  const { session, state, thread } = recorder;
  // The session's span closes last; while it is open it is there too.
  const { snapshot } = recorder.read(1);
  const row = snapshot.name.findLastIndex((name, row) => row < snapshot.length && name === SESSION_NAME);
  const attrs = row < 0 ? undefined : snapshot.attrs.at(row);
  const [startNs, endNs] = row < 0
    ? [startOf(recorder, snapshot), lastOf(recorder, snapshot)]
    : [snapshot.startNs[row], snapshot.endNs[row]];
  const { spans, errors } = recorder.census();
  const [runtime, version] = session?.runtime?.split(" ") ?? [];
  return {
    id: row < 0 ? null : ownIdText(snapshot, row),
    start_us: unixUs(snapshot.anchorNs, startNs),
    wall_us: Math.max(0, endNs - startNs) / 1000,
    state,
    span_count: spans,
    error_count: errors,
    pid: measured(thread.pid),
    rank: measured(thread.rank),
    thread_id: measured(thread.threadId),
    thread_name: thread.name ?? null,
    runtime: textOf(attrs?.runtime) ?? runtime ?? null,
    runtime_version: textOf(attrs?.runtime_version) ?? version ?? null,
    run_id: textOf(attrs?.["cirron.run_id"]),
  };
}

function startOf({ session }: JournalRecorder, { startNs, length, anchorNs }: Snapshot): number {
  return session === null
    ? startNs.subarray(0, length).reduce((first, ns) => Math.min(first, ns), length === 0 ? 0 : Infinity)
    : Number(BigInt(session.started_unix_ns) - anchorNs);
}

function lastOf({ session }: JournalRecorder, { endNs, length, anchorNs }: Snapshot): number {
  const ended = session?.ended_unix_ns ?? null;
  return ended === null
    ? endNs.subarray(0, length).reduce((last, ns) => Math.max(last, ns), -Infinity)
    : Number(BigInt(ended) - anchorNs);
}
