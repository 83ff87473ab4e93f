import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import type { Clock } from "../../src/meters/clock.ts";
import { CPU_COALESCE_NS, type CpuMeter, openCpuMeter } from "../../src/meters/cpu.ts";
import { FakeClock } from "../support/engine.ts";

/** CPU time at the fake clock's moment, as the recorder asks for it. */
function ask(meter: CpuMeter, clock: FakeClock): number {
  const now = clock.nowNs();
  if (meter.isStale(now)) meter.read(now);
  return meter.at(now);
}

function meterOn(clock: FakeClock, cpuCoalesceNs?: number): CpuMeter {
  const probe = openCpuMeter(clock, { cpuCoalesceNs });
  if (!probe.ok) throw new Error(probe.reason);
  return probe.value;
}

test("CpuMeter reads when it is first asked", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock);
  assert(meter.isStale(clock.nowNs()));
  assertStrictEquals(ask(meter, clock), clock.cpuNs);
  assertStrictEquals(clock.cpuReads, 1);
});

test("CpuMeter carries a young reading forward by the monotonic clock", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock);
  const begin = ask(meter, clock);
  clock.advance(CPU_COALESCE_NS - 1, 1);
  assertStrictEquals(ask(meter, clock) - begin, CPU_COALESCE_NS - 1);
  assertStrictEquals(clock.cpuReads, 1);
});

test("CpuMeter reads again once a reading is as old as the bound", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock);
  ask(meter, clock);
  clock.advance(CPU_COALESCE_NS, 1);
  assertStrictEquals(ask(meter, clock), clock.cpuNs);
  assertStrictEquals(clock.cpuReads, 2);
});

test("CpuMeter with a bound of 0 reads every time", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock, 0);
  for (let i = 0; i < 5; i++) ask(meter, clock);
  assertStrictEquals(clock.cpuReads, 5);
});

test("CpuMeter with an endless bound reads once", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock, Infinity);
  for (let i = 0; i < 5; i++) {
    ask(meter, clock);
    clock.advance(1e12);
  }
  assertStrictEquals(clock.cpuReads, 1);
});

test("CpuMeter never falls, though the thread slept after a reading", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock);
  let last = ask(meter, clock);
  for (let i = 0; i < 100; i++) {
    clock.advance(i % 2 === 0 ? CPU_COALESCE_NS - 1 : 1, 0);
    const now = ask(meter, clock);
    assert(now >= last);
    last = now;
  }
  assert(last - clock.cpuNs <= CPU_COALESCE_NS, "an idle thread must not gather time");
});

test("CpuMeter is off by at most the bound, for a thread that starts and stops", () => {
  const clock = new FakeClock();
  const meter = meterOn(clock);
  for (let i = 0; i < 1000; i++) {
    clock.advance((i * 7919) % 9000, i % 3 === 0 ? 0 : 1);
    assert(Math.abs(ask(meter, clock) - clock.cpuNs) <= CPU_COALESCE_NS);
  }
});

test("openCpuMeter() counts the process's time by default", () => {
  const probe = openCpuMeter(new FakeClock());
  assertEquals(probe.ok && probe.source, "fake process");
});

test("openCpuMeter() counts the thread's time if asked", () => {
  const clock = new FakeClock();
  const probe = openCpuMeter(clock, { cpu: "thread" });
  if (!probe.ok) throw new Error(probe.reason);
  assertStrictEquals(probe.source, "fake thread");
  assertStrictEquals(ask(probe.value, clock), clock.cpuNs / 2);
});

test("openCpuMeter() hands on why a clock is absent, and takes no other in its place", () => {
  const fake = new FakeClock();
  const clock: Clock = {
    source: fake.source,
    nowNs: fake.nowNs,
    unixNs: fake.unixNs,
    cpu: { process: fake.cpu.process, thread: { ok: false, reason: "the moon" } },
  };
  assertEquals(openCpuMeter(clock, { cpu: "thread" }), { ok: false, reason: "the moon" });
});

test("openCpuMeter() reads nothing before it is asked", () => {
  const clock = new FakeClock();
  openCpuMeter(clock);
  assertStrictEquals(clock.cpuReads, 0);
});
