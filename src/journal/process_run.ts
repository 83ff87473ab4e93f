/**
 * The run that a thread joins: the one that the main thread of its process has begun.
 *
 * The main thread leaves word of it for its workers. Where that does not get through (to web workers in Deno, from the main thread in
 * Bun) a small file says the run's name, and the run's `session.json` of which process of that number it is. The folder of all runs is
 * not listed for it: very many old ones may lie there.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { leaveForWorkers, leftByMainThread } from "../runtime/thread.ts";
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

/** Leaves word of the main thread's run. Never throws. */
export function announceRun(directory: string, { name, context, parent }: ProcessRun): void {
  leaveForWorkers({ directory, name, context, parent });
  try {
    const path = wordPath(directory, pidOf(name));
    const folder = node.path.dirname(path);
    node.fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!node.fs.lstatSync(folder).isDirectory()) return; // a link
    // What lies there may be a link: it is taken away, and nothing is written through it.
    node.fs.rmSync(path, { force: true });
    node.fs.writeFileSync(path, name, { flag: "wx", mode: 0o600 });
  } catch {
    // Then a worker that gets no word has a run of its own.
  }
}

/** The folder of those files. */
const WORDS = ".pids";

/** There are no more of them, however many processes there were: who finds another's has a run of its own. */
const MOST_WORDS = 1024;

function wordPath(directory: string, pid: number): string {
  return node.path.join(directory, WORDS, String(pid % MOST_WORDS));
}

function pidOf(name: string): number {
  return Number(name.slice(name.indexOf("-") + 1));
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
  const path = wordPath(directory, pid);
  if (!node.fs.lstatSync(path).isFile()) return null;
  const name = node.fs.readFileSync(path, "utf8");
  if (!RUN_NAME.test(name) || pidOf(name) !== pid) return null;
  const session = readSession(node.path.join(directory, name, "0"));
  if (session === null) return null;
  // This process runs; what is asked is whether it is the one that wrote this, also if its session has ended.
  const isOurs = livenessOf({ ...session, ended_unix_ns: null }, processes) === "running";
  return isOurs ? { name, context: session.context, parent: session.parent } : null;
}
