/**
 * The checks of what `trace()` is asked to keep: names, attributes, whole roots.
 *
 * @module
 */
import { isOptions, kindOf, quote } from "../data/arguments.ts";
import { copyAttrs } from "../data/attrs.ts";
import { checkWhole } from "../data/number_checks.ts";
import { cutText } from "../data/text_limits.ts";
import type { Attrs } from "../data/values.ts";
import type { NameFilter } from "../tree/matching.ts";

/** What the filters ask for, after their checks. */
export interface CheckedFilters {
  readonly name: NameFilter | undefined;
  readonly where: Attrs | undefined;
  readonly roots: number | undefined;
  readonly slowest: number | undefined;
  readonly last: number | undefined;
}

/** Checks the filters among options, whatever they hold. */
export function checkFilters(options: { readonly [K in keyof CheckedFilters]?: unknown }): CheckedFilters {
  const name = options.name ?? undefined;
  const where = options.where ?? undefined;
  const roots = options.roots ?? undefined;
  const slowest = options.slowest ?? undefined;
  const last = options.last ?? undefined;
  if (roots !== undefined) checkWhole("Cannot trace: roots", roots, 0);
  if (slowest !== undefined) checkWhole("Cannot trace: slowest", slowest, 0);
  if (last !== undefined) {
    checkWhole("Cannot trace: last", last, 0);
    if (roots !== undefined || slowest !== undefined) {
      const other = roots !== undefined ? "roots" : "slowest";
      throw new TypeError(
        `Cannot trace: ${other} keeps whole trees and last cuts them: give only one of them`,
      );
    }
  }
  return {
    name: name === undefined ? undefined : checkName(name),
    where: where === undefined ? undefined : checkWhere(where),
    roots,
    slowest,
    last,
  };
}

// Names are cut where they enter: cut alike, a long one finds its spans.
function checkName(name: unknown): NameFilter {
  if (!Array.isArray(name)) return checkOne(name, "name", "a string, a RegExp or an array of these");
  // Not by `map`, which passes over holes.
  return Array.from(name, (one: unknown) => checkOne(one, "each of name", "a string or a RegExp"));
}

function checkOne(name: unknown, what: string, expected: string): string | RegExp {
  if (typeof name === "string") return cutText(name);
  if (isPattern(name)) return name;
  throw new TypeError(`Cannot trace: ${what} must be ${expected}, got ${kindOf(name)}`);
}

// Not by class: another realm, as a test runner's, has a RegExp of its own. The getter takes those of all, and nothing else.
function isPattern(value: unknown): value is RegExp {
  try {
    return typeof Object.getOwnPropertyDescriptor(RegExp.prototype, "source")!.get!.call(value) === "string";
  } catch {
    return false;
  }
}

// Copied as the attributes of a scope are: what was given to one is found by the same value.
function checkWhere(where: unknown): Attrs {
  if (!isOptions(where)) {
    throw new TypeError(`Cannot trace: where must be an object of attributes, got ${kindOf(where)}`);
  }
  const copy = copyAttrs(where);
  for (const key of Object.keys(where)) {
    // undefined is left out of a copy: the filter would keep what has any value.
    if (!Object.hasOwn(copy, cutText(key))) {
      throw new TypeError(`Cannot trace: where has no value for ${quote(key)}`);
    }
  }
  return copy;
}
