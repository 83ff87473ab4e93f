/**
 * What can be checked of the sources without running them: `deno task check`, and the first part of `deno task ok`.
 *
 * @module
 */
import { ENTRIES } from "./entries.ts";
import { DOCUMENTED } from "./pages.ts";
import { run, type Tool } from "./run.ts";

/** A check: its title, and the tool that makes it with its arguments. */
export type Check = readonly [title: string, tool: Tool, ...args: string[]];

const CODE = [...ENTRIES, "src", "ffi", "tests", "tools", "bench", "examples"];

/** What takes a moment where little has changed: every tool keeps what it found, and one process checks all types. */
export const FAST_CHECKS: readonly Check[] = [
  ["format", "dprint", "check"],
  ["lint", "deno", "lint", "--quiet", ...CODE],
  ["types", "deno", "check", "--quiet", ...CODE],
  ["documentation lint", "deno", "doc", "--lint", ...ENTRIES],
];

/** What is left for before a change lands. */
export const SLOW_CHECKS: readonly Check[] = [
  ["documentation types", "deno", "check", "--quiet", "--doc", ...DOCUMENTED],
  ["publish dry run", "deno", "run", "-A", "--no-check", "tools/publish.ts", "--dry-run"],
];

/**
 * Makes checks side by side, and shows what each says once it is done.
 * @returns The titles of those that failed, in their order.
 */
export async function runChecks(checks: readonly Check[]): Promise<string[]> {
  const failed = await Promise.all(checks.map(async ([title, tool, ...args]) => {
    const shown = [`\n== ${title}`];
    const isShown = (line: string): boolean => !/^ {3}file:/.test(line);
    const { ok, output } = await run(tool, args, isShown, {}, line => void shown.push(line));
    console.log(shown.join("\n"));
    // `deno publish` warns of what JSR takes all the same, such as types that make consumers wait.
    return !ok || /^warning/im.test(output) ? [title] : [];
  }));
  return failed.flat();
}
