import { assert, assertEquals, assertGreater } from "@std/assert";
import { test } from "node:test";
import { openClock } from "../../src/meters/clock.ts";
import type { SpanMeter } from "../../src/meters/meter.ts";
import type { WorkDone } from "../../src/record/work_done.ts";
import { Calibration, estimateOverhead } from "../../src/session/overhead.ts";
import { FakeClock, TestEngine, UNIT_COSTS } from "../support/engine.ts";

const clock = openClock();

test("estimateOverhead() multiplies what was done by what it costs apiece, and adds what was measured", () => {
  const done: WorkDone = {
    scopes: 10,
    flows: 4,
    innerFlows: 1,
    promises: 2,
    attrs: 5,
    marks: 4,
    cpuReads: 5,
    meterReads: 6,
  };
  assertEquals(estimateOverhead(UNIT_COSTS, done, 12_345), {
    estimated_ns: 3860 + 200 + 13_200 + 12_345,
    span_ns: 6 * 100 + 3 * 500 + 700 + 2 * 30 + 5 * 200,
    mark_ns: 200,
    counter_ns: 5 * 600 + 6 * 1700,
    flush_ns: 12_345,
  });
});

const NOTHING_DONE: WorkDone = {
  scopes: 0,
  flows: 0,
  innerFlows: 0,
  promises: 0,
  attrs: 0,
  marks: 0,
  cpuReads: 0,
  meterReads: 0,
};

test("Calibration.costs() finds costs that each kind can have, and none for what was not done", () => {
  const calibration = new Calibration({ clock, maxSpans: 5000, readCpu: () => clock.nowNs(), meters: [] });
  assertEquals(calibration.costs(NOTHING_DONE), NOTHING_DONE);
  const all = { ...NOTHING_DONE };
  for (const kind of Object.keys(all) as (keyof WorkDone)[]) (all as Record<string, number>)[kind] = 10_000;
  const costs = calibration.costs({ ...all, meterReads: 0 }); // no meter
  for (const [kind, ns] of Object.entries(costs)) assert(ns >= 0 && ns < 100_000, `${kind}: ${ns}`);
  for (const kind of ["scopes", "flows", "innerFlows", "cpuReads"] as const) assertGreater(costs[kind], 0);
  assertEquals(costs.meterReads, 0);
});

test("Calibration.costs() does at most four times as much as the program did, and a pass at least", () => {
  const fake = new FakeClock();
  const readings = (marks: number): number => {
    let read = 0;
    const nowNs = (): number => {
      read++;
      return fake.nowNs();
    };
    const calibration = new Calibration({
      clock: { ...fake, nowNs },
      maxSpans: 100,
      readCpu: null,
      meters: [],
    });
    calibration.costs({ ...NOTHING_DONE, marks });
    return read;
  };
  // A scope with a mark reads the clock three times.
  assertGreater(3 * 600, readings(1));
  assertGreater(3 * 4 * 1000 + 1000, readings(1000));
  assertGreater(readings(1000), readings(1));
});

test("Calibration.costs() measures again when ten times as much was done, and keeps the lower figure", () => {
  const fake = new FakeClock();
  let costNs = 700;
  let read = 0;
  const readCpu = (): number => {
    read++;
    fake.ns += costNs;
    return 0;
  };
  const calibration = new Calibration({
    clock: { ...fake, nowNs: fake.nowNs, cpu: { process: NO_CPU, thread: NO_CPU } },
    maxSpans: 100,
    readCpu,
    meters: [],
  });
  const cost = (cpuReads: number): number => calibration.costs({ ...NOTHING_DONE, cpuReads }).cpuReads;
  assertEquals(cost(100), 700);
  costNs = 500;
  const before = read;
  assertEquals([cost(999), read], [700, before]);
  assertEquals(cost(1000), 500);
  costNs = 900;
  assertEquals(cost(10_000), 500);
});

const NOWHERE = new Float64Array(1);

const NO_CPU = { ok: false, reason: "none" } as const;

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

test("health().overhead leaves out the readings that it makes itself to measure them", () => {
  const fake = new FakeClock();
  const value: SpanMeter = {
    start: () => {
      fake.cpuNs += 4000; // of which the fake says that half is the thread's
    },
    end: () => value.start(NOWHERE, 0),
  };
  const ci = new TestEngine(undefined, {
    clock: fake,
    calibration: undefined,
    open: { memory: () => ({ ok: true, value, source: "fake" }) },
  });
  ci.profile({ counters: { cpu: false, memory: true } });
  ci.scope("x").end();
  const counters = () => ci.engine.health().overhead.counter_ns;
  assertEquals([counters(), counters()], [3 * 2000, 3 * 2000]);
  ci.engine.shutdown();
});
