/**
 * Programs with a journal that are killed with SIGKILL, and what they lost, by what they told of before: no clock but theirs is asked.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { read } from "../../src/api/read.ts";
import { recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import { sourceUrl } from "./checkout.ts";
import { RUNTIME } from "./conditions.ts";
import { journalIn } from "./journal_folder.ts";
import { findRuntime } from "./runtimes.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A kind of program. */
export interface KilledProgram {
  readonly what: string;
  /** Calls `record(busyMs)` again and again: it closes a span `x`, and tells of some. */
  readonly body: string;
  /** Where the body runs. */
  readonly where: "main" | "worker" | "child";
}

const ENDLESS = "for (;;) record(0.02);";

/** The kinds of program that a kill is tried on. */
export const KILLED_PROGRAMS: readonly KilledProgram[] = [
  { what: "whose event loop turns", body: "setInterval(() => record(0), 2);", where: "main" },
  {
    what: "that computes for a second in each turn of the event loop",
    body: `const turn = () => {
      const untilMs = performance.now() + 1000;
      while (performance.now() < untilMs) record(0.5);
      setTimeout(turn);
    };
    turn();`,
    where: "main",
  },
  { what: "in a loop without end", body: ENDLESS, where: "main" },
  { what: "in a loop without end, as fast as it can", body: "for (;;) record(0);", where: "main" },
  { what: "in a loop without end in a worker", body: ENDLESS, where: "worker" },
  { what: "in a loop without end in a child process", body: ENDLESS, where: "child" },
];

/** What a program lost. */
export interface Loss {
  /** Milliseconds from the first span that was lost to the last that the program told of; 0 if none was. */
  readonly ms: number;
  /** Spans that closed after the last one on disk, as far as the program told. */
  readonly lost: number;
  /**
   * The longest time around that in which the program did not come to tell of a span, in milliseconds: it tells of one each
   * millisecond or two where the machine lets it.
   */
  readonly stalledMs: number;
  /** Files that the package's reader cannot open, and rows of them that it cannot read. */
  readonly broken: number;
  /** Spans that are on disk. */
  readonly kept: number;
  /** Those of them that should come before the last and are not there. */
  readonly gaps: number;
  /** What is said to be open, with its marks: `name age mark=value`. The age is whether it is more than 100 ms. */
  readonly open: readonly string[];
}

/** A span that closed, as its program told: in milliseconds of its clock, just before and some time after. */
interface Told {
  readonly index: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/**
 * Runs a program, kills it, and reads what it has left.
 * @param ms When it is killed, after its first span, by its own clock.
 */
export async function kill(program: KilledProgram, ms: number): Promise<Loss> {
  using journal = new TempDirectory();
  using folder = new TempDirectory();
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const runtime = findRuntime(RUNTIME)!;
  const recorder = folder.write("recorder.ts", recorderSource(journal.path, program.body, ms));
  const path = program.where === "main" ? recorder : folder.write(
    "main.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import { spawn } from "node:child_process";
      import { Worker } from "node:worker_threads";
      ci.profile({ output: "journal", outputDir: ${JSON.stringify(journal.path)} });
      ${
      program.where === "worker"
        ? `new Worker(new URL("./recorder.ts", import.meta.url));`
        : `spawn(${JSON.stringify(runtime)}, ${JSON.stringify([...flags, recorder])}, { stdio: "inherit" });`
    }
      setInterval(() => ci.scope("turn").end(), 5);
    `,
  );
  const told = await runUntilEnough(runtime, [...flags, path]);
  return lossOf(journal.path, told);
}

function recorderSource(journal: string, body: string, ms: number): string {
  return `
    import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import { writeSync } from "node:fs";
    import process from "node:process";
    ci.profile({ output: "journal", outputDir: ${JSON.stringify(journal)} });
    const outer = ci.scope("outer");
    outer.mark("m", 1);
    let index = 0;
    let toldMs = -Infinity;
    const busy = (ms: number) => {
      const untilMs = performance.now() + ms;
      while (performance.now() < untilMs);
    };
    writeSync(1, "pid " + process.pid + "\\n");
    const startMs = performance.now();
    const record = (busyMs: number) => {
      const scope = ci.scope("x", { index });
      if (busyMs > 0) busy(busyMs);
      const beforeMs = performance.now();
      scope.end();
      if (beforeMs - toldMs >= 1) {
        const afterMs = performance.now();
        toldMs = beforeMs;
        writeSync(1, index + " " + beforeMs + " " + afterMs + "\\n");
        if (beforeMs - startMs > ${ms}) writeSync(1, "enough\\n");
      }
      index++;
    };
    ${body}
  `;
}

async function runUntilEnough(runtime: string, args: readonly string[]): Promise<Told[]> {
  const child = spawn(runtime, [...args], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let isKilled = false;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const from = Math.max(0, stdout.length - 10);
    stdout += text;
    if (isKilled || !stdout.slice(from).includes("enough")) return;
    isKilled = true;
    for (const pid of new Set([Number(/pid (\d+)/.exec(stdout)![1]), child.pid!])) {
      process.kill(pid, "SIGKILL");
    }
  });
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return stdout.split("\n").slice(0, -1).filter(line => /^\d/.test(line)).map(line => {
    const [index, beforeMs, afterMs] = line.split(" ").map(Number);
    return { index, beforeMs, afterMs };
  });
}

function lossOf(directory: string, told: readonly Told[]): Loss {
  const recorders = runsIn(directory).flatMap(recordersIn).map(({ path }) => journalIn(path));
  const { spans, opens, marks } = recorders.find(one => one.opens.some(({ name }) => name === "outer"))
    ?? { spans: [], opens: [], marks: [] };
  const kept = spans.filter(({ name }) => name === "x").map(({ index }) => index!);
  const onDisk = new Set(kept);
  const newest = kept.reduce((newest, index) => Math.max(newest, index), -1);
  const last = told.at(-1)!;
  const lost = told.find(({ index }) => !onDisk.has(index));
  const { skipped_file_count, skipped_row_count } = read(directory);
  return {
    lost: Math.max(0, last.index - newest),
    stalledMs: lost === undefined ? 0 : longestPause(told, lost.afterMs - AROUND_MS),
    broken: skipped_file_count + skipped_row_count,
    ms: lost === undefined ? 0 : Math.max(0, last.beforeMs - lost.afterMs),
    kept: kept.length,
    gaps: newest + 1 - onDisk.size,
    open: opens.filter(({ name }) => name !== "x").map(({ id, name, startNs, endNs }) => {
      const own = marks.filter(({ span }) => span === id).map(mark => ` ${mark.name}=${String(mark.value)}`);
      return `${name} ${endNs - startNs >= 100e6}${own.join("")}`;
    }),
  };
}

/** How long before a loss a pause may have held up what would have been written. */
const AROUND_MS = 150;

function longestPause(told: readonly Told[], fromMs: number): number {
  let ms = 0;
  for (let i = 1; i < told.length; i++) {
    if (told[i].beforeMs >= fromMs) ms = Math.max(ms, told[i].beforeMs - told[i - 1].beforeMs);
  }
  return ms;
}
