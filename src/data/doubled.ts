/**
 * How columns of numbers grow.
 *
 * @module
 */

/** A copy of `column` with as many zeros after it. */
export function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(column.length * 2);
  wider.set(column);
  return wider;
}
