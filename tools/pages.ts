/**
 * Where the documentation has code: what is type-checked and run.
 *
 * @module
 */

/** Sources, and the pages with examples one by one: in a directory `--doc` looks at sources alone. */
export const DOCUMENTED: readonly string[] = ["mod.ts", "polars.ts", "src", "README.md", ...pages()];

// A block in another language than TypeScript is a fragment.
function pages(): string[] {
  return [...Deno.readDirSync("docs")]
    .map(({ name }) => `docs/${name}`)
    .filter(path => path.endsWith(".md") && Deno.readTextFileSync(path).includes("\n```ts\n"))
    .sort();
}
