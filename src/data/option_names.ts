/**
 * Options by name: which are known, and which one a misspelt one was meant to be.
 *
 * @module
 */
import { quote } from "./arguments.ts";

/** Longest name that is compared letter by letter; what is longer than any option is none of them misspelt. */
const LONGEST = 40;

/** The first key of `options` of its own that is not among `known`; undefined if all are. */
export function unknownOption(options: object, known: readonly string[]): string | undefined {
  // A text as an object has a key for each of its letters, millions perhaps.
  if (options instanceof String) return undefined;
  // The loop takes no list; what it gives of inherited keys is seldom any, so whose a key is is asked last.
  for (const key in options) {
    if (!known.includes(key) && Object.hasOwn(options, key)) return key;
  }
  return undefined;
}

/**
 * @param act What cannot be done, as `trace`.
 * @throws {TypeError} If a key of `options` is not among `known`.
 */
export function checkOptionNames(options: object, known: readonly string[], act: string): void {
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) throw new TypeError(`Cannot ${act}: ${unknownText(unknown, known)}`);
}

/** `unknown option "flushInterval", did you mean "flushIntervalMs"?`, or which there are if none is near. */
export function unknownText(unknown: string, known: readonly string[]): string {
  const nearest = nearestOption(unknown, known);
  const hint = nearest === undefined
    ? `expected ${known.map(name => `"${name}"`).join(", ")}`
    : `did you mean "${nearest}"?`;
  return `unknown option ${quote(unknown)}, ${hint}`;
}

/**
 * The one of `known` that is spelt most like `name`, whatever the case and the underscores; undefined if it takes as many
 * letters as it has to make one of it, or half of both together.
 */
export function nearestOption(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const wanted = plainName(name);
  let nearest: string | undefined;
  let least = Infinity;
  for (const one of known) {
    const plain = plainName(one);
    // A part of the name, as without its unit, is nearer than as many other letters.
    const distance = wanted.length > 2 && plain.includes(wanted) ? 1 : editDistance(wanted, plain);
    if (distance < least && distance < wanted.length && distance * 2 <= wanted.length + plain.length) {
      nearest = one;
      least = distance;
    }
  }
  return nearest;
}

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

/** How many letters have to be put in or left out to make `b` of `a`: a shortened name is nearer than another word. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(a[i - 1] === b[j - 1] ? row[j - 1] : 1 + Math.min(row[j], next[j - 1]));
    }
    row = next;
  }
  return row[b.length];
}
