/**
 * Kills programs with a journal at random moments, and prints what they lost: `kills.ts [TIMES]`, on the runtime that it runs on.
 * Ends with 1 if anything was lost that should not be.
 *
 * @module
 */
import process from "node:process";
import { kill, KILLED_PROGRAMS, type Loss } from "../tests/support/killed_programs.ts";

const TIMES = Number(process.argv[2] ?? 20);
const MOST_MS = 100;

/** When the killing comes, in milliseconds after the first span. */
const FIRST_MS = 250;
const SPREAD_MS = 1500;

const runtime = "Deno" in globalThis ? "Deno" : "Bun";
console.log(`${runtime}, ${TIMES} times each; ms of told spans lost: median, p99, worst; spans left; gaps`);
let isWrong = false;
for (const program of KILLED_PROGRAMS) {
  const losses: Loss[] = [];
  for (let i = 0; i < TIMES; i++) losses.push(await kill(program, FIRST_MS + Math.random() * SPREAD_MS));
  const ms = losses.map(loss => loss.ms).sort((a, b) => a - b);
  const at = (share: number) => ms[Math.min(TIMES - 1, Math.floor(TIMES * share))].toFixed(1).padStart(6);
  const gaps = losses.reduce((sum, loss) => sum + loss.gaps, 0);
  const kept = losses.reduce((sum, loss) => sum + loss.kept, 0);
  const closed = losses.filter(({ open }) => !open.includes("outer true m=1")).length;
  console.log(
    `${at(0.5)} ${at(0.99)} ${at(1)} ${String(kept).padStart(9)} ${gaps}  ${program.what}${
      closed > 0 ? `; ${closed} times without what was open` : ""
    }`,
  );
  isWrong ||= gaps > 0 || ms[TIMES - 1] > MOST_MS || closed > 0;
}
process.exitCode = isWrong ? 1 : 0;
