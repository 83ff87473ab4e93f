/**
 * Tree -> tracks: lines over time on each of which spans nest properly, as trace viewers want them.
 *
 * A span lies on its parent's track while it lies within its parent and no sibling does at that moment; whatever runs
 * at once, or outlives its parent, gets a track of its own, the lowest that is free. So each flow of a concurrent program
 * has a line, and a program without concurrency has one.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import { Lanes } from "./lanes.ts";
import type { Tree } from "./tree.ts";

/** Where each span of a tree lies. */
export interface Tracks {
  /** By thread, and then in order of use. */
  readonly list: readonly Track[];
  /** Index in `list` by position. */
  readonly of: Uint32Array;
}

/** One line over time. */
export interface Track {
  /** Index in the snapshot's threads; 0 if it has none. */
  readonly thread: number;
  /** Counts the tracks of its thread, from 0. */
  readonly number: number;
  /** Positions in order of time, each before those that nest in it. */
  readonly positions: readonly number[];
  /** For each of these, the place in `positions` of the span that it nests in; -1 for none. */
  readonly nestsIn: readonly number[];
}

/**
 * The end of a span for drawing: a span of another writer whose clock went back meanwhile has no length there, since no
 * viewer takes one that ends before it starts.
 */
export function drawnEndNs({ startNs, endNs }: Snapshot, row: number): number {
  return Math.max(startNs[row], endNs[row]);
}

// V8 throws away what it has compiled for a class once a collection finds no instance of it.
let kept: readonly unknown[] | null = null;

/** Lays the spans of `tree` onto tracks, in time proportional to spans, times the logarithm of what runs at once. */
export function layTracks(tree: Tree): Tracks {
  kept ??= [new OpenTrack(0, 0), new Lanes()];
  const { snapshot, rows, parent } = tree;
  const threadOf = snapshot.threads?.of;
  const byThread = new Map<number, ThreadTracks>();
  const list: OpenTrack[] = [];
  const of = new Int32Array(rows.length).fill(-1);
  for (const position of inOrderOfTime(tree)) {
    const row = rows[position];
    const startNs = snapshot.startNs[row];
    const endNs = drawnEndNs(snapshot, row);
    const thread = threadOf === undefined ? 0 : threadOf[row];
    const up = parent[position];
    let index = up < 0 ? -1 : of[up];
    // Not on the parent's track where something else is not over there, or this span would reach out of its parent.
    if (index >= 0) {
      const track = list[index];
      const isInnermost = track.thread === thread && track.endsBefore(startNs, up) === up;
      if (!isInnermost || endNs > drawnEndNs(snapshot, rows[up])) index = -1;
    }
    if (index < 0) {
      let own = byThread.get(thread);
      if (own === undefined) byThread.set(thread, own = { lanes: new Lanes(), indexes: [] });
      const number = own.lanes.take(startNs, endNs);
      if (number < own.indexes.length) list[own.indexes[number]].clear();
      else own.indexes.push(list.push(new OpenTrack(thread, number)) - 1);
      index = own.indexes[number];
    }
    of[position] = index;
    list[index].push(position, endNs);
  }
  const order = [...list.keys()].sort((a, b) =>
    list[a].thread - list[b].thread || list[a].number - list[b].number
  );
  const sorted = new Uint32Array(list.length);
  for (let i = 0; i < order.length; i++) sorted[order[i]] = i;
  return { list: order.map(index => list[index]), of: Uint32Array.from(of, index => sorted[index]) };
}

/** The tracks of one thread, a lane each, and where each is among those of all. */
interface ThreadTracks {
  readonly lanes: Lanes;
  readonly indexes: number[];
}

/**
 * Positions by start, and of those that start at once in the order of the tree, which is the one they were opened in. The
 * longer first would be wrong: where the clock stands still, what was over before another began would seem to run beside it.
 */
function inOrderOfTime({ rows, snapshot: { startNs } }: Tree): Uint32Array {
  const positions = Uint32Array.from(rows.keys());
  for (let i = 1; i < positions.length; i++) {
    if (startNs[rows[i - 1]] > startNs[rows[i]]) {
      return positions.sort((a, b) => startNs[rows[a]] - startNs[rows[b]] || a - b);
    }
  }
  return positions; // as nearly always: positions are in order of start
}

/** A track while spans are laid onto it. */
class OpenTrack implements Track {
  readonly thread: number;
  readonly number: number;
  readonly positions: number[] = [];
  readonly nestsIn: number[] = [];
  /** Places in `positions` of the spans that are not over, outermost first, and their ends. */
  readonly #open: number[] = [];
  readonly #openEndNs: number[] = [];

  constructor(thread: number, number: number) {
    this.thread = thread;
    this.number = number;
  }

  push(position: number, endNs: number): void {
    const open = this.#open;
    this.nestsIn.push(open.length === 0 ? -1 : open[open.length - 1]);
    open.push(this.positions.length);
    this.#openEndNs.push(endNs);
    this.positions.push(position);
  }

  /** Ends what is over at a moment, but for `parent` if it ends right then; gives the position that is innermost. */
  endsBefore(ns: number, parent: number): number {
    for (let top = this.#open.length - 1; top >= 0; top--) {
      const position = this.positions[this.#open[top]];
      const endNs = this.#openEndNs[top];
      if (endNs > ns || (endNs === ns && position === parent)) return position;
      this.#open.pop();
      this.#openEndNs.pop();
    }
    return -1;
  }

  /** Ends everything. */
  clear(): void {
    this.#open.length = 0;
    this.#openEndNs.length = 0;
  }
}
