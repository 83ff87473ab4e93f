/**
 * The options that say which spans a command looks at: each is an option of `trace()`, under the name that it has on a
 * command line.
 *
 * @module
 */
import type { TraceOptions } from "../api/trace_options.ts";
import { quote } from "../data/arguments.ts";
import { parseJson } from "../data/json_text.ts";
import type { JsonValue } from "../data/values.ts";
import { type OptionSpec, UsageError } from "./argument_spec.ts";
import { type OptionValues, toWhole } from "./option_values.ts";

/** An option of `trace()` as one of a command. */
export interface TraceFlag extends OptionSpec {
  /** What the values say, in the words of `trace()`. */
  readonly read: (values: readonly string[]) => TraceOptions;
}

/** Which spans are looked at. */
export const FILTER_FLAGS: readonly TraceFlag[] = [
  {
    name: "name",
    value: "NAME",
    about: "spans of this name or /pattern/, with all below",
    read: values => ({ name: values.map(toName) }),
  },
  {
    name: "where",
    value: "KEY=VALUE",
    about: "roots with this attribute, whole",
    read: values => ({ where: Object.fromEntries(values.map(toAttribute)) }),
  },
  {
    name: "roots",
    value: "N",
    about: "the N most recently closed roots, whole",
    read: values => ({ roots: toWhole("roots", values.at(-1)!) }),
  },
  {
    name: "slowest",
    value: "N",
    about: "the N roots that took longest, whole",
    read: values => ({ slowest: toWhole("slowest", values.at(-1)!) }),
  },
  {
    name: "last",
    value: "N",
    about: "the N most recently closed spans",
    read: values => ({ last: toWhole("last", values.at(-1)!) }),
  },
  {
    name: "depth",
    value: "N",
    about: "no more than N levels below the roots",
    read: values => ({ depth: toWhole("depth", values.at(-1)!) }),
  },
  {
    name: "min",
    value: "TIME",
    about: "spans of at least this long: 250us, 1.5ms, 2s",
    read: values => ({ minWallUs: toMicroseconds("min", values.at(-1)!) }),
  },
  {
    name: "open-spans",
    about: "also spans that have begun and not ended",
    read: () => ({ open: true }),
  },
];

/** How many siblings stay apart, where a tree is looked at. */
export const FOLD_FLAG: TraceFlag = {
  name: "fold",
  value: "N",
  about: "so many siblings of one name apart; no: all",
  read: values => ({ fold: toFold(values.at(-1)!) }),
};

/** The options of `trace()` that `flags` were given for. */
export function traceOptions(options: OptionValues, flags: readonly TraceFlag[]): TraceOptions {
  return Object.assign(
    {},
    ...flags.filter(({ name }) => options.has(name)).map(({ name, read }) => read(options.all(name))),
  ) as TraceOptions;
}

function toFold(text: string): false | number {
  if (text === "no") return false;
  if (!/^\d+$/.test(text)) {
    throw new UsageError(`--fold takes a whole number from 0 on, or no, got ${quote(text)}`);
  }
  return toWhole("fold", text);
}

const PATTERN = /^\/(.+)\/([dgimsuvy]*)$/s;

function toName(text: string): string | RegExp {
  const [, source, flags] = PATTERN.exec(text) ?? [];
  if (source === undefined) return text;
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new UsageError(`--name ${quote(text)} is no pattern: ${(error as Error).message}`);
  }
}

/** A value is what JSON makes of it, and else a text: `status=200` is a number, `status="200"` is not. */
function toAttribute(text: string): [key: string, value: JsonValue] {
  const at = text.indexOf("=");
  if (at <= 0) throw new UsageError(`--where takes KEY=VALUE, got ${quote(text)}`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), parseJson(value) as JsonValue];
  } catch {
    return [text.slice(0, at), value];
  }
}

const MICROSECONDS: Readonly<Record<string, number>> = { ns: 1e-3, us: 1, ms: 1e3, s: 1e6 };

function toMicroseconds(name: string, text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?|\.\d+)(ns|us|ms|s)$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new UsageError(`--${name} takes a time as 250us, 1.5ms or 2s, got ${quote(text)}`);
  }
  return Number(digits) * MICROSECONDS[unit];
}
