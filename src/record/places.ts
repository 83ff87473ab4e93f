/**
 * Where a scope is to hang: what the option `parent` asks for.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import { NO_CONTEXT, parseTraceparent } from "../data/trace_context.ts";
import type { TraceBuffer } from "./buffer.ts";
import type { Mishaps } from "./mishaps.ts";
import { OpenScope, type ScopeRecorder } from "./open_scope.ts";

/** In the flow, or in the scope whose method was called. */
export const IN_FLOW = 0;

/** A root of its own. A place below 0 is a foreign context's number. */
export const APART = 1;

/** What is asked of the recorder that opens the scope. */
interface Opener extends ScopeRecorder {
  readonly buffer: TraceBuffer;
  readonly mishaps: Mishaps;
}

/**
 * A scope; a place that is not in the flow; or null for what says nothing: a traceparent that is none, and a scope of another
 * recorder that is not recorded.
 * @throws {TypeError} If it is neither a scope, a text nor null.
 */
export function askedParent(recorder: Opener, name: string, asked: unknown): OpenScope | number | null {
  if (asked === null) return APART;
  if (asked instanceof OpenScope && asked.recorder === recorder) return asked;
  const isText = typeof asked === "string";
  const text = isText ? asked : (asked as { traceparent?: unknown }).traceparent;
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot open scope ${quote(name)}: parent must be a scope, a traceparent or null, got ${kindOf(asked)}`,
    );
  }
  const context = parseTraceparent(text);
  if (context !== null) return recorder.buffer.foreign.add(context);
  if (isText && text !== NO_CONTEXT) recorder.mishaps.noteMalformed(name, text);
  return null;
}
