/**
 * This program as it was called: its arguments, whether a module is what was called, and the code it ends with.
 *
 * @module
 */
import { load, node } from "./builtins.ts";
import { deno } from "./which.ts";

interface DenoProgram {
  readonly args: readonly string[];
  exitCode: number;
}

/** What was given on the command line after the program's name. */
export function programArguments(): readonly string[] {
  return deno<DenoProgram>()?.args ?? node.process.argv.slice(2); // `node:process` costs a start in Deno 12 ms
}

/**
 * Whether the module is the program.
 * @param isMain Its `import.meta.main`: undefined on a Node before 24.2.
 * @param url Its `import.meta.url`.
 */
export function isProgram(isMain: boolean | undefined, url: string): boolean {
  if (isMain !== undefined) return isMain;
  const path = node.process.argv[1];
  if (path === undefined) return false;
  try {
    // npm puts a link into `.bin`.
    const { pathToFileURL } = load<typeof import("node:url")>("node:url");
    return pathToFileURL(node.fs.realpathSync(path)).href === url;
  } catch {
    return false;
  }
}

/** Ends the program with this code once nothing is left to do. */
export function setExitCode(code: number): void {
  const program = deno<DenoProgram>();
  if (program === null) node.process.exitCode = code;
  else program.exitCode = code;
}
