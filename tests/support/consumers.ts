/**
 * Programs and projects that use the package as strangers do: by its name, outside the checkout.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Health, readSpool, trace } from "../../mod.ts";
import { buildJsr, buildPackage, type Package } from "../../tools/pack.ts";
import { CHECKOUT, sourcePath } from "./checkout.ts";
import { findRuntime, type Outcome, run, type RunOptions } from "./runtimes.ts";
import { TempDirectory } from "./temp_directory.ts";

/** How a program may get at nodejs-polars: it imports the entry for it, has it in node_modules, or does without. */
export type Polars = "imported" | "absent";

/** The exit code that the program asks for. */
const EXIT_CODE = 7;

/**
 * Records with every form of scope, reads back in every format there is, and leaves with an exit code and a scope that is
 * still open. JavaScript, and TypeScript that nobody checks.
 */
export function consumerProgram(polars: Polars): string {
  return `import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import process from "node:process";
${polars === "imported" ? 'import { pl } from "@cirron/sdk/polars";' : ""}
ci.profile({ outputDir: "spool" });
for (const _epoch of ci.epochs(2)) {
  for (const batch of ci.batches([[1, 2], [3, 4, 5]])) {
    ci.scope("forward", { index: batch.length }, () => ci.mark("loss", 1 / batch.length));
  }
}
await Promise.all(["a", "b"].map(page =>
  ci.scope("request", async scope => {
    scope.mark("page", page);
    await new Promise(resolve => setTimeout(resolve, 1));
    ci.scope("render").end();
  })
));
const results = {};
for (const format of ${JSON.stringify(formats())}) {
  try {
    const got = ci.trace({ format });
    results[format] = got === undefined ? "printed" : format === "json" ? JSON.parse(got).span_count
      : got.span_count ?? got.height ?? (String(got).length > 0);
  } catch (error) {
    results[format] = error.name;
  }
}
${polars === "imported" ? 'results.pl = typeof pl.col("wall_us").quantile;' : ""}
try {
  register({});
} catch (error) {
  results.otel = error.name;
}
const { probes } = ci.health();
console.log(JSON.stringify({ results, probes }));
ci.scope("left open");
process.exit(${EXIT_CODE});
`;
}

/** The formats that the checkout's own `trace()` knows, of which it tells when asked for another one. */
function formats(): string[] {
  try {
    trace({ format: "" as "tree" });
  } catch (error) {
    return [...(error as Error).message.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  }
  throw new Error("trace() took a format that it cannot know");
}

/** Closed spans that the program reads back: of the loops, and two requests with a child each. */
const SPANS = 2 + 4 + 4 + 2 + 2;

const TREE = [
  ...[0, 1].flatMap(epoch => [
    `epoch[${epoch}]`,
    "  batch[0]",
    "    forward[2] {loss=0.5000}",
    "  batch[1]",
    "    forward[3] {loss=0.3333}",
  ]),
  "request {page=a}",
  "  render",
  "request {page=b}",
  "  render",
];

/** Checks what the program printed, its exit code, and what it left on disk. */
export function assertWorks(outcome: Outcome, folder: TempDirectory, polars: Polars): Health["probes"] {
  // On a fresh machine Deno says what it fetches.
  const complaints = outcome.stderr.replace(/^Download .*\n/gm, "");
  assertEquals([outcome.code, complaints], [EXIT_CODE, ""], outcome.stdout);
  const lines = outcome.stdout.trimEnd().split("\n");
  const { results, probes } = JSON.parse(lines.pop()!) as {
    results: Record<string, unknown>;
    probes: Health["probes"];
  };
  assertEquals(lines.map(line => line.replace(/ - [\d.]+(us|ms|s)( load [\d.]+m?s)?/, "")), TREE);
  const { tree, dict, json, df, pl, otel, ...others } = results;
  assertEquals(otel, "TypeError");
  assertEquals([tree, dict, json], ["printed", SPANS, SPANS]);
  assertEquals([df, pl], polars === "imported" ? [SPANS, "function"] : ["CirronDependencyError", undefined]);
  assertEquals(Object.keys({ tree, dict, json, df, ...others }).sort(), formats().sort());
  for (const [format, made] of Object.entries(others)) assertEquals(made, true, format);
  const spool = readSpool(join(folder.path, "spool"));
  assertEquals([spool.skipped_file_count, spool.skipped_row_count], [0, 0]);
  const [session, ...orphans] = spool.trace({ format: "dict" }).roots;
  assertEquals([session.name, orphans], ["cirron.session", []]);
  assertEquals(session.children.map(({ name }) => name), [
    "epoch",
    "epoch",
    "request",
    "request",
    "left open",
  ]);
  assertEquals(spool.span_count, SPANS + 2); // with the session, and the scope that was open
  return probes;
}

/** Runs a program that was put into `folder`, without what the tests' own environment says. */
export function runConsumer(
  folder: TempDirectory,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return run(command, args, { cwd: folder.path, ...options });
}

const COMPILER_OPTIONS = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  target: "es2022",
  lib: ["es2022"],
  module: "nodenext",
  types: [],
};

/** How a program is compiled. */
export interface CompileOptions {
  /** Compiler options beside the strict ones. */
  readonly options?: object;
  /** The compiler's name in node_modules. */
  readonly compiler?: string;
}

/** What the compiler finds wrong. nodejs-polars 0.24.1 does not pass it itself where libraries are checked: left out. */
export async function compile(
  folder: TempDirectory,
  { options = {}, compiler = "typescript" }: CompileOptions = {},
): Promise<string[]> {
  folder.write("tsconfig.json", JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, ...options } }));
  const program = join(CHECKOUT, "node_modules", compiler, "lib", "tsc.js");
  const { code, stdout } = await run(findRuntime("bun")!, [program], { cwd: folder.path });
  const errors = stdout.split("\n").filter(line => /^\S.*error TS/.test(line));
  assertEquals(code, errors.length === 0 ? 0 : 2, stdout);
  return errors.filter(line => !/^[^(]*node_modules.nodejs-polars/.test(line));
}

/** A program that uses every exported type. */
export function publicTypes(polars: Polars): string {
  const text = readFileSync(sourcePath("tests/support/public_types.ts"), "utf8");
  if (polars === "imported") return text;
  // Without polars a frame is `any`, which is the same as nothing else, and makes `any` of a union that it is in.
  const lines = text.split("\n");
  const kept = lines.filter(line => !/ci\.DataFrame>|<typeof some/.test(line));
  assertEquals(lines.length - kept.length, 2);
  return kept.join("\n");
}

const folder = new TempDirectory();
let npm: Promise<Package> | null = null;
let jsr: Promise<string> | null = null;

/** The npm form of the package, built once per process. */
export function npmPackage(): Promise<Package> {
  if (npm === null) {
    linkPolars(folder); // which its entry for polars imports
    npm = buildPackage(join(folder.path, "npm"));
  }
  return npm;
}

/** The folder of what JSR is given, built once per process. */
export function jsrPackage(): Promise<string> {
  return jsr ??= buildJsr(join(folder.path, "jsr"));
}

/** Removes what was built. */
export function removePackages(): void {
  folder[Symbol.dispose]();
  npm = jsr = null;
}

/** package.json of a project that depends on the packed package under the name that JSR's own command gives it. */
export async function writeManifest(folder: TempDirectory): Promise<void> {
  const dependencies = { "@cirron/sdk": `file:${(await npmPackage()).archive}` };
  folder.write("package.json", JSON.stringify({ private: true, type: "module", dependencies }));
}

/** An npm project that has the packed package installed by Bun. */
export async function npmProject(polars: Polars): Promise<TempDirectory> {
  const folder = new TempDirectory();
  await writeManifest(folder);
  const { code, stderr } = await run(findRuntime("bun")!, ["install", "--offline"], { cwd: folder.path });
  assertEquals(code, 0, stderr);
  if (polars === "imported") linkPolars(folder);
  return folder;
}

/** Puts the checkout's nodejs-polars into a project, as if it were installed there. */
function linkPolars(folder: TempDirectory): void {
  const modules = join(folder.path, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const name of readdirSync(join(CHECKOUT, "node_modules"))) {
    if (!name.startsWith("nodejs-polars")) continue;
    symlinkSync(join(CHECKOUT, "node_modules", name), join(modules, name), "junction");
  }
}

/** The file that `deno compile` puts a program into, where Deno keeps it once it was fetched; null if it is not there. */
export async function findDenoRuntime(deno: string): Promise<string | null> {
  const { DENORT_BIN } = process.env;
  if (DENORT_BIN !== undefined) return DENORT_BIN;
  const { stdout } = await run(deno, ["info", "--json"]);
  const { denoDir } = JSON.parse(stdout) as { denoDir: string };
  const version = (await run(deno, ["--version"])).stdout.split(" ")[1];
  const folder = join(denoDir, "dl", "release", `v${version}`);
  const found = existsSync(folder) ? readdirSync(folder).find(name => name.startsWith("denort")) : undefined;
  return found === undefined ? null : join(folder, found);
}

/** Checks that a directory listing holds nothing that only TypeScript understands. */
export function assertNoTypeScript(files: readonly string[]): void {
  assertEquals(files.filter(name => /\.[cm]?tsx?$/.test(name) && !name.endsWith(".d.ts")), []);
  assert(files.some(name => name.endsWith(".js")));
}
