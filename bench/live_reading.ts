/**
 * What a reader costs a program that it looks at while it runs: `live_reading.ts [SECONDS [PAIRS]]`, on the runtime that it runs on.
 *
 * A program records 300 000 spans a second with a journal; this one reads it 10 times a second, or not, by turns. Printed is the CPU time
 * of the writer for a span, as it says itself, with and without a reader, and how many rows of what was read are wrong. Ends with 1 if any is.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findRecorded } from "../src/api/recorded_files.ts";
import { Recordings } from "../src/api/recordings.ts";

const SECONDS = Number(process.argv[2] ?? 4);
const PAIRS = Number(process.argv[3] ?? 5);
const RATE = 300_000;
const LOOKS_A_SECOND = 10;

/** Rows that are looked at each time; once at the end all are. */
const NEWEST = 100_000;

const MOD = JSON.stringify(new URL("../mod.ts", import.meta.url).href);

/** Turns of 10 ms, with the spans that are due by then. */
const WRITER = (directory: string): string => `
  import * as ci from ${MOD};
  import process from "node:process";
  ci.profile({ output: "journal", outputDir: ${JSON.stringify(directory)} });
  const startMs = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  let steps = 0;
  for (;;) {
    const ms = performance.now() - startMs;
    if (ms >= ${SECONDS * 1000}) break;
    for (const due = ms * ${RATE / 1000}; done < due; done += 4) {
      ci.scope("request", { index: steps }, () => {
        for (const step of ["a", "b", "c"]) ci.scope(step, { index: steps }, () => {});
      });
      steps++;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ spans: done, ns: (user + system) * 1000 / done }));
  ci.shutdown();
`;

interface Outcome {
  readonly spans: number;
  readonly ns: number;
  readonly looks: number;
  readonly wrong: number;
}

/** How many rows are not what the program records. */
function wrongRows(directory: string, last: number): number {
  const recordings = new Recordings(findRecorded([directory]));
  const { closedLength, name, index, parent, id, startNs, endNs } = recordings.read(last, false);
  let wrong = recordings.skippedFileCount;
  let expected = NaN;
  const steps = new Map<number, { readonly name: string; readonly index: number; readonly row: number }[]>();
  for (let row = 0; row < closedLength; row++) {
    if (name[row] === "cirron.session") continue;
    if (endNs[row] < startNs[row]) wrong++;
    if (name[row] !== "request") {
      const siblings = steps.get(parent[row]) ?? [];
      siblings.push({ name: name[row], index: index[row], row });
      steps.set(parent[row], siblings);
      continue;
    }
    if (!Number.isNaN(expected) && index[row] !== expected) wrong++;
    expected = index[row] + 1;
    const below = steps.get(id[row]) ?? [];
    steps.delete(id[row]);
    // Of the oldest that was read the steps may be further back.
    const isFirst = row < 4;
    const isRight = below.map(step => step.name).join("") === "abc"
      && below.every(step =>
        step.index === index[row] && startNs[step.row] >= startNs[row] && endNs[step.row] <= endNs[row]
      );
    if (!isRight && !isFirst) wrong++;
  }
  return wrong;
}

async function measure(isRead: boolean): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  try {
    const program = join(folder, "writer.ts");
    const directory = join(folder, "journal");
    writeFileSync(program, WRITER(directory));
    const flags = "Deno" in globalThis ? ["run", "-A", "--no-check", "--quiet"] : [];
    const child = spawn(process.execPath, [...flags, program], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => said += text);
    const ended = new Promise<true>(resolve => child.once("close", () => resolve(true)));
    let looks = 0;
    let wrong = 0;
    for (let hasEnded = false; !hasEnded;) {
      const pause = new Promise<false>(resolve => setTimeout(resolve, 1000 / LOOKS_A_SECOND, false));
      if (isRead && existsSync(directory) && readdirSync(directory).some(name => /^\d{20}-/.test(name))) {
        wrong += wrongRows(directory, NEWEST);
        looks++;
      }
      hasEnded = await Promise.race([ended, pause]);
    }
    wrong += wrongRows(directory, Infinity);
    return { ...JSON.parse(said), looks, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const alone: Outcome[] = [];
const read: Outcome[] = [];
for (let pair = 0; pair < PAIRS; pair++) {
  const order = pair % 2 === 0 ? [false, true] : [true, false];
  for (const isRead of order) (isRead ? read : alone).push(await measure(isRead));
}
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ns = (outcomes: readonly Outcome[]) => median(outcomes.map(outcome => outcome.ns));
const wrong = [...alone, ...read].reduce((sum, outcome) => sum + outcome.wrong, 0);
const pairs = read.map((outcome, i) => outcome.ns / alone[i].ns - 1);
console.log(
  `${"Deno" in globalThis ? "Deno" : "Bun"}: ${ns(alone).toFixed(0)} ns of CPU a span alone, ${
    ns(read).toFixed(0)
  } while it is read; `
    + `median of the pairs ${(median(pairs) * 100).toFixed(1)} %; `
    + `${(median(read.map(({ spans }) => spans)) / SECONDS).toFixed(0)} spans/s; `
    + `${read.reduce((sum, { looks }) => sum + looks, 0)} looks, ${wrong} wrong rows`,
);
process.exitCode = wrong > 0 ? 1 : 0;
