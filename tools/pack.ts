/**
 * `deno task pack [DIRECTORY]`: builds the npm form of the package, as JSR serves it: JavaScript and declarations, no
 * TypeScript at run time. Writes the package and its archive below the directory (default `.tools/npm`).
 *
 * JSR makes nodejs-polars a dependency, since it knows no other kind. Here it is an optional peer, so that only those who
 * want DataFrames fetch its 116 MB.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import ts from "typescript";
import { findBinary, ROOT } from "./install.mjs";

/** The name under which JSR offers the package to npm; who installs it calls it `@cirron/sdk`. */
export const NPM_NAME = "@jsr/cirron__sdk";

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
  isolatedDeclarations: true,
  noCheck: true, // `deno check` does that
  noResolve: true,
  types: [],
  rootDir: ROOT,
  outDir: OUT,
};

/** What `buildPackage` wrote. */
export interface Package {
  /** Where package.json lies. */
  readonly directory: string;
  /** The archive that `npm install` takes. */
  readonly archive: string;
}

/**
 * Builds the package below `directory`.
 * @throws {Error} If a file has exports whose types cannot be read off its own text, or it cannot be packed.
 */
export function buildPackage(directory: string): Package {
  const target = join(directory, "package");
  const manifest = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8")) as Manifest;
  const { description, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  const files = publishedFiles(manifest.publish.include);
  const made = toJavaScript(files.filter(file => file.endsWith(".ts")));
  for (const file of files.filter(file => !file.endsWith(".ts") && file !== "deno.json")) {
    made.set(file, readFileSync(join(ROOT, file), "utf8"));
  }
  for (const [file, text] of made) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    writeFileSync(join(target, file), text);
  }
  writeFileSync(
    join(target, "package.json"),
    JSON.stringify(npmManifest(manifest, description, bin), null, 2) + "\n",
  );
  return { directory: target, archive: packArchive(target, directory) };
}

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

function npmManifest(manifest: Manifest, description: string, bin: Manifest["bin"]): object {
  const polars = /@([\d.]+)$/.exec(manifest.imports["nodejs-polars"])?.[1];
  const entries = Object.entries(manifest.exports).map(([entry, file]) => {
    const base = file.slice(0, -".ts".length);
    return [entry, { types: `${base}.d.ts`, default: `${base}.js` }];
  });
  return {
    name: NPM_NAME,
    version: manifest.version,
    description,
    license: manifest.license,
    type: "module",
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    bin: Object.fromEntries(Object.entries(bin).map(([name, file]) => [name, file.replace(/\.ts$/, ".js")])),
    peerDependencies: { "nodejs-polars": polars },
    peerDependenciesMeta: { "nodejs-polars": { optional: true } },
    engines: { node: ">=20.16" },
  };
}

function publishedFiles(include: readonly string[]): string[] {
  return include.flatMap(entry =>
    /\.\w+$|^LICENSE$/.test(entry)
      ? [entry]
      : (readdirSync(join(ROOT, entry), { recursive: true }) as string[])
        .filter(name => name.endsWith(".ts"))
        .map(name => `${entry}/${name.replaceAll("\\", "/")}`)
  );
}

/**
 * The JavaScript and the declarations of some of the checkout's files, by path. No file looks into another: what it exports
 * must be told by its own text, as JSR asks for. (TypeScript 6.0.3's `transpileDeclaration`, made for this, knows no
 * `Symbol.dispose` and declares it twice.)
 * @throws {Error} If a file has exports whose types cannot be read off its own text.
 */
export function toJavaScript(files: readonly string[]): Map<string, string> {
  const program = ts.createProgram(files.map(file => join(ROOT, file)), OPTIONS);
  const made = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    const file = relative(OUT, path).replaceAll("\\", "/");
    const forNpm = npmSpecifiers(text);
    made.set(
      file,
      file.endsWith(".d.ts") ? libraryOf(file) + withOptionalPeer(relativeTypes(forNpm)) : forNpm,
    );
  });
  if (diagnostics.length > 0) {
    const host = { getCanonicalFileName: String, getCurrentDirectory: () => ROOT, getNewLine: () => "\n" };
    throw new Error(`Cannot pack:\n${ts.formatDiagnostics(diagnostics, host)}`);
  }
  return made;
}

// Declarations keep the .ts of relative specifiers, which only TypeScript from 5.0 on resolves.
function relativeTypes(text: string): string {
  return text.replace(/((?:\bfrom|\bimport)\s*\(?\s*["'])(\.{1,2}\/[^"']+)\.ts(["'])/g, "$1$2.js$3");
}

function npmSpecifiers(text: string): string {
  return text.replace(/(["'])npm:((?:@[^/@"']+\/)?[^/@"']+)@[^"'/]+\1/g, "$1$2$1");
}

// `Symbol.dispose` is in no library before esnext. JSR forbids such a line in what is published to it.
function libraryOf(fileName: string): string {
  return fileName === "mod.d.ts" ? '/// <reference lib="esnext.disposable" />\n' : "";
}

// Without nodejs-polars installed its types are `any`, and a program that checks its libraries still compiles.
function withOptionalPeer(text: string): string {
  return text.replace(/^.*["']nodejs-polars["'].*$/gm, "// @ts-ignore -- an optional peer dependency\n$&");
}

// Bun packs, since it is pinned: the npm of a machine is of any age, and Deno alone would have to fetch one.
function packArchive(from: string, to: string): string {
  const bun = findBinary("bun");
  if (bun === null) throw new Error("bun, which makes the archive, is not installed");
  const pack = ["pm", "pack", "--quiet", "--ignore-scripts", "--destination", resolve(to)];
  const { status, stdout, stderr } = spawnSync(bun, pack, { cwd: from, encoding: "utf8" });
  if (status !== 0) throw new Error(`bun pm pack failed: ${stderr}`);
  return resolve(to, stdout.trim().split("\n").at(-1)!);
}

if (import.meta.main) {
  const { archive } = buildPackage(resolve(process.argv[2] ?? join(ROOT, ".tools", "npm")));
  console.log(archive);
}
