/**
 * Tree -> speedscope's file format: a profile of opening and closing events per track, over one table of names.
 *
 * @module
 */
import { jsonOfText } from "../data/json_text.ts";
import { VERSION } from "../data/version.ts";
import { drawnEndNs, layTracks, type Track } from "../tree/tracks.ts";
import type { Tree } from "../tree/tree.ts";
import { earliest } from "./perfetto.ts";
import { NO_SPANS } from "./text.ts";
import { labelTracks } from "./track_labels.ts";

/**
 * The spans of `tree` as JSON text. Times are nanoseconds from the trace's start.
 * @param pid This process, for traces that say nothing of theirs.
 */
export function toSpeedscope(tree: Tree, pid: number): string {
  const { snapshot, rows } = tree;
  const { list: tracks } = layTracks(tree);
  const labels = labelTracks(snapshot, tracks, pid);
  const originNs = earliest(tree);
  const frameOf = new Map<string, number>();
  const several = labels.some(label => label.pid !== labels[0].pid);
  const profiles = tracks.map((track, index) => {
    const label = labels[index];
    const name = several ? `${label.process}, ${label.track}` : label.track;
    const events = eventsOf(tree, track, originNs, frameOf);
    const [start, end] = bounds(tree, track, originNs);
    return `{"type":"evented","name":${
      jsonOfText(name)
    },"unit":"nanoseconds","startValue":${start},"endValue":${end},"events":[${events.join(",")}]}`;
  });
  const frames = Array.from(frameOf.keys(), name => `{"name":${jsonOfText(name)}}`);
  const title = rows.length === 0 ? NO_SPANS : snapshot.name[rows[0]];
  return `{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"@cirron/sdk@${VERSION}","name":${
    jsonOfText(title)
  },"activeProfileIndex":0,"shared":{"frames":[${frames.join(",")}]},"profiles":[${profiles.join(",")}]}`;
}

function eventsOf(tree: Tree, track: Track, originNs: number, frameOf: Map<string, number>): string[] {
  const { rows, snapshot } = tree;
  const { startNs, name } = snapshot;
  const { positions, nestsIn } = track;
  const events: string[] = [];
  const open: number[] = []; // places
  for (let place = 0; place <= positions.length; place++) {
    const outer = place < positions.length ? nestsIn[place] : -1; // after the last, all that is open closes
    while (open.length > 0 && open[open.length - 1] !== outer) {
      const row = rows[positions[open.pop()!]];
      events.push(event("C", frameIn(frameOf, name[row]), drawnEndNs(snapshot, row) - originNs));
    }
    if (place === positions.length) break;
    const row = rows[positions[place]];
    events.push(event("O", frameIn(frameOf, name[row]), startNs[row] - originNs));
    open.push(place);
  }
  return events;
}

function event(type: "O" | "C", frame: number, at: number): string {
  return `{"type":"${type}","frame":${frame},"at":${at}}`;
}

/** The number of a name, a new one if it has none yet. */
function frameIn(frameOf: Map<string, number>, name: string): number {
  let frame = frameOf.get(name);
  if (frame === undefined) frameOf.set(name, frame = frameOf.size);
  return frame;
}

/** From the first opening to the last closing. */
function bounds({ rows, snapshot }: Tree, { positions }: Track, originNs: number): [number, number] {
  let end = -Infinity;
  for (const position of positions) end = Math.max(end, drawnEndNs(snapshot, rows[position]));
  return [snapshot.startNs[rows[positions[0]]] - originNs, end - originNs];
}
