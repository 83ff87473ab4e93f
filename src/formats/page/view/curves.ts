/**
 * The page's own program: which values over time there are, and which are drawn below the time line.
 *
 * @module
 */
import type { Block } from "./decode.ts";
import type { Model } from "./model.ts";
import type { MakeSeries, Series } from "./series.ts";
import type { State } from "./state.ts";

/** One pair of axes: several series may share it. */
export interface CurveTrack {
  readonly series: readonly number[];
  readonly isLog: boolean;
}

/** The curves of a page. */
export interface Curves {
  readonly all: readonly Series[];
  readonly tracks: readonly CurveTrack[];
  /** Durations of the spans of what is selected, if there are enough to be a curve. */
  ofSelected(): Series | null;
  /** Takes in the marks. */
  load(details: Block): void;
  isShown(series: number): boolean;
  toggle(series: number): void;
  toggleLog(series: number): void;
  /** Draws it on the axes of the track before, or on its own again. */
  join(series: number): void;
  /** What is shown, as the address has it, and the way back. */
  write(): string;
  read(text: string): void;
}

/** Makes them. */
export function curvesOf(model: Model, state: State, makeSeries: MakeSeries): Curves {
  const FEWEST = 2;
  const FIRST_TRACKS = 2;
  const all: Series[] = [];
  let tracks: CurveTrack[] = [];
  let selected: Series | null = null;
  let selectedName = -1;
  const indexOf = (series: number): number => tracks.findIndex(track => track.series.includes(series));
  const put = (next: CurveTrack[]): void => {
    tracks = next.filter(track => track.series.length > 0);
    state.tell("tracks");
  };
  return {
    all,
    get tracks() {
      return tracks;
    },
    ofSelected() {
      if (state.name < 0) return null;
      if (selectedName === state.name) return selected;
      selectedName = state.name;
      const x: number[] = [];
      const y: number[] = [];
      for (let i = 0; i < model.count; i++) {
        if (model.name[i] !== state.name) continue;
        x.push(model.start[i]);
        y.push(model.end[i] - model.start[i]);
      }
      selected = x.length < 8 ? null : makeSeries("time of " + model.names[state.name], "ns", x, y);
      return selected;
    },
    load({ columns, texts }) {
      const groups = new Map<string, { label: string; x: number[]; y: number[] }>();
      const markNames = texts[1]();
      const { markSpan, markName, markNs, markValue } = columns;
      const count = markValue === undefined ? 0 : markSpan.length;
      const kind = columns.markKind;
      for (let k = 0; k < count; k++) {
        if ((kind[k] & 2) !== 0) continue;
        const name = model.name[markSpan[k]];
        const key = markName[k] + " " + name;
        let group = groups.get(key);
        if (group === undefined) {
          const label = (markNames[markName[k]] ?? "") + " in " + model.names[name];
          groups.set(key, group = { label, x: [], y: [] });
        }
        group.x.push(markNs[k]);
        group.y.push(markValue[k]);
      }
      const byMark = new Map<string, number[]>();
      const found = [...groups].filter(([, { x }]) => x.length >= FEWEST).sort((a, b) =>
        b[1].x.length - a[1].x.length
      );
      for (const [key, { label, x, y }] of found) {
        const mark = key.split(" ")[0];
        byMark.set(mark, [...byMark.get(mark) ?? [], all.push(makeSeries(label, "number", x, y)) - 1]);
      }
      const load = model.optional.data_load_ns;
      if (load !== undefined) {
        const byName = new Map<number, { x: number[]; y: number[] }>();
        for (let i = 0; i < model.count; i++) {
          if (load[i] !== load[i]) continue;
          let group = byName.get(model.name[i]);
          if (group === undefined) byName.set(model.name[i], group = { x: [], y: [] });
          group.x.push(model.start[i]);
          group.y.push(load[i]);
        }
        for (const [name, { x, y }] of byName) {
          if (x.length >= FEWEST) all.push(makeSeries("loading before " + model.names[name], "ns", x, y));
        }
      }
      if (tracks.length === 0) {
        tracks = [...byMark.values()].slice(0, FIRST_TRACKS).map(series => ({
          series: series.slice(0, 3),
          isLog: false,
        }));
      }
      tracks = tracks.map(track => ({ ...track, series: track.series.filter(one => one < all.length) }))
        .filter(track => track.series.length > 0);
      state.tell("tracks");
    },
    isShown: series => indexOf(series) >= 0,
    toggle(series) {
      const at = indexOf(series);
      if (at < 0) put([...tracks, { series: [series], isLog: false }]);
      else put(tracks.map(track => ({ ...track, series: track.series.filter(one => one !== series) })));
    },
    toggleLog(series) {
      const at = indexOf(series);
      put(tracks.map((track, i) => i === at ? { ...track, isLog: !track.isLog } : track));
    },
    join(series) {
      const at = indexOf(series);
      if (at < 0) return;
      const isAlone = tracks[at].series.length === 1;
      const without = tracks.map(track => ({ ...track, series: track.series.filter(one => one !== series) }));
      if (!isAlone) put([...without, { series: [series], isLog: false }]);
      else if (at > 0) {
        without[at - 1] = { ...without[at - 1], series: [...without[at - 1].series, series] };
        put(without);
      }
    },
    write: () => tracks.map(({ series, isLog }) => series.join("+") + (isLog ? "l" : "")).join(","),
    read(text) {
      const found = text.split(",").filter(part => /^\d+(\+\d+)*l?$/.test(part)).slice(0, 24);
      tracks = found.map(part => ({
        series: part.replace("l", "").split("+").map(Number).filter(one =>
          all.length === 0 || one < all.length
        ),
        isLog: part.endsWith("l"),
      })).filter(track => track.series.length > 0);
    },
  };
}
