/**
 * The page's program, as text. It is written as functions of this package, which are checked, linted and tested as all others, and
 * comes along as their text: by raw URL, from npm and in a bundle, without a file to be read. Each gets what it needs of the others as
 * an argument, since a bundle may call them anything.
 *
 * @module
 */
import { PARTS } from "./view/parts.ts";
import { startPage } from "./view/start.ts";

let text: string | null = null;

/** The program. Its functions are asked for their text once. */
export function pageScript(): string {
  if (text !== null) return text;
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: ${part},`);
  // Some bundlers keep names by calling a helper of theirs within functions.
  const helper = "const __name = part => part;";
  return text = `"use strict";\n{\n${helper}\nconst parts = {\n${
    parts.join("\n")
  }\n};\n(${startPage})(window, parts);\n}`;
}
