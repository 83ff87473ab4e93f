/**
 * Tree -> speedscope's file format: a profile of opening and closing events per track, over one table of names.
 *
 * @module
 */
import { VERSION } from "../version.ts";
import { earliest } from "./trace_events.ts";
import { labelTracks } from "./track_labels.ts";
import { drawnEndNs, layTracks, type Track } from "./tracks.ts";
import type { Tree } from "./tree.ts";

/**
 * The spans of `tree` as JSON text. Times are nanoseconds from the trace's start.
 * @param pid This process, for traces that say nothing of theirs.
 */
export function toSpeedscope(tree: Tree, pid: number): string {
  const { snapshot, rows } = tree;
  const { list: tracks } = layTracks(tree);
  const labels = labelTracks(snapshot, tracks, pid);
  const originNs = earliest(tree);
  const frames: string[] = [];
  const frameOf = new Map<string, number>();
  const frame = (name: string): number => {
    let index = frameOf.get(name);
    if (index === undefined) {
      index = frames.length;
      frameOf.set(name, index);
      frames.push(`{"name":${JSON.stringify(name)}}`);
    }
    return index;
  };
  const several = labels.some(label => label.pid !== labels[0].pid);
  const profiles = tracks.map((track, index) => {
    const label = labels[index];
    const name = several ? `${label.process}, ${label.track}` : label.track;
    const events = eventsOf(tree, track, originNs, frame);
    const [start, end] = bounds(tree, track, originNs);
    return `{"type":"evented","name":${
      JSON.stringify(name)
    },"unit":"nanoseconds","startValue":${start},"endValue":${end},"events":[${events.join(",")}]}`;
  });
  const title = rows.length === 0 ? "(no spans)" : snapshot.name[rows[0]];
  return `{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"@cirron/sdk@${VERSION}","name":${
    JSON.stringify(title)
  },"activeProfileIndex":0,"shared":{"frames":[${frames.join(",")}]},"profiles":[${profiles.join(",")}]}`;
}

function eventsOf(tree: Tree, track: Track, originNs: number, frame: (name: string) => number): string[] {
  const { rows, snapshot } = tree;
  const { startNs, name } = snapshot;
  const { positions, nestsIn } = track;
  const events: string[] = [];
  const open: number[] = []; // places
  const close = (): void => {
    const row = rows[positions[open.pop()!]];
    events.push(`{"type":"C","frame":${frame(name[row])},"at":${drawnEndNs(snapshot, row) - originNs}}`);
  };
  for (let place = 0; place < positions.length; place++) {
    while (open.length > 0 && open[open.length - 1] !== nestsIn[place]) close();
    const row = rows[positions[place]];
    events.push(`{"type":"O","frame":${frame(name[row])},"at":${startNs[row] - originNs}}`);
    open.push(place);
  }
  while (open.length > 0) close();
  return events;
}

/** From the first opening to the last closing. */
function bounds({ rows, snapshot }: Tree, { positions }: Track, originNs: number): [number, number] {
  let end = -Infinity;
  for (const position of positions) end = Math.max(end, drawnEndNs(snapshot, rows[position]));
  return [snapshot.startNs[rows[positions[0]]] - originNs, end - originNs];
}
