/**
 * Sessions whose end is in no file: a thread that still runs, or one that ended so that nothing of ours could run.
 *
 * @module
 */
import { SESSION_NAME, UNFINISHED } from "../data/session_names.ts";
import type { SpoolMark, SpoolSpan } from "./decode.ts";

/** Whether a session's span was written when it began, and not yet again at its end. */
export function isUnfinished({ attrs }: { readonly attrs: SpoolSpan["attrs"] }): boolean {
  return attrs?.[UNFINISHED] === true;
}

/**
 * The spans, with unfinished sessions as long as they are known to have gone on: until the last span of their thread, or
 * mark of their own, before the next session there. What was open at the end is in no file, so parents do not lead to them.
 */
export function stretchUnfinished(
  spans: readonly SpoolSpan[],
  marks: readonly SpoolMark[],
): readonly SpoolSpan[] {
  const unfinished = spans.filter(isUnfinished);
  if (unfinished.length === 0) return spans;
  // One may hang on a span of elsewhere, and of a journal that was converted what was open says so too.
  const sessions = spans.filter(span => span.name === SESSION_NAME);
  const ofThread = Map.groupBy(sessions.sort(byStart), threadKey);
  const endNs = new Map(sessions.map(({ id, endNs }) => [id, endNs]));
  const stretch = (id: string, untilNs: bigint): void => {
    if (untilNs > (endNs.get(id) ?? untilNs)) endNs.set(id, untilNs);
  };
  for (const span of spans) {
    const session = ofThread.get(threadKey(span))?.findLast(({ startNs }) => startNs <= span.startNs);
    if (session !== undefined) stretch(session.id, span.endNs);
  }
  for (const { spanId, tsNs } of marks) stretch(spanId, tsNs);
  return spans.map(span => isUnfinished(span) ? { ...span, endNs: endNs.get(span.id) ?? span.endNs } : span);
}

function byStart(a: SpoolSpan, b: SpoolSpan): number {
  return a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0;
}

function threadKey({ pid, rank, threadId }: SpoolSpan): string {
  return `${pid} ${rank} ${threadId}`;
}
