/**
 * `trace()`: checks what is asked, picks the rows, hands them to a format.
 *
 * @module
 */
import type { DataFrame } from "../polars.ts";
import { isOptions, kindOf } from "./arguments.ts";
import { CirronDependencyError } from "./errors.ts";
import { toDict } from "./read/dict.ts";
import { type FrameEngine, toColumns } from "./read/frame.ts";
import { toJson } from "./read/json.ts";
import { toText } from "./read/text.ts";
import { buildTree, type Tree } from "./read/tree.ts";
import type { Snapshot, TraceDict } from "./rows.ts";
import { cutText } from "./text_limits.ts";

export type { DataFrame };

/** The forms in which a trace can be read. */
export type TraceFormat = "tree" | "dict" | "json" | "df";

/** What to read of a trace. */
export interface TraceOptions {
  /**
   * `"tree"` prints, `"dict"` gives nested objects, `"json"` those as text, `"df"` a polars DataFrame.
   * @default "tree"
   */
  format?: TraceFormat;
  /** Keep spans of exactly this name and all their descendants. */
  name?: string;
  /** Keep this many closed spans, the most recently closed; with `name`, of those it keeps. */
  last?: number;
  /**
   * Show open spans too, with their time so far; `last` does not count them.
   * @default false
   */
  open?: boolean;
}

/** What a Jupyter kernel asks an object for, to show it. */
const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as typeof DISPLAY;

/** A trace that a Jupyter cell renders. */
export class TraceTree {
  readonly #text: string;

  /** Wraps the printed tree. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The printed tree. */
  toString(): string {
    return this.#text;
  }

  /** The forms a notebook may show, by MIME type. */
  [DISPLAY](): Record<string, string> {
    return { "text/plain": this.#text };
  }
}

/** `trace()`, typed by format. */
export interface TraceFunction {
  /** Prints the tree to stdout; in a Deno Jupyter kernel gives what the cell renders instead. */
  (options?: TraceOptions & { format?: "tree" }): TraceTree | undefined;
  /**
   * The tree as nested objects, the caller's own. `JSON.stringify(dict)` takes it at any depth in Deno; in Bun it recurses,
   * and gives up some 20 000 levels down, where `format: "json"` goes on.
   */
  (options: TraceOptions & { format: "dict" }): TraceDict;
  /** The tree as JSON text. */
  (options: TraceOptions & { format: "json" }): string;
  /** A row per span, as a nodejs-polars DataFrame. */
  (options: TraceOptions & { format: "df" }): DataFrame;
  /** Whatever the format says. */
  (options?: TraceOptions): TraceTree | TraceDict | string | DataFrame | undefined;
}

/** What `trace` needs from above. */
export interface TraceContext {
  /** Copies the newest closed spans out, and the open ones if asked. */
  read(last: number, open: boolean): Snapshot;
  /** The DataFrame engine, or why there is none. */
  frameEngine(): FrameEngine | CirronDependencyError;
  /** Writes a line to stdout. */
  print(text: string): void;
  /** Whether a notebook shows what a cell's last expression is worth. */
  isNotebook(): boolean;
}

/**
 * Reads a trace.
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If the format is unknown, or `last` is no whole number from 0 on.
 * @throws {CirronDependencyError} If the format is `"df"` and nodejs-polars is not to be had.
 */
export function trace(context: TraceContext, options: TraceOptions = {}): unknown {
  const { format, name, last, open } = check(options);
  // Before anything is read: a missing package should not cost a walk over the buffer.
  const engine = format === "df" ? context.frameEngine() : null;
  if (engine instanceof CirronDependencyError) throw engine;
  const readAll = name !== undefined || last === undefined;
  const snapshot = context.read(readAll ? Infinity : last, open);
  // Names are cut where they enter: cut alike, a long one finds its spans.
  const tree = buildTree(snapshot, { name: name === undefined ? undefined : cutText(name), last });
  return engine === null ? render(context, tree, format) : engine(toColumns(tree, last !== undefined));
}

function render(context: TraceContext, tree: Tree, format: TraceFormat): unknown {
  if (format === "dict") return toDict(tree);
  if (format === "json") return toJson(tree);
  const text = toText(tree);
  if (context.isNotebook()) return new TraceTree(text);
  context.print(text);
  return undefined;
}

type Checked = { format: TraceFormat; name: string | undefined; last: number | undefined; open: boolean };

function check(options: TraceOptions): Checked {
  if (!isOptions(options)) {
    throw new TypeError(
      `Cannot trace: options must be an object, got ${kindOf(options)}`,
    );
  }
  const { format = "tree", name, last, open = false } = options;
  if (!["tree", "dict", "json", "df"].includes(format)) {
    const got = typeof format === "string" ? JSON.stringify(format) : typeof format;
    throw new RangeError(`Cannot trace: format must be "tree", "dict", "json" or "df", got ${got}`);
  }
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot trace: name must be a string, got ${kindOf(name)}`);
  }
  if (last !== undefined) {
    if (typeof last !== "number") {
      throw new TypeError(`Cannot trace: last must be a number, got ${kindOf(last)}`);
    }
    if (!Number.isSafeInteger(last) || last < 0) {
      throw new RangeError(`Cannot trace: last must be a whole number from 0 on, got ${last}`);
    }
  }
  if (typeof open !== "boolean") {
    throw new TypeError(`Cannot trace: open must be a boolean, got ${typeof open}`);
  }
  return { format, name, last, open };
}
