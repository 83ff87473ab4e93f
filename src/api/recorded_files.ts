/**
 * What lies where somebody points: files of spools, and recorders of journals. Nothing is read but the names.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import {
  type JournalKind,
  parseSegmentName,
  RUN_NAME,
  SESSION_FILE,
  THREAD_NAME,
} from "../journal/format.ts";
import { readSession } from "../journal/run_folder.ts";
import { node } from "../runtime/builtins.ts";
import { isReadable } from "../runtime/permissions.ts";
import { defaultJournalDirectory, defaultSpoolDirectory } from "../session/environment.ts";
import { SPOOL_FILE_NAME } from "../spool/format.ts";

/** What was found. */
export interface RecordedFiles {
  /** Files of spools, by directory, oldest first. */
  readonly spools: readonly SpoolFiles[];
  /** Folders of recorders, oldest run first. */
  readonly recorders: readonly string[];
  /** Files of journals that were named alone. */
  readonly segments: readonly { readonly path: string; readonly kind: JournalKind }[];
}

/** Files of one spool. */
export interface SpoolFiles {
  readonly directory: string;
  readonly names: readonly string[];
}

/**
 * Finds what there is to read: of a directory of runs, of a run, of a recorder's folder, of a spool, of a directory that holds `journal`
 * and `spool`, of one that holds such a `.cirron`, or of a file of either.
 * @param paths Without any, where `profile()` writes by default.
 * @param last Of how many sessions of a folder of runs it is asked: no more runs are opened than have them, those that began last.
 * @throws {TypeError} If a path is none.
 * @throws {CirronError} If one is not there, cannot be listed, is nothing of the kind, or Deno does not permit reading it.
 */
export function findRecorded(paths: readonly string[], last: number = Infinity): RecordedFiles {
  for (const path of paths) checkPath(path);
  const found = (paths.length > 0 ? paths : defaultPaths()).map(path => findAt(path, last));
  return {
    spools: found.flatMap(({ spools }) => spools),
    recorders: found.flatMap(({ recorders }) => recorders),
    segments: found.flatMap(({ segments }) => segments),
  };
}

/** Where `profile()` writes by default and there is something; if there is nothing, where it would. */
export function defaultPaths(): readonly string[] {
  const paths = [defaultJournalDirectory(), defaultSpoolDirectory()];
  const there = paths.filter(path => isReadable(path) && node.fs.existsSync(path));
  if (there.length > 0) return there;
  const readable = paths.filter(path => isReadable(path));
  return [readable[0] ?? paths[0]];
}

/** What lies in a directory whose recordings may be removed. */
export interface RecordedDirectory {
  /** Names of files of a spool, oldest first. */
  readonly files: readonly string[];
  /** Names of folders of runs, oldest first. */
  readonly runs: readonly string[];
}

/**
 * Lists a directory.
 * @throws {TypeError} If `path` is none.
 * @throws {CirronError} If there is no such directory, it cannot be listed, or Deno does not permit reading it.
 */
export function listDirectory(path: string): RecordedDirectory {
  checkPath(path);
  const failure = `Cannot read ${quote(path)}`;
  if (!isReadable(path)) throw new CirronError(`${failure}: Deno needs --allow-read for it`);
  try {
    const names = node.fs.readdirSync(path).sort();
    return {
      files: names.filter(name => SPOOL_FILE_NAME.test(name)),
      runs: names.filter(name => RUN_NAME.test(name) && isDirectory(node.path.join(path, name))),
    };
  } catch (cause) {
    throw new CirronError(`${failure}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  if (code === "ENOENT") return "there is no such file or directory";
  return code === "ENOTDIR" ? "it is no directory" : `it cannot be listed (${code})`;
}

function checkPath(path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  const got = path === "" ? "an empty string" : kindOf(path);
  throw new TypeError(`Cannot read: paths must be a path or a list of paths, got ${got}`);
}

const NOTHING: RecordedFiles = { spools: [], recorders: [], segments: [] };

function findAt(path: string, last: number): RecordedFiles {
  const failure = `Cannot read ${quote(path)}`;
  if (!isReadable(path)) throw new CirronError(`${failure}: Deno needs --allow-read for it`);
  try {
    if (node.fs.statSync(path).isDirectory()) return findIn(path, last);
  } catch (cause) {
    throw new CirronError(`${failure}: ${reasonOf(cause)}`, { cause });
  }
  const name = node.path.basename(path);
  if (name.endsWith(".json")) {
    return { ...NOTHING, spools: [{ directory: node.path.dirname(path), names: [name] }] };
  }
  if (name.endsWith(".arrow")) {
    return { ...NOTHING, segments: [{ path, kind: parseSegmentName(name)?.kind ?? "spans" }] };
  }
  throw new CirronError(`${failure}: it is no directory, and no .json or .arrow file`);
}

function findIn(path: string, last: number): RecordedFiles {
  const { join } = node.path;
  const names = node.fs.readdirSync(path).sort();
  const here = {
    spools: spoolsIn(path, names),
    recorders: isRecorder(names)
      ? [path]
      : [...recordersIn(path, names), ...recordersOfRuns(path, names, last)],
    segments: [],
  };
  if (here.spools.length + here.recorders.length > 0) return here;
  // A program's working directory.
  if (names.includes(OUTPUT) && isDirectory(join(path, OUTPUT))) return findIn(join(path, OUTPUT), last);
  // The folder of both, `.cirron`.
  const below = OUTPUTS.filter(name => names.includes(name) && isDirectory(join(path, name)))
    .map(name => join(path, name)).map(folder => ({ folder, names: namesIn(folder) }));
  return {
    ...NOTHING,
    spools: below.flatMap(({ folder, names }) => spoolsIn(folder, names)),
    recorders: below.flatMap(({ folder, names }) => recordersOfRuns(folder, names, last)),
  };
}

/** Where `profile()` makes what it makes, in the working directory. */
const OUTPUT = ".cirron";

/** What `profile()` makes in there. */
const OUTPUTS: readonly string[] = ["journal", "spool"];

function spoolsIn(directory: string, names: readonly string[]): SpoolFiles[] {
  const files = names.filter(name => SPOOL_FILE_NAME.test(name));
  return files.length === 0 ? [] : [{ directory, names: files }];
}

function isRecorder(names: readonly string[]): boolean {
  return names.some(name => name === SESSION_FILE || parseSegmentName(name) !== null);
}

/** The recorders of the runs that began last, as many as `last` sessions take. */
function recordersOfRuns(directory: string, names: readonly string[], last: number): string[] {
  const found: string[][] = [];
  const runs = names.filter(name => RUN_NAME.test(name));
  // Names sort by start. Of very many old runs no more than the name is looked at.
  for (let i = runs.length - 1, count = 0; i >= 0 && count < last; i--) {
    const run = node.path.join(directory, runs[i]);
    const recorders = recordersIn(run, namesIn(run));
    found.push(recorders);
    if (last !== Infinity) count += recorders.filter(path => readSession(path) !== null).length;
  }
  return found.reverse().flat();
}

/** The recorders of a run. Anybody may call a folder by a number: it is a recorder's if there is anything of one in it. */
function recordersIn(run: string, names: readonly string[]): string[] {
  return names.filter(name => THREAD_NAME.test(name)).sort((a, b) => Number(a) - Number(b))
    .map(name => node.path.join(run, name)).filter(path => isRecorder(namesIn(path)));
}

/** What lies in a directory; nothing if it is none, or a link, or is gone. */
function namesIn(path: string): string[] {
  if (!isDirectory(path)) return [];
  try {
    return node.fs.readdirSync(path).sort();
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return node.fs.lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}
