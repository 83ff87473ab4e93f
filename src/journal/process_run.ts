/**
 * The run that a thread joins: the one that its process has begun already.
 *
 * Nothing is handed from thread to thread for that, since what could hand it on differs by runtime and kind of worker. The folder's
 * name has the number of the process, and its `session.json` says of which process of that number.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { livenessOf, PROCESSES, type ProcessTable } from "./liveness.ts";
import { readSession, runsIn } from "./run_folder.ts";

/** A run that is under way. */
export interface ProcessRun {
  /** Its folder's name. */
  readonly name: string;
  /** Trace context of the main thread's session; null if that is not known. */
  readonly context: string | null;
  /** What the main thread's session hangs on; null for nothing. */
  readonly parent: string | null;
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
  const { join, basename } = node.path;
  try {
    const runs = runsIn(directory).filter(run => run.endsWith(`-${pid}`));
    for (const run of runs.reverse()) {
      const session = readSession(join(run, "0"));
      if (session === null) continue;
      // The process is this one; only whether the session is this process's is asked.
      const isOurs = livenessOf({ ...session, ended_unix_ns: null }, processes) === "running";
      if (!isOurs || node.fs.existsSync(join(run, String(thread)))) return null;
      return { name: basename(run), context: session.context, parent: session.parent };
    }
  } catch {
    // There is no such folder yet, or it must not be read.
  }
  return null;
}

/** The name of a run that begins now. */
export function runName(startNs: bigint, pid: number): string {
  return `${String(startNs).padStart(20, "0")}-${pid}`;
}
