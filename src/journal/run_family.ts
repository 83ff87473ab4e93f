/**
 * The runs that hang on a run: those of child processes, and of their children, by what their sessions say of their parents.
 *
 * @module
 */
import { IdSeries } from "../data/id_series.ts";
import { parseTraceparent, spanNumber } from "../data/trace_context.ts";
import { node } from "../runtime/builtins.ts";
import { namesNowIn } from "../spool/directory_names.ts";
import { RUN_NAME, THREAD_NAME } from "./format.ts";
import { readSession } from "./run_folder.ts";
import type { SessionInfo } from "./session_file.ts";

/** Numbers of spans that a recorder may have given. Of all 2^64 ids, hardly one in as many as this is one of them by chance. */
const MOST_SPANS = 2 ** 32;

/**
 * A run and all that hang on it, in order of start. Looked through are the runs that began later, by their names: so of a child that
 * began after the system's clock was set back, behind its parent's own start, nothing is known here.
 * @throws What the runtime throws for a directory that is not there or may not be read.
 */
export function familyOf(run: string): string[] {
  const known = seriesOf(sessionsIn(run));
  const directory = node.path.dirname(run);
  const own = node.path.basename(run);
  // Of very many old runs no more than the name is looked at.
  let others = Array.from(namesNowIn(directory)).filter(name => name > own && RUN_NAME.test(name)).sort()
    .map(name => node.path.join(directory, name))
    .map(path => ({ path, sessions: sessionsIn(path) }));
  const family = [run];
  // One that began later hangs on one that began sooner, so once is enough but where a clock was set.
  for (let before = 0; family.length > before;) {
    before = family.length;
    others = others.filter(({ path, sessions }) => {
      if (!sessions.some(session => hangsOn(session, known))) return true;
      family.push(path);
      known.push(...seriesOf(sessions));
      return false;
    });
  }
  return family.sort();
}

function sessionsIn(run: string): SessionInfo[] {
  try {
    return node.fs.readdirSync(run).filter(name => THREAD_NAME.test(name))
      .map(name => readSession(node.path.join(run, name))).filter(session => session !== null);
  } catch {
    return []; // evicted since it was listed
  }
}

function seriesOf(sessions: readonly SessionInfo[]): IdSeries[] {
  return sessions.map(session => new IdSeries(session.id_suffix));
}

function hangsOn({ parent }: SessionInfo, known: readonly IdSeries[]): boolean {
  const context = parent === null ? null : parseTraceparent(parent);
  if (context === null) return false;
  return known.some(series => {
    const number = spanNumber(series, context.spanId);
    return number >= 1 && number < MOST_SPANS;
  });
}
