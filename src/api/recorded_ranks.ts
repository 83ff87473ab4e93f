/**
 * Which run, and which rank of it, recordings are of: what a fleet of machines is told apart by.
 *
 * @module
 */
import { SESSION_NAME } from "../data/session_names.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { parseTraceparent } from "../data/trace_context.ts";
import { JournalRecorder } from "../journal/recorder.ts";
import { readSession } from "../journal/run_folder.ts";
import { node } from "../runtime/builtins.ts";
import { measured, traceIdOf } from "../tree/columns.ts";
import { mergeSnapshots } from "../tree/merge_snapshots.ts";
import { closedOnly } from "../tree/newest_rows.ts";
import { pickedRows } from "../tree/picked_rows.ts";
import { findSessions, textOf } from "../tree/sessions.ts";
import { buildTree } from "../tree/tree.ts";
import type { ReadSnapshot } from "./read_enough.ts";
import type { RecordedFiles } from "./recorded_files.ts";
import { Recordings, type RecordingsOptions } from "./recordings.ts";

/** What was recorded of a rank of a run: by all its threads and processes, in journals and spools. */
export interface RecordedRank {
  /**
   * `CIRRON_RUN_ID` where it was set; else the id of the trace that its sessions are of, which processes share that were started with one
   * `TRACEPARENT`. Null for spans of no session.
   */
  readonly run: string | null;
  /** Null if nobody says. */
  readonly rank: number | null;
  /** Reads it, anew each time. Of what is only in a journal, no more than is asked for. */
  readonly read: ReadSnapshot;
}

/**
 * The ranks in files, by run and rank. Spools are read as a whole for it, and kept; of journals only what their sessions say, so that
 * whoever reads one rank after another holds one in memory.
 * @param onSkipped Told of recordings of which files are left out.
 */
export function recordedRanks(
  files: RecordedFiles,
  onSkipped: (recordings: Recordings) => void = () => {},
  options: RecordingsOptions = {},
): RecordedRank[] {
  const ranks = new Map<string, Rank>();
  const at = (run: string | null, rank: number | null): Rank => {
    const key = `${rank ?? ""} ${run ?? ""}`;
    const known = ranks.get(key) ?? new Rank(run, rank, onSkipped);
    ranks.set(key, known);
    return known;
  };
  addSpools(files, at, onSkipped, options);
  for (const path of files.recorders) {
    at(runOf(path), readSession(path)?.rank ?? null).recorders.push(path);
  }
  if (files.segments.length > 0) at(null, null).segments.push(...files.segments);
  return [...ranks.values()].sort((a, b) => compare(a.run, b.run) || compare(a.rank, b.rank));
}

class Rank implements RecordedRank {
  readonly run: string | null;
  readonly rank: number | null;
  readonly recorders: string[] = [];
  readonly segments: RecordedFiles["segments"][number][] = [];
  /** Its rows of all spools. */
  spool: { readonly snapshot: Snapshot; readonly rows: Uint32Array } | null = null;
  readonly #onSkipped: (recordings: Recordings) => void;

  constructor(run: string | null, rank: number | null, onSkipped: (recordings: Recordings) => void) {
    this.run = run;
    this.rank = rank;
    this.#onSkipped = onSkipped;
  }

  readonly read: ReadSnapshot = (last, open) => {
    const { recorders, segments, spool } = this;
    const recordings = new Recordings({ spools: [], recorders, segments });
    this.#onSkipped(recordings);
    if (spool === null) return recordings.read(last, open);
    const ofSpool = pickedRows(spool.snapshot, spool.rows);
    const isAlone = recorders.length + segments.length === 0;
    const all = isAlone ? ofSpool : mergeSnapshots([ofSpool, recordings.whole.snapshot]);
    return open ? all : closedOnly(all);
  };
}

function addSpools(
  { spools }: RecordedFiles,
  at: (run: string | null, rank: number | null) => Rank,
  onSkipped: (recordings: Recordings) => void,
  options: RecordingsOptions,
): void {
  if (spools.length === 0) return;
  const recordings = new Recordings({ spools, recorders: [], segments: [] }, options);
  onSkipped(recordings);
  const { snapshot } = recordings.whole;
  const tree = buildTree(snapshot);
  const { rows: sessions, of } = findSessions(tree);
  // The row of each session, for its trace.
  const runs = sessions.map(({ run_id: id }) => id);
  tree.rows.forEach((row, i) => {
    if (tree.parent[i] < 0 && snapshot.name[row] === SESSION_NAME) runs[of[i]] ??= traceIdOf(snapshot, row);
  });
  const rowsOf = new Map<Rank, number[]>();
  tree.rows.forEach((row, i) => {
    // A span under a session of another process is still its own rank's.
    const thread = snapshot.threads?.list[snapshot.threads.of[row]];
    const rank = at(runs[of[i]], measured(thread?.rank ?? NaN));
    const known = rowsOf.get(rank);
    if (known === undefined) rowsOf.set(rank, [row]);
    else known.push(row);
  });
  for (const [rank, rows] of rowsOf) rank.spool = { snapshot, rows: Uint32Array.from(rows).sort() };
}

/** The run that a recorder says it is of; without its session, the one that its folder is named for. */
function runOf(path: string): string {
  const { snapshot } = JournalRecorder.inFolder(path, () => 0n, false).read(1);
  const row = snapshot.name.findLastIndex((name, row) => row < snapshot.length && name === SESSION_NAME);
  const attrs = row < 0 ? undefined : snapshot.attrs.at(row);
  const context = parseTraceparent(readSession(path)?.context ?? "");
  return textOf(attrs?.["cirron.run_id"]) ?? context?.traceId
    ?? node.path.basename(node.path.dirname(node.path.resolve(path)));
}

function compare<T extends string | number>(a: T | null, b: T | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
