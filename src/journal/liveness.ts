/**
 * Whether a recorder still runs. Numbers of processes are used again: the same process is one of the same number, that was
 * started at the same moment, since the same start of the machine.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { isReadable } from "../runtime/permissions.ts";
import type { SessionInfo } from "./session_file.ts";

/** What becomes of a recorder: it said that it ended, or runs, or its process is gone without a word; or it cannot be told. */
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
  return start === session.process_start ? "running" : "unfinished";
}

// The 22nd field, behind a name in parentheses that may hold anything. A process that is a zombie has ended.
function startOf(stat: string | null | undefined): string | null {
  if (stat == null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /^\d+$/.test(fields[19] ?? "") && fields[0] !== "Z" ? fields[19] : null;
}
