/**
 * `cirron list`: the sessions that were recorded.
 *
 * @module
 */
import { jsonOf } from "../data/json_text.ts";
import { toSessionTable } from "../formats/session_table.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY...]",
  details: `Each thread of a run has a line. A session that was killed is unfinished; that
of a spool also while its program runs, and that of a journal where it cannot
be told, as in Deno without -A. Spans of a thread without a session of its own,
as the Python package's, are in a line whose state is unknown.`,
  options: [
    { name: "last", value: "N", about: "the N sessions that began last, in the runs that did" },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron list", about: "what was recorded here" },
    { line: "cirron list --last 1 .cirron/spool", about: "the newest session of a directory" },
    { line: "cirron list --json | head -c 300", about: "for a program" },
  ],
  run: async ({ io, options, operands, read }) => {
    const last = options.whole("last");
    const all = (await read(operands, last)).sessions();
    const rows = last === undefined ? all : all.slice(Math.max(0, all.length - last));
    io.write(options.has("json") ? `${jsonOf(rows)}\n` : `${toSessionTable(rows)}\n`);
    return rows.length > 0 ? EXIT.fine : EXIT.nothing;
  },
};
