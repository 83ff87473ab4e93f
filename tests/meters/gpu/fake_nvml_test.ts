import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import process from "node:process";
import { NVML_SYMBOLS, type NvmlFunction } from "../../../ffi/nvml.ts";
import { opener } from "../../../src/runtime/opener.ts";
import { testUnless } from "../../support/conditions.ts";
import { FakeGpu, FakeNvml, NO_FAKE, until } from "../../support/fake_nvml.ts";

// The whole way from a C library to busy time, on a library that knows the truth.

const fakeTest = testUnless(NO_FAKE, import.meta.url);

/** A repeatable random number from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48271 % 2147483647) / 2147483647;
}

/** Ticks as they come: about a second apart. */
function run(gpu: FakeGpu, seconds: number, seed = 1): void {
  const random = randomFrom(seed);
  for (const endNs = gpu.fake.nowNs + seconds * 1e9; gpu.fake.nowNs < endNs;) {
    gpu.tick(1e9 * (0.9 + 0.2 * random()));
  }
}

const PATTERNS: [title: string, settings: Parameters<FakeNvml["set"]>[0]][] = [
  ["bursts of 50 ms", {}],
  ["bursts of 50 ms at 5 samples a second", { periodNs: 200_000_000 }],
  ["bursts of 3 ms", { busyNs: 3_000_000, idleNs: 5_000_000 }],
  ["bursts of 2 s", { busyNs: 2_000_000_000, idleNs: 3_000_000_000 }],
  ["a GPU that never rests", { busyNs: 1_000_000_000, idleNs: 0 }],
  ["garbage among the samples", { nasty: 1 }],
  ["whole percents rounded, not cut", { rounded: 1 }],
  ["a clock that drifts by 20 ppm from the boot of the machine", {
    offsetNs: -900_000_000_000,
    driftPpm: 20,
  }],
  ["values as doubles", { valueType: 0 }],
  ["values as 64-bit integers", { valueType: 3 }],
];

for (const [title, settings] of PATTERNS) {
  fakeTest(`GpuMonitor.between() is true to 1 000 spans: ${title}`, async () => {
    const fake = new FakeNvml().set(settings);
    using gpu = await FakeGpu.open(fake);
    run(gpu, 30);
    const beginNs = fake.nowNs;
    run(gpu, 120, 2);
    const endNs = fake.nowNs - 2e9;
    const periodNs = Number(settings.periodNs ?? 167_100_000);
    // Half a period for what is even only on average within a sample, the clock's error at either edge, and the whole
    // percents of the driver.
    const random = randomFrom(3);
    let sumOfErrors = 0;
    let sumOfSpans = 0;
    let worst = 0;
    for (let i = 0; i < 1000; i++) {
      const length = 10 ** (7.5 + 3 * random()); // 30 ms to 30 s
      const start = beginNs + random() * (endNs - length - beginNs);
      const found = gpu.monitor.between(start, start + length);
      const error = found - fake.busyNs(start, start + length);
      const allowed = periodNs / 2 + 40e6 + 0.01 * length;
      assert(Math.abs(error) <= allowed, `off by ${error / 1e6} ms in a span of ${length / 1e6} ms`);
      worst = Math.max(worst, Math.abs(error));
      sumOfErrors += error;
      sumOfSpans += length;
    }
    // A driver that rounds, as none is known to, is half a percent off.
    assertLess(Math.abs(sumOfErrors) / sumOfSpans, settings.rounded === 1 ? 0.01 : 0.001, "biased");
  });
}

fakeTest("GpuMonitor.health() tells source, period, coverage, scope and driver", async () => {
  using gpu = await FakeGpu.open(new FakeNvml());
  run(gpu, 30);
  const health = gpu.monitor.health();
  assertEquals(
    [health.present, health.reason, health.driver, health.scope, health.sample_period_ms],
    [true, null, "580.12.34", "device", 167.1],
  );
  assert(health.source!.startsWith("ring of /"), health.source!);
  assertGreater(health.coverage!, 0.98);
  const [device] = health.devices;
  assertEquals([device.uuid, device.source, device.share, device.failures], ["GPU-fake", "ring", 1, {}]);
});

fakeTest(
  "GpuMonitor.settledNs() follows the samples, a period behind at most once a tick has run",
  async () => {
    using gpu = await FakeGpu.open(new FakeNvml());
    for (let i = 0; i < 20; i++) {
      const settledNs = gpu.tick(1e9 + i * 1e6);
      assert(settledNs <= gpu.fake.nowNs);
      assertLess(gpu.fake.nowNs - settledNs, 400e6);
    }
  },
);

fakeTest("GpuMonitor.settledNs() gives a moment up after 3 s without samples", async () => {
  const fake = new FakeNvml().set({ gap: 1 });
  fake.fail("nvmlDeviceGetUtilizationRates", 3);
  using gpu = await FakeGpu.open(fake);
  const settledNs = gpu.tick();
  assertEquals(settledNs, fake.nowNs - 3e9);
});

fakeTest("A GPU without newer samples is idle if its utilization is 0, else unknown", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  run(gpu, 20);
  const idleSinceNs = fake.nowNs;
  fake.set({ gap: 1, patternUntilNs: idleSinceNs });
  run(gpu, 20);
  assertEquals(gpu.monitor.between(idleSinceNs + 2e9, fake.nowNs - 2e9), 0);
  fake.set({ patternUntilNs: 0, busyNs: 1_000_000_000, idleNs: 0 }); // busy, and still no samples
  const unknownSinceNs = fake.nowNs;
  run(gpu, 20);
  assertEquals(gpu.monitor.between(unknownSinceNs + 2e9, fake.nowNs - 2e9), NaN);
  fake.set({ gap: 0 });
  run(gpu, 20);
  const fullNs = gpu.monitor.between(fake.nowNs - 12e9, fake.nowNs - 2e9);
  assert(Math.abs(fullNs - 10e9) < 0.3e9, `${fullNs}`);
});

fakeTest("A program that does not look for a minute loses no sample: the thread goes on", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  run(gpu, 20);
  const beginNs = fake.nowNs;
  for (let i = 0; i < 60; i++) {
    const before = gpu.tickCount;
    fake.advance(1e9 + i * 2e6);
    gpu.monitor.poke();
    gpu.ticked(before);
  }
  gpu.monitor.settledNs(fake.nowNs); // only now
  const endNs = fake.nowNs - 1e9;
  const error = gpu.monitor.between(beginNs, endNs) - fake.busyNs(beginNs, endNs);
  assertLess(Math.abs(error), 0.01 * (endNs - beginNs));
});

// Fallbacks.

fakeTest("Without the ring, GPM is asked", async () => {
  const fake = new FakeNvml().set({ gpmSupported: 1 }).fail("nvmlDeviceGetSamples", 3);
  using gpu = await FakeGpu.open(fake);
  const beginNs = fake.nowNs + 1e9;
  run(gpu, 30);
  const error = gpu.monitor.between(beginNs, fake.nowNs) - fake.busyNs(beginNs, fake.nowNs);
  assertLess(Math.abs(error), 0.3e9);
  const health = gpu.monitor.health();
  assertEquals(health.devices[0].source, "gpm");
  assertEquals(health.devices[0].failures, { nvmlDeviceGetSamples: "NVML_ERROR_NOT_SUPPORTED" });
  assertEquals(fake.calls("nvmlDeviceGetSamples"), 1);
  assertEquals(fake.calls("nvmlGpmSampleAlloc"), 2);
});

fakeTest("Under MIG, GPM is asked for the instance of this process, and the ring is not", async () => {
  const fake = new FakeNvml().set({ migMode: 1, gpmSupported: 1 }).process(process.pid);
  using gpu = await FakeGpu.open(fake);
  const beginNs = fake.nowNs + 2e9;
  run(gpu, 30);
  const error = gpu.monitor.between(beginNs, fake.nowNs) - fake.busyNs(beginNs, fake.nowNs);
  assertLess(Math.abs(error), 0.3e9);
  assertEquals(fake.calls("nvmlDeviceGetSamples"), 0);
  assertGreater(fake.calls("nvmlGpmMigSampleGet"), 10);
});

fakeTest("Without ring and GPM, accounting is read, if somebody has turned it on", async () => {
  const fake = new FakeNvml("WITHOUT_GPM").set({ accounted: 1 }).fail("nvmlDeviceGetSamples", 3);
  using gpu = await FakeGpu.open(fake);
  const beginNs = fake.nowNs + 3e9;
  run(gpu, 40);
  const endNs = beginNs + 30e9;
  const error = gpu.monitor.between(beginNs, endNs) - fake.busyNs(beginNs, endNs);
  assertLess(Math.abs(error), 1e9);
  assertEquals(gpu.monitor.health().devices[0].source, "accounting");
});

fakeTest("Without all that, one utilization a tick speaks for the second before it", async () => {
  const fake = new FakeNvml("WITHOUT_GPM").set({ busyNs: 1_000_000_000, idleNs: 0 }).fail(
    "nvmlDeviceGetSamples",
    3,
  );
  using gpu = await FakeGpu.open(fake);
  run(gpu, 30);
  const busyNs = gpu.monitor.between(fake.nowNs - 20e9, fake.nowNs - 1e9);
  assert(busyNs >= 0.9 * 19e9 && busyNs <= 19e9, `${busyNs}`);
  assertEquals(gpu.monitor.health().devices[0].source, "rates");
});

fakeTest("A driver that can tell nothing leaves gpu_ns unknown, with the reasons", async () => {
  const fake = new FakeNvml("WITHOUT_GPM").fail("nvmlDeviceGetSamples", 3).fail(
    "nvmlDeviceGetUtilizationRates",
    3,
  );
  using gpu = await FakeGpu.open(fake);
  run(gpu, 5);
  assertEquals(gpu.monitor.between(fake.nowNs - 4e9, fake.nowNs - 1e9), NaN);
  const health = gpu.monitor.health();
  assertEquals(health.present, false);
  assertEquals(health.devices[0].failures, {
    nvmlDeviceGetSamples: "NVML_ERROR_NOT_SUPPORTED",
    nvmlGpmQueryDeviceSupport: "NVML_ERROR_FUNCTION_NOT_FOUND",
    nvmlDeviceGetUtilizationRates: "NVML_ERROR_NOT_SUPPORTED",
  });
});

fakeTest("A driver without the newest functions is asked by the older ones, or not", async () => {
  const fake = new FakeNvml("WITHOUT_V2", "WITHOUT_V3", "WITHOUT_GPM");
  using gpu = await FakeGpu.open(fake);
  run(gpu, 10);
  assertEquals(gpu.monitor.attrs().gpu_memory_peak_bytes, (1 << 30) + (1 << 20)); // v1 counts the reserve
  assertGreater(gpu.monitor.between(fake.nowNs - 5e9, fake.nowNs - 1e9), 0);
  assertEquals(gpu.monitor.health().devices[0].failures, {
    nvmlDeviceGetMemoryInfo_v2: "NVML_ERROR_FUNCTION_NOT_FOUND",
    nvmlDeviceGetComputeRunningProcesses_v3: "NVML_ERROR_FUNCTION_NOT_FOUND",
  });
});

// Codes.

for (const code of [2, 3, 4, 13, 17]) {
  fakeTest(`Code ${code} turns a function off for good, and the rest goes on`, async () => {
    const fake = new FakeNvml().fail("nvmlDeviceGetTotalEnergyConsumption", code, 1);
    using gpu = await FakeGpu.open(fake);
    run(gpu, 10);
    assertEquals(fake.calls("nvmlDeviceGetTotalEnergyConsumption"), 1);
    assertEquals(gpu.monitor.attrs().gpu_energy_mj, null);
    assertGreater(gpu.monitor.between(fake.nowNs - 5e9, fake.nowNs - 1e9), 0);
  });
}

for (const code of [5, 8, 10, 11, 14, 19, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30, 999, 4711]) {
  fakeTest(`Code ${code} is tried again, and turns a function off after three in a row`, async () => {
    const fake = new FakeNvml().fail("nvmlDeviceGetTotalEnergyConsumption", code, 2);
    using gpu = await FakeGpu.open(fake);
    run(gpu, 5);
    assertGreater(fake.calls("nvmlDeviceGetTotalEnergyConsumption"), 4);
    assertEquals(gpu.monitor.health().devices[0].failures, {});
    fake.fail("nvmlDeviceGetTotalEnergyConsumption", code);
    const before = fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    run(gpu, 8);
    assertEquals(fake.calls("nvmlDeviceGetTotalEnergyConsumption") - before, 3);
    assertGreater(gpu.monitor.between(fake.nowNs - 5e9, fake.nowNs - 1e9), 0);
  });
}

for (const code of [9, 12, 18]) {
  fakeTest(
    `Code ${code} turns NVML off, with the reason, when it comes from the start or later`,
    async () => {
      const fake = new FakeNvml().fail("nvmlInit_v2", code);
      using gpu = await FakeGpu.open(fake);
      assertEquals(gpu.monitor.health().present, false);
      assert(
        /^nvmlInit_v2: NVML_ERROR_\w+$/.test(gpu.monitor.health().reason!),
        gpu.monitor.health().reason!,
      );
      assertEquals(fake.calls(), 1);
      assertEquals(gpu.monitor.settledNs(fake.nowNs), fake.nowNs); // nobody waits for what will not come

      const late = new FakeNvml();
      using second = await FakeGpu.open(late);
      await run(second, 5);
      late.fail("nvmlDeviceGetSamples", code);
      await second.tick();
      assertEquals(second.monitor.health().present, false);
      assert(second.monitor.health().reason!.startsWith("nvmlDeviceGetSamples: NVML_ERROR_"));
    },
  );
}

for (const code of [15, 16]) {
  fakeTest(
    `Code ${code} gives the device up: what comes after is unknown, what was before stays`,
    async () => {
      const fake = new FakeNvml();
      using gpu = await FakeGpu.open(fake);
      run(gpu, 20);
      const lostNs = fake.nowNs;
      fake.fail("nvmlDeviceGetSamples", code, 1);
      gpu.tick();
      fake.advance(10e9);
      gpu.monitor.settledNs(fake.nowNs);
      assertGreater(gpu.monitor.between(lostNs - 10e9, lostNs - 1e9), 0);
      assertEquals(gpu.monitor.between(lostNs + 1e9, lostNs + 9e9), NaN);
    },
  );
}

fakeTest("UNINITIALIZED initialises again, once", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  run(gpu, 3);
  fake.fail("nvmlDeviceGetSamples", 1, 1);
  run(gpu, 5);
  assertEquals(fake.calls("nvmlInit_v2"), 2);
  assertEquals(gpu.monitor.health().present, true);
  fake.fail("nvmlDeviceGetSamples", 1, 1);
  gpu.tick();
  assertEquals(fake.calls("nvmlInit_v2"), 2);
  assertEquals(gpu.monitor.health().present, false);
});

fakeTest("A device that may not be opened is left out, and others are not", async () => {
  const fake = new FakeNvml().set({ devices: 3 }).fail("nvmlDeviceGetHandleByIndex_v2", 4, 1);
  using gpu = await FakeGpu.open(fake);
  run(gpu, 5);
  assertEquals(gpu.monitor.health().devices.length, 2);
  assertEquals(gpu.monitor.health().present, true);
});

fakeTest("A driver with no device says so", async () => {
  using gpu = await FakeGpu.open(new FakeNvml().set({ devices: 0 }));
  assertEquals([gpu.monitor.health().present, gpu.monitor.health().reason], [false, "NVML has no device"]);
});

// Processes.

fakeTest("Several GPUs count together, but only those that this process uses once it uses one", async () => {
  const fake = new FakeNvml().set({ devices: 3, busyNs: 1_000_000_000, idleNs: 0 });
  using gpu = await FakeGpu.open(fake);
  run(gpu, 20);
  const busyNs = gpu.monitor.between(fake.nowNs - 10e9, fake.nowNs - 1e9);
  assert(Math.abs(busyNs - 27e9) < 0.1e9, `${busyNs}`);
  assertEquals(gpu.monitor.attrs().gpu_memory_peak_bytes, 3 * (1 << 30));
});

fakeTest("A process alone on its GPU has all of its time, with the scope that says so", async () => {
  const fake = new FakeNvml().process(process.pid, 10);
  using gpu = await FakeGpu.open(fake);
  run(gpu, 10);
  assertEquals(gpu.monitor.health().scope, "process");
  assertEquals(fake.calls("nvmlDeviceGetProcessUtilization"), 0); // nobody to share with
});

for (const stride of [24, 32]) {
  fakeTest(
    `A process that shares its GPU has its part of the time (entries of ${stride} bytes)`,
    async () => {
      const fake = new FakeNvml().set({ busyNs: 1_000_000_000, idleNs: 0, stride });
      fake.process(999_999, 60).process(process.pid, 20);
      using gpu = await FakeGpu.open(fake);
      run(gpu, 20);
      const busyNs = gpu.monitor.between(fake.nowNs - 10e9, fake.nowNs - 1e9);
      assert(Math.abs(busyNs - 9e9 / 4) < 0.1e9, `${busyNs}`);
      assertEquals(gpu.monitor.health().scope, "process");
      assertEquals(gpu.monitor.health().devices[0].share, 0.25);
      fake.noProcesses();
      fake.process(process.pid, 20);
      run(gpu, 20);
      assertEquals(gpu.monitor.health().devices[0].share, 1);
    },
  );
}

// Calls.

fakeTest("A tick makes a handful of calls, whatever is asked of the monitor", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  run(gpu, 5);
  const before = fake.calls();
  for (let i = 0; i < 100_000; i++) gpu.monitor.between(fake.nowNs - 3e9 - i, fake.nowNs - 1e9);
  gpu.monitor.health();
  assertEquals(fake.calls(), before);
  gpu.tick();
  const made = fake.calls() - before;
  assert(made >= 3 && made <= 5, `${made} calls`);
});

fakeTest("GpuMonitor.poke() asks at most ten times a second", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  gpu.tick();
  const before = gpu.tickCount;
  for (let i = 0; i < 1000; i++) {
    fake.advance(1e5); // 100 ms in all
    gpu.monitor.poke();
  }
  gpu.ticked(before);
  gpu.tick();
  assert(gpu.tickCount - before <= 3);
});

fakeTest("A call that hangs is given up after 5 s, and nothing waits for it", async () => {
  const fake = new FakeNvml();
  using gpu = await FakeGpu.open(fake);
  run(gpu, 5);
  fake.delay("nvmlDeviceGetSamples", 10_000);
  const calls = fake.calls("nvmlDeviceGetSamples");
  fake.advance(1e9);
  gpu.monitor.poke();
  await until(() => fake.calls("nvmlDeviceGetSamples") > calls, "the call");
  fake.advance(4.9e9);
  assertEquals(gpu.monitor.health().present, true);
  fake.advance(0.2e9);
  const health = gpu.monitor.health();
  assertEquals([health.present, health.reason], [false, "nvmlDeviceGetSamples did not return within 5 s"]);
  assertEquals(gpu.monitor.settledNs(fake.nowNs), fake.nowNs);
  fake.delay("nvmlDeviceGetSamples", 0); // and then the thread ends
});

fakeTest("100 000 calls in a loop answer alike: no out-parameter goes stale", () => {
  const fake = new FakeNvml();
  const {
    nvmlInit_v2,
    nvmlDeviceGetHandleByIndex_v2,
    nvmlDeviceGetTotalEnergyConsumption,
    nvmlDeviceGetSamples,
  } = NVML_SYMBOLS;
  const table = {
    nvmlInit_v2,
    nvmlDeviceGetHandleByIndex_v2,
    nvmlDeviceGetTotalEnergyConsumption,
    nvmlDeviceGetSamples,
  };
  const library = opener.open(fake.path, table);
  if (!library.ok) throw new Error(library.reason);
  const nvml = library.value;
  assertEquals(nvml.nvmlInit_v2(), 0);
  const handle = new BigUint64Array(new ArrayBuffer(8));
  const energy = new BigUint64Array(new ArrayBuffer(8));
  const type = new Uint32Array(new ArrayBuffer(4));
  const count = new Uint32Array(new ArrayBuffer(4));
  const samples = new BigUint64Array(new ArrayBuffer(256 * 16));
  let wrong = 0;
  for (let i = 0; i < 100_000; i++) {
    handle[0] = energy[0] = 0n;
    const codes = nvml.nvmlDeviceGetHandleByIndex_v2(0, handle)
      + nvml.nvmlDeviceGetTotalEnergyConsumption(handle[0], energy);
    if (codes !== 0 || handle[0] < 1n << 32n || energy[0] !== 100_000_000n) wrong++;
    if (i % 100 === 0) {
      count[0] = 256;
      samples[0] = 0n;
      if (
        nvml.nvmlDeviceGetSamples(handle[0], 1, 0n, type, count, samples) !== 0 || count[0] !== 72
        || samples[0] === 0n
      ) {
        wrong++;
      }
    }
  }
  assertEquals(wrong, 0);
});

fakeTest(
  "Buffers without room, handles of nobody and wrong versions are refused by the fake as by NVML",
  () => {
    const fake = new FakeNvml();
    const names = [
      "nvmlInit_v2",
      "nvmlDeviceGetHandleByIndex_v2",
      "nvmlDeviceGetSamples",
      "nvmlDeviceGetMemoryInfo_v2",
    ] as const;
    const library = opener.open(
      fake.path,
      Object.fromEntries(names.map(name => [name, NVML_SYMBOLS[name]])) as Pick<
        typeof NVML_SYMBOLS,
        typeof names[number]
      >,
    );
    if (!library.ok) throw new Error(library.reason);
    const nvml = library.value;
    const handle = new BigUint64Array(new ArrayBuffer(8));
    const cell = new Uint32Array(new ArrayBuffer(4));
    const zero = new Uint32Array(new ArrayBuffer(4));
    const room = new Uint8Array(new ArrayBuffer(4096));
    assertEquals(nvml.nvmlDeviceGetHandleByIndex_v2(0, handle), 1);
    nvml.nvmlInit_v2();
    assertEquals(nvml.nvmlDeviceGetHandleByIndex_v2(0, handle), 0);
    assertEquals(nvml.nvmlDeviceGetSamples(handle[0], 1, 0n, cell, zero, room), 2);
    assertEquals(nvml.nvmlDeviceGetSamples(handle[0] + 1000n, 1, 0n, cell, zero, room), 2);
    assertEquals(nvml.nvmlDeviceGetMemoryInfo_v2(handle[0], room), 25);
  },
);

fakeTest("Every function that the thread may call exists in the fake", () => {
  const fake = new FakeNvml();
  const missing = (Object.keys(NVML_SYMBOLS) as NvmlFunction[]).filter(name =>
    !opener.open(fake.path, { [name]: NVML_SYMBOLS[name] }).ok
  );
  assertEquals(missing, []);
});
