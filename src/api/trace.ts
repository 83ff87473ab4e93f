/**
 * `trace()`: checks what is asked, picks the rows, hands them to a format.
 *
 * @module
 */
import { CirronDependencyError } from "../data/errors.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { TraceDict } from "../data/values.ts";
import { toDict } from "../formats/dict.ts";
import { type FrameEngine, toColumns } from "../formats/frame/columns.ts";
import { toJson } from "../formats/json.ts";
import { toCell, toPage } from "../formats/page/page.ts";
import { toTraceEvents } from "../formats/perfetto.ts";
import { toSpeedscope } from "../formats/speedscope.ts";
import { TraceSummary } from "../formats/summary_table.ts";
import { toTerminalText } from "../formats/terminal.ts";
import { toText } from "../formats/text.ts";
import { node } from "../runtime/builtins.ts";
import type { Terminal } from "../runtime/terminal.ts";
import { sessionAttrs } from "../session/session_attrs.ts";
import { type NameSummaryRow, summarizeByName } from "../tree/by_name.ts";
import { FOLD_LIMIT, type FoldedTree, foldSiblings } from "../tree/fold.ts";
import { summarize, type SummaryRow } from "../tree/summary.ts";
import { buildTree, type Tree } from "../tree/tree.ts";
import type { DataFrame } from "./data_frame.ts";
import { readEnough, type ReadSnapshot } from "./read_enough.ts";
import type { RunReading } from "./session_journal.ts";
import {
  type CheckedTraceOptions,
  checkTraceOptions,
  type GivenTraceOptions,
  type SummaryOptions,
  type TraceFormat,
  type TraceOptions,
} from "./trace_options.ts";

export type { DataFrame };

/** What a Jupyter kernel asks an object for, to show it. */
const DISPLAY: symbol = Symbol.for("Jupyter.display");

/**
 * A trace that a Jupyter cell renders, to look at and as text; elsewhere `trace()` prints the tree and gives `undefined`.
 *
 * @example What the last expression of a cell may be
 * ```ts
 * import { scope, trace, type TraceTree } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * scope("cell").end();
 * const shown: TraceTree | undefined = trace({ name: "cell" });
 * assertEquals(shown, undefined); // printed: this is no notebook
 * ```
 */
export class TraceTree {
  readonly #text: string;
  readonly #html: () => string;

  /** Wraps the printed tree, and what makes the same as HTML once somebody shows it. */
  constructor(text: string, html: () => string) {
    this.#text = text;
    this.#html = html;
  }

  /** The printed tree. */
  toString(): string {
    return this.#text;
  }

  // No method: declarations made from this file alone (isolatedDeclarations) cannot have a symbol of others as a name.
  static {
    Object.defineProperty(this.prototype, DISPLAY, {
      value(this: TraceTree): Record<string, string> {
        return { "text/plain": this.#text, "text/html": this.#html() };
      },
    });
  }
}

/** `trace()`, typed by format. */
export interface TraceFunction {
  /** Prints the tree to stdout; in a Deno Jupyter kernel gives what the cell renders instead. */
  (options?: TraceOptions & { format?: "tree" | null }): TraceTree | undefined;
  /**
   * The tree as a string, as a terminal shows it but without colours: a line per span, drawn with guides, `name[index]`, its
   * time and the part of its parent's, counters, marks and an error, with equal siblings folded (see `fold`). Nobody asks how wide the
   * terminal is. For a log, an admin page, a snapshot test.
   *
   * ```text
   * request[2] - 12.0ms cpu 3.1ms
   * ├─ session - 1.0ms 8% cpu 0.9ms
   * └─ query - 10.8ms 90% cpu 2.0ms {rows=120}
   * ```
   */
  (options: TraceOptions & { format: "text" }): string;
  /**
   * The tree as nested objects, the caller's own. `JSON.stringify(dict)` takes it at any depth in Deno; in Bun it recurses,
   * and gives up some 20 000 levels down, where `format: "json"` goes on.
   */
  (options: TraceOptions & { format: "dict" }): TraceDict;
  /** The tree as JSON text. */
  (options: TraceOptions & { format: "json" }): string;
  /** A row per span, as a nodejs-polars DataFrame. */
  (options: TraceOptions & { format: "df" }): DataFrame;
  /** Where the time went: a row per name, wherever it occurs, by self time; with totals and percentiles. */
  (options: SummaryOptions & { by: "name" }): TraceSummary<NameSummaryRow>;
  /** Where the time went: a row per path of names, with totals and percentiles. */
  (options: SummaryOptions & { by?: "path" | null }): TraceSummary;
  /** Where the time went, by path or by name. */
  (options: SummaryOptions): TraceSummary<SummaryRow> | TraceSummary<NameSummaryRow>;
  /**
   * A self-contained page to open or to mail: every span on a time line, with counters and marks as curves; the tree, in which siblings of one
   * name are one line (see `fold`), a table by name, and the shape of the time. It loads nothing. 100 000 spans take some 1.5 MB, and of more
   * than 1 000 000 it has the longest.
   */
  (options: TraceOptions & { format: "html" }): string;
  /**
   * JSON text in Chrome's trace event format, for ui.perfetto.dev, chrome://tracing and DevTools: a track per flow of spans
   * that run at once, counters and marks in the arguments, numeric marks as counters over time.
   */
  (options: TraceOptions & { format: "perfetto" }): string;
  /** JSON text in speedscope's own format, for speedscope.app: a profile per flow of spans that run at once. */
  (options: TraceOptions & { format: "speedscope" }): string;
  /** Whatever the format says. */
  (options?: TraceOptions): TraceTree | TraceDict | TraceSummary | string | DataFrame | undefined;
}

/** What `trace` needs from above. */
export interface TraceContext {
  /** Copies the newest closed spans out, and the open ones if asked. */
  read(last: number, open: boolean): Snapshot;
  /** Whether reading all takes long, as from files. */
  readonly isDear?: boolean;
  /**
   * Opens the journal of the session whose spans `read` gives, to be read likewise; absent where there is no session.
   * @throws {CirronError} If it writes none, or that cannot be read.
   */
  journal?(reading: RunReading): ReadSnapshot;
  /** The DataFrame engine, or why there is none. */
  frameEngine(): FrameEngine | CirronDependencyError;
  /** Writes a line to stdout. */
  print(text: string): void;
  /** How to write to stdout for eyes; null if it is no terminal. */
  terminal(): Terminal | null;
  /** Whether a notebook shows what a cell's last expression is worth. */
  isNotebook(): boolean;
}

/** What a format makes its result of, besides the tree. */
interface Request {
  readonly context: TraceContext;
  readonly options: CheckedTraceOptions;
  /** Null unless the format is `"df"`. */
  readonly engine: FrameEngine | null;
}

/** Every format: its name, and what makes it of a tree. */
const FORMATS: { readonly [F in TraceFormat]: (tree: Tree, request: Request) => unknown } = {
  tree: printTree,
  text: (tree, { options }) => toTerminalText(folded(tree, options.fold ?? true), false),
  dict: toDict,
  json: toJson,
  df: (tree, { engine, options }) => engine!(toColumns(tree, options.last !== undefined)),
  summary: (tree, { options: { by } }) =>
    by === "name" ? new TraceSummary(summarizeByName(tree)) : new TraceSummary(summarize(tree)),
  html: (tree, { options }) => toPage(tree, foldLimit(options.fold ?? true)),
  perfetto: tree => toTraceEvents(tree, sessionAttrs()),
  speedscope: tree => toSpeedscope(tree, node.process.pid),
};

/** The formats that say where children are missing. */
const SAYS_WHAT_IS_CUT: readonly TraceFormat[] = ["tree", "text"];

/**
 * Reads a trace.
 * @throws {TypeError} If an option has the wrong type, there is none of its name, `fold` is given with a format that does not
 * fold, `by` with another one than `"summary"`, `last` with `roots` or `slowest`, or `from` or `workers` where there is no session.
 * @throws {CirronError} If the session's journal is asked for and it writes none, or that cannot be read.
 * @throws {RangeError} If the format is unknown, or a number is out of bounds.
 * @throws {CirronDependencyError} If the format is `"df"` and nodejs-polars is not to be had.
 */
export function trace(context: TraceContext, given: GivenTraceOptions = {}): unknown {
  const options = checkTraceOptions(given, Object.keys(FORMATS));
  const { format } = options;
  // Before anything is read: a missing package should not cost a walk over the buffer.
  const engine = format === "df" ? context.frameEngine() : null;
  if (engine instanceof CirronDependencyError) throw engine;
  const read = readerOf(context, options);
  const isDear = context.isDear === true || options.from === "journal";
  const tree = buildTree(readEnough(read, options, SAYS_WHAT_IS_CUT.includes(format), isDear), options);
  return FORMATS[format](tree, { context, options, engine });
}

function readerOf(context: TraceContext, { from, workers }: CheckedTraceOptions): ReadSnapshot {
  if (from === "memory" && !workers) return (last, open) => context.read(last, open);
  if (context.journal === undefined) {
    throw new TypeError(
      "Cannot trace: from and workers are for the package's own trace(), this one reads what it was made of",
    );
  }
  return context.journal({ from, children: workers });
}

function printTree(tree: Tree, { context, options }: Request): unknown {
  const isNotebook = context.isNotebook();
  const terminal = isNotebook ? null : context.terminal();
  const shown = folded(tree, options.fold ?? (isNotebook || terminal !== null));
  if (isNotebook) {
    return new TraceTree(toText(shown), () => toCell(toPage(tree, foldLimit(options.fold ?? true))));
  }
  context.print(terminal === null ? toText(shown) : toTerminalText(shown, terminal.colors));
  return undefined;
}

/** `tree` with so many siblings of one name apart at most. */
function folded(tree: Tree, fold: boolean | number): Tree | FoldedTree {
  return fold === false ? tree : foldSiblings(tree, foldLimit(fold));
}

function foldLimit(fold: boolean | number): number {
  return typeof fold === "number" ? fold : fold ? FOLD_LIMIT : Infinity;
}
