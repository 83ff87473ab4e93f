/**
 * What several copies of the package share: the engine of whichever came first, as the others may use it. It may only grow, by
 * members that an older engine need not have; anything else is another version, under another key.
 *
 * @module
 */
import type { Health } from "../data/health.ts";
import type { Snapshot } from "../data/snapshot.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import type { Recording } from "../record/recording.ts";
import type { Capture } from "./captures.ts";
import type { ProfileOptions } from "./options.ts";
import type { Profiler } from "./profiler.ts";

/** One process's engine. */
export interface EngineV1 {
  /** Whatever the public functions record through; replaced, never asked. */
  readonly recording: Recording;
  /** Builds DataFrames; set by `polars.ts`, and kept for all copies. */
  frameEngine: FrameEngine | null;
  /** Starts a session; a second one while it runs warns once and gives the first. */
  profile(options?: ProfileOptions): Profiler;
  /**
   * Copies the newest closed spans out, and the open ones if asked. The session's sinks see the spans first. The snapshot is plain
   * data, and its columns of counters are those of the engine's copy: who reads it takes one that is absent for not measured, and
   * passes over one that is not in its own list.
   */
  read(last: number, open: boolean): Snapshot;
  /** A recorder of its own for the scopes and marks of one function. Not in the first version of the package. */
  capture?(): Capture;
  /** Gives what was recorded to the session's sinks; complete when it returns, but for sinks with promises. */
  flush(): void;
  /** The state of recording, as a copy. */
  health(): Health;
  /** Ends the session, if one is running. */
  shutdown(): void;
  /** Changes the bound on closed spans, at once. */
  setMaxSpans(maxSpans: number): void;
}
