/**
 * The page's own program: values over time, and the band of them in each pixel. Blocks of 16, and blocks of those, make any stretch of
 * a million values as cheap as one of a hundred.
 *
 * @module
 */

/** Values in order of time. */
export interface Series {
  readonly label: string;
  readonly unit: "ns" | "bytes" | "number";
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Values that are no finite number, and are not among those. */
  readonly notFinite: number;
  readonly min: number;
  readonly max: number;
  /** By pixel: NaN where there is none. */
  band(from: number, until: number, width: number): Band;
}

/** The least, the greatest and the median in each pixel. */
export interface Band {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly median: Float64Array;
}

/** Makes a series; its values need not be in order. */
export type MakeSeries = (
  label: string,
  unit: Series["unit"],
  x: readonly number[],
  y: readonly number[],
) => Series;

/** Makes the function that does. */
export function seriesMaker(): MakeSeries {
  const BLOCK = 16;
  const middleOf = (values: number[]): number => values.sort((a, b) => a - b)[(values.length - 1) >> 1];
  const blocksOf = (min: Float64Array, max: Float64Array, median: Float64Array): Band => {
    const count = Math.floor(min.length / BLOCK);
    const block = {
      min: new Float64Array(count),
      max: new Float64Array(count),
      median: new Float64Array(count),
    };
    for (let k = 0; k < count; k++) {
      const from = k * BLOCK;
      block.min[k] = Math.min(...min.subarray(from, from + BLOCK));
      block.max[k] = Math.max(...max.subarray(from, from + BLOCK));
      block.median[k] = middleOf([...median.subarray(from, from + BLOCK)]);
    }
    return block;
  };
  return (label, unit, givenX, givenY) => {
    const order = [...givenX.keys()].filter(i => Number.isFinite(givenY[i]));
    const notFinite = givenX.length - order.length;
    order.sort((a, b) => givenX[a] - givenX[b] || a - b);
    const x = Float64Array.from(order, i => givenX[i]);
    const y = Float64Array.from(order, i => givenY[i]);
    const levels: Band[] = [{ min: y, max: y, median: y }];
    while (levels[levels.length - 1].min.length >= BLOCK) {
      const { min, max, median } = levels[levels.length - 1];
      levels.push(blocksOf(min, max, median));
    }
    let least = Infinity;
    let most = -Infinity;
    for (const value of y) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const placeOf = (ns: number): number => {
      let low = 0;
      let high = x.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (x[middle] >= ns) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    return {
      label,
      unit,
      x,
      y,
      notFinite,
      min: least,
      max: most,
      band(from, until, width) {
        const min = new Float64Array(width).fill(NaN);
        const max = new Float64Array(width).fill(NaN);
        const median = new Float64Array(width).fill(NaN);
        const scale = width / (until - from);
        let place = placeOf(from);
        const last = placeOf(until);
        while (place < last) {
          const pixel = Math.min(width - 1, Math.floor((x[place] - from) * scale));
          const end = Math.max(place + 1, Math.min(last, placeOf(from + (pixel + 1) / scale)));
          const middles: number[] = [];
          let low = Infinity;
          let high = -Infinity;
          while (place < end) {
            let level = 0;
            let size = 1;
            while (
              level + 1 < levels.length && place % (size * BLOCK) === 0 && place + size * BLOCK <= end
            ) {
              level++;
              size *= BLOCK;
            }
            const at = place / size;
            const block = levels[level];
            if (block.min[at] < low) low = block.min[at];
            if (block.max[at] > high) high = block.max[at];
            // A block's median counts as often as it has values, so far as that can be told from a few.
            for (let k = 0; k <= level * 2; k++) middles.push(block.median[at]);
            place += size;
          }
          min[pixel] = low;
          max[pixel] = high;
          median[pixel] = middleOf(middles);
        }
        return { min, max, median };
      },
    };
  };
}
