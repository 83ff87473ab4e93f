/**
 * The page's own program: what the spans of each name come to in a stretch of time, and who calls whom.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** The figures of one name. */
export interface NameStats {
  readonly name: number;
  count: number;
  selfNs: number;
  /** Of the outermost where a name lies in itself. */
  totalNs: number;
  cpuNs: number;
  p50Ns: number;
  p95Ns: number;
  maxNs: number;
  failedCount: number;
  openCount: number;
  isBeside: boolean;
}

/** One name above or below another. */
export interface Neighbour {
  readonly name: number;
  count: number;
  totalNs: number;
}

/** Makes figures. */
export interface Stats {
  of(from: number, until: number): NameStats[];
  /** Of the spans of a name. */
  callers(name: number, from: number, until: number): Neighbour[];
  callees(name: number, from: number, until: number): Neighbour[];
}

/** Makes what makes them. */
export function statsOf(model: Model): Stats {
  const { count, name, names, parent, start, end, firstChild, children } = model;
  let inner: Uint8Array | null = null;
  /** 1 for spans within another one of their name. */
  const innerOf = (): Uint8Array => {
    if (inner !== null) return inner;
    inner = new Uint8Array(count);
    const within = new Int32Array(names.length);
    const next = firstChild.slice();
    let span = count;
    for (;;) {
      if (next[span] < firstChild[span + 1]) {
        span = children[next[span]++];
        if (within[name[span]]++ > 0) inner[span] = 1;
        continue;
      }
      if (span === count) return inner;
      within[name[span]]--;
      span = parent[span] < 0 ? count : parent[span];
    }
  };
  const neighbours = (
    isMeant: (span: number) => boolean,
    other: (span: number) => number,
    from: number,
    until: number,
  ): Neighbour[] => {
    const found = new Map<number, Neighbour>();
    for (let i = 0; i < count; i++) {
      if (!isMeant(i) || end[i] < from || start[i] > until) continue;
      const key = other(i);
      let one = found.get(key);
      if (one === undefined) found.set(key, one = { name: key, count: 0, totalNs: 0 });
      one.count++;
      one.totalNs += model.clipped(i, from, until);
    }
    return [...found.values()].sort((a, b) => b.totalNs - a.totalNs);
  };
  return {
    of(from, until) {
      const self = model.selfTimes(from, until);
      const isInner = innerOf();
      const cpu = model.optional.cpu_ns;
      const sizes = new Int32Array(names.length + 1);
      const isIn = (i: number): boolean => end[i] >= from && start[i] <= until;
      const stats: (NameStats | undefined)[] = [];
      for (let i = 0; i < count; i++) {
        if (!isIn(i)) continue;
        const one = stats[name[i]] ??= {
          name: name[i],
          count: 0,
          selfNs: 0,
          totalNs: 0,
          cpuNs: NaN,
          p50Ns: 0,
          p95Ns: 0,
          maxNs: 0,
          failedCount: 0,
          openCount: 0,
          isBeside: false,
        };
        one.count++;
        one.selfNs += self[i];
        if (isInner[i] === 0) {
          one.totalNs += model.clipped(i, from, until);
          if (cpu !== undefined && cpu[i] === cpu[i]) {
            one.cpuNs = (one.cpuNs === one.cpuNs ? one.cpuNs : 0) + cpu[i];
          }
        }
        if (model.isFailed(i)) one.failedCount++;
        if (model.isOpen(i)) one.openCount++;
        if (model.sign(i) !== "") one.isBeside = true;
        sizes[name[i] + 1]++;
      }
      for (let n = 0; n < names.length; n++) sizes[n + 1] += sizes[n];
      const walls = new Float64Array(sizes[names.length]);
      const at = sizes.slice();
      for (let i = 0; i < count; i++) if (isIn(i)) walls[at[name[i]]++] = end[i] - start[i];
      const list: NameStats[] = [];
      for (const one of stats) {
        if (one === undefined) continue;
        const own = walls.subarray(sizes[one.name], sizes[one.name + 1]).sort();
        const rank = (part: number): number => own[Math.max(0, Math.ceil(part * own.length) - 1)];
        one.p50Ns = rank(0.5);
        one.p95Ns = rank(0.95);
        one.maxNs = own[own.length - 1];
        list.push(one);
      }
      return list;
    },
    callers: (wanted, from, until) =>
      neighbours(i => name[i] === wanted, i => parent[i] < 0 ? -1 : name[parent[i]], from, until),
    callees: (wanted, from, until) =>
      neighbours(i => parent[i] >= 0 && name[parent[i]] === wanted, i => name[i], from, until),
  };
}
