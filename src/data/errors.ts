/**
 * The errors a caller may want to tell apart. Imports nothing, so that every file can throw them.
 *
 * @module
 */

/**
 * The base of the package's own errors. Wrong arguments throw the built-in TypeError and RangeError instead.
 *
 * @example Read a spool that may not be there
 * ```ts
 * import { CirronError, readSpool } from "@cirron/sdk";
 * import { assert } from "@std/assert";
 *
 * try {
 *   readSpool("no/such/directory");
 * } catch (error) {
 *   assert(error instanceof CirronError);
 * }
 * ```
 */
export class CirronError extends Error {
  /** Says which error it is, also across copies of the package. */
  override name: string = "CirronError";
}

/**
 * A package that the call needs is not installed, not permitted or not imported; the message has the command that mends it.
 *
 * @example A DataFrame if there can be one, else objects
 * ```ts
 * import { CirronDependencyError, trace } from "@cirron/sdk";
 * import { assert } from "@std/assert";
 *
 * function table(): { height: number } {
 *   try {
 *     return trace({ format: "df" });
 *   } catch (error) {
 *     if (!(error instanceof CirronDependencyError)) throw error;
 *     return { height: trace({ format: "dict" }).span_count };
 *   }
 * }
 * assert(table().height >= 0);
 * ```
 */
export class CirronDependencyError extends CirronError {
  /** Says which error it is, also across copies of the package. */
  override name: string = "CirronDependencyError";
}
