/**
 * Sessions whose end is in no file: a thread that still runs, or one that ended so that nothing of ours could run.
 *
 * @module
 */
import { SESSION_NAME, UNFINISHED } from "../data/session_names.ts";
import type { SpoolSpan } from "./decode.ts";

/** Whether a session's span was written when it began, and not yet again at its end. */
export function isUnfinished({ attrs }: { readonly attrs: SpoolSpan["attrs"] }): boolean {
  return attrs?.[UNFINISHED] === true;
}

/** Spans by row. */
export interface StretchedSpans {
  readonly length: number;
  /** Rows of unfinished sessions. */
  readonly unfinished: readonly number[];
  readonly name: (row: number) => string;
  readonly thread: (row: number) => number;
  readonly startNs: Float64Array;
  /** Changed. */
  readonly endNs: Float64Array;
}

/** A mark, and the row of its span; below 0 if it is in none. */
export interface StretchingMarks {
  readonly length: number;
  readonly row: (i: number) => number;
  readonly ns: Float64Array;
}

/**
 * Makes unfinished sessions as long as they are known to have gone on: until the last span of their thread, or mark of their own,
 * before the next session there. What was open at the end is in no file, so parents do not lead to them.
 */
export function stretchUnfinished(spans: StretchedSpans, marks: StretchingMarks): void {
  const { unfinished, startNs, endNs } = spans;
  if (unfinished.length === 0) return;
  // One may hang on a span of elsewhere, and of a journal that was converted what was open says that of itself too.
  const sessions: number[] = [];
  for (let row = 0; row < spans.length; row++) {
    if (spans.name(row) === SESSION_NAME) sessions.push(row);
  }
  const ofThread = Map.groupBy(sessions.sort((a, b) => startNs[a] - startNs[b]), spans.thread);
  const until = new Map(sessions.map(row => [row, endNs[row]]));
  const stretch = (row: number, ns: number): void => {
    if (ns > (until.get(row) ?? ns)) until.set(row, ns);
  };
  for (let row = 0; row < spans.length; row++) {
    const session = ofThread.get(spans.thread(row))?.findLast(session => startNs[session] <= startNs[row]);
    if (session !== undefined) stretch(session, endNs[row]);
  }
  for (let i = 0; i < marks.length; i++) stretch(marks.row(i), marks.ns[i]);
  for (const row of unfinished) endNs[row] = until.get(row) ?? endNs[row];
}
