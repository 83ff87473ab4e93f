/**
 * The journal of the session that runs, or of the last one.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { JournalRecorder } from "../journal/recorder.ts";
import { familyOf } from "../journal/run_family.ts";
import { node } from "../runtime/builtins.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import { mergeSnapshots } from "../tree/merge_snapshots.ts";
import { closedOnly, newestRows } from "../tree/newest_rows.ts";
import type { ReadSnapshot } from "./read_enough.ts";
import { findRecorded } from "./recorded_files.ts";
import { Recordings } from "./recordings.ts";
import type { TraceSource } from "./trace_options.ts";

/** What is asked of an engine; what has no session has no journal either. */
export type ReadableEngine =
  & Pick<EngineV1, "read" | "frameEngine">
  & Partial<Pick<EngineV1, "flush" | "health">>;

/** What is read of a run. */
export interface RunReading {
  /** Where this thread's own spans are read from. */
  readonly from: TraceSource;
  /** Whether child processes are shown too. */
  readonly children: boolean;
}

/**
 * Opens the run that the session of `engine` is part of, with all threads of it.
 * @throws {CirronError} If it writes none, or that is gone or may not be read.
 */
export function openSessionJournal(engine: ReadableEngine, { from, children }: RunReading): ReadSnapshot {
  engine.flush?.();
  // An older copy of the package says nothing of a journal.
  const folder = engine.health?.().journal_dir ?? null;
  if (folder === null) {
    throw new CirronError(
      'Cannot trace from the journal: the session writes none, start it with output: "journal", the default',
    );
  }
  const run = node.path.dirname(folder);
  const live = engine.read(0, true);
  // Threads of this process, which runs: of those that have not ended, only what is known to be gone is.
  const own = new Recordings(findRecorded([run]), { areRunning: true, live });
  const others = children ? openChildren(run) : null;
  const recorders = [...own.recorders, ...others?.recorders ?? []];
  const self = recorders.find(recorder => recorder.isLive);
  if (from === "memory" && self !== undefined) return withMemory(engine, self, recorders);
  return (last, open) => merged(recorders.map(recorder => recorder.read(last).snapshot), last, open);
}

function openChildren(run: string): Recordings | null {
  const [, ...runs] = listed(run);
  return runs.length === 0 ? null : new Recordings(findRecorded(runs));
}

function listed(run: string): string[] {
  try {
    return familyOf(run);
  } catch {
    return [run]; // the run may be read, and what lies beside it not
  }
}

// What this thread recorded is read once, from memory: all of it is there that was not evicted, also what no disk would take.
function withMemory(
  engine: ReadableEngine,
  self: JournalRecorder,
  recorders: readonly JournalRecorder[],
): ReadSnapshot {
  const others = recorders.filter(recorder => recorder !== self);
  return (last, open) => {
    const own = engine.read(last, true);
    const threads = { list: [self.thread], of: new Uint32Array(own.length) };
    return merged([{ ...own, threads }, ...others.map(other => other.read(last).snapshot)], last, open);
  };
}

function merged(parts: readonly Snapshot[], last: number, open: boolean): Snapshot {
  const there = parts.filter(({ length }) => length > 0);
  const all = there.length === 0 ? parts[0] : mergeSnapshots(there);
  const snapshot = last === Infinity ? all : newestRows(all, last);
  return open ? snapshot : closedOnly(snapshot);
}
