/**
 * What `profile({ enabled: false })` puts in the recorder's place: functions that do nothing but call the caller's own.
 *
 * @module
 */
import { NO_CONTEXT, NO_SPAN_ID } from "../data/trace_context.ts";
import type { Recorder } from "./recorder.ts";
import type { Scope, ScopeFunction, ScopeOptions } from "./scope.ts";

/** What the public functions need of whatever records: the recorder, or nothing. */
export type Recording = Pick<Recorder, "scope" | "mark" | "loopRecorder"> & {
  // Absent in what records for an older copy of the package.
  readonly current?: Recorder["current"];
  readonly context?: Recorder["context"];
  readonly streamRecorder?: Recorder["streamRecorder"];
  readonly spanRecorder?: Recorder["spanRecorder"];
};

const NO_SCOPE: Scope = Object.freeze({
  name: "",
  id: NO_SPAN_ID,
  traceparent: NO_CONTEXT,
  scope: noScope as Scope["scope"],
  mark: () => {},
  set: () => {},
  fail: () => {},
  rename: () => {},
  run: <T>(fn: (scope: Scope) => T): T => fn(NO_SCOPE),
  end: () => {},
  [Symbol.dispose]: () => {},
});

/** Records nothing. */
export const NO_RECORDING: Recording = {
  scope: noScope,
  mark: () => {},
  loopRecorder: () => null,
  streamRecorder: () => null,
  spanRecorder: () => null,
  current: () => null,
  context: () => NO_CONTEXT,
};

function noScope(_name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
  if (typeof second === "function") return second(NO_SCOPE);
  return typeof third === "function" ? third(NO_SCOPE) : NO_SCOPE;
}
