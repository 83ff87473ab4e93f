/**
 * Whether a call of the file system failed because nothing is there.
 *
 * @module
 */

/** By its code; where a program has frozen intrinsics, Deno's errors have none, no message either, and only their text says so. */
export function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "ENOENT" || (code === undefined && /\(os error [23]\)/.test(String(error)));
}
