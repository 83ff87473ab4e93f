/**
 * What a session continues: the span of another thread or process.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { type ForeignContext, parseTraceparent } from "../data/trace_context.ts";
import { givenContext } from "../runtime/thread.ts";
import { environmentContext } from "./environment.ts";
import type { OpenOutput } from "./outputs.ts";

/**
 * The context that the session's own span hangs on; null for none.
 * @param given What the program says: nothing else counts then.
 * @param warn Told if that is no trace context. Anywhere else it is ignored, as the specification wants it.
 */
export function sessionParent(
  given: string | undefined,
  outputs: readonly OpenOutput[],
  warn: (message: string) => void,
): ForeignContext | null {
  if (given !== undefined) {
    const context = parseTraceparent(given);
    if (context === null && !isNone(given)) {
      warn(`profile() was given the parent ${quote(given)}, which is no traceparent; it is ignored`);
    }
    return context;
  }
  const joined = outputs.find(output => output.joined !== undefined)?.joined;
  const inherited = environmentContext();
  // A worker's environment is its process's, unless it was given one: what that hangs on is no news of this thread.
  const candidates = [
    givenContext(),
    inherited === undefined || (joined !== undefined && isSame(inherited, joined.parent)) ? null : inherited,
    joined?.context ?? null,
  ];
  for (const text of candidates) {
    const context = text === null ? null : parseTraceparent(text);
    if (context !== null) return context;
  }
  return null;
}

// Zeros: the caller records nothing.
function isNone(text: string): boolean {
  return /^[0-]+$/.test(text);
}

function isSame(text: string, other: string | null): boolean {
  const [a, b] = [parseTraceparent(text), other === null ? null : parseTraceparent(other)];
  return a !== null && b !== null && a.traceId === b.traceId && a.spanId === b.spanId;
}
