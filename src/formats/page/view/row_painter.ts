/**
 * The page's own program: draws one row of spans, and a folded lane.
 *
 * @module
 */
import type { Browser, Image, Item, Pen } from "./browser.ts";
import type { Colors } from "./colors.ts";
import type { Lane } from "./lanes.ts";
import type { Lit } from "./lit.ts";
import type { Model } from "./model.ts";
import type { Rows } from "./rows.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** Draws rows. */
export interface RowPainter {
  /** `text` cut to a width, with an ellipsis. */
  fitting(pen: Pen, text: string, room: number): string;
  /** One row: what is wide enough as a box, all else merged by pixel. It takes as long as it has pixels, however many spans those are. */
  drawRow(pen: Pen, row: number, y: number, height: number, left: number, width: number): void;
  /** A folded headline: how many of its flows ran, as a hill. */
  drawHill(pen: Pen, lane: Lane, y: number, head: number, left: number, width: number): void;
}

/** What it needs of the others. */
export interface RowPainterParts {
  readonly browser: Browser;
  readonly model: Model;
  readonly rows: Rows;
  readonly state: State;
  readonly lit: Lit;
  readonly colors: Colors;
  readonly units: Units;
}

/** Makes it. */
export function rowPainterOf(
  { browser, model, rows, state, lit, colors, units }: RowPainterParts,
): RowPainter {
  const { start, end, name } = model;
  const widths = new Map<string, number>();
  // What takes longest is not to find the spans but to fill what they are merged into: so that is an image as wide as the row and one
  // pixel high, drawn at once.
  const MERGED = 2;
  let strip: { item: Item; pen: Pen; image: Image; pixels: Uint32Array } | null = null;
  const stripFor = (wide: number): Uint32Array => {
    if (strip === null || strip.pixels.length !== wide) {
      const item = browser.document.createElement("canvas");
      item.width = wide;
      item.height = 1;
      const image = new browser.ImageData(wide, 1);
      strip = { item, pen: item.getContext("2d"), image, pixels: new Uint32Array(image.data.buffer) };
    }
    return strip.pixels;
  };

  const fitting = (pen: Pen, text: string, room: number): string => {
    let full = widths.get(text);
    if (full === undefined) {
      if (widths.size > 20_000) widths.clear();
      widths.set(text, full = pen.measureText(text).width);
    }
    if (full <= room) return text;
    const keep = Math.floor(text.length * (room - 8) / full);
    return keep < 1 ? "" : text.slice(0, keep) + "\u2026";
  };

  const drawRow = (
    pen: Pen,
    row: number,
    y: number,
    height: number,
    x0: number,
    wide: number,
  ): void => {
    const { spans, failed, open, busy } = rows;
    const last = rows.begin[row + 1];
    const scale = wide / (state.until - state.from);
    const { from, until } = state;
    const bad: number[] = [];
    const unended: number[] = [];
    const pixels = stripFor(Math.max(1, Math.ceil(wide)));
    let isMerged = false;
    for (let k = rows.firstAfter(row, from); k < last;) {
      const span = spans[k];
      if (start[span] >= until) break;
      const left = (start[span] - from) * scale;
      const right = (end[span] - from) * scale;
      if (right - left >= MERGED) {
        const x = Math.max(-2, left);
        const width = Math.min(wide + 2, right) - x;
        const isLit = lit.spans === null || lit.spans[span] === 1;
        pen.fillStyle = colors.of(name[span], isLit ? 0 : 3);
        pen.fillRect(x0 + x, y, width > 3 ? width - 0.7 : width, height);
        if (width > 26 && height > 10) {
          const text = model.label(span);
          const time = units.time(end[span] - start[span]);
          const seen = Math.max(0, x);
          const room = Math.min(wide, right) - seen - 7;
          const whole = fitting(pen, text + "  " + time, room);
          pen.fillStyle = isLit ? colors.ink : colors.soft;
          pen.fillText(
            whole.endsWith(time) ? whole : fitting(pen, text, room),
            x0 + seen + 4,
            y + height / 2 + 0.5,
          );
        }
        if (model.isFailed(span)) bad.push(x, width);
        if (model.isOpen(span)) unended.push(x, width);
        k++;
        continue;
      }
      // By whole pixels of the time itself, so that nothing flickers while the line moves.
      const pixel = Math.floor(left / MERGED) * MERGED;
      let next = rows.firstFrom(k, last, from + (pixel + MERGED) / scale);
      if (next <= k) next = k + 1;
      const end0 = spans[next - 1];
      if (next - k > 1 && (end[end0] - start[end0]) * scale >= MERGED) next--;
      let widest = span;
      const step = (next - k) / 4;
      for (let probe = 1; probe < 4; probe++) {
        const other = spans[k + Math.floor(probe * step)];
        if (end[other] - start[other] > end[widest] - start[widest]) widest = other;
      }
      const cover = (busy[next] - busy[k]) * scale / MERGED;
      let strength = cover > 0.55 ? 0 : cover > 0.2 ? 1 : 2;
      if (lit.before !== null) {
        const some = lit.before[next] - lit.before[k];
        strength = some > 0 ? 0 : 3;
        if (some > 0) {
          for (let at = k; at < next && at < k + 64; at++) {
            if (lit.spans![spans[at]] === 1) {
              widest = spans[at];
              break;
            }
          }
        }
      }
      if (!isMerged) pixels.fill(0);
      isMerged = true;
      const color = colors.pixel(name[widest], strength);
      for (let at = Math.max(0, pixel); at < pixel + MERGED && at < pixels.length; at++) pixels[at] = color;
      if (failed[next] > failed[k]) bad.push(pixel, MERGED);
      if (open[next] > open[k]) unended.push(pixel, MERGED);
      k = next;
    }
    if (isMerged) {
      const { item, pen: stripPen, image } = strip!;
      stripPen.putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(item, 0, 0, pixels.length, 1, x0, y, pixels.length, height);
    }
    // Whatever the zoom: two pixels at least, over all else of the row.
    pen.fillStyle = colors.bad;
    for (let i = 0; i < bad.length; i += 2) {
      pen.fillRect(x0 + bad[i], y + height - 3, Math.max(2, bad[i + 1]), 3);
      if (bad[i + 1] > 4) pen.fillRect(x0 + Math.max(0, bad[i]), y, 2, height);
    }
    pen.fillStyle = colors.open;
    for (let i = 0; i < unended.length; i += 2) {
      const until0 = unended[i] + Math.max(2, unended[i + 1]);
      for (let x = Math.max(0, unended[i]); x < until0; x += 6) {
        pen.fillRect(x0 + x, y, Math.min(3, until0 - x), 2);
      }
    }
  };

  const drawHill = (pen: Pen, lane: Lane, y: number, head: number, x0: number, wide: number): void => {
    const { busy, failed, begin } = rows;
    const width = Math.max(1, Math.floor(wide));
    const sums = new Float64Array(width);
    const bad = new Uint8Array(width);
    const part = (state.until - state.from) / width;
    let most = 1e-9;
    for (let track = lane.firstTrack; track < lane.lastTrack; track++) {
      const row = rows.first[track];
      const last = begin[row + 1];
      for (let k = rows.firstAfter(row, state.from); k < last;) {
        const span = rows.spans[k];
        if (start[span] >= state.until) break;
        const pixel = Math.max(0, Math.floor((start[span] - state.from) / part));
        const until = Math.min(width, (end[span] - state.from) / part);
        if (until - pixel > 2) {
          for (let at = pixel; at < until; at++) sums[at]++;
          if (model.isFailed(span)) bad[pixel] = 1;
          k++;
          continue;
        }
        let next = rows.firstFrom(k, last, state.from + (pixel + 1) * part);
        if (next <= k) next = k + 1;
        sums[pixel] += Math.min(1, (busy[next] - busy[k]) / part);
        if (failed[next] > failed[k]) bad[pixel] = 1;
        k = next;
      }
    }
    for (const sum of sums) most = Math.max(most, sum);
    const room = head - 4;
    pen.fillStyle = colors.mark;
    pen.globalAlpha = 0.45;
    for (let at = 0; at < width; at++) {
      if (sums[at] === 0) continue;
      const tall = Math.max(1, room * sums[at] / most);
      pen.fillRect(x0 + at, y + head - 1 - tall, 1, tall);
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colors.bad;
    for (let at = 0; at < width; at++) if (bad[at] === 1) pen.fillRect(x0 + at, y + head - 4, 2, 3);
  };

  return { fitting, drawRow, drawHill };
}
