/**
 * What is known of the process's end when a hook or a signal comes.
 *
 * @module
 */

/** Whether this is the end, as far as can be told: after "yes" nothing can keep the process alive any more. */
export type End = "no" | "perhaps" | "yes";
