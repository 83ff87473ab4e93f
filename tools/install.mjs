/**
 * Installs what package.json pins, and finds the tools in it. Plain JavaScript, because it runs under the Node that a
 * fresh machine has, and under Deno where there is no Node.
 *
 * No install script of any package runs: the binaries are taken from the packages of their platform, where they lie
 * ready, so nothing depends on how an npm treats such scripts.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const TOOLS = join(ROOT, "tools", "pinned");
const MODULES = join(TOOLS, "node_modules");
const NODE = join(ROOT, "tools", "node");
const OLDEST_NODE = 22;
const INSTALL = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];

// `npm install`, not `npm ci`: dprint names a platform package that was never published, which npm 11's `ci` takes
// for a lock file out of step. With a lock file in place `install` takes the same versions.
function npmCommand() {
  // The version runs under Deno's Node 26 interface and keeps to the lock file as the Node machines' own do.
  if ("Deno" in globalThis) {
    // With a lock file of its own, which also says what it must hash to: else it would be added to the checkout's.
    const lock = `--lock=${join(ROOT, "tools", "npm", "deno.lock")}`;
    return [process.execPath, "run", "-A", "--no-config", lock, "npm:npm@10.9.9"];
  }
  const { npm_execpath } = process.env; // the npm that runs us, if one does
  return npm_execpath ? [process.execPath, npm_execpath] : ["npm"];
}

/** Installs the pinned packages unless they are there already. Says what it does; exits with npm's status if it fails. */
export function ensureInstalled() {
  const folders = hasNode() ? [TOOLS, ROOT] : [TOOLS, ROOT, NODE];
  installOnce(folders, "the pinned tools and packages (once): deno, bun, dprint, polars ...");
}

/** The same for what the benchmarks compare with. */
export function ensurePeersInstalled() {
  installOnce(
    [join(ROOT, "bench", "peers")],
    "what the benchmarks compare with (once): OpenTelemetry JS ...",
  );
}

/**
 * The same for the libraries of `examples/otel`, which only its tests and who runs them need.
 * @returns {string | null} Why they are not there; null if they are.
 */
export function examplesMissing() {
  const folder = join(ROOT, "examples", "otel");
  try {
    installOnce(
      [folder],
      "the libraries of examples/otel (once): ai, hono, fastify, graphql-yoga, elysia ...",
      folder => {
        const [command, ...args] = npmCommand();
        const { status, stderr, error } = spawnSync(command, [...args, ...INSTALL], {
          cwd: folder,
          encoding: "utf8",
        });
        if (status !== 0) throw new Error(error?.message ?? stderr.trim().split("\n").at(-1));
      },
    );
    return null;
  } catch (error) {
    return `npm could not install examples/otel: ${error instanceof Error ? error.message : error}`;
  }
}

// What was installed last stands in the first folder's node_modules.
function installOnce(folders, what, installOne = install) {
  const stamp = join(folders[0], "node_modules", ".cirron-installed");
  const wanted = createHash("sha256");
  for (const folder of folders) {
    for (const file of ["package.json", "package-lock.json"]) wanted.update(readFileSync(join(folder, file)));
  }
  const digest = wanted.digest("hex");
  const isThere = existsSync(stamp) && folders.every(folder => existsSync(join(folder, "node_modules")));
  if (isThere && readFileSync(stamp, "utf8") === digest) return;
  console.log(`Installing ${what}`);
  for (const folder of folders) installOne(folder);
  writeFileSync(stamp, digest);
}

function install(folder) {
  const [command, ...args] = npmCommand();
  const { status, error } = spawnSync(command, [...args, ...INSTALL], { cwd: folder, stdio: "inherit" });
  if (status === 0) return;
  console.error(`npm install failed${error ? `: ${error.message}` : ""}`);
  process.exit(status ?? 1);
}

/** Whether the machine's own Node is new enough to run the package. */
function hasNode() {
  const { stdout } = spawnSync("node", ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)/.exec(stdout ?? "")?.[1] ?? 0) >= OLDEST_NODE;
}

/**
 * A Node that the package promises to work on: the machine's, or the pinned one where that is too old.
 * @returns {string | null} Its path, or the name that finds it; null if there is none.
 */
export function findNode() {
  if (hasNode()) return "node";
  const folder = join(NODE, "node_modules");
  return (existsSync(folder) ? readdirSync(folder) : []).filter(entry => entry.startsWith("node-"))
    .map(entry => join(folder, entry, "bin", process.platform === "win32" ? "node.exe" : "node"))
    .find(path => existsSync(path) && answers(path)) ?? null;
}

/**
 * The executable of a pinned tool.
 * @param {"deno" | "bun" | "dprint"} name
 * @returns {string | null} Its path; null if it is not installed.
 */
export function findBinary(name) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const candidates = [];
  const scope = { deno: "@deno", bun: "@oven", dprint: "@dprint" }[name];
  const folder = join(MODULES, scope);
  for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
    candidates.push(join(folder, entry, name === "bun" ? join("bin", `bun${suffix}`) : `${name}${suffix}`));
  }
  // Where an install script was allowed to run, Bun's moves the binary here. Without it a stub lies here.
  if (name === "bun") candidates.push(join(MODULES, "bun", "bin", "bun.exe"));
  return candidates.find(path => existsSync(path) && answers(path)) ?? null;
}

function answers(path) {
  return spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0;
}

/**
 * The environment with the pinned tools first on the path, for programs that start others.
 * @returns {Record<string, string>}
 */
export function toolEnvironment() {
  const folders = ["deno", "bun", "dprint"].map(name => findBinary(name))
    .filter(path => path !== null)
    .map(path => join(path, ".."));
  return { ...process.env, PATH: [...folders, process.env.PATH ?? ""].join(delimiter) };
}
