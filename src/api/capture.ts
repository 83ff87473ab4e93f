/**
 * `capture()`: what a function records, apart from all else, to look at in a test.
 *
 * @module
 */
import { kindOf } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import type { TraceDict } from "../data/values.ts";
import { toShape } from "../formats/shape.ts";
import { asPromise, thenOf } from "../record/thenables.ts";
import type { Capture } from "../session/captures.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import type { Host } from "./host.ts";
import { engine, host } from "./shared.ts";
import { trace, type TraceFunction } from "./trace.ts";
import type { TraceOptions } from "./trace_options.ts";

/** Reads a captured trace: its shape, or in any format of {@link TraceFunction}. */
export interface CapturedTrace extends TraceFunction {
  /**
   * The tree without ids and times, the same each time the same is done: a line per span,
   * `name[index] (attribute=value) {mark=value} !Error: message`, children indented by two spaces. An open span has ` open` after
   * its name. What a name that ends in `_ns`, `_us`, `_ms` or `_s` has for a value is shown as `...`.
   */
  (options?: Omit<TraceOptions, "format"> & { format?: "shape" | null }): string;
}

/** What `capture()` gives. */
export interface Captured<T> {
  /** What the function gave. */
  readonly result: T;
  /** Reads what it recorded, as often as you like. */
  readonly trace: CapturedTrace;
}

/**
 * Runs `fn` and records what it does into a buffer of its own: nothing of it is in `trace()` or goes to a session's sinks, and
 * nothing that happens elsewhere meanwhile is in it. Captures may run at once and within one another; what `fn` leaves running
 * stays in its capture. For tests: what a program does in between costs a little more until the capture is gone.
 *
 * `profile()`, `flush()`, `trace()`, `health()` and `shutdown()` are the process's in there too, and the methods of a scope that
 * was opened outside hang on that. With `profile({ enabled: false })` nothing is recorded, and the trace is empty.
 *
 * @param fn A function, sync or async. An error that it throws goes on: catch it inside, and the trace shows where it was.
 * @returns What `fn` gave, and how to read what it recorded; for a promise (or any thenable) a promise of these.
 * @throws {TypeError} If `fn` is no function.
 * @throws {CirronError} If an older copy of the package records in this process, which cannot do it.
 *
 * @example Compare a trace as a snapshot
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const { result, trace } = await ci.capture(() =>
 *   ci.scope("request", { attrs: { path: "/users" } }, async () => {
 *     await ci.scope("query", async () => ci.mark("rows", 3));
 *     return ci.scope("render", () => "<ul>");
 *   })
 * );
 * assertEquals(result, "<ul>");
 * assertEquals(trace(), `request (path=/users)
 *   query {rows=3}
 *   render`);
 * ```
 */
export function capture<T>(fn: () => PromiseLike<T>): Promise<Captured<T>>;
/** Runs `fn` and records what it does into a buffer of its own. */
export function capture<T>(fn: () => T): Captured<T>;
export function capture(fn: () => unknown): unknown {
  return captureBy(engine, host, fn);
}

/** `capture()` of any engine. */
export function captureBy(by: Pick<EngineV1, "capture">, on: Host, fn: () => unknown): unknown {
  if (typeof fn !== "function") throw new TypeError(`Cannot capture: expected a function, got ${kindOf(fn)}`);
  const captured = by.capture?.();
  if (captured === undefined) {
    throw new CirronError("Cannot capture: an older copy of @cirron/sdk records in this process");
  }
  const read = readerOf(captured, on);
  // Awaited in it: what is given may begin its work then.
  return captured.run(() => {
    const result = fn();
    const then = thenOf(result);
    return then === null
      ? { result, trace: read }
      : asPromise(result as PromiseLike<unknown>, then).then(value => ({ result: value, trace: read }));
  });
}

function readerOf(captured: Capture, on: Host): CapturedTrace {
  const context = on.traceContext((last, open) => captured.read(last, open));
  const read = (options: Omit<TraceOptions, "format"> & { format?: string | null } = {}): unknown => {
    const format = options?.format ?? "shape";
    return format === "shape"
      ? toShape(trace(context, { ...options, format: "dict" }) as TraceDict)
      : trace(context, options as TraceOptions);
  };
  return read as CapturedTrace;
}
