/**
 * Columns -> polars DataFrame, given polars; and where polars is looked for when nobody gave it.
 *
 * @module
 */
import { CirronDependencyError } from "../data/errors.ts";
import { toArrow } from "../formats/frame/arrow.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import { node } from "../runtime/builtins.ts";
import { areGranted } from "../runtime/permissions.ts";
import { bun } from "../runtime/which.ts";

/** The little of nodejs-polars that is used here. The package itself is named in `polars.ts` alone. */
export interface Polars {
  readIPCStream(body: Uint8Array): unknown;
}

/** The engine that builds frames with `pl`: one call for all columns, where a call a column took ten times as long. */
export function polarsEngine(pl: Polars): FrameEngine {
  return columns => {
    const { buffer, byteOffset, byteLength } = toArrow(columns);
    // Polars takes what is no Buffer for a path.
    return pl.readIPCStream(node.buffer.Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength));
  };
}

/**
 * The engine with the nodejs-polars of the working directory's node_modules, if it may be loaded without asking.
 * @returns The engine, or an error that names the command which mends it.
 */
export function requireFrameEngine(): FrameEngine | CirronDependencyError {
  // Newer ones do not install everywhere.
  const advice =
    "Install it with `deno add npm:nodejs-polars@0.24.1` or `bun add nodejs-polars@0.24.1`, and import "
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
    if (bun() !== null && !isInstalled(directory)) {
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
