/**
 * What importing the package costs a program: whole processes, of an empty module, of one that imports `mod.ts`, and of the
 * same in one bundle.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "../tools/install.mjs";
import type { Case, Group, Target } from "./case.ts";

/** Groups of this file. */
export const importGroups: readonly Group[] = [
  { name: "import", cases: importCases, seconds: 20, leastRounds: 40 },
];

function importCases(): Case[] {
  const target: Target = { of: { "a program that is empty": 1 }, plus: 10e6 };
  const imports = programPath("imports_mod.ts");
  const bundled = bundle(imports);
  return [
    { name: "a program that is empty", run: () => start(programPath("empty.ts")) },
    { name: "a program that imports mod.ts", run: () => start(imports), target },
    { name: "the same as a bundle", run: () => start(bundled), target },
  ];
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}

function bundle(program: string): string {
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true }));
  const path = join(directory, "bundle.js");
  const { status, stderr } = spawnSync(findBinary("bun")!, ["build", program, "--outfile", path]);
  if (status !== 0) throw new Error(String(stderr));
  return path;
}

// Deno's node:child_process takes its own path for node's; the same path written otherwise is left alone.
const runtime = join(process.execPath, "..") + "/./" + basename(process.execPath);

function start(path: string): void {
  const args = "Deno" in globalThis ? ["run", "--no-check", path] : [path];
  const { status, stderr } = spawnSync(runtime, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(String(stderr));
}
