/**
 * The files that the package is entered by, as `deno.json` lists them.
 *
 * @module
 */
import { readFileSync } from "node:fs";

const { exports } = JSON.parse(readFileSync(new URL("../deno.json", import.meta.url), "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
};

/** The entries' files by what is imported: `@cirron/sdk`, and what may follow it. */
export const ENTRY_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(exports).map(([entry, file]) => [`@cirron/sdk${entry.slice(1)}`, file.replace(/^\.\//, "")]),
);

/** Their paths in the checkout: `mod.ts` first. */
export const ENTRIES: readonly string[] = Object.values(ENTRY_FILES);
