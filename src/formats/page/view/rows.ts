/**
 * The page's own program: spans -> rows of the time line. In a row nothing overlaps, so what lies in a stretch of it is found by halving.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** Rows, those of a track one below the other. */
export interface Rows {
  /** Rows of track `t` are `first[t]` up to `first[t + 1]`. */
  readonly first: Int32Array;
  /** By span. */
  readonly of: Int32Array;
  /** Spans of row `r` are `spans[begin[r]]` up to `begin[r + 1]`, in order of time. */
  readonly begin: Int32Array;
  readonly spans: Int32Array;
  /** How many of the spans before a place in `spans` failed, and are open, and how long they took. */
  readonly failed: Int32Array;
  readonly open: Int32Array;
  readonly busy: Float64Array;
  /** The first place in a row whose span ends after a moment. */
  firstAfter(row: number, ns: number): number;
  /** The first place from one on whose span starts at a moment or later. */
  firstFrom(place: number, last: number, ns: number): number;
}

/** Lays the spans. */
export function rowsOf(model: Model): Rows {
  const { count, track, start, end, parent, trackThread } = model;
  const trackCount = trackThread.length;
  // By track, in order of start: as they come, but where clocks of several recorders disagree.
  const trackBegin = new Int32Array(trackCount + 1);
  for (let i = 0; i < count; i++) trackBegin[track[i] + 1]++;
  for (let t = 0; t < trackCount; t++) trackBegin[t + 1] += trackBegin[t];
  const byTrack = new Int32Array(count);
  const next = trackBegin.slice();
  for (let i = 0; i < count; i++) byTrack[next[track[i]]++] = i;
  const level = new Int32Array(count);
  const first = new Int32Array(trackCount + 1);
  const stack: number[] = [];
  for (let t = 0; t < trackCount; t++) {
    const own = byTrack.subarray(trackBegin[t], trackBegin[t + 1]);
    for (let k = 1; k < own.length; k++) {
      if (start[own[k]] < start[own[k - 1]]) {
        own.sort((a, b) => start[a] - start[b] || a - b);
        break;
      }
    }
    stack.length = 0;
    let high = 0;
    for (const span of own) {
      while (stack.length > 0) {
        const top = stack[stack.length - 1];
        if (end[top] > start[span] || (end[top] === start[span] && top === parent[span])) break;
        stack.pop();
      }
      level[span] = stack.length;
      stack.push(span);
      if (stack.length > high) high = stack.length;
    }
    first[t + 1] = first[t] + high;
  }
  const rowCount = first[trackCount];
  const of = level;
  const begin = new Int32Array(rowCount + 1);
  for (let i = 0; i < count; i++) {
    of[i] += first[track[i]];
    begin[of[i] + 1]++;
  }
  for (let r = 0; r < rowCount; r++) begin[r + 1] += begin[r];
  const spans = new Int32Array(count);
  const at = begin.slice();
  for (const span of byTrack) spans[at[of[span]]++] = span;
  const failed = new Int32Array(count + 1);
  const open = new Int32Array(count + 1);
  const busy = new Float64Array(count + 1);
  for (let k = 0; k < count; k++) {
    const span = spans[k];
    failed[k + 1] = failed[k] + (model.isFailed(span) ? 1 : 0);
    open[k + 1] = open[k] + (model.isOpen(span) ? 1 : 0);
    busy[k + 1] = busy[k] + end[span] - start[span];
  }
  return {
    first,
    of,
    begin,
    spans,
    failed,
    open,
    busy,
    firstAfter(row, ns) {
      let low = begin[row];
      let high = begin[row + 1];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (end[spans[middle]] > ns) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    firstFrom(place, last, ns) {
      // Steps that double, then halving: what is sought is seldom far.
      let step = 1;
      let low = place;
      while (low + step < last && start[spans[low + step]] < ns) {
        low += step;
        step *= 2;
      }
      let high = Math.min(last, low + step);
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (start[spans[middle]] >= ns) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}
