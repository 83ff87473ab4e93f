import { assert, assertEquals, assertLess } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Host } from "../../src/api/host.ts";
import type { CounterOptions } from "../../src/data/counters.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { openClock } from "../../src/meters/clock.ts";
import { Engine } from "../../src/session/engine.ts";
import { testUnless } from "../support/conditions.ts";
import { NO_DRIVER } from "../support/openers.ts";
import { nodeNamed } from "../support/recording.ts";

// The machine's own CPU clocks against what is known to have run. A machine that runs other things too takes the CPU away
// at times, so these compare with what the system says was consumed, or with the best of many tries.

const clock = openClock();

class RealEngine extends Engine {
  constructor(counters: CounterOptions = {}) {
    super({ clock, open: { gpu: () => NO_DRIVER }, warn: () => {} });
    this.profile({ output: "none", counters });
  }

  run<T>(name: string, fn: () => T): T {
    return this.recording.scope(name, fn, undefined, null) as T;
  }

  span(name: string): TraceNode {
    return nodeNamed(new Host(this).trace({ format: "dict" }) as TraceDict, name);
  }
}

const threadTest = testUnless(
  clock.cpu.thread.ok ? null : `no clock of a thread's CPU time: ${clock.cpu.thread.reason}`,
  import.meta.url,
);

// Some kernels count in ticks of 4 ms, apart for user and system.
const STEP_NS = 16e6;

function consumedSince(before: { user: number; system: number }): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

function work(wallMs: number): number {
  let sum = 0;
  for (const end = performance.now() + wallMs; performance.now() < end;) sum += Math.sqrt(sum + 1);
  return sum;
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

threadTest("cpu_ns of a busy loop is within 5 % of its wall time, where nothing took the CPU away", () => {
  const ci = new RealEngine({ cpu: "thread" });
  let closest = 0;
  for (let i = 0; i < 400 && closest < 0.95; i++) {
    const name = `busy ${i}`;
    ci.run(name, () => work(4));
    const { cpu_ns, wall_us } = ci.span(name);
    const share = cpu_ns! / (wall_us * 1000);
    assertLess(share, 1.05);
    closest = Math.max(closest, share);
  }
  assert(closest >= 0.95, `at most ${closest} of the wall time in 400 tries`);
});

test("cpu_ns of a busy loop is what the system says the process consumed", () => {
  const ci = new RealEngine();
  const before = process.cpuUsage();
  ci.run("busy", () => work(150));
  const consumedNs = consumedSince(before);
  const found = ci.span("busy").cpu_ns!;
  assert(Math.abs(found - consumedNs) <= 0.05 * consumedNs + STEP_NS, `${found} of ${consumedNs}`);
});

threadTest("cpu_ns of a sleep is near 0", () => {
  const ci = new RealEngine({ cpu: "thread" });
  ci.run("asleep", () => block(30));
  const { cpu_ns, wall_us } = ci.span("asleep");
  assert(wall_us >= 29_000, `${wall_us}`);
  assertLess(cpu_ns!, 2e6);
});

/** A thread that works until told to stop; its start is waited for. */
async function busyThread(): Promise<{ stop(): Promise<void> }> {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const source = `const cells = require("node:worker_threads").workerData;
Atomics.store(cells, 0, 1);
Atomics.notify(cells, 0);
let sum = 0;
while (Atomics.load(cells, 1) === 0) for (let i = 0; i < 1000; i++) sum += Math.sqrt(sum + 1);`;
  const worker = new Worker(source, { eval: true, workerData: cells });
  while (Atomics.load(cells, 0) === 0) await new Promise(resolve => setTimeout(resolve, 1));
  return {
    stop: async () => {
      Atomics.store(cells, 1, 1);
      await worker.terminate();
    },
  };
}

threadTest("Work in another thread is in the process's CPU time and not in the thread's", async () => {
  const other = await busyThread();
  try {
    const byProcess = new RealEngine({ cpu: "process" });
    const byThread = new RealEngine({ cpu: "thread" });
    const before = process.cpuUsage();
    byProcess.run("blocked", () =>
      byThread.run("blocked", () => {
        for (let i = 0; i < 40 && consumedSince(before) < 150e6; i++) block(50);
      }));
    const consumedNs = consumedSince(before);
    const found = byProcess.span("blocked").cpu_ns!;
    assert(Math.abs(found - consumedNs) <= 0.05 * consumedNs + STEP_NS, `${found} of ${consumedNs}`);
    assert(consumedNs >= 150e6, "the other thread did work");
    assertLess(byThread.span("blocked").cpu_ns!, 0.25 * consumedNs);
  } finally {
    await other.stop();
  }
});

threadTest("Work in two threads makes the process's CPU time more than the wall time", async () => {
  const other = await busyThread();
  try {
    const byProcess = new RealEngine();
    const byThread = new RealEngine({ cpu: "thread" });
    let most = 0;
    let mostOfThread = 0;
    // Two threads at once need two CPUs that nobody else wants: the best of many tries.
    for (let i = 0; i < 200 && most < 1.2; i++) {
      byProcess.run(`both ${i}`, () => byThread.run(`both ${i}`, () => work(5)));
      const { cpu_ns, wall_us } = byProcess.span(`both ${i}`);
      most = Math.max(most, cpu_ns! / (wall_us * 1000));
      mostOfThread = Math.max(mostOfThread, cpu_ns! / byThread.span(`both ${i}`).cpu_ns!);
    }
    // Where others want them all the time, at least more than this thread had.
    assert(
      most > 1.2 || mostOfThread > 1.2,
      `at most ${most} times the wall time, ${mostOfThread} times the thread's`,
    );
  } finally {
    await other.stop();
  }
});

test("cpu_ns of a span over awaits is what the process consumed meanwhile", async () => {
  const ci = new RealEngine();
  const before = process.cpuUsage();
  await ci.run("awaits", async () => {
    for (let i = 0; i < 5; i++) {
      work(20);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  });
  const consumedNs = consumedSince(before);
  const { cpu_ns } = ci.span("awaits");
  assert(Math.abs(cpu_ns! - consumedNs) <= 0.1 * consumedNs + STEP_NS, `${cpu_ns} of ${consumedNs}`);
});

test("Spans that overlap each see all of the process's CPU time", async () => {
  const ci = new RealEngine();
  await Promise.all(["a", "b"].map(name =>
    ci.run(name, async () => {
      await null;
      work(10);
      await new Promise(resolve => setTimeout(resolve, 0));
    })
  ));
  const [a, b] = [ci.span("a").cpu_ns!, ci.span("b").cpu_ns!];
  assert(a + b > 1.2 * Math.max(a, b), "no sum over siblings is exclusive");
});

test("Readings that are shared are off by no more than the bound says", () => {
  const exact = new RealEngine({ cpuCoalesceNs: 0 });
  const shared = new RealEngine({ cpuCoalesceNs: 5000 });
  const errors: number[] = [];
  for (let i = 0; i < 300; i++) {
    exact.run(`x${i}`, () => shared.run(`x${i}`, () => work(0.02)));
    errors.push(shared.span(`x${i}`).cpu_ns! - exact.span(`x${i}`).cpu_ns!);
  }
  // The inner span is the shorter one by the outer one's own readings, so nothing is known of errors downwards. Upwards a
  // boundary is off by at most 5 us for each thread that may run.
  const tooHigh = errors.filter(error => error > 5000 * (1 + navigator.hardwareConcurrency));
  assertEquals(tooHigh.length, 0, `${tooHigh}`);
});
