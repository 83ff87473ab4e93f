/**
 * What importing the package costs a program: whole processes, of an empty module, of one that imports `mod.ts`, and of the
 * same as it is published, in a bundle.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Case, Group, Target } from "./case.ts";
import { programPath, start } from "./programs.ts";

/** Groups of this file. */
export const importGroups: readonly Group[] = [
  { name: "import", cases: importCases, seconds: 20, leastRounds: 40, startsPrograms: true },
];

async function importCases(): Promise<Case[]> {
  const target: Target = { of: { "a program that is empty": 1 }, plus: "Deno" in globalThis ? 4e6 : 8e6 };
  const imports = programPath("imports_mod.ts");
  const published = await ofPackage(imports);
  return [
    { name: "a program that is empty", run: () => void start(programPath("empty.ts")) },
    { name: "a program that imports mod.ts", run: () => void start(imports) },
    { name: "the same, as it is published", run: () => void start(published), target },
  ];
}

/** The program with what is published in place of the sources. */
async function ofPackage(program: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true }));
  const { buildJsr } = await import("../tools/pack.ts"); // and with it a bundler, for this group alone
  const jsr = await buildJsr(join(directory, "jsr"));
  const path = join(directory, "program.js");
  writeFileSync(path, readFileSync(program, "utf8").replace("../../mod.ts", join(jsr, "mod.js")));
  return path;
}
