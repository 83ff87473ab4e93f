/**
 * `deno task pack [DIRECTORY]`: builds what is published, below the directory (default `.tools`): `jsr`, from where `deno publish`
 * takes it, and `npm`, the package and its archive as JSR serves them to npm. Both have the same bundle and declarations, and no
 * TypeScript is read at run time; in the first the sources lie beside, for those who read.
 *
 * JSR makes nodejs-polars a dependency, since it knows no other kind. In the npm form it is an optional peer, so that only those who
 * want DataFrames fetch its 116 MB.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { bundle } from "./bundle.ts";
import { findBinary, ROOT } from "./install.mjs";
import { toDeclarations } from "./javascript.ts";

/** The name under which JSR offers the package to npm; who installs it calls it `@cirron/sdk`. */
export const NPM_NAME = "@jsr/cirron__sdk";

/** What `buildPackage` wrote. */
export interface Package {
  /** Where package.json lies. */
  readonly directory: string;
  /** The archive that `npm install` takes. */
  readonly archive: string;
}

/**
 * Builds the npm form below `directory`.
 * @throws {Error} If a file has exports whose types cannot be read off its own text, or it cannot be packed.
 */
export async function buildPackage(directory: string): Promise<Package> {
  const target = join(directory, "package");
  const { manifest, sources, texts } = published();
  const made = new Map(texts);
  for (const [file, text] of await bundle(sources, { rewrite: npmSpecifiers })) made.set(file, text);
  for (const [file, text] of toDeclarations(sources, ".js")) {
    made.set(`types/${file}`, libraryOf(file) + withOptionalPeer(npmSpecifiers(text)));
  }
  const { description, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  made.set("package.json", jsonText(npmManifest(manifest, description, bin)));
  writeFiles(target, made);
  return { directory: target, archive: packArchive(target, directory) };
}

/**
 * Builds the JSR form in `directory`, which is emptied.
 * @returns The directory.
 * @throws {Error} If a file has exports whose types cannot be read off its own text.
 */
export async function buildJsr(directory: string): Promise<string> {
  const { manifest, sources, texts } = published();
  const made = new Map([...texts, ...sources.map(file => [file, read(file)] as const)]);
  // Deno takes a file's types from where it says that they are.
  const entryLine = (file: string) => `/* @ts-self-types="./types/${file.replace(/\.js$/, ".d.ts")}" */`;
  for (const [file, text] of await bundle(sources, { entryLine })) made.set(file, text);
  for (const [file, text] of toDeclarations(sources, ".d.ts")) made.set(`types/${file}`, text);
  const { name, version, license, imports } = manifest;
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([entry, file]) => [entry, file.replace(/\.ts$/, ".js")]),
  );
  const polars = { "nodejs-polars": imports["nodejs-polars"] };
  made.set("deno.json", jsonText({ name, version, license, exports, imports: polars }));
  rmSync(directory, { recursive: true, force: true });
  writeFiles(directory, made);
  return directory;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

interface Published {
  readonly manifest: Manifest;
  /** The paths of the sources. */
  readonly sources: readonly string[];
  /** What else there is, by path: README, license, changelog. */
  readonly texts: ReadonlyMap<string, string>;
}

function published(): Published {
  const manifest = JSON.parse(read("deno.json")) as Manifest;
  const files = manifest.publish.include.flatMap(entry =>
    /\.\w+$|^LICENSE$/.test(entry)
      ? [entry]
      : (readdirSync(join(ROOT, entry), { recursive: true }) as string[])
        .filter(name => name.endsWith(".ts"))
        .map(name => `${entry}/${name.replaceAll("\\", "/")}`)
  );
  const others = files.filter(file => !file.endsWith(".ts") && file !== "deno.json");
  return {
    manifest,
    sources: files.filter(file => file.endsWith(".ts")),
    texts: new Map(others.map(file => [file, read(file)])),
  };
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function jsonText(value: object): string {
  return JSON.stringify(value, null, 2) + "\n";
}

function writeFiles(directory: string, texts: ReadonlyMap<string, string>): void {
  for (const [file, text] of texts) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
}

function npmManifest(manifest: Manifest, description: string, bin: Manifest["bin"]): object {
  const polars = /@([\d.]+)$/.exec(manifest.imports["nodejs-polars"])?.[1];
  const entries = Object.entries(manifest.exports).map(([entry, file]) => {
    const base = file.slice("./".length, -".ts".length);
    return [entry, { types: `./types/${base}.d.ts`, default: `./${base}.js` }];
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
  const directory = resolve(process.argv[2] ?? join(ROOT, ".tools"));
  console.log(await buildJsr(join(directory, "jsr")));
  console.log((await buildPackage(join(directory, "npm"))).archive);
}
