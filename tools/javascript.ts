/**
 * The checkout's sources as JavaScript and declarations, for what is published.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { ROOT } from "./install.mjs";

// Where the compiler thinks that it writes to.
const OUT = join(ROOT, ".tools", "out");

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.esnext.d.ts"],
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  strict: true,
  declaration: true,
  emitDeclarationOnly: true,
  isolatedDeclarations: true,
  noCheck: true, // `deno check` does that
  noResolve: true,
  types: [],
  rootDir: ROOT,
  outDir: OUT,
};

/**
 * The JavaScript of the files, by path (`src/a.ts` is `src/a.js`), without comments: who reads it takes the sources, and every
 * program that imports it pays for its length.
 */
export function toJavaScript(files: readonly string[]): Map<string, string> {
  const { declaration: _, emitDeclarationOnly: __, isolatedDeclarations: ___, ...options } = OPTIONS;
  const compilerOptions = { ...options, removeComments: true };
  return new Map(files.map(file => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const { outputText } = ts.transpileModule(text, { fileName: file, compilerOptions });
    return [file.replace(/\.ts$/, ".js"), outputText];
  }));
}

/**
 * The declarations of the files, by path. No file looks into another: what it exports must be told by its own text, as JSR asks
 * for. (TypeScript 6.0.3's `transpileDeclaration`, made for this, knows no `Symbol.dispose` and declares it twice.)
 * @param extension What relative specifiers end with: `.js`, as compilers look for declarations, or `.d.ts`, as Deno does.
 * @throws {Error} If a file has exports whose types cannot be read off its own text.
 */
export function toDeclarations(files: readonly string[], extension: ".js" | ".d.ts"): Map<string, string> {
  const program = ts.createProgram(files.map(file => join(ROOT, file)), OPTIONS);
  const made = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    made.set(relative(OUT, path).replaceAll("\\", "/"), withExtension(text, extension));
  });
  if (diagnostics.length > 0) {
    const host = { getCanonicalFileName: String, getCurrentDirectory: () => ROOT, getNewLine: () => "\n" };
    throw new Error(`Cannot pack:\n${ts.formatDiagnostics(diagnostics, host)}`);
  }
  return made;
}

// Declarations keep the .ts of relative specifiers, which only TypeScript from 5.0 on resolves.
function withExtension(text: string, extension: string): string {
  return text.replace(/((?:\bfrom|\bimport)\s*\(?\s*["'])(\.{1,2}\/[^"']+)\.ts(["'])/g, `$1$2${extension}$3`);
}
