import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Probe } from "../../ffi/types.ts";
import { COUNTERS } from "../../src/meters/counters.ts";
import type { LateMeter, MeterOptions, SpanMeter } from "../../src/meters/meter.ts";
import { type CounterOpeners, SessionCounters } from "../../src/session/session_counters.ts";
import { FakeClock } from "../support/engine.ts";

const SPAN: SpanMeter = { start: () => {}, end: () => {} };
const LATE: LateMeter = {
  settledNs: nowNs => nowNs,
  between: () => 0,
  poke: () => {},
  attrs: () => ({}),
  stop: () => {},
};

function given(options: MeterOptions["options"] = {}): MeterOptions {
  return { clock: new FakeClock(), options, isWorker: () => false };
}

/** Openers that find everything, and what was opened. */
function findingAll(): { openers: CounterOpeners; opened: string[] } {
  const opened: string[] = [];
  const found = <T>(name: string, value: T): Probe<T> => {
    opened.push(name);
    return { ok: true, value, source: `the ${name}` };
  };
  return { openers: { gpu: () => found("gpu", LATE), memory: () => found("memory", SPAN) }, opened };
}

test("Counters stand in the list in the order of their columns, each with a name, a column and options of its own", () => {
  assertEquals(COUNTERS.map(({ column }) => column), ["cpu_ns", "gpu_ns", "memory_peak_bytes"]);
  for (const key of ["name", "column", "label"] as const) {
    assertEquals(new Set(COUNTERS.map(counter => counter[key])).size, COUNTERS.length);
  }
  for (const { name, options } of COUNTERS) assertEquals(Object.keys(options)[0], name);
});

test("SessionCounters.open() gives what was asked for and found, by kind", () => {
  const { openers, opened } = findingAll();
  const counters = new SessionCounters(openers).open(given({ memory: true }));
  assertEquals(opened, ["gpu", "memory"]);
  assertEquals(counters.cpu?.readCount, 0);
  assertEquals(counters.span, [{ column: "memory_peak_bytes", meter: SPAN }]);
  assertEquals(counters.late, [{ column: "gpu_ns", meter: LATE }]);
});

test("SessionCounters.open() opens nothing that is off, and health() says how it was turned off or is turned on", () => {
  const { openers, opened } = findingAll();
  const session = new SessionCounters(openers);
  assertEquals(session.open(given({ cpu: false, gpu: false })), { cpu: null, span: [], late: [] });
  assertEquals(opened, []);
  const { cpu, gpu, memory } = session.health();
  assertEquals(cpu, { present: false, source: null, reason: "off (counters: { cpu: false })" });
  assertEquals([gpu.reason, gpu.devices], ["off (counters: { gpu: false })", []]);
  assertEquals(memory.reason, "off (profile({ counters: { memory: true } }) turns it on)");
});

test("SessionCounters.openClock() opens the CPU clock and nothing else", () => {
  const { openers, opened } = findingAll();
  const session = new SessionCounters(openers);
  const { cpu, span, late } = session.openClock(given());
  assertEquals([cpu !== null, span, late, opened], [true, [], [], []]);
  assertEquals(session.health().gpu.reason, "no session: profile() turns it on");
});

test("SessionCounters.health() has a source or a reason, never both", () => {
  const { openers } = findingAll();
  const session = new SessionCounters({ ...openers, gpu: () => ({ ok: false, reason: "gone" }) });
  session.open(given({ memory: true }));
  const { cpu, gpu, memory } = session.health();
  assertEquals(cpu, { present: true, source: "fake process", reason: null, coalesce_ns: 5000 });
  assertEquals([gpu.present, gpu.source, gpu.reason], [false, null, "gone"]);
  assertEquals(memory, { present: true, source: "the memory", reason: null });
});

test("SessionCounters.open() opens once what is for good", () => {
  const { openers, opened } = findingAll();
  const session = new SessionCounters(openers);
  for (let i = 0; i < 3; i++) session.open(given({ memory: true }));
  assertEquals(opened.filter(name => name === "memory").length, 1);
  assertEquals(opened.filter(name => name === "gpu").length, 3);
});
