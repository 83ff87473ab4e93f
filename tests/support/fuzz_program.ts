/**
 * Fuzzes in a process of its own: `fuzz_program.ts SEED ROUNDS SECONDS DIRECTORY [huge]`. Prints a report as JSON; ends with
 * 1 if something was found, also rejections that nobody handled.
 *
 * @module
 */
import process from "node:process";
import { fuzz } from "./fuzz.ts";
import { describe } from "./fuzz_values.ts";

const [seed, rounds, seconds, directory, huge] = process.argv.slice(2);
process.chdir(directory); // hostile names of directories are relative
const unhandled: string[] = [];
process.on("unhandledRejection", error => void unhandled.push(`unhandled: ${describe(error)}`));
process.on("uncaughtException", error => void unhandled.push(`uncaught: ${describe(error)}`));

const endsAt = performance.now() + Number(seconds) * 1000;
const report = await fuzz({
  seed: Number(seed),
  rounds: Number(rounds),
  directory,
  huge: huge === "huge",
  isOver: () => performance.now() > endsAt,
});
await new Promise(resolve => setTimeout(resolve, 0));
report.failures.push(...unhandled);
console.log(JSON.stringify(report));
process.exitCode = report.failures.length === 0 ? 0 : 1;
