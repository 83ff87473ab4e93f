/**
 * Where things lie in the checkout. Child programs name sources through {@link sourceUrl}, which says when a file has moved.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The checkout, as a path without a slash at the end. */
export const CHECKOUT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/**
 * Where a file of the checkout lies.
 * @param path From the checkout's root, with slashes.
 * @throws {Error} If there is no such file: what names it must follow a move.
 */
export function sourcePath(path: string): string {
  const absolute = join(CHECKOUT, ...path.split("/"));
  if (!existsSync(absolute)) throw new Error(`There is no ${path} in the checkout`);
  return absolute;
}

/** The same as a URL: what a program outside the checkout imports. */
export function sourceUrl(path: string): string {
  return pathToFileURL(sourcePath(path)).href;
}
