/**
 * Sorting what comes in a few sorted runs, as the rows of several recorders do: the runs are found and merged.
 *
 * @module
 */

/**
 * The indexes in order, equals as they were; those given are not kept. Linear for one run, and for each doubling of the runs
 * once more.
 * @param compare Below 0 if the first comes first, above if the second does.
 */
export function sortRuns(indexes: Uint32Array, compare: (a: number, b: number) => number): Uint32Array {
  let ends = runEnds(indexes, compare);
  let from = indexes;
  let to = ends.length > 1 ? new Uint32Array(indexes.length) : indexes;
  while (ends.length > 1) {
    const merged: number[] = [];
    for (let k = 0; k < ends.length; k += 2) {
      const begin = k === 0 ? 0 : ends[k - 1];
      const end = ends[Math.min(k + 1, ends.length - 1)];
      mergeTwo(from, to, begin, ends[k], end, compare);
      merged.push(end);
    }
    ends = merged;
    [from, to] = [to, from === indexes ? new Uint32Array(indexes.length) : from];
  }
  return from;
}

/** Where each run ends. */
function runEnds(indexes: Uint32Array, compare: (a: number, b: number) => number): number[] {
  const ends: number[] = [];
  for (let i = 1; i < indexes.length; i++) if (compare(indexes[i - 1], indexes[i]) > 0) ends.push(i);
  ends.push(indexes.length);
  return ends;
}

/** Merges what lies from `begin` to `middle` with what lies from there to `end`. */
function mergeTwo(
  from: Uint32Array,
  to: Uint32Array,
  begin: number,
  middle: number,
  end: number,
  compare: (a: number, b: number) => number,
): void {
  let left = begin;
  let right = middle;
  for (let at = begin; at < end; at++) {
    const isLeft = right >= end || (left < middle && compare(from[left], from[right]) <= 0);
    to[at] = isLeft ? from[left++] : from[right++];
  }
}
