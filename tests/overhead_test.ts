import { assert, assertEquals, assertGreater } from "@std/assert";
import { test } from "node:test";
import { openClock } from "../src/clock.ts";
import { estimateOverhead, measureUnitCosts } from "../src/overhead.ts";
import type { CounterOptions } from "../src/probes.ts";
import { Engine } from "../src/profiler.ts";
import { TestEngine } from "./support/engine.ts";

const clock = openClock();

test("estimateOverhead() multiplies what was done by what it costs apiece, and adds what was measured", () => {
  const costs = { scopeNs: 100, flowNs: 700, markNs: 50, cpuReadNs: 600, peakReadNs: 2000 };
  const amounts = { scopes: 10, flows: 3, marks: 4, cpuReads: 5, peakReads: 6, flushNs: 12_345 };
  assertEquals(estimateOverhead(costs, amounts), {
    estimated_ns: 2800 + 200 + 15_000 + 12_345,
    span_ns: 2800,
    mark_ns: 200,
    counter_ns: 15_000,
    flush_ns: 12_345,
  });
});

test("measureUnitCosts() finds costs that a scope, a mark and a reading can have", () => {
  const { scopeNs, flowNs, markNs, cpuReadNs, peakReadNs } = measureUnitCosts(
    clock,
    () => clock.nowNs(),
    null,
  );
  for (const ns of [scopeNs, flowNs, markNs, cpuReadNs]) assert(ns > 0 && ns < 100_000, `${ns}`);
  assertEquals(peakReadNs, 0);
});

test("health().overhead counts scopes, flows, marks and readings since the session began", () => {
  const ci = new TestEngine();
  ci.scope("before").end();
  ci.profile();
  ci.clock.us(100);
  ci.scope("plain").end();
  ci.scope("flow", () => ci.mark("m", 1));
  // With the session's own, three scopes, of which one with a function; the CPU clock was read as they began.
  const { span_ns, mark_ns, counter_ns, flush_ns, estimated_ns } = ci.engine.health().overhead;
  assertEquals([span_ns, mark_ns, flush_ns], [2 * 100 + 500, 50, 0]);
  assertEquals(counter_ns % 600, 0);
  assertGreater(counter_ns, 0);
  assertEquals(estimated_ns, span_ns + mark_ns + counter_ns);
});

test("health().overhead has the time that went into the sinks", () => {
  const ci = new TestEngine();
  ci.profile({ output: { emit: () => ci.clock.us(7) } });
  ci.scope("x").end();
  ci.engine.flush();
  const { flush_ns } = ci.engine.health().overhead;
  assert(flush_ns >= 7000, `${flush_ns}`);
  ci.engine.shutdown();
});

test("health().overhead measures the costs once a session", () => {
  let measured = 0;
  const ci = new TestEngine(undefined, {
    measureUnitCosts: () => {
      measured++;
      return { scopeNs: 1, flowNs: 1, markNs: 1, cpuReadNs: 1, peakReadNs: 1 };
    },
  });
  ci.profile();
  for (let i = 0; i < 5; i++) ci.engine.health();
  assertEquals(measured, 1);
});

const WORK: [title: string, counters: CounterOptions, mark: boolean][] = [
  ["wall time alone", { cpu: false, gpu: false }, false],
  ["CPU time and a mark", { gpu: false }, true],
];

for (const [title, counters, mark] of WORK) {
  test(`health().overhead is within a factor of two of what instrumentation adds to a program: ${title}`, () => {
    const engine = new Engine({ clock, gpu: { paths: [] } });
    engine.profile({ output: "none", counters, traceBufferMaxSpans: 5000 });
    const { recording } = engine;
    let sum = 0;
    const work = (): void => {
      for (let i = 0; i < 100; i++) sum += Math.sqrt(sum + i);
    };
    const plain = (): void => {
      for (let i = 0; i < 10_000; i++) work();
    };
    const instrumented = (): void => {
      for (let i = 0; i < 10_000; i++) {
        const scope = recording.scope("step", undefined, undefined, null) as { end(): void };
        work();
        if (mark) recording.mark("loss", i, undefined, null);
        scope.end();
      }
    };
    // By the thread's CPU time where there is such a clock: on a busy machine the wall clock tells of other programs.
    const now = clock.cpu.thread.ok ? clock.cpu.thread.value : clock.nowNs;
    const timed = (fn: () => void): number => {
      const begin = now();
      fn();
      return now() - begin;
    };
    for (let i = 0; i < 5; i++) {
      plain();
      instrumented();
    }
    // Whatever else the machine does makes single rounds useless: the median of differences, and more than one try.
    const ratios: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const before = engine.health().overhead.estimated_ns;
      const added: number[] = [];
      for (let round = 0; round < 9; round++) added.push(-timed(plain) + timed(instrumented));
      const estimated = (engine.health().overhead.estimated_ns - before) / added.length;
      const measured = added.sort((a, b) => a - b)[added.length >> 1];
      ratios.push(estimated / measured);
      if (ratios.at(-1)! > 0.5 && ratios.at(-1)! < 2) break;
    }
    const last = ratios.at(-1)!;
    assert(
      last > 0.5 && last < 2,
      `estimated by measured: ${ratios.map(ratio => ratio.toFixed(2)).join(", ")} (${sum})`,
    );
    engine.shutdown();
  });
}
