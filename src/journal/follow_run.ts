/**
 * A run that goes on, followed: its threads, and the runs of processes that it has started, as they come.
 *
 * @module
 */
import { parseTraceparent } from "../data/trace_context.ts";
import { node } from "../runtime/builtins.ts";
import { type FollowBounds, RecorderFollower } from "./follow_recorder.ts";
import { RUN_NAME, THREAD_NAME } from "./format.ts";
import { type Liveness, livenessOf, PROCESSES, type ProcessTable } from "./liveness.ts";
import { readSession } from "./run_folder.ts";
import type { SessionInfo } from "./session_file.ts";

/** A run, as its oldest thread says. */
export interface FoundRun {
  /** Its folder's name. */
  readonly name: string;
  readonly pid: number;
  /** Null if it cannot be read. */
  readonly session: SessionInfo | null;
  readonly liveness: Liveness;
  /** When something was last written, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/** The runs of a folder, oldest first; none if it is not there. Never throws. */
export function findRuns(directory: string, processes: ProcessTable = PROCESSES): FoundRun[] {
  return namesOf(directory, RUN_NAME).sort().map(name => describe(directory, name, processes));
}

function describe(directory: string, name: string, processes: ProcessTable): FoundRun {
  const folder = node.path.join(directory, name);
  const threads = namesOf(folder, THREAD_NAME).sort((a, b) => Number(a) - Number(b));
  let session: SessionInfo | null = null;
  let liveness: Liveness = "unknown";
  let writtenMs = 0;
  for (const thread of threads) {
    const path = node.path.join(folder, thread);
    const found = readSession(path);
    session ??= found;
    writtenMs = Math.max(writtenMs, writtenAt(path));
    const state = found === null ? "unknown" : livenessOf(found, processes);
    // One that goes on does so for all of them.
    if (state === "running" || thread === threads[0]) liveness = state;
    if (state === "running") break;
  }
  return { name, pid: Number(name.slice(name.indexOf("-") + 1)), session, liveness, writtenMs };
}

function writtenAt(folder: string): number {
  let newest = 0;
  for (const name of namesOf(folder, /^(session\.json|(spans|opens)(\.\d+)?\.arrow)$/)) {
    try {
      newest = Math.max(newest, node.fs.lstatSync(node.path.join(folder, name)).mtimeMs);
    } catch {
      // gone since
    }
  }
  return newest;
}

/** Follows a run and what belongs to it. */
export class RunFollower {
  /** Its folder's name. */
  readonly name: string;
  /** Those there are, by the name of their run and the number of their thread. */
  readonly recorders: Map<string, RecorderFollower> = new Map();
  /** Whether the run's folder was there the last time. */
  isThere = true;
  readonly #directory: string;
  readonly #bounds: FollowBounds;
  readonly #processes: ProcessTable;
  readonly #looked = new Set<string>();
  readonly #family: string[];
  #traceId: string | null = null;

  constructor(directory: string, name: string, bounds: FollowBounds, processes: ProcessTable = PROCESSES) {
    this.name = name;
    this.#directory = directory;
    this.#bounds = bounds;
    this.#processes = processes;
    this.#family = [name];
  }

  /** Finds threads and processes that came since. */
  refresh(): void {
    this.#findFamily();
    this.isThere = node.fs.existsSync(node.path.join(this.#directory, this.name));
    for (const run of this.#family) {
      const folder = node.path.join(this.#directory, run);
      for (const thread of namesOf(folder, THREAD_NAME).sort((a, b) => Number(a) - Number(b))) {
        const key = `${run}/${thread}`;
        if (this.recorders.has(key)) continue;
        const path = node.path.join(folder, thread);
        this.recorders.set(key, new RecorderFollower(path, this.#bounds, this.#processes));
      }
    }
  }

  // What a process starts goes on with its trace, if it was told of it.
  #findFamily(): void {
    this.#traceId ??= traceIdOf(this.#directory, this.name);
    if (this.#traceId === null) return;
    for (const name of namesOf(this.#directory, RUN_NAME)) {
      if (name <= this.name || this.#looked.has(name)) continue;
      const traceId = traceIdOf(this.#directory, name);
      if (traceId === null) continue; // it has only begun
      this.#looked.add(name);
      if (traceId === this.#traceId) this.#family.push(name);
    }
  }
}

/** The trace that the session of a run's oldest thread belongs to; null if that is not known. */
export function traceIdOf(directory: string, run: string): string | null {
  const folder = node.path.join(directory, run);
  const [thread] = namesOf(folder, THREAD_NAME).sort((a, b) => Number(a) - Number(b));
  const context = thread === undefined ? null : readSession(node.path.join(folder, thread))?.context;
  return context == null ? null : parseTraceparent(context)?.traceId ?? null;
}

function namesOf(folder: string, pattern: RegExp): string[] {
  try {
    return node.fs.readdirSync(folder).filter(name => pattern.test(name));
  } catch {
    return [];
  }
}
