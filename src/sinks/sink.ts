/**
 * What a sink is.
 *
 * @module
 */
import type { FlushBatch } from "./batch.ts";

/**
 * A destination of closed spans. A sink that throws is counted and reported once; it never stops the others or the
 * program.
 */
export interface Sink {
  /**
   * Takes a batch. A promise makes the sink a remote one: it is given one batch at a time, and what comes meanwhile is
   * kept for it up to a bound, the newest.
   */
  emit(batch: FlushBatch): void | PromiseLike<unknown>;
  /** Called at the end of each tick and each `flush()`: what was emitted should now be visible. */
  commit?(): void;
  /** Called once, when the session ends. */
  close?(): void;
}
