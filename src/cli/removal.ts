/**
 * Which files go when old sessions do, and their removal.
 *
 * @module
 */
import { defaultPaths, listDirectory } from "../api/recorded_files.ts";
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { isWritable } from "../runtime/permissions.ts";
import { OwnDirectory } from "../spool/directory.ts";
import type { ParsedFile } from "../spool/merge.ts";
import { ownIdText } from "../tree/columns.ts";
import { findSessions } from "../tree/sessions.ts";
import type { Io } from "./io.ts";
import { readRecorded } from "./reading.ts";
import { filesOfRun, isOver, removeEmptyFolders, removeRunFile } from "./run_removal.ts";

/** How sessions are removed. */
export interface RemovalOptions {
  /** How many stay of a directory's sessions, or of its runs, those that began last. */
  readonly keep: number;
  /** Whether nothing is removed, but only found. */
  readonly isDry: boolean;
  readonly io: Io;
}

/** What was removed. */
export interface Removal {
  readonly directory: string;
  readonly removed: readonly { readonly size: number }[];
  /** Files that should have gone, and could not be removed. */
  readonly stuckCount: number;
  /** Files of spools and journals that are still there. */
  readonly keptCount: number;
}

/**
 * Removes the files of all sessions but the newest, and of journals those of all runs but the newest and those that run.
 * @param operands A directory; without one, those that `profile()` writes to by default.
 * @throws {CirronError} If a directory is not there, or may not be read or written.
 * @throws {Error} If it is a link.
 */
export function removeSessions(operands: readonly string[], options: RemovalOptions): Removal[] {
  // With a slash at the end, what is behind a link would be taken for the directory itself.
  const paths = (operands.length > 0 ? operands : defaultPaths()).map(path =>
    path.replace(/(.)[\\/]+$/, "$1")
  );
  return paths.map(path => removeIn(path, options));
}

function removeIn(path: string, options: RemovalOptions): Removal {
  const { files, runs } = listDirectory(path);
  if (!options.isDry && !isWritable(path)) {
    throw new CirronError(`Cannot clear ${quote(path)}: Deno needs --allow-write=${path} for it`);
  }
  const directory = new OwnDirectory(path, "Directory");
  directory.open();
  const [ofSpool, ofRuns] = [removeFiles(directory, files, options), removeRuns(path, runs, options)];
  return {
    directory: path,
    removed: [...ofSpool.removed, ...ofRuns.removed],
    stuckCount: ofSpool.stuckCount + ofRuns.stuckCount,
    keptCount: ofSpool.keptCount + ofRuns.keptCount,
  };
}

type Removed = Omit<Removal, "directory">;

function removeFiles(
  directory: OwnDirectory,
  names: readonly string[],
  { keep, isDry, io }: RemovalOptions,
): Removed {
  const kept = keep === 0 ? new Set<string>() : filesOfNewest(keep, directory.path, names, io);
  const files = names.filter(name => !kept.has(name)).map(name => directory.find(name))
    .filter(file => file !== null);
  const removed = isDry ? files : files.filter(({ name }) => directory.remove(name) === "removed");
  return {
    removed,
    stuckCount: files.length - removed.length,
    keptCount: names.length - removed.length,
  };
}

function removeRuns(path: string, runs: readonly string[], { keep, isDry }: RemovalOptions): Removed {
  const goes = (run: string, i: number) => i < runs.length - keep && isOver(path, run);
  const total = runs.reduce((sum, run) => sum + filesOfRun(path, run).length, 0);
  const files = runs.filter(goes).flatMap(run => filesOfRun(path, run));
  const removed = isDry ? files : files.filter(file => removeRunFile(path, file));
  if (!isDry) { for (const run of runs.filter(goes)) removeEmptyFolders(path, run); }
  return {
    removed,
    stuckCount: files.length - removed.length,
    keptCount: total - removed.length,
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
