/**
 * The one clock of all benchmarks, as a program has one.
 *
 * @module
 */
import { type Clock, openClock } from "../src/meters/clock.ts";

/** The process's clock. */
export const clock: Clock = openClock();
