/**
 * What `cirron` takes from start to prompt, on Deno, Bun and Node: `cli.ts [ROUNDS]`, from either runtime. A journal of a million spans of one
 * thread; the runtimes take turns, and beside each command stands what the runtime takes to do nothing.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { npmProject, removePackages } from "../tests/support/consumers.ts";
import { writeFleet } from "../tests/support/fleet.ts";
import { findBinary, findNode } from "../tools/install.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SPANS = 1_000_000;
const SPANS_A_STEP = 6;

/** The most milliseconds; of a help, beyond what the runtime takes to do nothing. */
const TARGETS: Readonly<Record<string, number>> = {
  "--help": 40,
  "summary --help": 40,
  summary: 1500,
  "summary --by name": 1500,
  "tree --last 20": 200,
  "tree --roots 2": 200,
};

const folder = mkdtempSync(join(tmpdir(), "cirron-bench-"));
try {
  writeFleet(join(folder, "runs"), { ranks: 1, steps: Math.round(SPANS / SPANS_A_STEP) }, "r1");
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
  removePackages();
}

async function measure(): Promise<void> {
  using project = await npmProject("absent");
  const nothing = join(folder, "nothing.mjs");
  writeFileSync(nothing, "");
  const source = fileURLToPath(new URL("../cli.ts", import.meta.url));
  const built = join(project.path, "node_modules", ".bin", "cirron");
  const deno = [findBinary("deno")!, "run", "-A", "--no-check"];
  const programs:
    readonly (readonly [name: string, cirron: readonly string[], nothing: readonly string[]])[] = [
      ["Deno", [...deno, source], [...deno, "--no-config", nothing]],
      ["Bun", [findBinary("bun")!, source], [findBinary("bun")!, nothing]],
      ["Node", [findNode()!, built], [findNode()!, nothing]],
    ];
  console.log(`${ROUNDS} rounds; ms from start to end: median, least; of CPU, least; what there may be`);
  for (const [command, target] of Object.entries(TARGETS)) {
    const words = command.split(" ");
    const args = command.includes("help") ? words : [...words, join(folder, "runs")];
    const isHelp = command.includes("help");
    const times = programs.map(() => ({ done: [] as Times[], empty: [] as Times[] }));
    for (let round = 0; round < ROUNDS; round++) {
      programs.forEach(([, cirron, empty], i) => {
        times[i].empty.push(run(empty));
        times[i].done.push(run([...cirron, ...args]));
      });
    }
    programs.forEach(([name], i) => {
      const { done, empty } = times[i];
      const beyond = (what: keyof Times) => least(done, what) - (isHelp ? least(empty, what) : 0);
      const wall = done.map(({ wall }) => wall).sort((a, b) => a - b);
      const figures = [wall[ROUNDS >> 1], wall[0], least(done, "cpu"), target].map(shown).join("");
      const more = isHelp
        ? ` (beyond its start ${shown(beyond("wall"))}, of CPU ${shown(beyond("cpu"))})`
        : "";
      console.log(
        `${name.padEnd(4)}${figures}  cirron ${command}${more}${beyond("wall") > target ? "  MISSED" : ""}`,
      );
    });
  }
}

interface Times {
  readonly wall: number;
  readonly cpu: number;
}

function least(times: readonly Times[], what: keyof Times): number {
  return Math.min(...times.map(one => one[what]));
}

function shown(ms: number): string {
  return ms.toFixed(0).padStart(6);
}

/** Runs a program; its CPU time is what its shell says of it, in milliseconds. */
function run([command, ...args]: readonly string[]): { readonly wall: number; readonly cpu: number } {
  const shell = 'TIMEFORMAT="%3U %3S"; time "$0" "$@" > /dev/null';
  const began = performance.now();
  const { status, stderr } = spawnSync("bash", ["-c", shell, command, ...args], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  const wall = performance.now() - began;
  const [user, system] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${status}: ${stderr}`);
  return { wall, cpu: (user + system) * 1000 };
}
