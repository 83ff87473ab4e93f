/**
 * `deno task soak [MINUTES] [deno|bun]`: records at full speed with failing sinks, 10 minutes on each runtime.
 *
 * @module
 */
import { run } from "./run.ts";

const PROGRAM = "bench/soak.ts";
const minutes = Number(Deno.args.find(arg => /^[\d.]+$/.test(arg)) ?? 10);
const only = Deno.args.find(arg => /^[a-z]/.test(arg));

let ok = true;
if (only !== "bun") {
  console.log(`\n== Deno ${Deno.version.deno}, ${minutes} min`);
  const flags = ["run", "-A", "--no-check", "--v8-flags=--expose-gc"];
  ok = (await run("deno", [...flags, PROGRAM, `${minutes * 60}`])).ok && ok;
}
if (only !== "deno") {
  console.log(`\n== Bun, ${minutes} min`);
  ok = (await run("bun", [PROGRAM, `${minutes * 60}`])).ok && ok;
}
Deno.exit(ok ? 0 : 1);
