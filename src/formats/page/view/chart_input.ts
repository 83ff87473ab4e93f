/**
 * The page's own program: the time line under mouse and keyboard.
 *
 * @module
 */
import type { Browser, Item } from "./browser.ts";
import type { Chart } from "./chart.ts";
import type { Model } from "./model.ts";
import type { Rows } from "./rows.ts";
import type { State } from "./state.ts";
import type { TrackPainter } from "./track_painter.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface InputParts {
  readonly browser: Browser;
  readonly chart: Chart;
  readonly model: Model;
  readonly rows: Rows;
  readonly state: State;
  readonly tracks: TrackPainter;
  readonly units: Units;
  /** What says what the mouse is on. */
  readonly tip: Item;
}

/** What keys may ask of the time line. */
export interface ChartKeys {
  /** Closer, or farther by a factor below 1, around the mouse or the middle. */
  zoom(by: number): void;
  /** By a part of what is shown. */
  pan(by: number): void;
  /** Selects the next span of the row, the one before, the one above, or the first below. */
  go(where: "next" | "before" | "up" | "down"): void;
  /** Shows a span over the whole width. */
  fit(span: number): void;
}

/** Listens, and gives what keys do. */
export function chartInputOf(
  { browser, chart, model, rows, state, tracks, units, tip }: InputParts,
): ChartKeys {
  const { canvas } = chart;
  const { start, end } = model;
  const isFramed = browser.self !== browser.top;
  type Grip = {
    kind: "pan" | "region" | "ruler";
    x: number;
    y: number;
    from: number;
    until: number;
    top: number;
    hasMoved: boolean;
  };
  let grip: Grip | null = null;

  const zoomAt = (ns: number, by: number): void => {
    const length = (state.until - state.from) / by;
    const share = (ns - state.from) / (state.until - state.from);
    const shortest = Math.min(100, model.totalNs);
    if (length < shortest && state.until - state.from <= shortest) return;
    const from = ns - Math.max(shortest, length) * share;
    state.show(from, from + Math.max(shortest, length));
  };
  const pan = (by: number): void => {
    const length = state.until - state.from;
    state.show(state.from + by * length, state.until + by * length);
  };
  const fit = (span: number): void => {
    if (span < 0) return;
    const wall = Math.max(100, end[span] - start[span]);
    state.show(start[span] - wall * 0.02, end[span] + wall * 0.02);
  };

  canvas.addEventListener("wheel", event => {
    // In a notebook's cell the wheel belongs to the notebook until the time line has been pressed.
    const hasFocus = browser.document.activeElement === canvas;
    if (isFramed && !hasFocus && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1;
    if (event.altKey) chart.scroll(event.deltaY * unit);
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      pan((event.deltaX || event.deltaY) * unit / chart.width);
    } else zoomAt(chart.timeAt(Math.max(chart.left, event.offsetX)), Math.exp(-event.deltaY * unit * 0.0025));
  }, { passive: false });

  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    canvas.focus();
    const { part } = chart.hit(event.offsetX, event.offsetY);
    const kind = event.shiftKey ? "ruler" : part === "axis" ? "region" : "pan";
    const { from, until } = state;
    grip = { kind, x: event.offsetX, y: event.offsetY, from, until, top: chart.top, hasMoved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    chart.pointerX = event.offsetX;
    if (grip === null) {
      say(event.offsetX, event.offsetY);
      chart.due();
      return;
    }
    const [dx, dy] = [event.offsetX - grip.x, event.offsetY - grip.y];
    if (Math.abs(dx) + Math.abs(dy) > 3) grip.hasMoved = true;
    if (!grip.hasMoved) return;
    if (grip.kind === "pan") {
      const by = dx / chart.width * (grip.until - grip.from);
      chart.top = Math.max(0, grip.top - dy);
      state.show(grip.from - by, grip.until - by);
      return;
    }
    const from = chart.timeAt(grip.x);
    const until = chart.timeAt(event.offsetX);
    if (grip.kind === "ruler") state.setRuler([from, until]);
    else {
      state.region = [Math.max(0, Math.min(from, until)), Math.min(model.totalNs, Math.max(from, until))];
      state.tell("view"); // tables follow once the mouse is let go of
    }
  });
  canvas.addEventListener("pointerup", event => {
    if (grip === null) return;
    const { kind, hasMoved } = grip;
    grip = null;
    if (kind === "region") state.setRegion(hasMoved ? state.region : null);
    else if (kind === "ruler" && !hasMoved) state.setRuler(null);
    if (hasMoved || kind !== "pan") return;
    const { lane, span } = chart.hit(event.offsetX, event.offsetY);
    if (lane !== null) state.toggleLane(lane.key);
    else state.select(span);
  });
  canvas.addEventListener("dblclick", event => {
    const { span } = chart.hit(event.offsetX, event.offsetY);
    if (span >= 0) fit(span);
  });
  canvas.addEventListener("pointerleave", () => {
    chart.pointerX = -1;
    tip.hidden = true;
    chart.due();
  });

  const say = (x: number, y: number): void => {
    const { part, span } = chart.hit(x, y);
    const lines: string[] = [];
    if (span >= 0) {
      const state = (model.isFailed(span) ? "  failed" : "") + (model.isOpen(span) ? "  open" : "");
      lines.push(model.label(span) + "  " + units.time(end[span] - start[span]) + state);
    }
    if (part === "tracks") lines.push(...tracks.at(chart.timeAt(x)));
    tip.hidden = lines.length === 0;
    if (lines.length === 0) return;
    tip.textContent = lines.join("\n");
    const isLeft = x > canvas.clientWidth / 2;
    tip.style.left = isLeft ? "" : x + 14 + "px";
    tip.style.right = isLeft ? canvas.clientWidth - x + 10 + "px" : "";
    tip.style.top = Math.min(y + 16, canvas.clientHeight - 30) + "px";
  };

  const placeOf = (span: number): number => {
    const row = rows.of[span];
    let low = rows.begin[row];
    let high = rows.begin[row + 1] - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = rows.spans[middle];
      if (start[other] < start[span] || (start[other] === start[span] && other < span)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    zoom: by =>
      zoomAt(
        chart.pointerX >= chart.left ? chart.timeAt(chart.pointerX) : (state.from + state.until) / 2,
        by,
      ),
    pan,
    fit,
    go(where) {
      if (model.count === 0) return;
      let { span } = state;
      if (span < 0) span = 0;
      else if (where === "up") span = Math.max(model.parent[span], -1);
      else if (where === "down") {
        const first = model.firstChild[span];
        span = first < model.firstChild[span + 1] ? model.children[first] : -1;
      } else {
        const row = rows.of[span];
        const place = placeOf(span) + (where === "next" ? 1 : -1);
        span = place >= rows.begin[row] && place < rows.begin[row + 1] ? rows.spans[place] : -1;
      }
      if (span < 0) return;
      state.select(span);
      chart.reveal(span);
    },
  };
}
