/**
 * Ids as the tests work them out: the same bijection in big integers, forwards and back, from its description alone.
 *
 * @module
 */

const HALF = 0xffff_ffffn;

/** The 32 characters of the id of a number from 1 on, of a process whose ids end with `suffix`. */
export function expectedId(suffix: string, number: bigint): string {
  const { keys, zero } = seriesOf(suffix);
  return (forwards(keys, number) ^ zero).toString(16).padStart(16, "0") + suffix;
}

/** The number that an id was made of; 0 for `"root"`. */
export function numberOf(id: string): number {
  if (id === "root") return 0;
  const { keys, zero } = seriesOf(id.slice(16));
  return Number(backwards(keys, BigInt(`0x${id.slice(0, 16)}`) ^ zero));
}

interface Series {
  readonly keys: readonly bigint[];
  readonly zero: bigint;
}

const known = new Map<string, Series>();

function seriesOf(suffix: string): Series {
  let series = known.get(suffix);
  if (series === undefined) {
    const keys = keysOf(suffix);
    series = { keys, zero: forwards(keys, 0n) };
    known.set(suffix, series);
  }
  return series;
}

function keysOf(suffix: string): bigint[] {
  const golden = 0x9e3779b9n;
  let [left, right] = [BigInt(`0x${suffix.slice(0, 8)}`), BigInt(`0x${suffix.slice(8)}`)];
  return [1n, 3n, 5n, 7n].map(step => {
    left ^= fmix32((right + golden * step) & HALF);
    right ^= fmix32((left + golden * (step + 1n)) & HALF);
    return right;
  });
}

function forwards(keys: readonly bigint[], number: bigint): bigint {
  let [left, right] = [number >> 32n, number & HALF];
  for (const key of keys) [left, right] = [right, left ^ fmix32(right ^ key)];
  return left << 32n | right;
}

function backwards(keys: readonly bigint[], bits: bigint): bigint {
  let [left, right] = [bits >> 32n, bits & HALF];
  for (const key of keys.toReversed()) [left, right] = [right ^ fmix32(left ^ key), left];
  return left << 32n | right;
}

/** MurmurHash3's finalizer of 32 bits. */
function fmix32(bits: bigint): bigint {
  bits ^= bits >> 16n;
  bits = bits * 0x85ebca6bn & HALF;
  bits ^= bits >> 13n;
  bits = bits * 0xc2b2ae35n & HALF;
  return bits ^ bits >> 16n;
}
