/**
 * Whether a recorder still runs. Numbers of processes are used again: the same process is one of the same number, that was
 * started at the same moment, since the same start of the machine. Of a thread likewise: one that was terminated is not among those of
 * its process any more, though that goes on.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { isReadable } from "../runtime/permissions.ts";
import type { SessionInfo } from "./session_file.ts";

/** What becomes of a recorder: it said that it ended, or runs, or its process or thread is gone without a word; or it cannot be told. */
export type Liveness = "ended" | "running" | "unfinished" | "unknown";

/** Where the kernel says what runs. A test has one of its own. */
export interface ProcessTable {
  /** The text of a file below `/proc`; null if there is none, undefined if it cannot be told. */
  read(path: string): string | null | undefined;
}

/** The kernel's own. Deno shows it only to a program that may do anything. */
export const PROCESSES: ProcessTable = {
  read(path) {
    if (!isReadable(`/proc/${path}`)) return undefined;
    try {
      // Of old runs none is there, and what is thrown costs more than all else.
      if (!node.fs.existsSync(`/proc/${path}`)) return isLinux() ? null : undefined;
      return node.fs.readFileSync(`/proc/${path}`, "utf8");
    } catch (error) {
      return (error as { code?: string }).code === "ENOENT" && isLinux() ? null : undefined;
    }
  },
};

let haveProcesses = false;

// Not every system has this folder, and then nothing in it is there.
function isLinux(): boolean {
  return haveProcesses ||= node.fs.existsSync("/proc/self/stat");
}

/** By what a process is known, here and now. What cannot be told is null. */
export function identify(
  pid: number,
  processes: ProcessTable = PROCESSES,
): { processStart: string | null; bootId: string | null } {
  return {
    processStart: startOf(processes.read(`${pid}/stat`)),
    bootId: processes.read("sys/kernel/random/boot_id")?.trim() ?? null,
  };
}

/**
 * By what the kernel knows the calling thread. What cannot be told is null. The main thread is its process, and says nothing.
 * @param threadId 0 for the main thread.
 */
export function identifyThread(
  threadId: number,
  processes: ProcessTable = PROCESSES,
): { kernelThread: number | null; kernelThreadStart: string | null } {
  const stat = threadId === 0 ? null : processes.read("thread-self/stat");
  const kernelThreadStart = startOf(stat);
  return kernelThreadStart === null
    ? { kernelThread: null, kernelThreadStart }
    : { kernelThread: parseInt(stat!, 10), kernelThreadStart };
}

/** Whether a recorder still runs. Never throws. */
export function livenessOf(session: SessionInfo, processes: ProcessTable = PROCESSES): Liveness {
  if (session.ended_unix_ns !== null) return "ended";
  const bootId = processes.read("sys/kernel/random/boot_id")?.trim();
  if (bootId === undefined || session.boot_id === null) return "unknown";
  // Another start of this machine, or another machine.
  if (bootId !== session.boot_id) return "unfinished";
  const stat = processes.read(`${session.pid}/stat`);
  if (stat === undefined) return "unknown";
  if (stat === null) return "unfinished";
  const start = startOf(stat);
  if (session.process_start === null || start === null) return "unknown";
  return start === session.process_start ? threadLiveness(session, processes) : "unfinished";
}

/** The same of a thread whose process runs. */
function threadLiveness(
  { pid, kernel_thread: thread, kernel_thread_start: began }: SessionInfo,
  processes: ProcessTable,
): Liveness {
  if (thread === null || began === null) return "running"; // as far as anybody knows
  const stat = processes.read(`${pid}/task/${thread}/stat`);
  if (stat === undefined) return "running";
  return startOf(stat) === began ? "running" : "unfinished";
}

// The 22nd field, behind a name in parentheses that may hold anything. A process that is a zombie has ended.
function startOf(stat: string | null | undefined): string | null {
  if (stat == null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /^\d+$/.test(fields[19] ?? "") && fields[0] !== "Z" ? fields[19] : null;
}
