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
import { openClock } from "../src/clock.ts";

const FILE_BYTES = 500;
const INTERVAL_MS = 100;
const counts = process.argv.slice(2).map(Number);

const { cpu } = openClock();
const cpuNs = cpu.thread.ok ? cpu.thread.value : () => NaN;

/** Milliseconds by the clock and of CPU time. */
type Cost = readonly [wall: number, cpu: number];

/** What calls of `flush` took, and turns of the loop without one. */
async function measure(seconds: number, flush: () => void): Promise<{ flushes: Cost[]; turns: Cost[] }> {
  const flushes: Cost[] = [];
  const turns: Cost[] = [];
  const now = (): Cost => [performance.now(), cpuNs() / 1e6];
  const end = performance.now() + seconds * 1000;
  for (let last = now(), next = last[0]; last[0] < end;) {
    if (last[0] >= next) {
      flush();
      next = last[0] + INTERVAL_MS;
      const after = now();
      flushes.push([after[0] - last[0], after[1] - last[1]]);
      last = after;
    }
    await setImmediate();
    const after = now();
    turns.push([after[0] - last[0], after[1] - last[1]]);
    last = after;
  }
  return { flushes, turns };
}

function report(label: string, { flushes, turns }: { flushes: Cost[]; turns: Cost[] }): void {
  const parts = ["ms", "CPU ms"].map((unit, i) => {
    const sorted = flushes.map(cost => cost[i]).sort((a, b) => b - a);
    const others = turns.map(cost => cost[i]).sort((a, b) => b - a);
    const [median, longest, other] = [sorted[sorted.length >> 1], sorted[0], others[0]].map(ms =>
      ms.toFixed(2)
    );
    return `${unit}: flush median ${median}, longest ${longest}; other turns longest ${other}, ${
      others.filter(ms => ms > 2).length
    } over 2`;
  });
  console.log(`  ${label.padEnd(12)} ${parts.join(" | ")}`);
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
