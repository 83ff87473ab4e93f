/**
 * What the counters cost a span, in a tight loop and 100 us apart, beside bare readings of the same sources in the same
 * run. `deno run -A bench/counters_bench.ts`, or `bun bench/counters_bench.ts`. Medians, in nanoseconds.
 *
 * @module
 */
import process from "node:process";
import type { CounterOptions } from "../src/data/counters.ts";
import { openClock } from "../src/meters/clock.ts";
import { openPeakMeter } from "../src/meters/memory.ts";
import { Engine } from "../src/session/engine.ts";

const ROUNDS = 200;
const TIGHT = 1000;
const APART_NS = 100_000;
const APART = 4000;

const clock = openClock();
const { nowNs } = clock;

/** Per piece of work, where nothing lies between two. */
function tight(work: () => void): number {
  const perRound: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = nowNs();
    for (let i = 0; i < TIGHT; i++) work();
    perRound.push((nowNs() - begin) / TIGHT);
  }
  return median(perRound);
}

/** Per piece of work, with 100 us of other work between two: nothing is carried forward or still in a cache. */
function apart(work: () => void): number {
  const each: number[] = [];
  const empty: number[] = [];
  for (let i = 0; i < APART; i++) {
    for (const [measured, into] of [[work, each], [nothing, empty]] as const) {
      for (const until = nowNs() + APART_NS; nowNs() < until;);
      const begin = nowNs();
      measured();
      into.push(nowNs() - begin);
    }
  }
  return median(each) - median(empty);
}

function nothing(): void {}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function spans(counters: CounterOptions): () => void {
  const engine = new Engine({ clock });
  engine.profile({ output: "none", counters, traceBufferMaxSpans: 10_000 });
  const { recording } = engine;
  return () => (recording.scope("step", undefined, undefined, null) as { end(): void }).end();
}

const cases: [name: string, work: () => void][] = [
  ["two readings of the monotonic clock", () => void (nowNs() + nowNs())],
];
const { cpu } = clock;
if (cpu.process.ok) {
  const read = cpu.process.value;
  cases.push(["two readings of the process's CPU clock", () => void (read() + read())]);
}
if (cpu.thread.ok) {
  const read = cpu.thread.value;
  cases.push(["two readings of the thread's CPU clock", () => void (read() + read())]);
}
const peak = openPeakMeter();
if (peak.ok) {
  const noted = new Float64Array(2);
  cases.push(["two readings and resets of the peak", () => {
    peak.value.start(noted, 0);
    peak.value.end(noted, 0, noted, 1);
  }]);
}
cases.push(
  ["scope + end, no counter", spans({ cpu: false, gpu: false })],
  ['scope + end, cpu: "process"', spans({ gpu: false })],
  ['scope + end, cpu: "thread"', spans({ cpu: "thread", gpu: false })],
  ['scope + end, cpu: "process", cpuCoalesceNs: 0', spans({ cpuCoalesceNs: 0, gpu: false })],
  ["scope + end, memory: true, no cpu", spans({ cpu: false, memory: true, gpu: false })],
  [
    "scope + end, gpu: true, no cpu (no call per span, whether there is a driver or not)",
    spans({ cpu: false }),
  ],
);

const { versions } = process;
console.log(
  `${versions.bun ? `Bun ${versions.bun}` : `Deno ${versions.deno}`}; ns, medians: tight loop | 100 us apart`,
);
for (const [name, work] of cases) {
  for (let i = 0; i < 20_000; i++) work();
  console.log(`${tight(work).toFixed(0).padStart(7)} | ${apart(work).toFixed(0).padStart(7)}  ${name}`);
}
