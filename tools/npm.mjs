/**
 * `npm run NAME` and `npm test`: installs the pinned tools if need be, then runs `deno task NAME`.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { ensureInstalled, findBinary, ROOT, toolEnvironment } from "./install.mjs";

ensureInstalled();
const deno = findBinary("deno");
if (deno === null) {
  console.error(`Deno's npm package has no binary for ${process.platform} ${process.arch}`);
  process.exit(1);
}
const { status, signal } = spawnSync(deno, ["task", ...process.argv.slice(2)], {
  cwd: ROOT,
  env: toolEnvironment(),
  stdio: "inherit",
});
if (signal !== null) process.kill(process.pid, signal);
process.exit(status ?? 1);
