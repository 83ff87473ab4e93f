/**
 * What tracks are called, and the numbers by which a viewer tells processes and tracks apart.
 *
 * @module
 */
import type { Snapshot, SnapshotThread } from "../data/snapshot.ts";
import type { Track } from "../tree/tracks.ts";

/** A track as a viewer is told of it. */
export interface TrackLabel {
  /** The process's number; another one where two processes of a trace have the same. */
  readonly pid: number;
  /** Counts all tracks of the trace, from 1: some viewers look a track's name up by this number alone. */
  readonly tid: number;
  /** The process's name for people. */
  readonly process: string;
  /** The track's name for people, within its process. */
  readonly track: string;
  /** Whether the process begins with this track. */
  readonly isFirst: boolean;
}

/**
 * Labels tracks.
 * @param tracks In order.
 * @param pid This process's number, for snapshots that say nothing of theirs.
 */
export function labelTracks(snapshot: Snapshot, tracks: readonly Track[], pid: number): TrackLabel[] {
  const threads = snapshot.threads?.list ?? [{ pid, rank: NaN, threadId: NaN }];
  const pids = processNumbers(threads);
  const threadCounts = new Map<number, number>(); // of each process
  for (const thread of new Set(tracks.map(track => track.thread))) {
    threadCounts.set(pids[thread], (threadCounts.get(pids[thread]) ?? 0) + 1);
  }
  let before = NaN;
  return tracks.map(({ thread, number }, index) => {
    const own = pids[thread];
    const isFirst = own !== before;
    before = own;
    const name = threadName(threads[thread], threadCounts.get(own)! > 1);
    return {
      pid: own,
      tid: index + 1,
      process: processName(threads[thread]),
      track: number === 0 ? name : name === MAIN ? `flow ${number + 1}` : `${name}, flow ${number + 1}`,
      isFirst,
    };
  });
}

const MAIN = "main";

function threadName(thread: SnapshotThread, hasOthers: boolean): string {
  return !hasOthers || thread.threadId === 0 ? MAIN : threadText(thread);
}

/** A thread's number and name for people. */
export function threadText({ threadId, name }: SnapshotThread): string {
  const thread = `thread ${Number.isNaN(threadId) ? "?" : threadId}`;
  return name === undefined || name === null || name === "" ? thread : `${thread}, ${name}`;
}

/** A process's number and rank for people. */
export function processName({ pid, rank }: SnapshotThread): string {
  const name = `process ${Number.isNaN(pid) ? "?" : pid}`;
  return Number.isNaN(rank) ? name : `rank ${rank}, ${name}`;
}

/** Perfetto reads 32 bits, and takes 0 for the kernel's idle task. */
const MAX_PID = 2 ** 31 - 1;

/**
 * The number of each thread's process. Of several machines two processes may have the same, which a viewer would take for
 * one, and a file may hold any number at all: those get a number that no process of the trace has.
 */
function processNumbers(threads: readonly SnapshotThread[]): number[] {
  const key = ({ pid, rank }: SnapshotThread) => `${pid} ${rank}`;
  const owner = new Map<number, string>();
  for (const thread of threads) {
    const isUsable = Number.isInteger(thread.pid) && thread.pid > 0 && thread.pid <= MAX_PID;
    if (isUsable && !owner.has(thread.pid)) owner.set(thread.pid, key(thread));
  }
  const given = new Map([...owner].map(([pid, process]) => [process, pid]));
  let next = 1;
  return threads.map(thread => {
    let pid = given.get(key(thread));
    if (pid === undefined) {
      while (owner.has(next)) next++;
      pid = next;
      owner.set(pid, key(thread));
      given.set(key(thread), pid);
    }
    return pid;
  });
}
