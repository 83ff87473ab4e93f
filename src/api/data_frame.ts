/**
 * The type of what `trace({ format: "df" })` returns. Nothing is loaded for it: only its text names nodejs-polars.
 *
 * @module
 */
// The version stands here in full, and is `polars.ts`'s own, because a raw URL brings no import map.
// deno-lint-ignore-file no-import-prefix
import type { DataFrame as PolarsDataFrame } from "npm:nodejs-polars@0.24.1";

/** What `trace({ format: "df" })` returns: nodejs-polars' own class. */
export type DataFrame = PolarsDataFrame;
