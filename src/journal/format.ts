/**
 * What the writer and the reader of a journal must agree on; docs/journal-format.md says the rest.
 *
 * @module
 */
import type { CounterColumn } from "../data/counters.ts";
import type { ArrowField } from "../formats/arrow/messages.ts";
import { COUNTERS } from "../meters/counters.ts";

/** Version of the format: of the columns and of `session.json`. */
export const JOURNAL_VERSION = 1;

/** Where the runs lie by default. */
export const DEFAULT_JOURNAL_DIRECTORY = ".cirron/journal";

/** Names of runs' folders: `<start in nanoseconds since 1970, 20 digits>-<pid>`. Sorted as text, they are sorted by time. */
export const RUN_NAME: RegExp = /^\d{20}-\d{1,10}$/;

/** Names of a run's folders: numbers of threads. */
export const THREAD_NAME: RegExp = /^\d{1,10}$/;

/** What a session says of itself. */
export const SESSION_FILE = "session.json";

/** What the streams of a recorder hold. */
export type JournalKind = "spans" | "marks" | "opens";

/** All of them. */
export const JOURNAL_KINDS: readonly JournalKind[] = ["spans", "marks", "opens"];

const SEGMENT_NAME = /^(spans|marks|opens)(?:\.(\d{5,10}))?\.arrow$/;

/** The name of a stream's segment: `spans.arrow`, then `spans.00001.arrow`. */
export function segmentName(kind: JournalKind, segment: number): string {
  return segment === 0 ? `${kind}.arrow` : `${kind}.${String(segment).padStart(5, "0")}.arrow`;
}

/** What a name says, or null if it is no segment's. */
export function parseSegmentName(name: string): { kind: JournalKind; segment: number } | null {
  const match = SEGMENT_NAME.exec(name);
  if (match === null) return null;
  const segment = Number(match[2] ?? 0);
  return segmentName(match[1] as JournalKind, segment) === name
    ? { kind: match[1] as JournalKind, segment }
    : null;
}

/** Keys of a schema's metadata, by which one file alone can be read. */
export const METADATA = {
  version: "cirron.journal",
  idSuffix: "cirron.id_suffix",
  markIdSuffix: "cirron.mark_id_suffix",
  anchor: "cirron.anchor_unix_ns",
} as const;

/** A counter, as its column is named. */
export type JournalCounter = CounterColumn;

/** Those that the first writer of this format had, which stand among the other columns, whatever came to the list since. */
export const INNER_COUNTERS: readonly JournalCounter[] = ["cpu_ns", "gpu_ns", "memory_peak_bytes"];

/** All others, behind the other columns. */
export const LATER_COUNTERS: readonly JournalCounter[] = COUNTERS.map(({ column }) => column)
  .filter(column => !INNER_COUNTERS.includes(column));

/** All of them. */
export const JOURNAL_COUNTERS: readonly JournalCounter[] = [...INNER_COUNTERS, ...LATER_COUNTERS];

const integer = (name: string, nullable: boolean): ArrowField => ({ name, type: "Int64", nullable });
const text = (name: string, nullable: boolean): ArrowField => ({ name, type: "Utf8", nullable });

/**
 * Columns of `spans.arrow` and `opens.arrow`. New ones are added at the end, and none is ever taken away: a reader leaves out
 * those it does not know, and takes one that is not there for null.
 */
export const SPAN_FIELDS: readonly ArrowField[] = [
  integer("id", false),
  integer("parent", true),
  integer("root", true),
  text("remote_parent", true),
  text("name", false),
  integer("index", true),
  integer("start_ns", false),
  integer("wall_ns", false),
  ...INNER_COUNTERS.map(counter => integer(counter, true)),
  integer("data_load_ns", true),
  text("attrs", true),
  ...LATER_COUNTERS.map(counter => integer(counter, true)),
];

/** Columns of `marks.arrow`. */
export const MARK_FIELDS: readonly ArrowField[] = [
  integer("id", false),
  integer("span", false),
  text("name", false),
  integer("ts_ns", false),
  { name: "is_summary", type: "Bool", nullable: false },
  { name: "number", type: "Float64", nullable: true },
  text("text", true),
  { name: "flag", type: "Bool", nullable: true },
  text("integer", true),
  text("attrs", true),
];

/** The columns of a kind. */
export function fieldsOf(kind: JournalKind): readonly ArrowField[] {
  return kind === "marks" ? MARK_FIELDS : SPAN_FIELDS;
}
