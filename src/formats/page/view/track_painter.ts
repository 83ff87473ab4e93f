/**
 * The page's own program: draws counters and curves below the lanes, on the same axis of time.
 *
 * @module
 */
import type { Axis } from "./axis.ts";
import type { Browser, Pen } from "./browser.ts";
import type { Colors } from "./colors.ts";
import type { Curves } from "./curves.ts";
import type { Gauge } from "./gauges.ts";
import type { Series } from "./series.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** Draws the tracks. */
export interface TrackPainter {
  /** How many of the pixels of the chart they take. */
  heightFor(high: number, lanesHigh: number): number;
  draw(pen: Pen, y: number, height: number, left: number, width: number): void;
  /** What they show at a moment, in words. */
  at(ns: number): string[];
}

/** What it needs of the others. */
export interface TrackParts {
  readonly browser: Browser;
  readonly state: State;
  readonly colors: Colors;
  readonly units: Units;
  readonly axis: Axis;
  readonly curves: Curves;
  readonly gauges: readonly Gauge[];
}

/** Makes it. */
export function trackPainterOf(
  { browser, state, colors, units, axis, curves, gauges }: TrackParts,
): TrackPainter {
  const GAUGE = 38;
  const CURVE = 74;
  const PARTS = 600;
  const PART = 4;
  const MOST_SCALE = 2.2;

  // Gauges look at every span: anew only once the line stands still. Until then what there is moves along.
  let held: { from: number; until: number; values: Float64Array[] } | null = null;
  let timer = 0;
  const refreshed = (): NonNullable<typeof held> => {
    if (held === null) {
      // Not for the first frame: the time line does not wait for them.
      held = { from: 0, until: 0, values: gauges.map(() => new Float64Array(PARTS)) };
    }
    if (held.from !== state.from || held.until !== state.until) {
      browser.clearTimeout(timer);
      timer = browser.setTimeout(() => {
        const { from, until } = state;
        held = { from, until, values: gauges.map(gauge => gauge.values(from, until, PARTS)) };
        state.tell("tracks");
      }, 120);
    }
    return held;
  };

  const amount = (unit: Gauge["unit"] | Series["unit"], value: number): string => {
    if (unit === "bytes") return units.size(value);
    if (unit === "ns") return units.time(value);
    return unit === "share" ? value.toFixed(2) : units.number(value);
  };

  const frame = (pen: Pen, y: number, height: number, left: number, width: number): void => {
    pen.fillStyle = colors.paper;
    pen.fillRect(0, y, left + width + 8, height);
    pen.fillStyle = colors.grid;
    pen.fillRect(0, y, left + width + 8, 1);
  };

  const title = (pen: Pen, text: string, x: number, y: number, color: string): number => {
    const { width } = pen.measureText(text);
    pen.globalAlpha = 0.8;
    pen.fillStyle = colors.paper;
    pen.fillRect(x - 2, y - 6, width + 4, 13);
    pen.globalAlpha = 1;
    pen.fillStyle = color;
    pen.fillText(text, x, y);
    return width;
  };

  const drawGauge = (
    pen: Pen,
    gauge: Gauge,
    values: Float64Array,
    from: number,
    until: number,
    y: number,
    height: number,
    left: number,
    width: number,
  ): void => {
    frame(pen, y, height, left, width);
    let most = gauge.unit === "share" ? 1 : 0;
    for (const value of values) if (value > most) most = value;
    const room = height - 6;
    const scale = width / (state.until - state.from);
    const part = (until - from) / PARTS;
    pen.fillStyle = colors.mark;
    pen.globalAlpha = 0.5;
    for (let i = 0; i < PARTS; i++) {
      if (!(values[i] > 0)) continue;
      const x = left + Math.max(0, (from + i * part - state.from) * scale);
      const end = left + Math.min(width, (from + (i + 1) * part - state.from) * scale);
      const tall = room * values[i] / (most || 1);
      if (end > x) pen.fillRect(x, y + height - tall, end - x + 0.3, tall);
    }
    pen.globalAlpha = 1;
    title(pen, gauge.label, left + 4, y + 9, colors.soft);
    const text = amount(gauge.unit, most);
    title(pen, text, left + width - 3 - pen.measureText(text).width, y + 9, colors.soft);
  };

  const drawCurve = (
    pen: Pen,
    series: readonly Series[],
    isLog: boolean,
    y: number,
    height: number,
    left: number,
    width: number,
  ): void => {
    frame(pen, y, height, left, width);
    // Of few pixels each: one has too few values for their middle to say anything.
    const pixels = Math.max(1, Math.floor(width / PART));
    const bands = series.map(one => one.band(state.from, state.until, pixels));
    let least = Infinity;
    let most = -Infinity;
    for (const { min, max } of bands) {
      for (let i = 0; i < pixels; i++) {
        if (min[i] < least && (!isLog || min[i] > 0)) least = min[i];
        if (max[i] > most) most = max[i];
      }
    }
    const top = y + 16;
    const room = height - 20;
    const spread = isLog ? Math.log10(most / least) || 1 : most - least || 1;
    const yOf = (value: number): number => {
      const share = isLog ? (value > 0 ? Math.log10(value / least) : 0) / spread : (value - least) / spread;
      return top + room - room * share;
    };
    const ticks: number[] = [];
    if (least <= most) {
      if (isLog) {
        for (let at = 10 ** Math.ceil(Math.log10(least)); at <= most && ticks.length < 6; at *= 10) {
          ticks.push(at);
        }
      }
      if (ticks.length < 2) {
        const step = axis.step(most - least || Math.abs(most) || 1, 3);
        ticks.length = 0;
        for (let at = Math.ceil(least / step) * step; at <= most && ticks.length < 5; at += step) {
          ticks.push(at);
        }
      }
      for (const tick of ticks) {
        pen.fillStyle = colors.grid;
        pen.fillRect(left, Math.round(yOf(tick)), width, 1);
      }
      bands.forEach(({ min, max, median }, k) => {
        const color = colors.line(k);
        pen.fillStyle = color;
        pen.globalAlpha = 0.22;
        for (let i = 0; i < pixels; i++) {
          if (min[i] < max[i]) {
            pen.fillRect(left + i * PART, yOf(max[i]), PART, Math.max(1, yOf(min[i]) - yOf(max[i])));
          }
        }
        pen.globalAlpha = 1;
        pen.strokeStyle = color;
        pen.lineWidth = 1.4;
        pen.beginPath();
        let isFirst = true;
        for (let i = 0; i < pixels; i++) {
          if (median[i] !== median[i]) continue;
          if (isFirst) pen.moveTo(left + (i + 0.5) * PART, yOf(median[i]));
          else pen.lineTo(left + (i + 0.5) * PART, yOf(median[i]));
          isFirst = false;
        }
        pen.stroke();
        // Few values are seen as points too.
        if (series[k].x.length <= 60) {
          pen.fillStyle = color;
          for (let i = 0; i < pixels; i++) {
            if (median[i] === median[i]) pen.fillRect(left + i * PART, yOf(median[i]) - 1.5, 3, 3);
          }
        }
      });
    }
    for (const tick of ticks) {
      const text = series[0].unit === "number"
        ? String(Number(tick.toPrecision(3)))
        : amount(series[0].unit, tick);
      title(
        pen,
        text,
        left + width - 3 - pen.measureText(text).width,
        Math.min(y + height - 7, Math.max(y + 8, yOf(tick))),
        colors.soft,
      );
    }
    let x = left + 4;
    series.forEach((one, k) => {
      const text = one.label + (isLog && k === 0 ? " (log)" : "");
      x += title(pen, text, x, y + 8, colors.line(k)) + 14;
    });
  };

  /** All tracks of curves: those asked for, and the times of what is selected. */
  const shown = (): { series: Series[]; isLog: boolean }[] => {
    const list = curves.tracks.map(({ series, isLog }) => ({
      series: series.map(one => curves.all[one]).filter(one => one !== undefined),
      isLog,
    }))
      .filter(({ series }) => series.length > 0);
    const selected = curves.ofSelected();
    return selected === null ? list : [...list, { series: [selected], isLog: false }];
  };

  return {
    heightFor(high, lanesHigh) {
      const wanted = gauges.length * GAUGE + shown().length * CURVE;
      // Lanes have half at least; what they leave free is for the tracks.
      return Math.max(
        0,
        Math.min(wanted * MOST_SCALE, Math.max(Math.min(wanted, high * 0.5), high - lanesHigh - 6)),
      );
    },
    draw(pen, y, height, left, width) {
      if (height < 20) return;
      const list = shown();
      const wanted = gauges.length * GAUGE + list.length * CURVE;
      const scale = Math.min(MOST_SCALE, height / wanted);
      let at = y;
      if (gauges.length > 0) {
        const { from, until, values } = refreshed();
        gauges.forEach((gauge, i) => {
          drawGauge(pen, gauge, values[i], from, until, at, GAUGE * scale, left, width);
          at += GAUGE * scale;
        });
      }
      for (const { series, isLog } of list) {
        drawCurve(pen, series, isLog, at, CURVE * scale, left, width);
        at += CURVE * scale;
      }
    },
    at(ns) {
      const lines: string[] = [];
      if (held !== null) {
        const { from, until, values } = held;
        const part = Math.floor((ns - from) / (until - from) * PARTS);
        gauges.forEach((gauge, i) => {
          const value = values[i]?.[part];
          if (value === value && value !== undefined) {
            lines.push(gauge.label + " " + amount(gauge.unit, value));
          }
        });
      }
      for (const { series } of shown()) {
        for (const one of series) {
          const near = one.band(
            ns - (state.until - state.from) / 200,
            ns + (state.until - state.from) / 200,
            1,
          );
          if (near.median[0] === near.median[0]) {
            const [low, high] = [amount(one.unit, near.min[0]), amount(one.unit, near.max[0])];
            lines.push(
              one.label + " " + amount(one.unit, near.median[0])
                + (low === high ? "" : " (" + low + " to " + high + ")"),
            );
          }
        }
      }
      return lines;
    },
  };
}
