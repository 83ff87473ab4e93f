/**
 * `cirron clear`: removes what was recorded.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { formatBytes } from "../formats/units.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Command, EXIT } from "./command.ts";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY]",
  mostOperands: 1,
  details: `Asks nothing. Touches only files with the names that a journal's or spool's
have, and no run that goes on or of which that cannot be told. The directory
stays, and so does with --keep a file that cannot be read.`,
  options: [
    { name: "keep", value: "N", about: "keep the N sessions, or runs of a journal, that began last" },
    { name: "dry-run", about: "say what would be removed, and remove nothing" },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron clear --dry-run", about: "what there is to remove" },
    { line: "cirron clear --keep 3", about: "all but the three newest sessions" },
    { line: "cirron clear .cirron/spool", about: "all of a directory" },
  ],
  run: async ({ io, options, operands }) => {
    const { removeSessions } = await import("./removal.ts");
    const isDry = options.has("dry-run");
    const removals = removeSessions(operands, { keep: options.whole("keep") ?? 0, isDry, io });
    for (const { directory, removed, keptCount } of removals) {
      const bytes = removed.reduce((sum, { size }) => sum + size, 0);
      if (options.has("json")) {
        const counts = {
          directory,
          dry_run: isDry,
          removed_file_count: removed.length,
          removed_bytes: bytes,
          kept_file_count: keptCount,
        };
        io.write(`${jsonOf(counts)}\n`);
      } else {
        const act = isDry ? "Would remove" : "Removed";
        const from = removals.length === 1 ? "" : ` in ${directory}`;
        const kept = `${fileCount(keptCount)} kept`;
        io.write(`${act} ${fileCount(removed.length)}${from}, ${formatBytes(bytes)}; ${kept}\n`);
      }
    }
    const stuck = removals.find(({ stuckCount }) => stuckCount > 0);
    if (stuck === undefined) return EXIT.fine;
    throw new CirronError(`${fileCount(stuck.stuckCount)} in ${quote(stuck.directory)} cannot be removed`);
  },
};

function fileCount(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}
