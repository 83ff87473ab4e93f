/**
 * What may be asked of `trace()`, and the checks of it.
 *
 * @module
 */
import { isOptions, kindOf, shown } from "../data/arguments.ts";
import { checkNumber, checkWhole } from "../data/number_checks.ts";
import { checkOptionNames } from "../data/option_names.ts";

/** The forms in which a trace can be read. */
export type TraceFormat = "tree" | "dict" | "json" | "df" | "summary" | "html" | "perfetto" | "speedscope";

/** What to read of a trace. `null` is the same as leaving an option out. */
export interface TraceOptions {
  /**
   * `"tree"` prints, `"dict"` gives nested objects, `"json"` those as text, `"df"` a polars DataFrame, `"summary"` a row
   * per path of names, `"html"` a page to look at, `"perfetto"` and `"speedscope"` the text of a file for these viewers.
   * @default "tree"
   */
  format?: TraceFormat | null;
  /** Keep spans of exactly this name and all their descendants. */
  name?: string | null;
  /** Keep this many closed spans, the most recently closed; with `name`, of those it keeps. */
  last?: number | null;
  /**
   * Show open spans too, with their time so far; `last` does not count them.
   * @default false
   */
  open?: boolean | null;
  /** Of what `name` and `last` keep, only spans with at most this many ancestors among them; 0 keeps the roots. */
  depth?: number | null;
  /**
   * Of what the other filters keep, only spans that took at least this many microseconds, and the ancestors of such
   * spans.
   */
  minWallUs?: number | null;
  /**
   * How many siblings of one name stay apart at most, in the formats for eyes (`"tree"`, `"html"`): of more, the slowest
   * few do, a few that failed or are open, and one line stands for the rest. `true` for 10, `false` for no folding.
   * @default true in a page, on a terminal and in a notebook, else false
   */
  fold?: boolean | number | null;
}

/** Options after their checks. */
export interface CheckedTraceOptions {
  readonly format: TraceFormat;
  readonly name: string | undefined;
  readonly last: number | undefined;
  readonly open: boolean;
  readonly depth: number | undefined;
  readonly minWallUs: number | undefined;
  readonly fold: boolean | number | undefined;
}

const OPTION_NAMES: readonly string[] = ["format", "name", "last", "open", "depth", "minWallUs", "fold"];

/** The formats that fold: those that programs read keep every span. */
const FOLDING: readonly string[] = ["tree", "html"];

/**
 * Checks everything before anything is read.
 * @param formats The names of all formats.
 */
export function checkTraceOptions(options: TraceOptions, formats: readonly string[]): CheckedTraceOptions {
  if (!isOptions(options)) {
    throw new TypeError(`Cannot trace: options must be an object, got ${kindOf(options)}`);
  }
  checkOptionNames(options, OPTION_NAMES, "trace");
  const format = options.format ?? "tree";
  const name = options.name ?? undefined;
  const last = options.last ?? undefined;
  const open = options.open ?? false;
  const depth = options.depth ?? undefined;
  const minWallUs = options.minWallUs ?? undefined;
  const fold = options.fold ?? undefined;
  if (!formats.includes(format)) {
    throw new RangeError(`Cannot trace: format must be ${listed(formats)}, got ${shown(format)}`);
  }
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot trace: name must be a string, got ${kindOf(name)}`);
  }
  if (last !== undefined) checkWhole("Cannot trace: last", last, 0);
  if (typeof open !== "boolean") {
    throw new TypeError(`Cannot trace: open must be a boolean, got ${typeof open}`);
  }
  if (depth !== undefined) checkWhole("Cannot trace: depth", depth, 0);
  if (minWallUs !== undefined) checkNumber("Cannot trace: minWallUs", minWallUs, 0);
  if (fold !== undefined) {
    if (typeof fold !== "boolean") checkWhole("Cannot trace: fold", fold, 0, "a boolean or a number");
    if (!FOLDING.includes(format)) {
      throw new TypeError(`Cannot trace: fold is for format ${listed(FOLDING)}, "${format}" has every span`);
    }
  }
  return { format, name, last, open, depth, minWallUs, fold };
}

/** `"a", "b" or "c"`. */
function listed(names: readonly string[]): string {
  const quoted = names.map(name => `"${name}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
