/**
 * What importing the package costs a program: whole processes, of an empty module and of one that imports `mod.ts`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Case, Group } from "./case.ts";

/** Groups of this file. */
export const importGroups: readonly Group[] = [
  { name: "import", cases: importCases, seconds: 20, leastRounds: 40 },
];

function importCases(): Case[] {
  return [
    { name: "a program that is empty", run: () => start("empty.ts") },
    {
      name: "a program that imports mod.ts",
      run: () => start("imports_mod.ts"),
      target: { of: { "a program that is empty": 1 }, plus: 10e6 },
    },
  ];
}

// Deno's node:child_process takes its own path for node's; the same path written otherwise is left alone.
const runtime = join(process.execPath, "..") + "/./" + basename(process.execPath);

function start(program: string): void {
  const path = fileURLToPath(new URL(`./programs/${program}`, import.meta.url));
  const args = "Deno" in globalThis ? ["run", "--no-check", path] : [path];
  const { status, stderr } = spawnSync(runtime, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(String(stderr));
}
