/**
 * The journal of the session that runs, or of the last one.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import { node } from "../runtime/builtins.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import type { ReadSnapshot } from "./read_enough.ts";
import { findRecorded } from "./recorded_files.ts";
import { Recordings } from "./recordings.ts";

/** What is asked of an engine; what has no session has no journal either. */
export type ReadableEngine =
  & Pick<EngineV1, "read" | "frameEngine">
  & Partial<Pick<EngineV1, "flush" | "health">>;

/**
 * Opens the run that the session of `engine` is part of, with all threads of it.
 * @throws {CirronError} If it writes none, or that is gone or may not be read.
 */
export function openSessionJournal(engine: ReadableEngine): ReadSnapshot {
  engine.flush?.();
  // An older copy of the package says nothing of a journal.
  const folder = engine.health?.().journal_dir ?? null;
  if (folder === null) {
    throw new CirronError(
      'Cannot trace from the journal: the session writes none, start it with output: "journal", the default',
    );
  }
  // Threads of this process, which runs: those that have not ended go on as well, as far as anybody knows.
  const recordings = new Recordings(findRecorded([node.path.dirname(folder)]), {
    areRunning: true,
    live: engine.read(0, true),
  });
  return (last, open) => recordings.read(last, open);
}
