/**
 * What the outputs that write files do to a server: `output_bench.ts [SPANS A SECOND] [SECONDS] [ROUNDS]`, on the runtime that it runs
 * on. Requests of a handful of spans, with attributes and marks, on a loop that also serves a timer. Each round has each output once;
 * of the rounds the medians are printed.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as ci from "../mod.ts";

const [RATE, SECONDS, ROUNDS] = [20_000, 3, 5].map((usual, i) => Number(process.argv[2 + i] ?? usual));
const SPANS_A_REQUEST = 5;
const PORTION_MS = 2;
const OUTPUTS = ["none", "spool", "journal"] as const;

const route = (id: number): Promise<number> =>
  ci.scope("GET /users/:id", { attrs: { method: "GET", status: 200, cached: id % 2 === 0 } }, async scope => {
    const user = await ci.scope("db.query", { attrs: { statement: "select ?", rows: 1 } }, async () => {
      await null;
      return ci.scope("db.decode", () => id);
    });
    scope.mark("bytes", 1234);
    ci.scope("render", () => user);
    ci.scope("log", () => user);
    return user;
  });

/** What one output did. */
interface Figures {
  /** Delays of a 1 ms timer, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** CPU time of the process, and time in flushes, in nanoseconds a span. */
  readonly cpu: number;
  readonly flush: number;
}

async function measure(output: typeof OUTPUTS[number]): Promise<Figures> {
  const outputDir = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  const profiler = ci.profile({ output, outputDir, counters: { gpu: false } });
  const late: number[] = [];
  let isRunning = true;
  const watch = (async () => {
    for (let at = performance.now(); isRunning; at = performance.now()) {
      await sleep(1);
      late.push(Math.max(0, performance.now() - at - 1));
    }
  })();
  const requests = RATE * PORTION_MS / 1000 / SPANS_A_REQUEST;
  const before = process.cpuUsage();
  let spans = 0;
  const end = performance.now() + SECONDS * 1000;
  for (let next = performance.now(); next < end; next += PORTION_MS) {
    for (let i = 0; i < requests; i++) await route(i);
    spans += requests * SPANS_A_REQUEST;
    await sleep(Math.max(0, next + PORTION_MS - performance.now()));
  }
  isRunning = false;
  await watch;
  profiler.flush();
  const { user, system } = process.cpuUsage(before);
  const { overhead, sink_error_count, spool_span_drop_count, journal_span_drop_count } = profiler.health();
  if (sink_error_count + spool_span_drop_count + journal_span_drop_count > 0) {
    throw new Error(`${output} has lost spans`);
  }
  profiler.shutdown();
  rmSync(outputDir, { recursive: true });
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
  return {
    p50: at(0.5),
    p99: at(0.99),
    worst: at(1),
    cpu: (user + system) * 1000 / spans,
    flush: overhead.flush_ns / spans,
  };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

await measure("none"); // compiles
const rounds = new Map(OUTPUTS.map(output => [output, [] as Figures[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const output of OUTPUTS) rounds.get(output)!.push(await measure(output));
}
console.log(
  `${RATE} spans a second, ${ROUNDS} rounds of ${SECONDS} s; medians of delays in ms, of CPU and flushes in ns a span`,
);
for (const [output, figures] of rounds) {
  const of = (name: keyof Figures, digits: number) =>
    median(figures.map(one => one[name])).toFixed(digits).padStart(7);
  console.log(
    `${output.padEnd(8)} delay p50 ${of("p50", 2)} p99 ${of("p99", 2)} worst ${of("worst", 1)}  CPU ${
      of("cpu", 0)
    }  flushes ${of("flush", 0)}`,
  );
}
