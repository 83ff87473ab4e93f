/**
 * The files of a spool directory, kept within a bound.
 *
 * @module
 */
import { BoundedFiles } from "./bounded_files.ts";
import type { SpoolDirectory } from "./directory.ts";
import { SpoolPlace } from "./survey.ts";

/** The files of one directory. */
export class SpoolFiles extends BoundedFiles {
  /** @param nowMs A clock that never goes back, in milliseconds. */
  constructor(directory: SpoolDirectory, maxBytes: number, nowMs: () => number) {
    super(new SpoolPlace(directory), maxBytes, nowMs);
  }
}
