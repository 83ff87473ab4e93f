/**
 * Where the documentation has code: what is type-checked and run.
 *
 * @module
 */

/** Sources and pages with examples. The pages one by one: `--doc` looks for sources alone in a directory. */
export const DOCUMENTED: readonly string[] = [
  "mod.ts",
  "polars.ts",
  "src",
  "README.md",
  "SECURITY.md",
  ...[...Deno.readDirSync("docs")].map(({ name }) => `docs/${name}`).filter(path => path.endsWith(".md"))
    .sort(),
];
