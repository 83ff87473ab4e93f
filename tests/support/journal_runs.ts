/**
 * Runs of the tests' own: snapshots of an engine, written as a journal's folder.
 *
 * @module
 */
import process from "node:process";
import { randomIdSuffix } from "../../src/data/ids.ts";
import { areMade, type Snapshot } from "../../src/data/snapshot.ts";
import { MarkEncoder, SpanEncoder } from "../../src/journal/encode.ts";
import { identify } from "../../src/journal/liveness.ts";
import type { SessionInfo } from "../../src/journal/session_file.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { SESSION } from "./journal.ts";

/** How a run is written. */
export interface RunOptions {
  /** Its folder's name; by default one that sorts by this number. */
  readonly run?: number;
  readonly pid?: number;
  readonly session?: Partial<SessionInfo>;
  /** Whether it ends itself, goes on, or is gone without a word. */
  readonly state?: "ended" | "running" | "unfinished";
  /** Rows of a batch. */
  readonly rows?: number;
  readonly segmentBytes?: number;
}

/** The name of a run's folder. */
export function runName(run: number, pid: number): string {
  return `${String(run).padStart(20, "0")}-${pid}`;
}

/** Opens the journal of the recorder whose ids a snapshot has. */
export function journalOf(directory: string, snapshot: Snapshot, options: RunOptions = {}): JournalWriter {
  const { ids, anchorNs } = snapshot;
  if (!areMade(ids)) throw new Error("only a recorder's own rows can be written");
  const { run = 1, state = "ended" } = options;
  const own = identify(process.pid);
  const pid = options.pid ?? (state === "running" ? process.pid : 4711);
  return new JournalWriter({
    directory,
    run: runName(run, pid),
    session: {
      ...SESSION,
      id_suffix: ids.suffix,
      mark_id_suffix: randomIdSuffix(),
      anchor_unix_ns: String(anchorNs),
      started_unix_ns: String(anchorNs),
      pid,
      boot_id: own.bootId,
      process_start: state === "running" ? own.processStart : "1",
      rank: 0,
      ...options.session,
    },
    segmentBytes: options.segmentBytes ?? 1 << 20,
    files: null,
    nowMs: () => 0,
  });
}

/** Writes all rows of a snapshot as a run, and gives the recorder's folder. */
export function writeRun(directory: string, snapshot: Snapshot, options: RunOptions = {}): string {
  const writer = journalOf(directory, snapshot, options);
  const [spans, marks] = [new SpanEncoder(), new MarkEncoder()];
  const write = (kind: "spans" | "opens", from: number, until: number) => {
    const message = marks.encode(snapshot.id, snapshot.marks, from, until);
    if (message !== null) isFine(writer.write("marks", message));
    // The pseudo-span is only there for its marks.
    const first = kind === "opens" && snapshot.id[from] === 0 ? from + 1 : from;
    if (first < until) isFine(writer.write(kind, spans.encode(snapshot, first, until)));
  };
  isFine(writer.open());
  const { closedLength, length } = snapshot;
  const { rows = 3, state = "ended" } = options;
  for (let from = 0; from < closedLength; from += rows) {
    write("spans", from, Math.min(closedLength, from + rows));
  }
  if (length > closedLength) write("opens", closedLength, length);
  if (state === "ended") {
    isFine(writer.close({ ended_unix_ns: String(snapshot.anchorNs + BigInt(lastNs(snapshot))) }));
  }
  return writer.folder;
}

function lastNs({ endNs, length }: Snapshot): number {
  return endNs.subarray(0, length).reduce((last, ns) => Math.max(last, ns), 0);
}

function isFine(problem: unknown): void {
  if (problem !== null) throw new Error(`not written: ${JSON.stringify(problem)}`);
}
