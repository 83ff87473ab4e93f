/**
 * What went wrong, as a value: a disk that is full is no reason to leave the way.
 *
 * @module
 */
import { describeError } from "../data/text_limits.ts";

/** Why something could not be written. */
export interface Problem {
  /** As the system names it, such as `"ENOSPC"`; `"ECLOSED"` after the end, and `""` for what has no name. */
  readonly code: string;
  readonly message: string;
}

/** What was thrown. */
export function problemOf(error: unknown): Problem {
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  return { code: typeof code === "string" ? code : "", message: describeError(error) };
}

/** Whether something is a problem. */
export function isProblem(value: object | null): value is Problem {
  return value !== null && "code" in value;
}
