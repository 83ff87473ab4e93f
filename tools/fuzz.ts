/**
 * `deno task fuzz [SECONDS] [SEED] [deno|bun]`: calls the public functions with whatever arguments, 60 seconds on each
 * runtime. The same seed makes the same calls; without one it is the time of day.
 *
 * @module
 */
import { run } from "./run.ts";

const PROGRAM = "tests/support/fuzz_program.ts";
const numbers = Deno.args.filter(arg => /^\d+$/.test(arg));
const seconds = numbers[0] ?? "60";
const seed = numbers[1] ?? String(Date.now() % 1_000_000);
const only = Deno.args.find(arg => /^[a-z]/.test(arg));

let ok = true;
for (const name of ["deno", "bun"] as const) {
  if (only !== undefined && only !== name) continue;
  console.log(`\n== ${name}, seed ${seed}, ${seconds} s`);
  const directory = await Deno.makeTempDir({ prefix: "cirron-fuzz-" });
  const flags = name === "deno" ? ["run", "-A", "--no-check"] : [];
  const { ok: passed, output } = await run(name, [
    ...flags,
    PROGRAM,
    seed,
    "1000000",
    seconds,
    directory,
    "huge",
  ], () => false);
  await Deno.remove(directory, { recursive: true });
  ok = passed && ok;
  try {
    const { failures, ...counts } = JSON.parse(output.split("\n").at(-1)!) as { failures: string[] };
    console.log(JSON.stringify(counts));
    for (const failure of failures) console.log(`FAILED ${failure}`);
  } catch {
    console.log(output); // it died
  }
}
Deno.exit(ok ? 0 : 1);
