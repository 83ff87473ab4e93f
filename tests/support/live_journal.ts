/**
 * A journal that a test writes while another reads it.
 *
 * @module
 */
import { SpanEncoder } from "../../src/journal/encode.ts";
import type { JournalKind } from "../../src/journal/format.ts";
import type { ProcessTable } from "../../src/journal/liveness.ts";
import type { SessionInfo } from "../../src/journal/session_file.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { columnsOf, SESSION, type SpanValues } from "./journal.ts";
import { runName } from "./journal_runs.ts";

/** What a test's recorder is like. */
export interface LiveOptions {
  readonly run?: number;
  readonly segmentBytes?: number;
  readonly session?: Partial<SessionInfo>;
}

/** A recorder of a test's own. */
export class LiveRecorder {
  readonly writer: JournalWriter;
  readonly run: string;
  readonly #encoder = new SpanEncoder();

  constructor(directory: string, { run = 1, segmentBytes = 1 << 20, session = {} }: LiveOptions = {}) {
    const info = { ...SESSION, ...session };
    this.run = runName(run, info.pid);
    this.writer = new JournalWriter({
      directory,
      run: this.run,
      session: info,
      segmentBytes,
      files: null,
      nowMs: () => 0,
    });
  }

  /** Writes a batch. */
  write(rows: readonly SpanValues[], kind: JournalKind = "spans"): void {
    const problem = this.writer.write(kind, this.#encoder.encode(columnsOf(rows), 0, rows.length));
    if (problem !== null) throw new Error(problem.message);
  }
}

/** Processes that run are those of `SESSION`, as long as their number is here. */
export function processesOf(pids: ReadonlySet<number>): ProcessTable {
  return {
    read(path) {
      if (path === "sys/kernel/random/boot_id") return `${SESSION.boot_id}\n`;
      const [pid, file] = path.split("/");
      if (!pids.has(Number(pid))) return null;
      if (file === "status") return "Name:\ta program\nVmRSS:\t    2048 kB\n";
      // 14 and 15 are its CPU times, 22 when it was started.
      const fields = [
        "S",
        ..."4567890123".split(""),
        "150",
        "50",
        ..."67890x".split("").slice(0, 6),
        SESSION.process_start,
      ];
      return `${pid} (a (program) x) ${fields.join(" ")} 0 0\n`;
    },
  };
}
