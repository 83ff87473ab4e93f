/**
 * The page's own program: round numbers for axes.
 *
 * @module
 */

/** Finds them. */
export interface Axis {
  /** The step of 1, 2 or 5 times a power of ten that gives no more than so many parts. */
  step(length: number, parts: number): number;
}

/** Makes it. */
export function axisOf(): Axis {
  return {
    step(length, parts) {
      let step = 10 ** Math.floor(Math.log10(length / parts));
      for (const by of [2, 2.5, 2]) if (length / step > parts) step *= by;
      return step;
    },
  };
}
