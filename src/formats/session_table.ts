/**
 * Sessions as a table for people.
 *
 * @module
 */
import { printable } from "../data/printable.ts";
import type { SessionRow } from "../tree/sessions.ts";
import { addColumn } from "./aligned.ts";
import { formatDuration } from "./units.ts";

interface Column {
  readonly title: string;
  readonly cell: (row: SessionRow) => string;
  /** Whether the column says anything of these rows; else it is left out. */
  readonly fills?: (rows: readonly SessionRow[]) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: "began", cell: row => formatMoment(row.start_us) },
  { title: "took", cell: row => formatDuration(row.wall_us) },
  { title: "spans", cell: row => String(row.span_count) },
  {
    title: "failed",
    cell: row => String(row.error_count),
    fills: rows => rows.some(row => row.error_count > 0),
  },
  { title: "state", cell: row => row.state },
  { title: "rank", cell: row => known(row.rank) },
  { title: "pid", cell: row => known(row.pid) },
  { title: "thread", cell: threadText, fills: hasThreads },
];

/** `rows` as text, a line each below a header, without a newline at the end. */
export function toSessionTable(rows: readonly SessionRow[]): string {
  if (rows.length === 0) return "(no sessions)";
  const lines = new Array<string>(rows.length + 1).fill("");
  for (const { title, cell, fills } of COLUMNS) {
    if (fills?.(rows) !== false) addColumn(lines, [title, ...rows.map(cell)]);
  }
  // Last, so that it needs no width.
  lines[0] += " runtime";
  rows.forEach((row, i) => lines[i + 1] += ` ${printable(runtimeText(row))}`);
  return lines.map(line => line.trimEnd()).join("\n");
}

function threadText({ thread_id: id, thread_name: name }: SessionRow): string {
  return name === null ? known(id) : `${known(id)} ${printable(cutToFit(name))}`;
}

// A name may be as long as its program likes, and the column is as wide as the longest.
function cutToFit(name: string): string {
  return name.length <= MOST_NAME ? name : `${name.slice(0, MOST_NAME - 1)}…`;
}

const MOST_NAME = 24;

function known(value: number | null): string {
  return value === null ? "-" : String(value);
}

// A process numbers its threads as it likes: of processes with one each there is nothing to tell apart.
function hasThreads(rows: readonly SessionRow[]): boolean {
  const threads = new Map<string, number | null>();
  return rows.some(({ rank, pid, thread_id: thread }) => {
    const process = `${rank} ${pid}`;
    if (!threads.has(process)) threads.set(process, thread);
    return threads.get(process) !== thread;
  });
}

function runtimeText({ runtime, runtime_version: version, run_id: run }: SessionRow): string {
  const name = runtime === null ? "-" : version === null ? runtime : `${runtime} ${version}`;
  return run === null ? name : `${name} (${run})`;
}

/** A moment as the clock on the wall shows it: `2026-01-02 03:04:05`. */
function formatMoment(us: number): string {
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return "-";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
