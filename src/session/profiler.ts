/**
 * What `profile()` gives.
 *
 * @module
 */
import type { Health } from "../data/health.ts";

/** A running session. `using` shuts it down. */
export interface Profiler {
  /** Gives what was recorded to the session's sinks; complete when it returns. */
  flush(): void;
  /** The state of recording; never throws. */
  health(): Health;
  /** Resolves when sinks that take their time have taken what they were given so far. Never rejects. */
  settled(): Promise<void>;
  /** Ends the session: closes what is open and flushes. The trace stays readable. Does nothing the second time. */
  shutdown(): void;
  /** Ends the session: for `using`. */
  [Symbol.dispose](): void;
}
