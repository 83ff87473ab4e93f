/**
 * `deno task publish [--dry-run]`: builds what JSR is given, in `.tools/jsr`, and publishes it from there.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "./install.mjs";
import { buildJsr } from "./pack.ts";

const cwd = await buildJsr(join(ROOT, ".tools", "jsr"));
// The folder is ignored by git, and what is in it is never committed: --allow-dirty.
const args = ["publish", "--allow-dirty", ...Deno.args];
const { success } = await new Deno.Command(Deno.execPath(), { args, cwd }).spawn().status;
Deno.exit(success ? 0 : 1);
