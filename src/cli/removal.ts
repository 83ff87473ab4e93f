/**
 * Which files of a spool go when old sessions do, and their removal.
 *
 * @module
 */
import { listFiles } from "../api/read.ts";
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { isWritable } from "../runtime/permissions.ts";
import { SpoolDirectory } from "../spool/directory.ts";
import type { ParsedFile } from "../spool/merge.ts";
import type { SpoolFile } from "../spool/oldest_files.ts";
import { ownIdText } from "../tree/columns.ts";
import { findSessions } from "../tree/sessions.ts";
import type { Io } from "./io.ts";
import { directoriesOf, readRecorded } from "./reading.ts";

/** How sessions are removed. */
export interface RemovalOptions {
  /** How many stay, those that began last. */
  readonly keep: number;
  /** Whether nothing is removed, but only found. */
  readonly isDry: boolean;
  readonly io: Io;
}

/** What was removed. */
export interface Removal {
  readonly directory: string;
  readonly removed: readonly SpoolFile[];
  /** Files that should have gone, and could not be removed. */
  readonly stuckCount: number;
  /** Files of the spool that are still there. */
  readonly keptCount: number;
}

/**
 * Removes the files of all sessions but the newest.
 * @throws {CirronError} If the directory is not there, or may not be read or written.
 * @throws {Error} If it is a link.
 */
export function removeSessions(operands: readonly string[], { keep, isDry, io }: RemovalOptions): Removal {
  // With a slash at the end, what is behind a link would be taken for the directory itself.
  const path = directoriesOf(operands)[0].replace(/(.)[\\/]+$/, "$1");
  const names = listFiles(path);
  if (!isDry && !isWritable(path)) {
    throw new CirronError(`Cannot clear ${quote(path)}: Deno needs --allow-write=${path} for it`);
  }
  const directory = new SpoolDirectory(path);
  directory.open();
  const kept = keep === 0 ? new Set<string>() : filesOfNewest(keep, path, names, io);
  const files = names.filter(name => !kept.has(name)).map(name => directory.find(name))
    .filter(file => file !== null);
  const removed = isDry ? files : files.filter(({ name }) => directory.remove(name) === "removed");
  return {
    directory: path,
    removed,
    stuckCount: files.length - removed.length,
    keptCount: names.length - removed.length,
  };
}

/** The names of the files that hold anything of the newest `keep` sessions, and of those that cannot be read. */
function filesOfNewest(keep: number, path: string, names: readonly string[], io: Io): Set<string> {
  const idsOf = new Map<string, string[]>();
  const recorded = readRecorded([path], io, { onFile: file => void idsOf.set(file.name, idsIn(file)) });
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
