import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { aimOf, type Measured } from "../bench/compare.ts";
import { type Results, withTables } from "../bench/results.ts";
import { CHECKOUT, findRuntime, run, RUNTIME, said } from "./support/runtimes.ts";

const results: Results = JSON.parse(readFileSync(join(CHECKOUT, "bench/results.json"), "utf8"));

test("README.md has the figures of bench/results.json: `deno task bench results` writes both", () => {
  const readme = readFileSync(join(CHECKOUT, "README.md"), "utf8");
  assertEquals(readme, withTables(readme, results));
});

test("withTables() changes nothing but what stands between the marks", () => {
  const readme = "a\n<!-- bench/results.json: begin -->old<!-- bench/results.json: end -->\nb";
  const written = withTables(readme, results);
  assert(written.startsWith("a\n<!-- bench/results.json: begin -->\n\n| "), written);
  assert(written.endsWith("<!-- bench/results.json: end -->\nb"), written);
  assertEquals(withTables(written, results), written);
});

// The guard: whoever makes recording twice as dear as it was, beside the floor in the same run, hears of it.

const GUARDED = ["scope", "cpu", "callback scope", "mark", "batches", "enabled: false"];
const TRIES = 6;

const recorded = results.runtimes.find(({ runtime }) => runtime.toLowerCase().startsWith(RUNTIME))!.groups;
const runtime = findRuntime(RUNTIME)!;

for (const group of GUARDED) {
  test(`Recording costs at most twice what bench/results.json says, as a ratio: ${group}`, async () => {
    const program = [join(CHECKOUT, "bench/run_group.ts"), group, "1"];
    const args = RUNTIME === "deno" ? ["run", "-A", "--no-check", ...program] : program;
    const best: Record<string, number> = {};
    let over: string[] = [];
    // Noise makes cases dearer, hardly ever cheaper: the best of several tries counts.
    for (let i = 0; i < TRIES; i++) {
      for (const { name, figure } of said<Measured[]>(await run(runtime, args, { cwd: CHECKOUT }))) {
        if (figure !== null) best[name] = Math.min(best[name] ?? Infinity, figure);
      }
      over = recorded[group].filter(({ name, target, figure }) => {
        // What an engine makes next to nothing of may double without meaning anything.
        return target !== null && !(best[name] <= Math.max(2 * figure!, aimOf(target) / 2));
      }).map(({ name, figure }) => `${name}: ${best[name]?.toFixed(2)}, recorded ${figure!.toFixed(2)}`);
      if (over.length === 0) return;
    }
    assertEquals(over, []);
  });
}
