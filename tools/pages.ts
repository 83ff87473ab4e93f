/**
 * The documents, and where documentation has code: what is type-checked and run.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { ENTRIES } from "./entries.ts";

/** Every document of the checkout. */
export const PAGES: readonly string[] = ["", "docs", "bench", "bench/peers", "tools"].flatMap(folder =>
  readdirSync(new URL(`../${folder}`, import.meta.url)).filter(name => name.endsWith(".md")).sort()
    .map(name => folder === "" ? name : `${folder}/${name}`)
);

/** Sources and pages with examples. The pages one by one: `--doc` looks for sources alone in a directory. */
export const DOCUMENTED: readonly string[] = [...ENTRIES, "src", ...PAGES];
