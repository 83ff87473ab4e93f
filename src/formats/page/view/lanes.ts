/**
 * The page's own program: processes, threads and flows as lanes one below the other, each of which folds.
 *
 * @module
 */
import type { Model } from "./model.ts";
import type { Rows } from "./rows.ts";

/** A headline, or a flow's rows. */
export interface Lane {
  readonly kind: "process" | "thread" | "flow";
  readonly key: string;
  readonly label: string;
  readonly isFolded: boolean;
  /** Its tracks. */
  readonly firstTrack: number;
  readonly lastTrack: number;
  readonly y: number;
  readonly height: number;
}

/** All lanes that are to be seen, in order, and how high they are together. */
export interface Lanes {
  readonly list: readonly Lane[];
  readonly height: number;
  /** Room for names on the left. */
  readonly gutter: number;
}

/** Lays the lanes. */
export type LayLanes = (folded: ReadonlySet<string>) => Lanes;

/** Pixels of a row of spans, and of a headline. */
export interface LaneSizes {
  readonly row: number;
  readonly head: number;
}

/** Makes the function that does. */
export function lanesOf(
  { header, trackThread, trackNumber }: Model,
  rows: Rows,
  { row, head }: LaneSizes,
): LayLanes {
  const { threads } = header;
  const trackCount = trackThread.length;
  const processes = new Set<string>();
  const used = new Set<number>();
  for (const thread of trackThread) {
    used.add(thread);
    processes.add(threads[thread].process);
  }
  const hasProcesses = processes.size > 1;
  const hasThreads = used.size > 1 || trackCount > 1;
  return folded => {
    const list: Lane[] = [];
    let y = 0;
    const add = (
      kind: Lane["kind"],
      key: string,
      label: string,
      firstTrack: number,
      lastTrack: number,
      height: number,
    ): boolean => {
      const isFolded = folded.has(key);
      list.push({ kind, key, label, isFolded, firstTrack, lastTrack, y, height });
      y += height;
      return isFolded;
    };
    const endOf = (from: number, isSame: (track: number) => boolean): number => {
      let last = from;
      while (last < trackCount && isSame(last)) last++;
      return last;
    };
    for (let track = 0; track < trackCount;) {
      const { process } = threads[trackThread[track]];
      const lastOfProcess = endOf(track, other => threads[trackThread[other]].process === process);
      if (hasProcesses && add("process", "p" + trackThread[track], process, track, lastOfProcess, head)) {
        track = lastOfProcess;
        continue;
      }
      while (track < lastOfProcess) {
        const thread = trackThread[track];
        const last = endOf(track, other => trackThread[other] === thread);
        const flows = last - track;
        const label = threads[thread].name + (flows > 1 ? " \u00b7 " + flows + " flows" : "");
        if (hasThreads && add("thread", "t" + thread, label, track, last, head)) {
          track = last;
          continue;
        }
        for (; track < last; track++) {
          const key = "f" + thread + "." + trackNumber[track];
          const high = folded.has(key) ? 1 : rows.first[track + 1] - rows.first[track];
          add(
            "flow",
            key,
            flows > 1 ? "flow " + (trackNumber[track] + 1) : "",
            track,
            track + 1,
            high * row + 3,
          );
        }
      }
    }
    return { list, height: y, gutter: hasThreads ? 58 : 0 };
  };
}
