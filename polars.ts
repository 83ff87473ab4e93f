/**
 * Makes nodejs-polars available to `trace({ format: "df" })`. Import it once, anywhere, before the first such call.
 *
 * Under Deno it needs `--allow-read --allow-ffi --allow-sys`, which nodejs-polars asks for as it loads.
 *
 * @example Percentiles by scope name
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { pl } from "@cirron/sdk/polars";
 * import { assertEquals } from "@std/assert";
 *
 * for (const _ of ci.batches(10));
 * const df = ci.trace({ format: "df", name: "batch", last: 10 });
 * const p95 = df.groupBy("name").agg(pl.col("wall_us").quantile(0.95).alias("p95"));
 * assertEquals(p95.columns, ["name", "p95"]);
 * ```
 *
 * @module
 */
// The version is pinned: 0.26.x, 0.25.0 and 0.23.5 do not resolve under Deno, and npm on Node 20 leaves 0.25.2's binary
// out. It stands here in full because a raw URL brings no import map.
// deno-lint-ignore-file no-import-prefix
import { type Polars, polarsEngine } from "./src/api/frames.ts";
import { engine } from "./src/api/shared.ts";

export type { DataFrame } from "./src/api/data_frame.ts";

/** nodejs-polars: its functions, classes and dtypes. */
export type PolarsLibrary = typeof import("npm:nodejs-polars@0.24.1")["default"];

const module: { default: PolarsLibrary } = "Deno" in globalThis
  ? await import("npm:nodejs-polars@0.24.1")
  : await import("nodejs-polars");

/**
 * nodejs-polars itself, the copy that the frames come from.
 *
 * @example Spans of more than a second
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { pl } from "@cirron/sdk/polars";
 * import { assertEquals } from "@std/assert";
 *
 * for (const _ of ci.batches(10));
 * const df = ci.trace({ format: "df" });
 * const slow = df.filter(pl.col("wall_us").gt(pl.lit(1e6)));
 * assertEquals(slow.height, 0);
 * ```
 */
export const pl: PolarsLibrary = module.default;

engine.frameEngine = polarsEngine(pl as unknown as Polars);
