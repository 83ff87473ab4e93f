/**
 * Checks of what `scope()` and `mark()` are given. They run on each call: the first comparison decides where all is well.
 *
 * @module
 */
import { isList, isOptions, kindOf, quote, shown } from "../data/arguments.ts";
import { copyAttrs, isKeepable } from "../data/attrs.ts";
import { unknownOption, unknownText } from "../data/option_names.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import type { MarkOptions, ScopeOptions } from "./scope.ts";

/** @throws {TypeError} If `name` is no string. */
export function checkName(name: unknown, act: string): asserts name is string {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot ${act}: name must be a string, got ${kindOf(name)}`);
  }
}

/**
 * The index in `options`; NaN for none.
 * @throws {TypeError|RangeError} If they are no options, or it is no whole number.
 */
export function checkIndex(name: string, options: ScopeOptions): number {
  if (!isOptions(options)) {
    throw new TypeError(
      `Cannot open scope ${quote(name)}: expected options or a function, got ${kindOf(options)}`,
    );
  }
  const { index } = options;
  if (index === undefined || index === null) return NaN;
  if (typeof index !== "number") {
    throw new TypeError(`Cannot open scope ${quote(name)}: index must be a number, got ${kindOf(index)}`);
  }
  if (!Number.isSafeInteger(index)) {
    throw new RangeError(`Cannot open scope ${quote(name)}: index must be a whole number, got ${index}`);
  }
  return index;
}

/**
 * A copy of attributes that may be missing.
 * @throws {TypeError} If they are no object.
 */
export function copyOptionalAttrs(attrs: unknown, act: string, name: string): Attrs | undefined {
  if (attrs === undefined || attrs === null) return undefined;
  checkAttrs(attrs, act, name);
  return copyAttrs(attrs);
}

/** @throws {TypeError} If `attrs` is no object that can be attributes. */
export function checkAttrs(attrs: unknown, act: string, name: string): asserts attrs is object {
  if (typeof attrs !== "object" || attrs === null || isList(attrs)) {
    throw new TypeError(`Cannot ${act} ${quote(name)}: attrs must be an object, got ${kindOf(attrs)}`);
  }
}

/** @throws {TypeError|RangeError} If `value` is none that a mark can have. */
export function checkValue(name: string, value: unknown): asserts value is MarkValue {
  const type = typeof value;
  if (type === "number" || type === "string" || type === "boolean") return;
  if (type !== "bigint") {
    throw new TypeError(
      `Cannot mark ${quote(name)}: value must be a number, string, boolean or bigint, got ${kindOf(value)}`,
    );
  }
  if (!isKeepable(value as bigint)) {
    throw new RangeError(`Cannot mark ${quote(name)}: a bigint must have at most 4096 bits`);
  }
}

/**
 * Whether the mark is a summary.
 * @throws {TypeError} If they are no options, or ask for another kind.
 */
export function checkKind(name: string, options: MarkOptions): boolean {
  if (!isOptions(options)) {
    throw new TypeError(`Cannot mark ${quote(name)}: expected options, got ${kindOf(options)}`);
  }
  const { kind } = options;
  if (kind === undefined || kind === null || kind === "point") return false;
  if (kind === "summary") return true;
  throw new TypeError(
    `Cannot mark ${quote(name)}: kind must be "point" or "summary", got ${shown(kind)}`,
  );
}

/** Calls with options whose names are looked at: then a program has shown how it spells them, and goes on without. */
const NAMED_CALLS = 1000;

/** Warns once of an option that there is none of. */
export class OptionNames {
  /** Calls that are yet to be looked at: ask before each. */
  left: number = NAMED_CALLS;
  readonly #known: readonly string[];
  readonly #act: string;
  readonly #warn: (message: string) => void;

  constructor(known: readonly string[], act: string, warn: (message: string) => void) {
    this.#known = known;
    this.#act = act;
    this.#warn = warn;
  }

  /** Looks at the options of one call. Never throws. */
  check(name: string, options: object): void {
    this.left--;
    try {
      const unknown = unknownOption(options, this.#known);
      if (unknown === undefined) return;
      this.left = 0;
      this.#warn(`${this.#act} ${quote(name)}: ${unknownText(unknown, this.#known)}`);
    } catch {
      // A proxy that does not tell its keys; those that are asked for were read.
    }
  }
}
