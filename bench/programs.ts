/**
 * Starts the programs in `bench/programs/`, for what only a process of its own can tell.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Deno's node:child_process takes its own path for node's; the same path written otherwise is left alone.
const runtime = join(process.execPath, "..") + "/./" + basename(process.execPath);

/** Where a program lies. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}

/**
 * Runs a program on the runtime that asks, to its end, with no more permissions than `flags` give it.
 * @param args After the program's path.
 * @returns What it printed.
 */
export function start(path: string, args: readonly string[] = [], flags: readonly string[] = []): string {
  const before = "Deno" in globalThis ? ["run", "--no-check", ...flags] : [];
  const { status, stdout, stderr } = spawnSync(runtime, [...before, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
