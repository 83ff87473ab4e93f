/**
 * What importing the package costs a program: whole processes, of an empty module, of one that imports `mod.ts`, and of the
 * same in one bundle.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findBinary } from "../tools/install.mjs";
import type { Case, Group, Target } from "./case.ts";
import { programPath, start } from "./programs.ts";

/** Groups of this file. */
export const importGroups: readonly Group[] = [
  { name: "import", cases: importCases, seconds: 20, leastRounds: 40, startsPrograms: true },
];

function importCases(): Case[] {
  const target: Target = { of: { "a program that is empty": 1 }, plus: 10e6 };
  const imports = programPath("imports_mod.ts");
  const bundled = bundle(imports);
  return [
    { name: "a program that is empty", run: () => void start(programPath("empty.ts")) },
    { name: "a program that imports mod.ts", run: () => void start(imports), target },
    { name: "the same as a bundle", run: () => void start(bundled), target },
  ];
}

function bundle(program: string): string {
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true }));
  const path = join(directory, "bundle.js");
  const { status, stderr } = spawnSync(findBinary("bun")!, ["build", program, "--outfile", path]);
  if (status !== 0) throw new Error(String(stderr));
  return path;
}
