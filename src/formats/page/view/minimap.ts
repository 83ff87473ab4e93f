/**
 * The page's own program: all of the time in a strip, with what failed, and a window of what the time line shows.
 *
 * @module
 */
import type { Browser, Item } from "./browser.ts";
import type { Colors } from "./colors.ts";
import type { Lit } from "./lit.ts";
import type { Model } from "./model.ts";
import type { Rows } from "./rows.ts";
import type { State } from "./state.ts";

/** What it needs of the others. */
export interface MinimapParts {
  readonly browser: Browser;
  readonly model: Model;
  readonly rows: Rows;
  readonly state: State;
  readonly lit: Lit;
  readonly colors: Colors;
}

/** Draws it, and goes where it is pressed. Gives what draws it anew. */
export function minimapOf(
  canvas: Item,
  { browser, model, rows, state, lit, colors }: MinimapParts,
): () => void {
  const PARTS = 800;
  const { start, end, totalNs } = model;
  const pen = canvas.getContext("2d");
  const busy = new Float64Array(PARTS);
  const bad = new Uint8Array(PARTS);
  const part = totalNs / PARTS;
  const partOf = (ns: number): number => Math.max(0, Math.min(PARTS - 1, Math.floor(ns / part)));
  // How many flows had more to do than to wait for what is outermost: rows below the first of each track, or all of one row.
  const deep = rows.first.length > 1;
  for (let track = 0; deep && track + 1 < rows.first.length; track++) {
    const rowCount = rows.first[track + 1] - rows.first[track];
    const row = rows.first[track] + (rowCount > 1 ? 1 : 0);
    for (let k = rows.begin[row]; k < rows.begin[row + 1]; k++) {
      const span = rows.spans[k];
      const last = partOf(end[span]);
      for (let at = partOf(start[span]); at <= last; at++) {
        busy[at] += Math.max(0, Math.min(end[span], (at + 1) * part) - Math.max(start[span], at * part))
          / part;
      }
    }
  }
  for (let i = 0; i < model.count; i++) if (model.isFailed(i)) bad[partOf(end[i])] = 1;
  const most = busy.reduce((sum, one) => Math.max(sum, one), 1e-9);
  let isDue = false;
  const draw = (): void => {
    isDue = false;
    const ratio = browser.devicePixelRatio;
    const wide = canvas.clientWidth;
    const high = canvas.clientHeight;
    if (wide === 0) return;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colors.panel;
    pen.fillRect(0, 0, wide, high);
    const wideOf = wide / PARTS;
    pen.fillStyle = colors.mark;
    pen.globalAlpha = 0.45;
    for (let at = 0; at < PARTS; at++) {
      const tall = (high - 5) * busy[at] / most;
      if (tall > 0) pen.fillRect(at * wideOf, high - tall, wideOf + 0.4, tall);
    }
    pen.globalAlpha = 1;
    if (lit.spans !== null) {
      pen.fillStyle = colors.ink;
      let before = -2;
      for (let i = 0; i < model.count; i++) {
        if (lit.spans[i] === 0) continue;
        const x = Math.floor(start[i] / totalNs * wide);
        if (x !== before) pen.fillRect(before = x, high - 3, 1, 3);
      }
    }
    pen.fillStyle = colors.bad;
    for (let at = 0; at < PARTS; at++) if (bad[at] === 1) pen.fillRect(at * wideOf, 0, 2, 5);
    const x = state.from / totalNs * wide;
    const until = state.until / totalNs * wide;
    pen.fillStyle = colors.paper;
    pen.globalAlpha = 0.65;
    pen.fillRect(0, 0, x, high);
    pen.fillRect(until, 0, wide - until, high);
    pen.globalAlpha = 1;
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, 0.5, Math.max(2, until - x - 1), high - 1);
    if (state.region !== null) {
      pen.fillStyle = colors.mark;
      const [from, to] = state.region;
      pen.fillRect(from / totalNs * wide, high - 2, Math.max(2, (to - from) / totalNs * wide), 2);
    }
  };
  const due = (): void => {
    if (isDue) return;
    isDue = true;
    browser.requestAnimationFrame(draw);
  };
  // Pressed inside the window it moves that along; elsewhere it draws a new one.
  let grip: { ns: number; from: number; until: number; isMove: boolean } | null = null;
  canvas.addEventListener("pointerdown", event => {
    const ns = event.offsetX / canvas.clientWidth * totalNs;
    const isWhole = state.until - state.from >= totalNs * 0.999;
    grip = {
      ns,
      from: state.from,
      until: state.until,
      isMove: !isWhole && ns > state.from && ns < state.until,
    };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (grip === null) return;
    const ns = Math.max(0, Math.min(totalNs, event.offsetX / canvas.clientWidth * totalNs));
    if (grip.isMove) state.show(grip.from + ns - grip.ns, grip.until + ns - grip.ns);
    else if (Math.abs(ns - grip.ns) * canvas.clientWidth > 3 * totalNs) {
      state.show(Math.min(ns, grip.ns), Math.max(ns, grip.ns));
    }
  });
  canvas.addEventListener("pointerup", event => {
    if (grip === null) return;
    const ns = event.offsetX / canvas.clientWidth * totalNs;
    const half = (state.until - state.from) / 2;
    if (!grip.isMove && Math.abs(ns - grip.ns) * canvas.clientWidth <= 3 * totalNs) {
      state.show(ns - half, ns + half);
    }
    grip = null;
  });
  canvas.addEventListener("dblclick", () => state.show(0, totalNs));
  state.on(["view", "region", "search", "selection", "theme"], due);
  return due;
}
