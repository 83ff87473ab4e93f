/**
 * `cirron trim`: makes journals of killed programs readable for everybody.
 *
 * @module
 */
import { jsonOf } from "../data/json_text.ts";
import { formatBytes } from "../formats/units.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY]",
  mostOperands: 1,
  details: `A program that is killed in the midst of a write leaves half a batch at the end
of a file of its journal. read() stops there; polars, pandas and DuckDB refuse
the file. Cuts it off, in runs that are over; no other byte changes.`,
  options: [
    { name: "dry-run", about: "say what would be cut off, and change nothing" },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron trim", about: "all runs that are over" },
    { line: "cirron trim --dry-run", about: "what there is to cut off" },
    { line: "cirron trim --json", about: "how much was cut off, for a program" },
  ],
  run: async ({ io, options, operands }) => {
    const { trimAll } = await import("./trimming.ts");
    const isDry = options.has("dry-run");
    for (const { directory, fileCount, bytes } of trimAll(operands, isDry)) {
      if (options.has("json")) {
        const counts = { directory, dry_run: isDry, trimmed_file_count: fileCount, trimmed_bytes: bytes };
        io.write(`${jsonOf(counts)}\n`);
      } else {
        const act = isDry ? "Would trim" : "Trimmed";
        const files = fileCount === 1 ? "1 file" : `${fileCount} files`;
        io.write(`${act} ${files} in ${directory}, ${formatBytes(bytes)}\n`);
      }
    }
    return EXIT.fine;
  },
};
