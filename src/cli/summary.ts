/**
 * `cirron summary`: where the time went.
 *
 * @module
 */
import type { SummaryBy } from "../api/trace_options.ts";
import { jsonOf } from "../data/json_text.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";
import { FILTER_FLAGS, traceOptions } from "./trace_flags.ts";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY...]",
  options: [
    {
      name: "by",
      value: "path|name",
      choices: ["path", "name"],
      about: "a row per path, or per name by self time",
    },
    ...FILTER_FLAGS,
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron summary", about: "totals and percentiles by path" },
    { line: "cirron summary --by name", about: "what cost most, wherever it was called" },
    { line: "cirron summary --name request --json", about: "the rows of one name and below, for a program" },
  ],
  run: async ({ io, options, operands, read }) => {
    const { toTable } = await import("../formats/summary_table.ts");
    const by = options.text("by") as SummaryBy | undefined;
    const recorded = await read(operands);
    const summary = recorded.trace({ ...traceOptions(options, FILTER_FLAGS), by, format: "summary" });
    if (options.has("json")) io.write(`${jsonOf(summary)}\n`);
    else io.write(`${toTable(summary.rows, io.terminal() === null ? Infinity : io.columns())}\n`);
    return summary.rows.length > 0 ? EXIT.fine : EXIT.nothing;
  },
};
