import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import fc from "fast-check";
import process from "node:process";
import { test } from "node:test";
import { Host } from "../../src/api/host.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { openClock } from "../../src/meters/clock.ts";
import { CPU_COALESCE_NS, CpuMeter, MOST_COALESCE_NS } from "../../src/meters/cpu.ts";
import { Engine } from "../../src/session/engine.ts";
import { testUnless } from "../support/conditions.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";

/** A meter over a fake clock, read as the recorder reads it. */
function meter(coalesceNs: number): { clock: FakeClock; now: () => number } {
  const clock = new FakeClock();
  const cpu = new CpuMeter(() => {
    clock.cpuReads++;
    return clock.cpuNs;
  }, coalesceNs);
  const now = () => {
    if (cpu.isStale(clock.ns)) cpu.read(clock.ns);
    return cpu.at(clock.ns);
  };
  return { clock, now };
}

// The meter.

test("CPU_COALESCE_NS is 5 us", () => {
  assertEquals(CPU_COALESCE_NS, 5000);
});

test("CpuMeter.isStale() is true before the first reading, whatever the bound", () => {
  for (const coalesceNs of [0, 5000, Infinity]) {
    assertEquals(new CpuMeter(() => 0, coalesceNs).isStale(0), true);
  }
});

test("CpuMeter.isStale() turns true at the bound, not before", () => {
  const cpu = new CpuMeter(() => 0, 5000);
  cpu.read(1_000_000);
  assertEquals([1_000_000, 1_004_999, 1_005_000, 1_005_001].map(ns => cpu.isStale(ns)), [
    false,
    false,
    true,
    true,
  ]);
});

test("CpuMeter.isStale() with a bound of 0 is always true", () => {
  const cpu = new CpuMeter(() => 0, 0);
  cpu.read(1_000_000);
  assertEquals(cpu.isStale(1_000_000), true);
});

test("CpuMeter.at() gives the reading at its moment", () => {
  const cpu = new CpuMeter(() => 123_456, 5000);
  cpu.read(1_000_000);
  assertEquals(cpu.at(1_000_000), 123_456);
});

test("CpuMeter.at() carries a reading forward by the monotonic clock", () => {
  const cpu = new CpuMeter(() => 123_456, 5000);
  cpu.read(1_000_000);
  assertEquals(cpu.at(1_004_321), 123_456 + 4321);
});

test("CpuMeter.at() never falls, though a later reading lies below what was carried forward", () => {
  const { clock, now } = meter(5000);
  now();
  clock.advance(4999);
  const carried = now(); // the thread slept, but that is not known yet
  clock.advance(1);
  assertEquals(now(), carried);
  clock.advance(5000, 1);
  assertEquals(now(), carried + 1); // the true figure has caught up
});

test("CpuMeter.at() is off by less than the bound and never falls, for one thread that works and sleeps", () => {
  fc.assert(fc.property(
    fc.constantFrom(0, 1000, 5000),
    fc.array(fc.tuple(fc.nat(9000), fc.constantFrom(0, 0.25, 0.5, 1)), { maxLength: 200 }),
    (coalesceNs, steps) => {
      const { clock, now } = meter(coalesceNs);
      let before = -Infinity;
      for (const [ns, busy] of steps) {
        clock.advance(ns, busy);
        const cpuNs = now();
        const error = cpuNs - clock.cpuNs;
        assert(error >= -1e-3 && error <= coalesceNs + 1e-3, `off by ${error}`);
        assert(cpuNs >= before, "fell");
        before = cpuNs;
      }
    },
  ));
});

test("CpuMeter keeps a span's figure within twice the bound for each thread that starts or stops", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.array(fc.tuple(fc.nat(9000), fc.nat(8)), { minLength: 2, maxLength: 100 }),
    (threads, steps) => {
      const { clock, now } = meter(5000);
      const seen: { cpu: number; true: number }[] = [];
      for (const [ns, busy] of steps) {
        clock.advance(ns, Math.min(busy, threads));
        seen.push({ cpu: now(), true: clock.cpuNs });
      }
      for (const start of seen) {
        for (const end of seen.slice(seen.indexOf(start))) {
          const error = (end.cpu - start.cpu) - (end.true - start.true);
          assert(Math.abs(error) <= 2 * 5000 * threads, `off by ${error} with ${threads} threads`);
        }
      }
    },
  ));
});

test("CpuMeter without a bound follows the least that a reading has taken: 20 times, from 5 us to 50", () => {
  const cpu = new CpuMeter(() => 0, null, "here");
  const boundAfter = (tookNs: number) => {
    cpu.read(1_000_000);
    cpu.restamp(1_000_000 + tookNs);
    return cpu.health();
  };
  const health = (coalesce_ns: number) => ({ present: true, source: "here", reason: null, coalesce_ns });
  assertEquals(cpu.health(), health(5000));
  assertEquals(boundAfter(1_000_000), health(MOST_COALESCE_NS)); // interrupted
  assertEquals(boundAfter(2000), health(40_000));
  assertEquals([cpu.isStale(1_041_999), cpu.isStale(1_042_000)], [false, true]);
  assertEquals(boundAfter(3000), health(40_000));
  assertEquals(boundAfter(100), health(5000));
});

test("CpuMeter with a bound keeps to it, however long a reading takes", () => {
  const cpu = new CpuMeter(() => 0, 7000);
  cpu.read(1_000_000);
  cpu.restamp(1_004_000);
  assertEquals(cpu.health().coalesce_ns, 7000);
});

test("CpuMeter.restamp() keeps a pause after the reading from being added as work", () => {
  const { clock } = meter(5000);
  const cpu = new CpuMeter(() => clock.cpuNs, 5000);
  cpu.read(clock.ns);
  const consumed = clock.cpuNs;
  clock.advance(4_000_000); // another program had the CPU
  cpu.restamp(clock.ns);
  assertEquals(cpu.at(clock.ns), consumed);
});

// In spans.

test("scope() has the CPU time of its span, exactly where readings are apart", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const x = ci.scope("x");
  ci.clock.us(100, 0.25);
  x.end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 25_000);
});

test("scope() that sleeps has CPU time 0, not null", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const x = ci.scope("x");
  ci.clock.us(100);
  x.end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 0);
});

test("scope() sees the CPU time of several threads", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const x = ci.scope("x");
  ci.clock.us(100, 3);
  x.end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 300_000);
});

test("scope() has CPU time without a session too", () => {
  const ci = new TestEngine();
  const x = ci.scope("x");
  ci.clock.us(100, 0.5);
  x.end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 50_000);
});

test("scope() counts a nested span's CPU time into its parent's", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  ci.clock.us(10, 1);
  const inner = ci.scope("inner");
  ci.clock.us(20, 1);
  inner.end();
  ci.clock.us(30, 1);
  outer.end();
  const dict = ci.dict();
  assertEquals([nodeNamed(dict, "inner").cpu_ns, nodeNamed(dict, "outer").cpu_ns], [20_000, 60_000]);
});

test("scope() within the bound of the last reading makes none, and takes the wall time", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const outer = ci.scope("outer");
  const before = ci.clock.cpuReads;
  ci.clock.advance(1000);
  const x = ci.scope("x");
  ci.clock.advance(2000); // asleep, but that is not seen
  x.end();
  assertEquals(ci.clock.cpuReads, before);
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 2000);
  outer.end();
});

test("scope() makes one reading for all boundaries within the bound", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const before = ci.clock.cpuReads;
  for (let i = 0; i < 50; i++) {
    ci.scope("x").end();
    ci.clock.advance(99); // 4950 ns in all
  }
  assertEquals(ci.clock.cpuReads - before, 1);
});

test("scope() makes one reading for each bound that passes", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.clock.us(100);
  const before = ci.clock.cpuReads;
  for (let i = 0; i < 1000; i++) {
    ci.scope("x").end();
    ci.clock.advance(100);
  }
  assertEquals(ci.clock.cpuReads - before, 20); // 100 us, a reading every 5
});

test("profile({ counters: { cpuCoalesceNs: 0 } }) reads at every boundary, and is exact", () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpuCoalesceNs: 0 } });
  const before = ci.clock.cpuReads;
  const x = ci.scope("x");
  ci.clock.advance(10);
  x.end();
  assertEquals(ci.clock.cpuReads - before, 2);
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 0);
});

test("profile({ counters: { cpuCoalesceNs } }) sets the bound", () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpuCoalesceNs: 50_000 } });
  const before = ci.clock.cpuReads;
  for (let i = 0; i < 10; i++) {
    ci.scope("x").end();
    ci.clock.advance(5000);
  }
  assertEquals(ci.clock.cpuReads - before, 0);
  ci.scope("x").end();
  assertEquals(ci.clock.cpuReads - before, 1);
});

test("scope() leaves the duration of its own first reading out of the span", () => {
  const clock = new FakeClock();
  const slow: FakeClock["cpu"]["process"] = {
    ok: true,
    source: "slow",
    value: () => {
      clock.advance(600, 1);
      return clock.cpuNs;
    },
  };
  (clock as { cpu: FakeClock["cpu"] }).cpu = { process: slow, thread: slow };
  const engine = new Engine({ clock, idSuffix: "0".repeat(16) });
  engine.recording.scope("x", undefined, () => clock.advance(100, 1), null);
  const [x] = (new Host(engine).trace({ format: "dict" }) as TraceDict).roots;
  assertEquals(x.wall_us, 0.1);
});

test('profile({ counters: { cpu: "thread" } }) counts the thread\'s time', () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpu: "thread" } });
  ci.clock.us(100);
  const x = ci.scope("x");
  ci.clock.us(100, 1);
  x.end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 50_000); // the fake thread has half of the process's time
  assertEquals(ci.engine.health().probes.cpu.source, "fake thread");
});

test('profile({ counters: { cpu: "process" } }) counts the process\'s time, as by default', () => {
  for (const counters of [{ cpu: "process" as const }, {}, undefined]) {
    const ci = new TestEngine();
    ci.profile({ counters });
    ci.clock.us(100);
    const x = ci.scope("x");
    ci.clock.us(100, 1);
    x.end();
    assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, 100_000);
    assertEquals(ci.engine.health().probes.cpu.source, "fake process");
  }
});

test("profile() with a CPU clock that is absent has cpu_ns null and says why", () => {
  const ci = new TestEngine();
  (ci.clock as { cpu: FakeClock["cpu"] }).cpu = {
    process: { ok: false, reason: "no clock here" },
    thread: { ok: false, reason: "nor here" },
  };
  ci.profile();
  ci.scope("x").end();
  assertEquals(nodeNamed(ci.dict(), "x").cpu_ns, null);
  assertEquals(ci.engine.health().probes.cpu, { present: false, source: null, reason: "no clock here" });
});

test("trace({ open: true }) has the CPU time so far", () => {
  const ci = new TestEngine();
  const x = ci.scope("x");
  ci.clock.us(100, 0.5);
  assertEquals(ci.dict({ open: true }).roots[0].cpu_ns, 50_000);
  ci.clock.us(100, 0.5);
  x.end();
  assertEquals(ci.dict().roots[0].cpu_ns, 100_000);
});

test("batches() have the CPU time of their turn", () => {
  const ci = new TestEngine();
  ci.profile();
  for (const _ of ci.batches(2)) ci.clock.us(100, 0.5);
  const [root] = ci.dict({ open: true }).roots;
  assertEquals(root.children.map(batch => batch.cpu_ns), [50_000, 50_000]);
});

// With the machine's own clock.

const clock = openClock();
for (const kind of ["process", "thread"] as const) {
  const presentTest = testUnless(clock.cpu[kind].ok ? null : `no ${kind} CPU clock here`, import.meta.url);

  presentTest(`scope() that is busy for 50 ms has about as much ${kind} CPU time`, () => {
    const engine = new Engine({ clock });
    engine.profile({ output: "none", counters: { cpu: kind } });
    engine.recording.scope("busy", undefined, () => {
      // By what the system says was consumed: others may have the processor for as long as they like.
      const before = process.cpuUsage();
      for (let us = 0; us < 50_000;) {
        const { user, system } = process.cpuUsage(before);
        us = user + system;
      }
    }, null);
    engine.shutdown();
    const { wall_us, cpu_ns } = nodeNamed(new Host(engine).trace({ format: "dict" }) as TraceDict, "busy");
    // Loose: the process has other threads.
    assertGreater(cpu_ns!, 50e6 * (kind === "thread" ? 0.1 : 0.8));
    assertLess(cpu_ns!, wall_us * 1000 * (kind === "thread" ? 1.5 : 10));
  });

  presentTest(`scope() that waits for a timer has little ${kind} CPU time`, async () => {
    const engine = new Engine({ clock });
    engine.profile({ output: "none", counters: { cpu: kind } });
    await engine.recording.scope(
      "idle",
      undefined,
      () => new Promise(resolve => setTimeout(resolve, 50)),
      null,
    );
    engine.shutdown();
    const { wall_us, cpu_ns } = nodeNamed(new Host(engine).trace({ format: "dict" }) as TraceDict, "idle");
    assertLess(cpu_ns!, wall_us * 1000 * (kind === "thread" ? 0.5 : 2));
  });
}
