/**
 * Measures every group on both runtimes, one process at a time, and writes `bench/results.json`, the tables of `bench/RESULTS.md`
 * and the README's five lines:
 * `deno task bench results`. With names of groups, only those are measured anew; `--seconds=1` measures each for so long, to
 * see that it works, `--rounds=1` at least so often.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tools/install.mjs";
import { run } from "../tools/run.ts";
import type { Measured } from "./compare.ts";
import { GROUPS } from "./groups.ts";
import { type Results, withCosts, withTables } from "./results.ts";

const RESULTS = join(ROOT, "bench", "results.json");
const PAGE = join(ROOT, "bench", "RESULTS.md");
const README = join(ROOT, "README.md");

const before: Results | null = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : null;
const given = (option: string) => Deno.args.find(arg => arg.startsWith(`--${option}=`))?.split("=")[1];
const [seconds, rounds] = [given("seconds"), given("rounds")];
const names = Deno.args.filter(arg => !arg.startsWith("--"));
const wanted = GROUPS.filter(({ name }) => names.length === 0 || names.includes(name));

const runtimes: { runtime: string; groups: Record<string, readonly Measured[]> }[] = [];
for (const name of ["deno", "bun"] as const) {
  const version = name === "deno"
    ? Deno.version.deno
    : (await run("bun", ["--version"], () => false)).output.trim();
  const title = name === "deno" ? "Deno" : "Bun";
  const groups: Record<string, readonly Measured[]> = {};
  const known = before?.runtimes.find(({ runtime }) => runtime.startsWith(title))?.groups ?? {};
  for (const group of GROUPS) {
    if (!wanted.includes(group)) {
      if (known[group.name] !== undefined) groups[group.name] = known[group.name];
      continue;
    }
    const beginMs = performance.now();
    const program = [
      "bench/run_group.ts",
      group.name,
      seconds ?? "",
      ...(rounds === undefined ? [] : [rounds]),
    ];
    const args = name === "deno" ? ["run", "-A", ...(group.denoFlags ?? []), ...program] : program;
    const env = name === "deno" ? group.denoEnv : undefined;
    const { ok, output } = await run(name, args, line => !line.startsWith("["), env);
    if (!ok) Deno.exit(1);
    const measured = JSON.parse(output.split("\n").findLast(line => line.startsWith("["))!) as Measured[];
    console.log(`${title}: ${group.name}, ${Math.round((performance.now() - beginMs) / 1000)} s`);
    if (measured.length > 0) groups[group.name] = measured;
  }
  runtimes.push({ runtime: `${title} ${version}`, groups });
}

const text = JSON.stringify(
  {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0].model}, ${cpus().length} cores`,
    runtimes,
  } satisfies Results,
  (_key, value) => typeof value === "number" ? Number(value.toPrecision(4)) : value,
  2,
);
writeFileSync(RESULTS, `${text}\n`);
// From the file's own figures, so that what the test makes of them is the same.
writeFileSync(PAGE, withTables(readFileSync(PAGE, "utf8"), JSON.parse(text)));
writeFileSync(README, withCosts(readFileSync(README, "utf8"), JSON.parse(text)));
