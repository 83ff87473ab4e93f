/**
 * Marks read out of their storage.
 *
 * @module
 */
import type { MarkTarget } from "../../src/record/marks.ts";

/** More than any test reads. */
const MOST = 8192;

/** What `read` copies out, in columns of as many marks as it says. */
export function readMarks(read: (target: MarkTarget, at: number) => number): MarkTarget {
  const target: MarkTarget = {
    name: [],
    value: [],
    summary: new Uint8Array(MOST),
    tsNs: new Float64Array(MOST),
    attrs: [],
    order: new Float64Array(MOST),
    drained: new Uint8Array(MOST),
  };
  const count = read(target, 0);
  if (count !== target.name.length) {
    throw new Error(`It says ${count}, and wrote ${target.name.length} marks`);
  }
  return target;
}
