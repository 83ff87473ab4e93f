import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { test } from "node:test";
import { Host } from "../../../src/api/host.ts";
import type { TraceDict, TraceNode } from "../../../src/data/values.ts";
import { openGpu } from "../../../src/meters/gpu/open.ts";
import { Engine } from "../../../src/session/engine.ts";
import type { SpanBatch } from "../../../src/sinks/batch.ts";
import { testUnless } from "../../support/conditions.ts";
import { FakeNvml, NO_FAKE, until } from "../../support/fake_nvml.ts";
import { FakeOpener, reasonOf } from "../../support/openers.ts";
import { nodeNamed } from "../../support/recording.ts";

// GPU time in spans, from profile() to the sinks.

const FILE = import.meta.url;
const fakeTest = testUnless(NO_FAKE, FILE);

/** An engine over a fake library whose time is the engine's too. */
class GpuEngine {
  readonly fake: FakeNvml = new FakeNvml();
  readonly engine: Engine;
  readonly batches: SpanBatch[] = [];

  constructor(intervalMs = 1e9) {
    this.engine = new Engine({
      clock: this.fake.clock,
      open: { gpu: ({ clock }) => openGpu(clock, { ...this.fake.options, intervalMs }) },
      warn: () => {},
    });
  }

  static async start(options: { sinks?: boolean; intervalMs?: number } = {}): Promise<GpuEngine> {
    const ci = new GpuEngine(options.intervalMs);
    const output = options.sinks ? { emit: (batch: SpanBatch) => void ci.batches.push(batch) } : "none";
    ci.engine.profile({ output, flushIntervalMs: 5 });
    await until(() => ci.fake.calls("nvmlDeviceGetTotalEnergyConsumption") > 0, "the first tick");
    return ci;
  }

  scope(name: string): { end(): void } {
    return this.engine.recording.scope(name, undefined, undefined, null) as { end(): void };
  }

  /** Moves time on by whole ticks. */
  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      const before = this.fake.calls("nvmlDeviceGetTotalEnergyConsumption");
      this.fake.advance(1e9 + i % 7 * 1e7);
      this.engine.flush(); // which asks for a tick
      await until(() => this.fake.calls("nvmlDeviceGetTotalEnergyConsumption") > before, "a tick");
    }
  }

  dict(open = false): TraceDict {
    return new Host(this.engine).trace({ format: "dict", open }) as TraceDict;
  }

  node(name: string): TraceNode {
    return nodeNamed(this.dict(true), name);
  }
}

fakeTest("A span has the time that the GPU was busy in it, as a whole number", async () => {
  const ci = await GpuEngine.start();
  await ci.pass(20);
  const startNs = ci.fake.nowNs;
  const step = ci.scope("step");
  await ci.pass(5);
  step.end();
  const endNs = ci.fake.nowNs;
  await ci.pass(2);
  const found = ci.node("step").gpu_ns!;
  assert(Number.isInteger(found));
  assertLess(Math.abs(found - ci.fake.busyNs(startNs, endNs)), 200e6);
  ci.engine.shutdown();
  assertEquals(nodeNamed(ci.dict(), "step").gpu_ns, found);
});

fakeTest("A span whose end no sample has reached is null, not 0, and is known later", async () => {
  const ci = await GpuEngine.start();
  await ci.pass(10);
  const step = ci.scope("step");
  ci.fake.advance(50e6);
  step.end();
  assertEquals(nodeNamed(ci.dict(), "step").gpu_ns, null);
  await ci.pass(2);
  assert(nodeNamed(ci.dict(), "step").gpu_ns !== null);
  ci.engine.shutdown();
});

fakeTest(
  "The session's span has device, driver, energy and peak memory, while it runs and at its end",
  async () => {
    const ci = await GpuEngine.start();
    await ci.pass(10);
    ci.fake.set({ usedBytes: 5 * 2 ** 30 });
    await ci.pass(1);
    ci.fake.set({ usedBytes: 2 ** 30 });
    await ci.pass(1);
    const elapsedS = ci.fake.nowNs / 1e9 - 1000;
    ci.engine.shutdown();
    const { attrs, gpu_ns } = nodeNamed(ci.dict(), "cirron.session");
    assertEquals(
      [attrs.device, attrs.gpu_driver, attrs.gpu_scope, attrs.gpu_memory_peak_bytes],
      ["Fake GPU \n\x1b[310", "580.12.34", "device", 5 * 2 ** 30],
    );
    assertLess(Math.abs(attrs.gpu_energy_mj as number - elapsedS * 100_000), 1000);
    assertGreater(gpu_ns!, 0);
  },
);

fakeTest("Sinks see each span once, on a tick, when its GPU time is known", async () => {
  const ci = await GpuEngine.start({ sinks: true, intervalMs: 2 });
  const rows = () => ci.batches.flatMap(batch => batch.spans).filter(span => span.name === "step");
  const ticks = async (count: number) => {
    const before = ci.fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    await until(() => ci.fake.calls("nvmlDeviceGetTotalEnergyConsumption") >= before + count, "ticks");
  };
  for (let i = 0; i < 20; i++) {
    ci.fake.advance(1e9);
    await ticks(2);
  }
  const step = ci.scope("step");
  ci.fake.advance(2.9e9);
  step.end();
  // The newest sample ended before the span did: ticks of thread and sinks come and go, and the span waits.
  await ticks(20);
  assertEquals(rows(), []);
  ci.fake.advance(1e9);
  await until(() => rows().length > 0, "the span");
  assert(rows()[0].gpu_ns !== null);
  ci.engine.shutdown();
  assertEquals(rows().length, 1);
});

fakeTest("flush() gives out everything, known or not", async () => {
  const ci = await GpuEngine.start({ sinks: true });
  await ci.pass(5);
  const step = ci.scope("step");
  ci.fake.advance(10e6);
  step.end();
  ci.engine.flush();
  const [row] = ci.batches.flatMap(batch => batch.spans).filter(span => span.name === "step");
  assertEquals(row.gpu_ns, null);
  const batch = ci.batches.find(one => one.spans.includes(row))!;
  assert(batch.toJson().spans.includes('"gpu_ns":null'));
  ci.engine.shutdown();
});

fakeTest("A span makes no NVML call: 100 000 of them, read back in every way", async () => {
  const ci = await GpuEngine.start();
  await ci.pass(3);
  const before = ci.fake.calls();
  for (let i = 0; i < 100_000; i++) ci.scope("step").end();
  ci.engine.recording.mark("m", 1, undefined, null);
  assertEquals(ci.fake.calls(), before);
  ci.dict();
  new Host(ci.engine).trace({ format: "json" });
  ci.engine.health();
  // trace() asks for at most one tick, and time stands still.
  assert(ci.fake.calls() - before <= 6, `${ci.fake.calls() - before} calls`);
  ci.engine.shutdown();
});

fakeTest("counters: { gpu: false } opens nothing", async () => {
  const ci = new GpuEngine();
  ci.engine.profile({ output: "none", counters: { gpu: false } });
  await new Promise(resolve => setTimeout(resolve, 20));
  assertEquals(ci.fake.calls(), 0);
  assertEquals(ci.engine.health().probes.gpu.reason, "off (counters: { gpu: false })");
  ci.engine.shutdown();
});

fakeTest("A second session starts with a thread of its own, and rows of its own", async () => {
  const ci = await GpuEngine.start();
  await ci.pass(5);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().probes.gpu.present, false);
  const before = ci.fake.calls("nvmlInit_v2");
  ci.engine.profile({ output: "none" });
  await until(() => ci.fake.calls("nvmlInit_v2") > before, "the second thread");
  await ci.pass(20);
  const startNs = ci.fake.nowNs;
  const step = ci.scope("step");
  await ci.pass(4);
  step.end();
  const endNs = ci.fake.nowNs;
  await ci.pass(2);
  assertLess(Math.abs(ci.node("step").gpu_ns! - ci.fake.busyNs(startNs, endNs)), 200e6);
  ci.engine.shutdown();
});

fakeTest("GPU times outlive a change of the buffer's bound", async () => {
  const ci = await GpuEngine.start();
  await ci.pass(10);
  const step = ci.scope("step");
  await ci.pass(2);
  step.end();
  await ci.pass(2);
  const before = ci.node("step").gpu_ns;
  assert(before !== null);
  ci.engine.setMaxSpans(50);
  assertEquals(ci.node("step").gpu_ns, before);
  ci.engine.shutdown();
});

// Without a driver.

test("profile() without a driver is silent, and health() says why there is no GPU time", () => {
  const warnings: string[] = [];
  const engine = new Engine({
    open: { gpu: ({ clock }) => openGpu(clock, { paths: ["/nowhere/libnvidia-ml.so.1"] }) },
    warn: text => void warnings.push(text),
  });
  engine.profile({ output: "none" });
  (engine.recording.scope("x", undefined, undefined, null) as { end(): void }).end();
  assertEquals(engine.health().probes.gpu, {
    present: false,
    source: null,
    reason: "no NVIDIA driver: libnvidia-ml.so.1 was not found",
    driver: null,
    scope: null,
    sample_period_ms: null,
    coverage: null,
    devices: [],
  });
  assertEquals(nodeNamed(new Host(engine).trace({ format: "dict" }) as TraceDict, "x").gpu_ns, null);
  engine.shutdown();
  assertEquals(warnings, []);
});

test("openGpu() without permission says so, and without a clock that a thread can read", () => {
  const denied = {
    isMusl: false,
    open: () => ({ ok: false, reason: "FFI is not permitted (--allow-ffi)" }) as const,
  };
  const clock = {
    ...new FakeOpener({}),
    ...fakeClock(),
    monotonic: { path: "/libc", id: 1, originSeconds: 0 },
  };
  assertEquals(
    reasonOf(openGpu(clock, { from: denied, paths: ["/a"] })),
    "FFI is not permitted (--allow-ffi)",
  );
  assertEquals(reasonOf(openGpu(fakeClock(), { paths: ["/a"] })), "needs libc's clock, and has fake");
});

function fakeClock() {
  return {
    source: "fake",
    nowNs: () => 1,
    unixNs: () => 1n,
    cpu: { process: { ok: false, reason: "fake" }, thread: { ok: false, reason: "fake" } } as const,
  };
}

test("A library that is no NVML ends the probe with a reason, and nothing else", async () => {
  const libc = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"];
  const engine = new Engine({
    open: { gpu: ({ clock }) => openGpu(clock, { paths: libc }) },
    warn: () => {},
  });
  engine.profile({ output: "none" });
  await null;
  const { present, reason } = engine.health().probes.gpu;
  assertEquals(present, false);
  assert(reason !== null);
  engine.shutdown();
});
