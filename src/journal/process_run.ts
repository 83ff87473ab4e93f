/**
 * The run that a thread joins: the one that the main thread of its process has begun.
 *
 * The main thread leaves word of it for its workers. Where that does not get through (to web workers in Deno, from the main thread in
 * Bun) the run is looked for: its name has the number of the process, and its `session.json` says of which process of that number.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { leaveForWorkers, leftByMainThread } from "../runtime/thread.ts";
import { namesNowIn } from "../spool/directory_names.ts";
import { RUN_NAME } from "./format.ts";
import { livenessOf, PROCESSES, type ProcessTable } from "./liveness.ts";
import { readSession } from "./run_folder.ts";

/** A run, as its main thread's session says. */
export interface ProcessRun {
  /** Its folder's name. */
  readonly name: string;
  /** Trace context of the session's own span; null if that is not known. */
  readonly context: string | null;
  /** What the session hangs on; null for nothing. */
  readonly parent: string | null;
}

/** The name of a run that begins now. */
export function runName(startNs: bigint, pid: number): string {
  return `${String(startNs).padStart(20, "0")}-${pid}`;
}

/** Leaves word of the main thread's run. */
export function announceRun(directory: string, { name, context, parent }: ProcessRun): void {
  leaveForWorkers({ directory, name, context, parent });
}

/**
 * The newest run of this process, by its main thread; null if there is none, or it cannot be told whose it is. Never throws.
 * @param thread The number of the thread that would join: not where it has a folder already.
 */
export function runOfProcess(
  directory: string,
  pid: number,
  thread: number,
  processes: ProcessTable = PROCESSES,
): ProcessRun | null {
  try {
    const run = announcedRun(directory) ?? findRun(directory, pid, processes);
    const isTaken = run !== null && node.fs.existsSync(node.path.join(directory, run.name, String(thread)));
    return isTaken ? null : run;
  } catch {
    return null; // there is no such folder yet, or it must not be read
  }
}

function announcedRun(directory: string): ProcessRun | null {
  const { directory: announced, name, context, parent } = leftByMainThread();
  if (announced !== directory || typeof name !== "string" || !RUN_NAME.test(name)) return null;
  const text = (value: unknown) => typeof value === "string" ? value : null;
  return { name, context: text(context), parent: text(parent) };
}

function findRun(directory: string, pid: number, processes: ProcessTable): ProcessRun | null {
  const end = `-${pid}`;
  const runs = Array.from(namesNowIn(directory)).filter(name => name.endsWith(end) && RUN_NAME.test(name));
  for (const name of runs.sort().reverse()) {
    const session = readSession(node.path.join(directory, name, "0"));
    if (session === null) continue;
    // This process runs; what is asked is whether it is the one that wrote this, also if its session has ended.
    const isOurs = livenessOf({ ...session, ended_unix_ns: null }, processes) === "running";
    return isOurs ? { name, context: session.context, parent: session.parent } : null;
  }
  return null;
}
