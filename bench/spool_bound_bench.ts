/**
 * How long a spool at its bound holds up the event loop: `deno run -A bench/spool_bound_bench.ts`,
 * `bun bench/spool_bound_bench.ts`, with numbers of files as arguments (20000 and 200000 without).
 *
 * The directory is full of files of an earlier session when the session starts, so the first flush is over the bound. There is a
 * flush every 100 ms, timed, and a loop of immediates notes how long each other turn takes. The same loop without a session
 * says how much of that is the machine.
 *
 * @module
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import * as ci from "../mod.ts";

const FILE_BYTES = 500;
const INTERVAL_MS = 100;
const counts = process.argv.slice(2).map(Number);

/** Milliseconds that calls of `flush` took, and turns of the loop without one, each the longest first. */
async function measure(seconds: number, flush: () => void): Promise<{ flushes: number[]; turns: number[] }> {
  const flushes: number[] = [];
  const turns: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let last = performance.now(), next = last; last < end;) {
    if (last >= next) {
      flush();
      next = last + INTERVAL_MS;
      const now = performance.now();
      flushes.push(now - last);
      last = now;
    }
    await setImmediate();
    const now = performance.now();
    turns.push(now - last);
    last = now;
  }
  const descending = (a: number, b: number) => b - a;
  return { flushes: flushes.sort(descending), turns: turns.sort(descending) };
}

function report(label: string, { flushes, turns }: { flushes: number[]; turns: number[] }): void {
  const ms = (value: number) => value.toFixed(2).padStart(8);
  const part = (sorted: number[]) =>
    `median ${ms(sorted[sorted.length >> 1])}, p99 ${ms(sorted[Math.floor(sorted.length / 100)])}, max ${
      ms(sorted[0])
    }`;
  const long = turns.filter(turn => turn > 2).length;
  console.log(
    `  ${label.padEnd(12)} flush: ${part(flushes)}; other turns: max ${ms(turns[0])}, ${long} over 2 ms`,
  );
}

for (const count of counts.length > 0 ? counts : [20_000, 200_000]) {
  const seconds = count > 50_000 ? 40 : 15;
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  const content = "x".repeat(FILE_BYTES);
  for (let i = 0; i < count; i++) {
    const createdNs = (1_700_000_000_000_000_000n + BigInt(i)).toString().padStart(20, "0");
    writeFileSync(join(directory, `${createdNs}-${i.toString(16).padStart(32, "0")}.json`), content);
  }
  console.log(`${count} files in the directory, a flush every ${INTERVAL_MS} ms for ${seconds} s`);
  report("no session", await measure(seconds, () => {}));
  ci.profile({ outputDir: directory, spoolMaxBytes: count * FILE_BYTES, flushIntervalMs: 3_600_000 });
  report(
    "at the bound",
    await measure(seconds, () => {
      ci.scope("step").end();
      ci.flush();
    }),
  );
  const { spool_bytes, spool_drop_count } = ci.health();
  const begin = performance.now();
  ci.shutdown();
  console.log(
    `  ${spool_drop_count} files evicted while it ran, ${spool_bytes} bytes left of ${
      count * FILE_BYTES
    }; shutdown() took ${(performance.now() - begin).toFixed(1)} ms and left ${
      readdirSync(directory).length
    } files`,
  );
  rmSync(directory, { recursive: true });
}
