/**
 * How long a spool at its bound holds up the event loop: `deno run -A bench/spool_bound_bench.ts`,
 * `bun bench/spool_bound_bench.ts`, with numbers of files as arguments (20000 and 200000 without).
 *
 * The directory is full of files of an earlier session when the session starts, so the first flush is over the bound. There is a
 * flush every 100 ms, timed, and a loop of immediates notes how long each other turn takes: by the clock and, since a machine
 * with other work stretches that, in CPU time of the thread. The same loop without a session says how much is the loop's own.
 *
 * @module
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import * as ci from "../mod.ts";
import { openClock } from "../src/meters/clock.ts";

const FILE_BYTES = 500;
const INTERVAL_MS = 100;
const counts = process.argv.slice(2).map(Number);

const { cpu } = openClock();
const cpuNs = cpu.thread.ok ? cpu.thread.value : () => NaN;

/** What calls of `flush` took, and turns of the loop without one: milliseconds by the clock and of CPU time. */
interface Measured {
  readonly flushes: { readonly ms: number[]; readonly cpuMs: number[] };
  /** Their longest, and how many took more than 2 ms. */
  readonly turns: { maxMs: number; longMs: number; maxCpuMs: number; longCpuMs: number };
}

// A turn allocates next to nothing: else the longest would be the garbage collector's.
async function measure(seconds: number, flush: () => void): Promise<Measured> {
  const flushes = { ms: [] as number[], cpuMs: [] as number[] };
  const turns = { maxMs: 0, longMs: 0, maxCpuMs: 0, longCpuMs: 0 };
  let lastMs = performance.now();
  let lastCpuMs = cpuNs() / 1e6;
  const end = lastMs + seconds * 1000;
  for (let next = lastMs; lastMs < end;) {
    const isFlush = lastMs >= next;
    if (isFlush) {
      next = lastMs + INTERVAL_MS;
      flush();
    } else {
      await setImmediate();
    }
    const cpuMs = cpuNs() / 1e6;
    const ms = performance.now();
    if (isFlush) {
      flushes.ms.push(ms - lastMs);
      flushes.cpuMs.push(cpuMs - lastCpuMs);
    } else {
      turns.maxMs = Math.max(turns.maxMs, ms - lastMs);
      turns.maxCpuMs = Math.max(turns.maxCpuMs, cpuMs - lastCpuMs);
      if (ms - lastMs > 2) turns.longMs++;
      if (cpuMs - lastCpuMs > 2) turns.longCpuMs++;
    }
    lastMs = ms;
    lastCpuMs = cpuMs;
  }
  return { flushes, turns };
}

function report(label: string, { flushes, turns }: Measured): void {
  const part = (values: number[]) => {
    const sorted = values.sort((a, b) => b - a);
    return `flush median ${sorted[sorted.length >> 1].toFixed(2)}, longest ${sorted[0].toFixed(2)}`;
  };
  console.log(
    `  ${label.padEnd(12)} ms: ${part(flushes.ms)}; other turns longest ${
      turns.maxMs.toFixed(2)
    }, ${turns.longMs} over 2 | CPU ms: ${part(flushes.cpuMs)}; other turns longest ${
      turns.maxCpuMs.toFixed(2)
    }, ${turns.longCpuMs} over 2`,
  );
}

for (const count of counts.length > 0 ? counts : [20_000, 200_000]) {
  const seconds = count > 50_000 ? 60 : 15;
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  const content = "x".repeat(FILE_BYTES);
  for (let i = 0; i < count; i++) {
    const createdNs = (1_700_000_000_000_000_000n + BigInt(i)).toString().padStart(20, "0");
    writeFileSync(join(directory, `${createdNs}-${i.toString(16).padStart(32, "0")}.json`), content);
  }
  console.log(`${count} files in the directory, a flush every ${INTERVAL_MS} ms for ${seconds} s`);
  report("no session", await measure(seconds, () => {}));
  ci.profile({
    output: "spool",
    outputDir: directory,
    spoolMaxBytes: count * FILE_BYTES,
    flushIntervalMs: 3_600_000,
  });
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
