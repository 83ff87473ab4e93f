// deno-lint-ignore-file camelcase -- it makes fields of a picture
/**
 * CPU time and memory of processes as Linux tells them, between two looks.
 *
 * @module
 */
import type { ProcessTable } from "../../journal/liveness.ts";

/** CPU times in /proc are in hundredths of a second, whatever the kernel counts in. */
const TICKS_PER_S = 100;

/** Two looks that are nearer to each other say nothing: a tick is as long as a tenth of it. */
const LEAST_S = 0.1;

interface Reading {
  readonly seconds: number;
  readonly ticks: number;
  readonly share: number | null;
  readonly bytes: number | null;
}

/** Reads processes. */
export class ProcessMeter {
  readonly #processes: ProcessTable;
  #last = new Map<number, Reading>();

  constructor(processes: ProcessTable) {
    this.#processes = processes;
  }

  /** Reads `pids`, at a moment in seconds. */
  look(pids: readonly number[], seconds: number): void {
    const readings = new Map<number, Reading>();
    for (const pid of pids) {
      const stat = this.#processes.read(`${pid}/stat`);
      const status = this.#processes.read(`${pid}/status`);
      if (stat == null) continue;
      // Behind a name in parentheses that may hold anything: fields 14 and 15.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      const before = this.#last.get(pid);
      const passed = before === undefined ? 0 : seconds - before.seconds;
      if (before !== undefined && passed < LEAST_S) {
        readings.set(pid, before);
        continue;
      }
      const share = before === undefined ? null : (ticks - before.ticks) / TICKS_PER_S / passed;
      const kib = /^VmRSS:\s+(\d+) kB/m.exec(status ?? "")?.[1];
      readings.set(pid, { seconds, ticks, share, bytes: kib === undefined ? null : Number(kib) * 1024 });
    }
    this.#last = readings;
  }

  /** What is known of one; null if nothing is. */
  of(pid: number): { cpu_share: number | null; memory_bytes: number | null } | null {
    const reading = this.#last.get(pid);
    return reading === undefined ? null : { cpu_share: reading.share, memory_bytes: reading.bytes };
  }
}
