/**
 * The page's own program: columns -> spans that hang together, and what they come to in a stretch of time. Nothing recurses.
 *
 * @module
 */
import type { PageHeader } from "../data.ts";
import type { Block } from "./decode.ts";

/** Spans by number: parents before children, siblings in order of start. */
export interface Model {
  readonly header: PageHeader;
  readonly count: number;
  /** Ends at the last end, and is not empty. */
  readonly totalNs: number;
  readonly names: readonly string[];
  readonly name: Int32Array;
  /** -1 for a root. */
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly flags: Uint8Array;
  readonly track: Int32Array;
  readonly trackThread: Int32Array;
  readonly trackNumber: Int32Array;
  /** Children of span `i` are `children[firstChild[i]]` up to `firstChild[i + 1]`; the roots are those of span `count`. */
  readonly firstChild: Int32Array;
  readonly children: Int32Array;
  /** Optional columns by name: NaN for none. */
  readonly optional: Readonly<Record<string, Float64Array | undefined>>;
  isOpen(span: number): boolean;
  isFailed(span: number): boolean;
  /** `"~"` for a span that ran beside something else. */
  sign(span: number): string;
  label(span: number): string;
  /** What it took between two moments. */
  clipped(span: number, from: number, until: number): number;
  /** Time of each span in which none of its children ran, between two moments. */
  selfTimes(from: number, until: number): Float64Array;
  /** Each span's path of names: what has the same path has the same number, a parent's before its children's. */
  paths(): Paths;
}

/** Paths of names. */
export interface Paths {
  readonly of: Int32Array;
  readonly name: readonly number[];
  /** -1 for one of roots. */
  readonly parent: readonly number[];
}

/** Makes the model of a page. */
export function modelOf(header: PageHeader, { columns, texts }: Block): Model {
  const OPEN = 1;
  const FAILED = 2;
  const BESIDE = 4 | 8;
  const none = new Float64Array(0);
  const up = columns.parent ?? none;
  const count = up.length;
  const texts0 = texts[0]();
  const names = ["\u2026", ...(texts0.length === 0 ? [""] : texts0)];
  const name = new Int32Array(columns.name ?? none);
  const start = columns.startNs ?? none;
  const wall = columns.wallNs ?? none;
  const end = new Float64Array(count);
  const parent = new Int32Array(count);
  const depth = new Int32Array(count);
  const flags = new Uint8Array(columns.flags ?? none);
  const firstChild = new Int32Array(count + 2);
  const track = new Int32Array(columns.track ?? none);
  const running: number[][] = [];
  const home: number[] = [];
  for (let i = 0; i < count; i++) {
    // What ends before it starts, as clocks that go back have it, has no length to be seen.
    end[i] = start[i] + Math.max(0, wall[i]);
    // As data.ts says: what a parent is follows nearly always from what runs on its track.
    const stack = running[track[i]] ??= [];
    while (stack.length > 0 && end[stack[stack.length - 1]] <= start[i]) stack.pop();
    const guess = stack.length > 0 ? stack[stack.length - 1] : home[track[i]] ?? -1;
    const above = up[i] === 0 ? guess : up[i] === 1 ? -1 : i - up[i] + 1;
    if (stack.length === 0) home[track[i]] = above;
    stack.push(i);
    parent[i] = above;
    if (above >= 0) depth[i] = depth[above] + 1;
    firstChild[(above < 0 ? count : above) + 1]++;
  }
  for (let i = 0; i <= count; i++) firstChild[i + 1] += firstChild[i];
  const children = new Int32Array(count);
  const next = firstChild.slice();
  for (let i = 0; i < count; i++) children[next[parent[i] < 0 ? count : parent[i]]++] = i;
  const index = columns.index;
  let paths: Paths | null = null;
  return {
    header,
    count,
    totalNs: Math.max(1, header.totalNs),
    names,
    name,
    parent,
    depth,
    start,
    end,
    flags,
    track,
    trackThread: new Int32Array(columns.trackThread ?? none),
    trackNumber: new Int32Array(columns.trackNumber ?? none),
    firstChild,
    children,
    optional: columns,
    isOpen: span => (flags[span] & OPEN) !== 0,
    isFailed: span => (flags[span] & FAILED) !== 0,
    sign: span => (flags[span] & BESIDE) !== 0 ? "~" : "",
    label(span) {
      const number = index === undefined ? NaN : index[span];
      return names[name[span]] + (Number.isNaN(number) ? "" : "[" + number + "]");
    },
    clipped: (span, from, until) => Math.max(0, Math.min(end[span], until) - Math.max(start[span], from)),
    selfTimes(from, until) {
      const self = new Float64Array(count);
      const covered = new Float64Array(count).fill(from);
      for (let i = 0; i < count; i++) {
        const since = Math.max(start[i], from);
        const to = Math.min(end[i], until);
        if (to <= since) continue;
        self[i] = to - since;
        const above = parent[i];
        if (above < 0) continue;
        // Children that ran at once count once.
        const begin = Math.max(since, covered[above], start[above]);
        const finish = Math.min(to, end[above]);
        if (finish <= begin) continue;
        self[above] -= finish - begin;
        covered[above] = finish;
      }
      return self;
    },
    paths() {
      if (paths !== null) return paths;
      const of = new Int32Array(count);
      const pathName: number[] = [];
      const pathParent: number[] = [];
      const known = new Map<number, number>();
      for (let i = 0; i < count; i++) {
        const above = parent[i] < 0 ? -1 : of[parent[i]];
        const key = (above + 1) * names.length + name[i];
        let path = known.get(key);
        if (path === undefined) {
          known.set(key, path = pathName.push(name[i]) - 1);
          pathParent.push(above);
        }
        of[i] = path;
      }
      return paths = { of, name: pathName, parent: pathParent };
    },
  };
}
