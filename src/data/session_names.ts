/**
 * What the package itself calls things in the data.
 *
 * @module
 */

/** Name of a session's root span. */
export const SESSION_NAME = "cirron.session";

/** Name and id of the pseudo-span that holds marks made outside any scope and session. */
export const ORPHANS = "root";

/** Attribute of a session's span that is written when the session starts; the one that is written at its end has it no more. */
export const UNFINISHED = "cirron.unfinished";
