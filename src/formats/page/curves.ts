/**
 * Tree -> the curves of its numeric marks, thin enough for a page.
 *
 * @module
 */
import { plainValue } from "../../data/json_value.ts";
import type { Tree } from "../../tree/tree.ts";
import { MOST_NAME, shownText } from "./json.ts";

/** Curves in a page, and points of each. */
const MOST_SERIES = 24;
const MOST_POINTS = 240;

/** A curve: the values of one mark over time, in spans of one name. */
export interface PageSeries {
  readonly span: string;
  readonly mark: string;
  /** Values, of which `x` and `y` are a choice. */
  readonly count: number;
  /** Values that are no finite number: if all are, the figures below are 0 and mean nothing. */
  readonly notFinite: number;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  /** Nanoseconds from the first start. */
  readonly x: number[];
  readonly y: number[];
}

interface Values {
  readonly span: string;
  readonly mark: string;
  readonly x: number[];
  readonly y: number[];
  notFinite: number;
}

/** The curves of a trace, those with the most values first. */
export function curvesOf(
  { rows, snapshot }: Tree,
  originNs: number,
): { series: PageSeries[]; seriesLeftOut: number } {
  const { marks } = snapshot;
  const bySpan = new Map<string, Map<string, Values>>();
  for (const row of rows) {
    for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
      const value = plainValue(marks.value[i]);
      if (typeof value !== "number") continue;
      const span = snapshot.name[row];
      const mark = marks.name[i];
      let byMark = bySpan.get(span);
      if (byMark === undefined) bySpan.set(span, byMark = new Map());
      let values = byMark.get(mark);
      if (values === undefined) byMark.set(mark, values = { span, mark, x: [], y: [], notFinite: 0 });
      if (!Number.isFinite(value)) {
        values.notFinite++;
        continue;
      }
      values.x.push(marks.tsNs[i] - originNs);
      values.y.push(value);
    }
  }
  const all = [...bySpan.values()].flatMap(byMark => [...byMark.values()])
    .filter(({ y, notFinite }) => y.length + notFinite > 1)
    .sort((a, b) => b.y.length - a.y.length);
  return {
    series: all.slice(0, MOST_SERIES).map(toSeries),
    seriesLeftOut: Math.max(0, all.length - MOST_SERIES),
  };
}

function toSeries({ span, mark, x, y, notFinite }: Values): PageSeries {
  let min = Infinity;
  let max = -Infinity;
  for (const value of y) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const { xs, ys } = thinned(x, y);
  const [first, last] = y.length === 0 ? [0, 0] : [y[0], y[y.length - 1]];
  if (y.length === 0) min = max = 0;
  [span, mark] = [shownText(span, MOST_NAME), shownText(mark, MOST_NAME)];
  return { span, mark, count: y.length + notFinite, notFinite, first, last, min, max, x: xs, y: ys };
}

/** Of many points the least and the greatest of each stretch, so that no peak is lost. */
function thinned(x: readonly number[], y: readonly number[]): { xs: number[]; ys: number[] } {
  if (y.length <= MOST_POINTS) return { xs: [...x], ys: [...y] };
  const xs: number[] = [];
  const ys: number[] = [];
  const stretches = MOST_POINTS / 2;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor(stretch * y.length / stretches);
    const until = Math.floor((stretch + 1) * y.length / stretches);
    let low = from;
    let high = from;
    for (let i = from; i < until; i++) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    for (const i of low < high ? [low, high] : low === high ? [low] : [high, low]) {
      xs.push(x[i]);
      ys.push(y[i]);
    }
  }
  return { xs, ys };
}
