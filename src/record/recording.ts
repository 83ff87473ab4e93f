/**
 * What `profile({ enabled: false })` puts in the recorder's place: functions that do nothing but call the caller's own.
 *
 * @module
 */
import type { Recorder } from "./recorder.ts";
import type { Scope, ScopeFunction, ScopeOptions } from "./scope.ts";

/**
 * What the public functions need of whatever records: the recorder, or nothing. That of an older copy of the package does not
 * have what came later.
 */
export type Recording =
  & Pick<Recorder, "scope" | "mark" | "loopRecorder">
  & Partial<Pick<Recorder, "streamRecorder">>;

const NO_SCOPE: Scope = Object.freeze({
  name: "",
  scope: noScope as Scope["scope"],
  mark: () => {},
  end: () => {},
  [Symbol.dispose]: () => {},
});

/** Records nothing. */
export const NO_RECORDING: Recording = {
  scope: noScope,
  mark: () => {},
  loopRecorder: () => null,
  streamRecorder: () => null,
};

function noScope(_name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
  if (typeof second === "function") return second(NO_SCOPE);
  return typeof third === "function" ? third(NO_SCOPE) : NO_SCOPE;
}
