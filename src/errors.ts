/**
 * The errors a caller may want to tell apart. Imports nothing, so that every file can throw them.
 *
 * @module
 */

/** The base of the package's own errors. Wrong arguments throw the built-in TypeError and RangeError instead. */
export class CirronError extends Error {
  /** Says which error it is, also across copies of the package. */
  override name: string = "CirronError";
}

/** A package that the call needs is not installed, not permitted or not imported; the message has the command that mends it. */
export class CirronDependencyError extends CirronError {
  /** Says which error it is, also across copies of the package. */
  override name: string = "CirronDependencyError";
}
