/**
 * `deno task watch [PATHS]`: runs the quick tests, or all at PATHS, on Deno, and whatever a change concerns after it.
 *
 * @module
 */
import { ROOT, toolEnvironment } from "./install.mjs";
import { QUICK_ENV, readWanted, testArguments } from "./tests.ts";

const [test, ...args] = testArguments("deno", readWanted(["--quick", ...Deno.args]).paths);
const child = new Deno.Command(Deno.execPath(), {
  args: [test, "--watch", "--no-clear-screen", ...args],
  cwd: ROOT,
  env: { ...toolEnvironment(), ...(Deno.args.length === 0 ? QUICK_ENV : {}) },
}).spawn();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => child.kill(signal));
Deno.exit((await child.status).code);
