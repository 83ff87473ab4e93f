/**
 * What recording has done, in numbers: what its costs apiece are multiplied with.
 *
 * @module
 */

/** What recording has done, in numbers. */
export interface WorkDone {
  /** Scopes opened. */
  readonly scopes: number;
  /** Of these, those with a function. */
  readonly flows: number;
  /** Of these, those that began within another one. */
  readonly innerFlows: number;
  /** Functions that gave a promise. */
  readonly promises: number;
  /** Scopes opened with attributes. */
  readonly attrs: number;
  readonly marks: number;
  /** Readings of the CPU clock. */
  readonly cpuReads: number;
  /** Readings of what else is read at both ends of a span, each of all meters together. */
  readonly meterReads: number;
}

/** Nothing yet. */
export const NOTHING_DONE: WorkDone = {
  scopes: 0,
  flows: 0,
  innerFlows: 0,
  promises: 0,
  attrs: 0,
  marks: 0,
  cpuReads: 0,
  meterReads: 0,
};

/** What was done between two counts. */
export function workSince(before: WorkDone, now: WorkDone): WorkDone {
  return {
    scopes: now.scopes - before.scopes,
    flows: now.flows - before.flows,
    innerFlows: now.innerFlows - before.innerFlows,
    promises: now.promises - before.promises,
    attrs: now.attrs - before.attrs,
    marks: now.marks - before.marks,
    cpuReads: now.cpuReads - before.cpuReads,
    meterReads: now.meterReads - before.meterReads,
  };
}
