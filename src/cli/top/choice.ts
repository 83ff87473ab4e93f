/**
 * Which run `cirron top` looks at.
 *
 * @module
 */
import { quote } from "../../data/arguments.ts";
import { CirronError } from "../../data/errors.ts";
import { findRuns, type FoundRun } from "../../journal/follow_run.ts";
import { RUN_NAME } from "../../journal/format.ts";
import type { ProcessTable } from "../../journal/liveness.ts";
import { node } from "../../runtime/builtins.ts";
import { isReadable } from "../../runtime/permissions.ts";

/** A run that goes on writes once a minute at least, and is given some time. */
const QUIET_MS = 75_000;

/** Where runs are looked for, and which of them is meant. */
export interface Wanted {
  /** The folder of all runs. */
  readonly directory: string;
  /** The name of a run's folder; null for any. */
  readonly run: string | null;
  /** The number of a process; null for any. */
  readonly pid: number | null;
}

/** What there is to look at. */
export interface Choice {
  /** The newest that goes on, or the one that is wanted; null if there is none. */
  readonly run: FoundRun | null;
  /** The newest that is over, where none goes on. */
  readonly over: FoundRun | null;
  /** The others that go on, newest first. */
  readonly others: readonly FoundRun[];
}

/**
 * What a path says: a run's folder, the folder of all runs, or one that holds `journal`.
 * @throws {CirronError} If Deno does not permit reading it.
 */
export function wantedAt(path: string, pid: number | null): Wanted {
  if (!isReadable(path)) throw new CirronError(`Cannot read ${quote(path)}: Deno needs --allow-read for it`);
  const { basename, dirname, join, resolve } = node.path;
  const full = resolve(path);
  if (RUN_NAME.test(basename(full))) return { directory: dirname(full), run: basename(full), pid };
  const below = join(path, "journal");
  return { directory: node.fs.existsSync(below) ? below : path, run: null, pid };
}

/** Chooses among what is there now. */
export function choose(wanted: Wanted, processes: ProcessTable, nowMs: number): Choice {
  const all = findRuns(wanted.directory, processes).reverse();
  const meant = all.filter(({ name, pid }) =>
    (wanted.run === null || name === wanted.run) && (wanted.pid === null || pid === wanted.pid)
  );
  const goesOn = ({ liveness, writtenMs }: FoundRun) =>
    liveness === "running" || (liveness === "unknown" && nowMs - writtenMs < QUIET_MS);
  const run = meant.find(goesOn) ?? null;
  const others = all.filter(one => goesOn(one) && one !== run);
  return { run, over: meant.find(one => !goesOn(one)) ?? null, others };
}
