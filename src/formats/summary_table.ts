/**
 * Summary rows as what `trace({ format: "summary" })` gives: data that prints as a table.
 *
 * @module
 */
import { printable } from "../data/printable.ts";
import { type Counter, COUNTERS } from "../meters/counters.ts";
import type { NameSummaryRow } from "../tree/by_name.ts";
import type { SummaryFigures, SummaryRow } from "../tree/summary.ts";
import { addColumn } from "./aligned.ts";
import { NO_SPANS } from "./text.ts";
import { formatCounter, formatDuration, formatShare, OVERLAP_SIGN } from "./units.ts";

/**
 * Where the time went, by path of names or by name. `console.log` and a Jupyter cell show it as a table.
 *
 * @example What took longest
 * ```ts
 * import { batches, scope, trace } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * for (const _ of batches(10)) scope("forward").end();
 * const summary = trace({ format: "summary" });
 * console.log(summary); // a table
 * assertEquals(summary.rows.map(row => [row.name, row.count]), [["batch", 10], ["forward", 10]]);
 * ```
 */
export class TraceSummary<Row extends NameSummaryRow = SummaryRow> {
  /**
   * A row per path, from the top down, of equal parents the one with the greatest total first; or a row per name, the one with
   * the greatest self time first.
   */
  readonly rows: Row[];

  /** Wraps the rows. */
  constructor(rows: Row[]) {
    this.rows = rows;
  }

  /** The rows as an aligned table; names come last, those of paths indented. Counters that no row has are left out. */
  toString(): string {
    return toTable(this.rows);
  }

  /** The rows: what `JSON.stringify` makes text of. */
  toJSON(): Row[] {
    return this.rows;
  }

  // No methods: declarations made from this file alone (isolatedDeclarations) cannot have symbols of others as names.
  static {
    const define = (symbol: symbol, show: (summary: object) => unknown): void => {
      Object.defineProperty(TraceSummary.prototype, symbol, {
        value(this: object): unknown {
          return show(this);
        },
      });
    };
    /** What `console.log` writes in Deno, and in Bun and Node. */
    for (const name of ["Deno.customInspect", "nodejs.util.inspect.custom"]) {
      define(Symbol.for(name), String);
    }
    /** The forms a notebook may show, by MIME type. */
    define(Symbol.for("Jupyter.display"), summary => ({ "text/plain": String(summary) }));
  }
}

/** Levels that are indented in the table. */
const INDENTED_LEVELS = 20;

interface Column {
  readonly title: string;
  readonly cell: (row: SummaryFigures) => string;
  /** Whether a row has something to say in a column that may be left out. */
  readonly fills?: (row: SummaryFigures) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: "count", cell: row => String(row.count) },
  { title: "total", cell: row => formatDuration(row.total_us) },
  { title: "share", cell: row => row.share === null ? "-" : shareSign(row) + formatShare(row.share) },
  { title: "self", cell: row => formatDuration(row.self_us) },
  { title: "mean", cell: row => formatDuration(row.mean_us) },
  { title: "p50", cell: row => formatDuration(row.p50_us) },
  { title: "p95", cell: row => formatDuration(row.p95_us) },
  { title: "p99", cell: row => formatDuration(row.p99_us) },
  { title: "max", cell: row => formatDuration(row.max_us) },
  ...COUNTERS.map(counterColumn),
  { title: "load", cell: row => nanoseconds(row.data_load_ns), fills: row => row.data_load_ns !== null },
];

function counterColumn(counter: Counter): Column {
  const { label: title, column, total } = counter;
  return {
    title,
    cell: row => {
      const value = row[column];
      return value === null ? "-" : (total === "sum" ? sign(row) : "") + formatCounter(counter, value);
    },
    fills: row => row[column] !== null,
  };
}

/** What goes where a table is too wide, the first to go first. */
const DISPENSABLE: readonly string[] = ["mean", "p99", "max", "p50"];

/**
 * `rows` as text, a line each below a header and above a note if any ran at once, without a newline at the end.
 * @param width Characters that a line may have: columns are left out until it does, or none is left that may go.
 */
export function toTable(rows: readonly (SummaryRow | NameSummaryRow)[], width: number = Infinity): string {
  if (rows.length === 0) return NO_SPANS;
  let columns = COLUMNS.filter(({ fills }) => fills === undefined || rows.some(fills));
  let lines = toLines(rows, columns);
  for (const title of DISPENSABLE) {
    if (lines.every(line => line.length <= width)) break;
    columns = columns.filter(column => column.title !== title);
    lines = toLines(rows, columns);
  }
  const isSigned = (row: SummaryFigures) =>
    row.overlap_count > 0 || (row.shared_count > 0 && SUMS.some(column => row[column] !== null));
  if (rows.some(isSigned)) lines.push(OVERLAP_NOTE);
  return lines.join("\n");
}

function toLines(rows: readonly (SummaryRow | NameSummaryRow)[], columns: readonly Column[]): string[] {
  const lines = new Array<string>(rows.length + 1).fill("");
  for (const { title, cell } of columns) addColumn(lines, [title, ...rows.map(cell)]);
  // Last, so that it needs no width: only a terminal knows how wide some of the world's letters are.
  lines[0] += " name";
  rows.forEach((row, i) => {
    const indent = "depth" in row ? indentation(row.depth) : "";
    lines[i + 1] += ` ${indent}${printable(row.name)}${trouble(row)}`;
  });
  return lines;
}

/** Counters whose figures hold what others used meanwhile. */
const SUMS = COUNTERS.filter(({ total }) => total === "sum").map(({ column }) => column);

const OVERLAP_NOTE =
  `${OVERLAP_SIGN} of spans that ran at once: these figures count the same time more than once, and do not add up`;

function shareSign(row: SummaryFigures): string {
  return row.overlap_count > 0 ? OVERLAP_SIGN : "";
}

function sign(row: SummaryFigures): string {
  return row.shared_count > 0 ? OVERLAP_SIGN : "";
}

function trouble({ error_count: failed, open_count: open }: SummaryFigures): string {
  const words = [failed > 0 ? `${failed} failed` : "", open > 0 ? `${open} open` : ""];
  const said = words.filter(word => word !== "").join(", ");
  return said === "" ? "" : ` (${said})`;
}

function indentation(depth: number): string {
  return "  ".repeat(Math.min(depth, INDENTED_LEVELS)) + (depth > INDENTED_LEVELS ? `(${depth}) ` : "");
}

function nanoseconds(ns: number | null): string {
  return ns === null ? "-" : formatDuration(ns / 1000);
}
