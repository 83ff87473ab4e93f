/**
 * The page's own program: draws the time line: an axis, rows of spans merged by pixel, and tracks of values below.
 *
 * @module
 */
import type { Axis } from "./axis.ts";
import type { Browser, Item, Pen } from "./browser.ts";
import type { Colors } from "./colors.ts";
import type { Lane, Lanes, LayLanes } from "./lanes.ts";
import type { Model } from "./model.ts";
import type { RowPainter } from "./row_painter.ts";
import type { Rows } from "./rows.ts";
import type { State } from "./state.ts";
import type { TrackPainter } from "./track_painter.ts";
import type { Units } from "./units.ts";

/** The time line on its canvas. */
export interface Chart {
  readonly canvas: Item;
  readonly lanes: Lanes;
  /** Pixels of time, and where they begin. */
  readonly left: number;
  readonly width: number;
  /** How far down the lanes are scrolled. */
  top: number;
  /** Where the mouse is, in pixels; -1 for nowhere. */
  pointerX: number;
  /** Draws before the next frame. */
  due(): void;
  draw(): void;
  /** The moment under a pixel, and the pixel of a moment. */
  timeAt(x: number): number;
  xOf(ns: number): number;
  /** What is under a point: the axis, a headline or name, a span, a stretch of merged ones, or nothing. */
  hit(x: number, y: number): Hit;
  /** Brings a span into sight: scrolls, unfolds, and goes there in time if it is elsewhere. */
  reveal(span: number): void;
  /** Scrolls by so many pixels. */
  scroll(by: number): void;
}

/** What lies under a point. */
export interface Hit {
  readonly part: "axis" | "lanes" | "tracks";
  readonly lane: Lane | null;
  readonly span: number;
}

/** What the chart needs of the others. */
export interface ChartParts {
  readonly browser: Browser;
  readonly model: Model;
  readonly rows: Rows;
  readonly layLanes: LayLanes;
  readonly state: State;
  readonly colors: Colors;
  readonly units: Units;
  readonly axis: Axis;
  readonly tracks: TrackPainter;
  readonly painter: RowPainter;
  readonly sizes: { readonly row: number; readonly head: number; readonly axis: number };
}

/** Makes it. */
export function chartOf(canvas: Item, parts: ChartParts): Chart {
  const { browser, model, rows, layLanes, state, colors, units, axis, tracks, painter, sizes } = parts;
  const { start, end } = model;
  const pen: Pen = canvas.getContext("2d");
  const FONT = "11px system-ui, sans-serif";
  let isDue = false;
  let high = 0;
  let lanesHigh = 0;
  let wide = 0;

  const drawLanes = (): void => {
    const { list } = chart.lanes;
    pen.save();
    pen.beginPath();
    pen.rect(0, sizes.axis, wide, lanesHigh);
    pen.clip();
    // The first that is in sight: lanes are in order of their heights.
    let low = 0;
    let over = list.length;
    while (low < over) {
      const middle = (low + over) >>> 1;
      if (list[middle].y + list[middle].height > chart.top) over = middle;
      else low = middle + 1;
    }
    for (let i = low; i < list.length; i++) {
      const lane = list[i];
      const y = sizes.axis + lane.y - chart.top;
      if (y > sizes.axis + lanesHigh) break;
      if (lane.kind !== "flow") {
        pen.fillStyle = colors.panel;
        pen.fillRect(0, y, wide, lane.height);
        if (lane.isFolded) painter.drawHill(pen, lane, y, sizes.head, chart.left, chart.width);
        pen.fillStyle = colors.ink;
        pen.fillText(
          (lane.isFolded ? "\u25b8 " : "\u25be ") + lane.label,
          lane.kind === "thread" ? 6 : 2,
          y + lane.height / 2,
        );
        continue;
      }
      const firstRow = rows.first[lane.firstTrack];
      const rowCount = Math.round((lane.height - 3) / sizes.row);
      const skip = Math.max(0, Math.floor((sizes.axis - y) / sizes.row));
      for (let row = skip; row < rowCount; row++) {
        const rowY = y + 1 + row * sizes.row;
        if (rowY > sizes.axis + lanesHigh) break;
        painter.drawRow(pen, firstRow + row, rowY, sizes.row - 1, chart.left, chart.width);
      }
      if (chart.left > 0) {
        pen.fillStyle = colors.paper;
        pen.fillRect(0, y, chart.left - 1, lane.height);
        pen.fillStyle = colors.soft;
        if (lane.label !== "") {
          pen.fillText(
            (lane.isFolded ? "\u25b8" : "\u25be") + painter.fitting(pen, lane.label, chart.left - 12),
            2,
            Math.max(y, sizes.axis - sizes.row) + sizes.row / 2,
          );
        }
        pen.fillStyle = colors.grid;
        pen.fillRect(0, y + lane.height - 1, wide, 1);
      }
    }
    outline();
    pen.restore();
    if (chart.lanes.height > lanesHigh) {
      const share = lanesHigh / chart.lanes.height;
      pen.fillStyle = colors.soft;
      pen.globalAlpha = 0.5;
      pen.fillRect(wide - 5, sizes.axis + chart.top * share, 4, Math.max(20, lanesHigh * share));
      pen.globalAlpha = 1;
    }
  };

  /** A box around what is selected. */
  const outline = (): void => {
    const { span } = state;
    if (span < 0) return;
    const y = yOf(span);
    if (y === null) return;
    const x = Math.max(chart.left - 3, chart.xOf(start[span]));
    const until = Math.min(chart.left + chart.width + 3, chart.xOf(end[span]));
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 2;
    if (until >= chart.left && x <= chart.left + chart.width) {
      pen.strokeRect(x, sizes.axis + y - chart.top, Math.max(3, until - x), sizes.row);
    }
  };

  /** Where a span's row is among the lanes; null if those are folded. */
  const yOf = (span: number): number | null => {
    const track = model.track[span];
    const lane = chart.lanes.list.find(one => one.kind === "flow" && one.firstTrack === track);
    if (lane === undefined) return null;
    const row = rows.of[span] - rows.first[track];
    return lane.isFolded && row > 0 ? null : lane.y + row * sizes.row;
  };

  const drawAxis = (): void => {
    const { from, until } = state;
    pen.fillStyle = colors.panel;
    pen.fillRect(0, 0, wide, sizes.axis);
    const step = axis.step(until - from, Math.max(2, Math.floor(chart.width / 110)));
    // Close by, moments differ too little to be read: then they count from the left edge.
    const base = step < from / 500 ? from : 0;
    pen.fillStyle = colors.soft;
    if (base > 0) pen.fillText(units.moment(from) + " +", chart.left + 2, 6);
    for (let at = Math.ceil((from - base) / step) * step; at + base <= until; at += step) {
      const x = Math.round(chart.xOf(at + base));
      pen.fillStyle = colors.grid;
      pen.fillRect(x, 0, 1, sizes.axis + lanesHigh);
      pen.fillStyle = colors.soft;
      pen.fillText((base > 0 ? "+" : "") + units.moment(at), x + 3, sizes.axis - 8);
    }
  };

  const drawOver = (): void => {
    const band = (pair: readonly [number, number] | null, color: string, text: string): void => {
      if (pair === null) return;
      const x = chart.xOf(pair[0]);
      const until = chart.xOf(pair[1]);
      pen.fillStyle = color;
      pen.globalAlpha = 0.12;
      pen.fillRect(x, 0, until - x, high);
      pen.globalAlpha = 1;
      pen.fillRect(x, 0, 1, high);
      pen.fillRect(until, 0, 1, high);
      const length = pen.measureText(text).width + 8;
      const at = Math.max(chart.left, Math.min(chart.left + chart.width - length, (x + until - length) / 2));
      pen.fillStyle = color;
      pen.fillRect(at, 1, length, 13);
      pen.fillStyle = colors.paper;
      pen.fillText(text, at + 4, 8);
    };
    const { region, ruler } = state;
    if (region !== null) band(region, colors.mark, units.time(region[1] - region[0]));
    if (ruler !== null) {
      const length = ruler[1] - ruler[0];
      band(
        ruler,
        colors.open,
        units.time(length) + " apart \u00b7 " + (1e9 / length).toPrecision(3) + " per s",
      );
    }
    if (chart.pointerX >= chart.left) {
      pen.fillStyle = colors.soft;
      pen.globalAlpha = 0.5;
      pen.fillRect(chart.pointerX, 0, 1, high);
      pen.globalAlpha = 1;
    }
  };

  const chart: Chart = {
    canvas,
    lanes: layLanes(state.folded),
    left: 0,
    width: 1,
    top: 0,
    pointerX: -1,
    due() {
      if (isDue) return;
      isDue = true;
      browser.requestAnimationFrame(() => {
        isDue = false;
        chart.draw();
      });
    },
    draw() {
      const ratio = browser.devicePixelRatio;
      wide = canvas.clientWidth;
      high = canvas.clientHeight;
      if (wide === 0 || high === 0) return; // a page in a tab behind others has no size yet
      const [width, height] = [Math.round(wide * ratio), Math.round(high * ratio)];
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      Object.assign(chart, { left: chart.lanes.gutter, width: Math.max(10, wide - chart.lanes.gutter - 8) });
      const below = tracks.heightFor(high - sizes.axis, chart.lanes.height);
      lanesHigh = high - sizes.axis - below;
      chart.top = Math.max(0, Math.min(chart.top, chart.lanes.height - lanesHigh));
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.font = FONT;
      pen.textBaseline = "middle";
      pen.fillStyle = colors.paper;
      pen.fillRect(0, 0, wide, high);
      drawAxis();
      drawLanes();
      tracks.draw(pen, high - below, below, chart.left, chart.width);
      drawOver();
    },
    timeAt: x => state.from + (x - chart.left) / chart.width * (state.until - state.from),
    xOf: ns => chart.left + (ns - state.from) / (state.until - state.from) * chart.width,
    hit(x, y) {
      if (y < sizes.axis) return { part: "axis", lane: null, span: -1 };
      if (y > sizes.axis + lanesHigh) return { part: "tracks", lane: null, span: -1 };
      const at = y - sizes.axis + chart.top;
      const lane = chart.lanes.list.find(one => at >= one.y && at < one.y + one.height) ?? null;
      if (lane === null || lane.kind !== "flow" || x < chart.left) return { part: "lanes", lane, span: -1 };
      const row = rows.first[lane.firstTrack] + Math.floor((at - lane.y) / sizes.row);
      if (row >= rows.first[lane.firstTrack + 1]) return { part: "lanes", lane: null, span: -1 };
      // The one under the pixel, or the longest of those that are merged in and beside it.
      const ns = chart.timeAt(x);
      const near = 2 * (state.until - state.from) / chart.width;
      let span = -1;
      const last = rows.begin[row + 1];
      for (let k = rows.firstAfter(row, ns - near), seen = 0; k < last && seen < 5000; k++, seen++) {
        const other = rows.spans[k];
        if (start[other] > ns + near) break;
        if (start[other] <= ns && end[other] > ns && end[other] - start[other] > near) {
          span = other;
          break;
        }
        if (span < 0 || end[other] - start[other] > end[span] - start[span]) span = other;
      }
      return { part: "lanes", lane: null, span };
    },
    reveal(span) {
      const track = model.track[span];
      const thread = model.trackThread[track];
      const row = rows.of[span] - rows.first[track];
      const keys = ["t" + thread];
      if (row > 0) keys.push("f" + thread + "." + model.trackNumber[track]);
      for (const key of state.folded) {
        if (
          key.startsWith("p")
          && model.header.threads[Number(key.slice(1))].process === model.header.threads[thread].process
        ) keys.push(key);
      }
      for (const key of keys) if (state.folded.has(key)) state.toggleLane(key);
      const y = yOf(span);
      if (y !== null && y < chart.top) chart.top = y;
      else if (y !== null && y + sizes.row > chart.top + lanesHigh) chart.top = y + sizes.row - lanesHigh;
      const wall = end[span] - start[span];
      const length = state.until - state.from;
      if (end[span] < state.from || start[span] > state.until) {
        const middle = start[span] + wall / 2;
        const shown = Math.max(wall * 1.2, length);
        state.show(middle - shown / 2, middle + shown / 2);
      }
      chart.due();
    },
    scroll(by) {
      chart.top = Math.max(0, Math.min(chart.lanes.height - lanesHigh, chart.top + by));
      chart.due();
    },
  };
  state.on(["lanes"], () => Object.assign(chart, { lanes: layLanes(state.folded) }));
  state.on(["view", "region", "selection", "search", "lanes", "tracks", "theme"], () => chart.due());
  return chart;
}
