/**
 * What spans of OpenTelemetry need of the recorder: scopes that somebody else begins and ends, also with times that are given.
 *
 * @module
 */
import type { Attrs, MarkValue } from "../data/values.ts";
import type { Clock } from "../meters/clock.ts";
import type { TraceBuffer } from "./buffer.ts";
import type { Flows } from "./flows.ts";
import type { Mishaps } from "./mishaps.ts";
import { Extras, type LifeOfScope, type OpenScope } from "./open_scope.ts";
import { OPEN_CPU_NS, OPEN_NUMBERS, OPEN_PARENT, OPEN_ROOT, OPEN_START_NS } from "./open_table.ts";

/** The recorder, which may be that of another copy of the package: it may only grow. */
export interface SpanRecorder {
  readonly clock: Clock;
  readonly buffer: TraceBuffer;
  readonly flows: Flows<OpenScope>;
  readonly mishaps: Mishaps;
  readonly life: LifeOfScope & { traceIdOf(root: number): string };
  openDetached(
    name: string,
    attrs: Attrs,
    parent: OpenScope | null,
    place: number,
    isActive: boolean,
  ): OpenScope;
  close(scope: OpenScope): void;
}

/** The number of what began an open scope's trace: its own, another scope's, or below 0 a foreign context's. */
export function rootOf({ buffer }: SpanRecorder, scope: OpenScope): number {
  return buffer.open.numbers[scope.slot * OPEN_NUMBERS + OPEN_ROOT];
}

/** Hangs an open scope on one that has closed. */
export function hangOn({ buffer }: SpanRecorder, scope: OpenScope, parent: number, root: number): void {
  const at = scope.slot * OPEN_NUMBERS;
  buffer.open.numbers[at + OPEN_PARENT] = parent;
  buffer.open.numbers[at + OPEN_ROOT] = root;
}

/** Gives an open scope another start. What is counted from its real one is then not its own: see {@link closeAt}. */
export function startAt({ buffer }: SpanRecorder, scope: OpenScope, startNs: number): void {
  const at = scope.slot * OPEN_NUMBERS;
  buffer.open.numbers[at + OPEN_START_NS] = startNs;
  buffer.open.numbers[at + OPEN_CPU_NS] = NaN;
}

/** Closes an open scope of which the start or the end is given: nothing is counted in it. */
export function closeAt(recorder: SpanRecorder, scope: OpenScope, endNs: number): void {
  const { ring, open } = recorder.buffer;
  const startNs = open.numbers[scope.slot * OPEN_NUMBERS + OPEN_START_NS];
  // The alarm gives the row out, so it has to wait until that is right.
  const { onAlarm } = ring;
  ring.onAlarm = null;
  recorder.close(scope);
  const nowNs = ring.lastEndNs;
  ring.amendLast(Math.max(startNs, Number.isNaN(endNs) ? nowNs : endNs));
  ring.onAlarm = onAlarm;
  if (nowNs >= ring.alarmNs) onAlarm?.();
}

/** Appends a point mark to an open scope. Checks nothing. */
export function markAt(
  { buffer }: SpanRecorder,
  scope: OpenScope,
  name: string,
  value: MarkValue,
  attrs: Attrs | undefined,
  atNs: number,
): void {
  buffer.marks.append(scope.extras ??= new Extras(undefined), name, value, false, atNs, attrs);
}
