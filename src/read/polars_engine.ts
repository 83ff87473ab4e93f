/**
 * Columns -> polars DataFrame, given polars; and where polars is looked for when nobody gave it.
 *
 * @module
 */
import { node } from "../builtins.ts";
import { CirronDependencyError } from "../errors.ts";
import { areGranted } from "../permissions.ts";
import type { FrameColumn, FrameEngine } from "./frame.ts";

/** The little of nodejs-polars that is used here. The package itself is named in `polars.ts` alone. */
export interface Polars {
  Series(name: string, values: unknown, dtype: unknown): { cast(dtype: unknown, strict?: boolean): unknown };
  // deno-lint-ignore no-explicit-any -- a class that is called as a function, with a dozen overloads
  DataFrame: any;
  readonly Utf8: unknown;
  readonly Int64: unknown;
  readonly Float64: unknown;
  readonly UInt32: unknown;
}

/** The engine that builds frames with `pl`. */
export function polarsEngine(pl: Polars): FrameEngine {
  return columns => pl.DataFrame(columns.map(column => toSeries(pl, column)));
}

function toSeries(pl: Polars, column: FrameColumn): unknown {
  const { name, values, dtype } = column;
  // A cast that is not strict makes null of NaN, and takes an all-null column in a twentieth of the time that an
  // array of nulls does (0.9 against 20 ms for 100 000 rows). Exact up to 2^53.
  return dtype === "Int64"
    ? pl.Series(name, values, pl.Float64).cast(pl.Int64, false)
    : pl.Series(name, values, pl[dtype]);
}

/**
 * The engine with the nodejs-polars of the working directory's node_modules, if it may be loaded without asking.
 * @returns The engine, or an error that names the command which mends it.
 */
export function requireFrameEngine(): FrameEngine | CirronDependencyError {
  const advice = "Install it with `deno add npm:nodejs-polars` or `bun add nodejs-polars`, and import "
    + '"@cirron/sdk/polars" once';
  if (!areGranted("read", "ffi", "sys")) {
    return new CirronDependencyError(
      "Cannot make a DataFrame: nodejs-polars is not loaded, and loading it needs --allow-read --allow-ffi "
        + `--allow-sys. ${advice}`,
    );
  }
  try {
    const directory = node.process.cwd();
    // Where there is no node_modules at all, Bun's `require` would install the package: nothing is downloaded unasked.
    if (node.process.versions.bun !== undefined && !isInstalled(directory)) {
      throw new Error(`No node_modules of ${directory} or above it holds nodejs-polars`);
    }
    // Not called `require`: under that name Deno takes it for an import of mod.ts, and fetches the package unasked.
    const load = node.module.createRequire(`${directory}/`);
    return polarsEngine(load("nodejs-polars"));
  } catch (cause) {
    return new CirronDependencyError(`Cannot make a DataFrame: nodejs-polars cannot be loaded. ${advice}`, {
      cause,
    });
  }
}

function isInstalled(directory: string): boolean {
  for (let at = directory;; at = node.path.dirname(at)) {
    if (node.fs.existsSync(node.path.join(at, "node_modules", "nodejs-polars"))) return true;
    if (at === node.path.dirname(at)) return false;
  }
}
