/**
 * Opens nothing: the stand-in for runtimes without FFI, so that importing the package never fails.
 *
 * @module
 */
import type { Opener } from "./types.ts";

/** The opener of a runtime without FFI. */
export const opener: Opener = {
  isMusl: false,
  open: () => ({ ok: false, reason: "this runtime has no FFI that the package knows (Deno and Bun do)" }),
};
