/**
 * The one clock of all benchmarks, as a program has one: Deno's fast path for FFI is taken only where a call site sees one.
 * With a second clock in the process a mark took twice as long.
 *
 * @module
 */
import { type Clock, openClock } from "../src/meters/clock.ts";

/** The process's clock. */
export const clock: Clock = openClock();
