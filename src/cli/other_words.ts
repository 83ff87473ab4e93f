/**
 * What people type who know other programs: the command that does it here.
 *
 * @module
 */

/** The name of a command by a word for the same. */
export const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["ls", "list"],
  ["ps", "list"],
  ["sessions", "list"],
  ["runs", "list"],
  ["show", "tree"],
  ["cat", "tree"],
  ["print", "tree"],
  ["trace", "tree"],
  ["stats", "summary"],
  ["stat", "summary"],
  ["report", "summary"],
  ["view", "html"],
  ["open", "html"],
  ["page", "html"],
  ["convert", "export"],
  ["dump", "export"],
  ["rm", "clear"],
  ["delete", "clear"],
  ["remove", "clear"],
  ["check", "doctor"],
  ["status", "doctor"],
  ["repair", "trim"],
  ["fix", "trim"],
]);
