/**
 * What a session's journal has on disk, read back by the journal's own reader.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readMarks } from "../../src/journal/read_marks.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { recorderIn, recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import type { SessionInfo } from "../../src/journal/session_file.ts";
import { bytesSource } from "../../src/journal/source.ts";
import { type MarkValues, rowsOf, type SpanValues } from "./journal_rows.ts";

/** One recorder's rows. */
export interface JournalContent {
  readonly session: SessionInfo | null;
  /** The last row of each span that has closed, in the order of the rows. */
  readonly spans: readonly SpanValues[];
  /** The last row of each span that has not. */
  readonly opens: readonly SpanValues[];
  /** Rows of spans, as they lie there. */
  readonly rowCount: number;
  /** Rows of open spans likewise. */
  readonly openRowCount: number;
  readonly marks: readonly Pick<MarkValues, "id" | "span" | "name" | "value">[];
}

/** What a recorder has left in its folder. */
export function journalIn(folder: string): JournalContent {
  const { session, segments } = recorderIn(folder);
  const spans = rowsOf(readSpans(segments.spans.map(source)));
  const opens = rowsOf(readSpans(segments.opens.map(source)));
  const marks = readMarks(segments.marks.map(source));
  const closed = lastRows(spans);
  const open = lastRows(opens).filter(({ id }) => !closed.some(span => span.id === id));
  return {
    session,
    spans: closed,
    opens: open,
    rowCount: spans.length,
    openRowCount: opens.length,
    marks: Array.from({ length: marks.length }, (_, i) => ({
      id: marks.id[i],
      span: marks.span[i],
      name: marks.name[i],
      value: marks.value[i],
    })),
  };
}

/** The folders of the recorders of the only run below a directory. */
export function recorderFolders(directory: string): string[] {
  const runs = runsIn(directory);
  if (runs.length !== 1) throw new Error(`${runs.length} runs: ${readdirSync(directory)}`);
  return recordersIn(runs[0]).map(({ path }) => path);
}

/** What the only recorder below a directory has left. */
export function onlyJournalIn(directory: string): JournalContent {
  const folders = recorderFolders(directory);
  if (folders.length !== 1) throw new Error(`${folders.length} recorders in ${dirname(folders[0])}`);
  return journalIn(folders[0]);
}

/** Names of rows, with their index. */
export function namesOf(rows: readonly SpanValues[]): string[] {
  return rows.map(({ name, index }) => index === null ? name : `${name}[${index}]`);
}

/** What lies in a folder, by names below it. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
}

function source(path: string) {
  return bytesSource(readFileSync(path));
}

function lastRows(rows: readonly SpanValues[]): SpanValues[] {
  const last = new Map<number, SpanValues>();
  for (const row of rows) {
    last.delete(row.id);
    last.set(row.id, row);
  }
  return [...last.values()];
}
