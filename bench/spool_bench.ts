/**
 * What a session with a spool does to the program it watches: `deno run -A bench/spool_bench.ts`, `bun bench/spool_bench.ts`.
 *
 * Part one records 100 000 spans a second in small portions on a loop that also serves timers, without us, with the
 * buffer alone and with the spool, and reports how late the timers come. Part two records as fast as it can in turns
 * of the loop and reports what reaches the disk.
 *
 * @module
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import * as ci from "../mod.ts";
import { readSpool } from "../mod.ts";

const RATE = 100_000; // spans a second
const SECONDS = 5;
const PORTION_MS = 2;

/** Delays of a 1 ms timer in milliseconds, sorted, over a run that calls `portion` every 2 ms. */
async function delays(portion: () => void): Promise<number[]> {
  const late: number[] = [];
  let isRunning = true;
  const watch = (async () => {
    for (let at = performance.now(); isRunning; at = performance.now()) {
      await sleep(1);
      late.push(Math.max(0, performance.now() - at - 1));
    }
  })();
  const end = performance.now() + SECONDS * 1000;
  for (let next = performance.now(); next < end; next += PORTION_MS) {
    portion();
    await sleep(Math.max(0, next + PORTION_MS - performance.now()));
  }
  isRunning = false;
  await watch;
  return late.sort((a, b) => a - b);
}

const perPortion = RATE * PORTION_MS / 1000;
let blackHole = 0;
const work = () => {
  for (let i = 0; i < 20; i++) blackHole += Math.sqrt(i);
};
const record = () => {
  for (let i = 0; i < perPortion; i++) ci.scope("step", work);
};
const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));

console.log(`Delay of a 1 ms timer in ms, ${RATE} spans a second for ${SECONDS} s`);
const report = (name: string, late: number[]) => {
  const at = (p: number) => late[Math.min(late.length - 1, Math.floor(late.length * p))].toFixed(2);
  console.log(`  ${name.padEnd(20)} p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}`);
};
report(
  "not recorded",
  await delays(() => {
    for (let i = 0; i < perPortion; i++) work();
  }),
);
ci.profile({ output: "none" });
report('output: "none"', await delays(record));
ci.shutdown();
ci.profile({ output: "spool", outputDir: directory });
report('output: "spool"', await delays(record));
ci.shutdown();

rmSync(directory, { recursive: true });
ci.profile({ output: "spool", outputDir: directory });
const begin = performance.now();
let recorded = 0;
while (performance.now() - begin < SECONDS * 1000) {
  for (let i = 0; i < 200; i++) ci.scope("step").end();
  recorded += 200;
  await setImmediate();
}
ci.shutdown();
const seconds = (performance.now() - begin) / 1000;
const read = readSpool(directory);
console.log(
  `As fast as it goes: ${recorded} spans recorded and spooled in ${seconds.toFixed(1)} s, ${
    Math.round(recorded / seconds)
  } a second; ${readdirSync(directory).length} files, ${read.span_count - 1} spans read back`,
);
rmSync(directory, { recursive: true });
if (blackHole < 0) console.log(blackHole);
