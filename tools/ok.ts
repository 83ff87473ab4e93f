/**
 * `deno task ok`: everything that must hold before a change lands. `--no-tests` leaves the tests out.
 *
 * @module
 */
import { ENTRIES } from "./entries.ts";
import { DOCUMENTED } from "./pages.ts";
import { run, type Tool } from "./run.ts";

const CODE = [...ENTRIES, "src", "ffi", "tests", "tools", "bench", "examples"];

const STEPS: readonly (readonly [title: string, tool: Tool, ...args: string[]])[] = [
  ["format", "dprint", "check"],
  ["lint", "deno", "lint", "--quiet", ...CODE],
  ["types", "deno", "check", "--quiet", ...CODE],
  ["documentation lint", "deno", "doc", "--lint", ...ENTRIES],
  ["documentation types", "deno", "check", "--quiet", "--doc", ...DOCUMENTED],
  ["publish dry run", "deno", "publish", "--dry-run", "--allow-dirty"],
];

const failed: string[] = [];
for (const [title, name, ...args] of STEPS) {
  console.log(`\n== ${title}`);
  const { ok, output } = await run(name, args, line => !/^ {3}file:/.test(line));
  // `deno publish` warns of what JSR takes all the same, such as types that make consumers wait.
  if (!ok || /^warning/im.test(output)) failed.push(title);
}
if (!Deno.args.includes("--no-tests")) {
  const { ok, output } = await run("deno", ["run", "-A", "tools/test.ts"]);
  if (!ok) failed.push(`tests (${output.trimEnd().split("\n").at(-1)})`);
}
if (failed.length > 0) {
  console.error(`\nNot ok: ${failed.join(", ")}`);
  Deno.exit(1);
}
if (Deno.args.includes("--no-tests")) console.log("\nok");
