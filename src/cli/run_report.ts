// deno-lint-ignore-file camelcase -- `run --json` is data that leaves the process
/**
 * What `cirron run` says at the end: how the command ended, what was recorded, and where it lies.
 *
 * @module
 */
import { printable } from "../data/printable.ts";
import { toTable } from "../formats/summary_table.ts";
import { formatDuration } from "../formats/units.ts";
import { findRuns, traceIdOf } from "../journal/follow_run.ts";
import { PROCESSES } from "../journal/liveness.ts";
import { node } from "../runtime/builtins.ts";
import type { ChildEnd } from "../runtime/child.ts";
import type { SummaryRow } from "../tree/summary.ts";
import type { Recorded } from "./reading.ts";

/** Rows of the summary that are shown. */
const MOST_ROWS = 20;

/** A command that has ended. */
export interface EndedCommand {
  readonly command: string;
  readonly pid: number;
  readonly end: ChildEnd;
  readonly wallUs: number;
  /** The trace that its sessions belong to. */
  readonly traceId: string;
  /** When it was started, in nanoseconds since 1970. */
  readonly startNs: bigint;
  /** The folder of all runs. */
  readonly directory: string;
}

/** Paths of the runs that a command left: those that began in its time, and are of its trace or its process. */
export function runsOf({ directory, pid, traceId, startNs }: EndedCommand): string[] {
  return findRuns(directory, PROCESSES)
    .filter(({ name }) => BigInt(name.slice(0, name.indexOf("-"))) >= startNs)
    .filter(run => run.pid === pid || traceIdOf(directory, run.name) === traceId)
    .map(({ name }) => node.path.join(directory, name));
}

/** `ended with 3 after 2.3s`. */
export function endText({ command, end: { code, signal }, wallUs }: EndedCommand): string {
  const how = signal !== null ? `was killed by ${signal}` : code === 0 ? "ended" : `ended with ${code}`;
  return `${printable(command)} ${how} after ${formatDuration(wallUs)}`;
}

/** What is said where nothing was recorded. */
export function nothingText({ directory }: EndedCommand): string {
  return `nothing was recorded in ${directory}: no scope of @cirron/sdk was opened, or it may not write there`;
}

/** The lines of the report. */
export function reportLines(
  ended: EndedCommand,
  runs: readonly string[],
  recorded: Recorded,
  columns: number,
): string[] {
  const { rows } = recorded.trace({ format: "summary" });
  const shown = rows.slice(0, MOST_ROWS);
  const { directory } = ended;
  const processes = runs.length === 1 ? "1 run" : `${runs.length} runs`;
  const where = runs.length === 1 ? runs[0] : directory;
  return [
    `cirron: ${endText(ended)}; ${recorded.count({})} spans of ${processes} in ${where}`,
    "",
    ...toTable(shown, columns).split("\n"),
    ...(rows.length > shown.length
      ? [`and ${rows.length - shown.length} more: cirron summary ${where}`]
      : []),
  ];
}

/** The same for a program. */
export function reportJson(
  { end: { code, signal }, wallUs, directory }: EndedCommand,
  runs: readonly string[],
  recorded: Recorded | null,
): object {
  const summary: readonly SummaryRow[] = recorded?.trace({ format: "summary" }).rows ?? [];
  return {
    exit_code: code,
    signal,
    wall_us: Math.round(wallUs),
    directory,
    runs,
    span_count: recorded?.count({}) ?? 0,
    summary,
  };
}
