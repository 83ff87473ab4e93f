/**
 * `cirron clear`: removes what was recorded.
 *
 * @module
 */
import { listFiles } from "../api/read.ts";
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { formatBytes } from "../formats/units.ts";
import { isWritable } from "../runtime/permissions.ts";
import { SpoolDirectory } from "../spool/directory.ts";
import type { ParsedFile } from "../spool/merge.ts";
import { ownIdText } from "../tree/columns.ts";
import { findSessions } from "../tree/sessions.ts";
import { type Command, EXIT, JSON_OPTION } from "./command.ts";
import type { Io } from "./io.ts";
import { directoriesOf, readRecorded } from "./reading.ts";

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY]",
  mostOperands: 1,
  details: `Asks nothing. Touches only files with the names that a spool's have; the directory stays, and so
does with --keep a file that cannot be read.`,
  options: [
    { name: "keep", value: "N", about: "keep the N sessions that began last" },
    { name: "dry-run", about: "say what would be removed, and remove nothing" },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron clear --dry-run", about: "what there is to remove" },
    { line: "cirron clear --keep 3", about: "all but the three newest sessions" },
    { line: "cirron clear .cirron/spool", about: "all of a directory" },
  ],
  run: ({ io, options, operands }) => {
    // With a slash at the end, what is behind a link would be taken for the directory itself.
    const path = directoriesOf(operands)[0].replace(/(.)[\\/]+$/, "$1");
    const isDry = options.has("dry-run");
    const names = listFiles(path);
    if (!isDry && !isWritable(path)) {
      throw new CirronError(`Cannot clear ${quote(path)}: Deno needs --allow-write=${path} for it`);
    }
    const directory = new SpoolDirectory(path);
    directory.open();
    const keep = options.whole("keep") ?? 0;
    const kept = keep === 0 ? new Set<string>() : filesOfNewest(keep, path, names, io);
    const files = names.filter(name => !kept.has(name)).map(name => directory.find(name))
      .filter(file => file !== null);
    const removed = isDry ? files : files.filter(({ name }) => directory.remove(name) === "removed");
    const bytes = removed.reduce((sum, { size }) => sum + size, 0);
    const stuck = files.length - removed.length;
    if (options.has("json")) {
      io.write(
        `${
          JSON.stringify({
            directory: path,
            dry_run: isDry,
            removed_file_count: removed.length,
            removed_bytes: bytes,
            kept_file_count: names.length - removed.length,
          })
        }\n`,
      );
    } else {
      const act = isDry ? "Would remove" : "Removed";
      const rest = names.length - removed.length;
      io.write(`${act} ${fileCount(removed.length)}, ${formatBytes(bytes)}; ${fileCount(rest)} kept\n`);
    }
    if (stuck === 0) return EXIT.fine;
    throw new CirronError(`${fileCount(stuck)} of ${quote(path)} cannot be removed`);
  },
};

function fileCount(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

/** The names of the files that hold anything of the newest `keep` sessions, and of those that cannot be read. */
function filesOfNewest(keep: number, path: string, names: readonly string[], io: Io): Set<string> {
  const idsOf = new Map<string, string[]>();
  const recorded = readRecorded([path], io, { onFile: (_, file) => void idsOf.set(file.name, idsIn(file)) });
  const tree = recorded.tree();
  const { rows, of } = findSessions(tree);
  const sessionOf = new Map(Array.from(tree.rows, (row, i) => [ownIdText(tree.snapshot, row), of[i]]));
  return new Set(names.filter(name => {
    const sessions = (idsOf.get(name) ?? []).map(id => sessionOf.get(id)).filter(one => one !== undefined);
    return sessions.length === 0 || sessions.some(session => session >= rows.length - keep);
  }));
}

/** The ids of a file's spans, and of those that its marks were made in. */
function idsIn({ content }: ParsedFile): string[] {
  const { spans, marks } = (content ?? {}) as { spans?: unknown; marks?: unknown };
  return [...idsOfList(spans, "id"), ...idsOfList(marks, "span_id")];
}

function idsOfList(list: unknown, key: string): string[] {
  if (!Array.isArray(list)) return [];
  return list.map(one => (one as Record<string, unknown> | null)?.[key]).filter(id => typeof id === "string");
}
