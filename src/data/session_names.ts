/**
 * What the package itself calls things in the data.
 *
 * @module
 */

/** Name of a session's root span. */
export const SESSION_NAME = "cirron.session";

/** Name and id of the pseudo-span that holds marks made outside any scope and session. */
export const ORPHANS = "root";

/**
 * Name of a span that others refer to but that is in no file: most likely it never closed, since a parent is written
 * after its children and evicted after them.
 */
export const OPEN_NAME = "(open)";

/** Attribute of a session's span that is written when the session starts; the one that is written at its end has it no more. */
export const UNFINISHED = "cirron.unfinished";
