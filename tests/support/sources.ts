/**
 * The import lines of the package's own files.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ENTRIES } from "../../tools/entries.ts";
import { CHECKOUT } from "./checkout.ts";

/** One import, export-from, dynamic import or import type. */
export interface ImportLine {
  readonly specifier: string;
  /** Whether it is gone at run time. */
  readonly typeOnly: boolean;
}

const FROM = /\b(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?)\s*from\s*(["'])([^"'\s]+)\2/g;
const BARE = /\bimport\s*(["'])([^"'\s]+)\1/g;
const CALL = /(\btypeof\s+|:\s*)?\bimport\s*\(\s*(["'])([^"'\s]+)\2\s*\)/g;

/** The imports that a TypeScript source names, types included. */
export function importLines(source: string): ImportLine[] {
  const code = withoutComments(source);
  const lines: ImportLine[] = [];
  for (const [, type, , specifier] of code.matchAll(FROM)) {
    lines.push({ specifier, typeOnly: type !== undefined });
  }
  for (const [, , specifier] of code.matchAll(BARE)) lines.push({ specifier, typeOnly: false });
  for (const [, type, , specifier] of code.matchAll(CALL)) {
    lines.push({ specifier, typeOnly: type?.startsWith("typeof") ?? false });
  }
  return lines;
}

/** A source without its comments. Knows `//` only after a space or at the start of a line: strings hold URLs. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** The text of a file of the checkout. */
export function readSource(path: string): string {
  return readFileSync(join(CHECKOUT, path), "utf8");
}

/** The package's own TypeScript files, by their path in the checkout. */
export function packageFiles(): string[] {
  const files = [...ENTRIES];
  for (const folder of ["ffi", "src"]) {
    for (const name of readdirSync(join(CHECKOUT, folder), { recursive: true }) as string[]) {
      if (name.endsWith(".ts")) files.push(posix.join(folder, name.replaceAll("\\", "/")));
    }
  }
  return files.sort();
}

/** The file of the checkout that a relative specifier in `from` names. */
export function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** What loading `entry` loads at run time: files of the checkout, and every other specifier as it is written. */
export function closure(entry: string, typesToo: boolean): { files: Set<string>; others: Set<string> } {
  const files = new Set([entry]);
  const others = new Set<string>();
  for (const file of files) { // grows while it is walked
    for (const { specifier, typeOnly } of importLines(readSource(file))) {
      if (typeOnly && !typesToo) continue;
      if (specifier.startsWith(".")) files.add(resolveImport(file, specifier));
      else others.add(specifier);
    }
  }
  return { files, others };
}
