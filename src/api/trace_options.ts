/**
 * What may be asked of `trace()`, and the checks of it.
 *
 * @module
 */
import { isOptions, kindOf, shown } from "../data/arguments.ts";
import { checkNumber, checkWhole } from "../data/number_checks.ts";
import { checkOptionNames } from "../data/option_names.ts";
import type { JsonValue } from "../data/values.ts";
import { type CheckedFilters, checkFilters } from "./trace_filters.ts";

/** The forms in which a trace can be read. */
export type TraceFormat =
  | "tree"
  | "text"
  | "dict"
  | "json"
  | "df"
  | "summary"
  | "html"
  | "perfetto"
  | "speedscope";

/** What a row of a summary is of: a path of names, or a name wherever it occurs. */
export type SummaryBy = "path" | "name";

/** Where a trace is read from. */
export type TraceSource = "memory" | "journal";

/** What to read of a trace. `null` is the same as leaving an option out. */
export interface TraceOptions {
  /**
   * `"tree"` prints, `"text"` gives what a terminal would show as a string, `"dict"` gives nested objects, `"json"` those as text,
   * `"df"` a polars DataFrame, `"summary"` a row per path of names or per name, `"html"` a page to look at, `"perfetto"` and
   * `"speedscope"` the text of a file for these viewers.
   * @default "tree"
   */
  format?: TraceFormat | null;
  /**
   * `"memory"` has this thread's newest spans, as many as `traceBufferMaxSpans` says. `"journal"` reads the whole run back from its
   * files, with all of its threads: what memory has let go of, and what workers did, under the spans that asked for it. The session needs
   * `output: "journal"` for it, and the trace is the package's own `trace()`.
   * @default "memory"
   */
  from?: TraceSource | null;
  /**
   * Show what workers and child processes did as well, each below the span that asked for it: what the run's other threads have in
   * their journals, and the runs in the same directory of processes that were given a trace context of one of them. What never finished
   * says so. This thread's own spans are in it once, from where `from` says; with `"journal"` there the run's other threads are shown in
   * any case. The session, and those of workers and children, need `output: "journal"`.
   * @default false
   */
  workers?: boolean | null;
  /**
   * Keep spans of exactly this name and all their descendants; or of names that a RegExp finds, or of any of a list. A RegExp
   * is tried from the beginning of each name, whatever its flags, and stays as it is. An empty list keeps nothing.
   */
  name?: string | RegExp | readonly (string | RegExp)[] | null;
  /**
   * Keep roots that have all of these attributes, whole. A value has the type it was given: `"200"` does not find 200. Roots are
   * the spans of `name` that lie in no other. Without a name, they are the spans that lie in none but a session: a server's
   * requests, whether its session goes on or has ended. A span whose parent is still open or was evicted is a piece, and no root.
   */
  where?: Readonly<Record<string, JsonValue | bigint | Date>> | null;
  /**
   * Keep this many roots (see `where`) of what `name` and `where` keep, the most recently closed, with all that lies below
   * them. With `open` the open ones too, which are not counted.
   */
  roots?: number | null;
  /**
   * Keep this many roots of what `name`, `where` and `roots` keep, the ones that took longest, with all that lies below them.
   * With `open` the open ones count too, with their time so far.
   */
  slowest?: number | null;
  /**
   * Keep this many closed spans, the most recently closed; with `name` or `where`, of those they keep. Cuts trees, where
   * `roots` does not: give only one of them.
   */
  last?: number | null;
  /**
   * Show open spans too, with their time so far; `last` does not count them.
   * @default false
   */
  open?: boolean | null;
  /** Of what the filters above keep, only spans with at most this many ancestors among them; 0 keeps the roots. */
  depth?: number | null;
  /**
   * Of what the other filters keep, only spans that took at least this many microseconds, and the ancestors of such
   * spans.
   */
  minWallUs?: number | null;
  /**
   * How many siblings of one name stay apart at most, in the formats for eyes (`"tree"`, `"text"`, `"html"`): of more, the
   * slowest few do, a few that failed or are open, and one line stands for the rest. `true` for 10, `false` for no folding.
   * @default true in a page, as text, on a terminal and in a notebook, else false
   */
  fold?: boolean | number | null;
}

/** Options of the format `"summary"`. */
export interface SummaryOptions extends TraceOptions {
  /** The format. */
  format: "summary";
  /**
   * A row per path of names from the top down, or per name wherever it occurs, by self time.
   * @default "path"
   */
  by?: SummaryBy | null;
}

/** Options of any format, as they come in. */
export type GivenTraceOptions = TraceOptions & Pick<SummaryOptions, "by">;

/** Options after their checks. */
export interface CheckedTraceOptions extends CheckedFilters {
  readonly format: TraceFormat;
  readonly from: TraceSource;
  readonly workers: boolean;
  readonly by: SummaryBy;
  readonly open: boolean;
  readonly depth: number | undefined;
  readonly minWallUs: number | undefined;
  readonly fold: boolean | number | undefined;
}

const OPTION_NAMES: readonly string[] = [
  "format",
  "from",
  "workers",
  "name",
  "where",
  "roots",
  "slowest",
  "last",
  "open",
  "depth",
  "minWallUs",
  "fold",
  "by",
];

/** The formats that fold: those that programs read keep every span. */
const FOLDING: readonly string[] = ["tree", "text", "html"];

const SOURCES: readonly string[] = ["memory", "journal"];

const SUMMARY_SHAPES: readonly string[] = ["path", "name"];

/**
 * Checks everything before anything is read.
 * @param formats The names of all formats.
 */
export function checkTraceOptions(
  options: GivenTraceOptions,
  formats: readonly string[],
): CheckedTraceOptions {
  if (!isOptions(options)) {
    throw new TypeError(`Cannot trace: options must be an object, got ${kindOf(options)}`);
  }
  checkOptionNames(options, OPTION_NAMES, "trace");
  const format = options.format ?? "tree";
  const from = options.from ?? "memory";
  const workers = options.workers ?? false;
  const open = options.open ?? false;
  const depth = options.depth ?? undefined;
  const minWallUs = options.minWallUs ?? undefined;
  const fold = options.fold ?? undefined;
  const by = options.by ?? undefined;
  if (!formats.includes(format)) {
    throw new RangeError(`Cannot trace: format must be ${listed(formats)}, got ${shown(format)}`);
  }
  if (!SOURCES.includes(from)) {
    throw new RangeError(`Cannot trace: from must be ${listed(SOURCES)}, got ${shown(from)}`);
  }
  if (typeof workers !== "boolean") {
    throw new TypeError(`Cannot trace: workers must be a boolean, got ${typeof workers}`);
  }
  const filters = checkFilters(options);
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
  if (by !== undefined) {
    if (!SUMMARY_SHAPES.includes(by)) {
      throw new RangeError(`Cannot trace: by must be ${listed(SUMMARY_SHAPES)}, got ${shown(by)}`);
    }
    if (format !== "summary") {
      throw new TypeError(`Cannot trace: by is for format "summary", "${format}" has every span`);
    }
  }
  return { ...filters, format, from, workers, open, depth, minWallUs, fold, by: by ?? "path" };
}

/** `"a", "b" or "c"`. */
function listed(names: readonly string[]): string {
  const quoted = names.map(name => `"${name}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
