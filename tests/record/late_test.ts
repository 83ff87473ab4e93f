import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { CounterColumn } from "../../src/data/counters.ts";
import type { LateMeter } from "../../src/meters/meter.ts";
import { NO_COUNTERS } from "../../src/record/counters.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { IDS } from "../support/cases.ts";
import { FakeClock } from "../support/engine.ts";

/** Knows its figure up to `untilNs`, and guesses beyond. */
class Late implements LateMeter {
  untilNs = -Infinity;
  readonly #figure: number;

  constructor(figure: number) {
    this.#figure = figure;
  }

  settledNs(nowNs: number): number {
    return Math.min(nowNs, this.untilNs);
  }

  between(_startNs: number, endNs: number): number {
    return endNs <= this.untilNs ? this.#figure : -1;
  }

  poke(): void {}

  attrs(): Record<string, never> {
    return {};
  }

  stop(): void {}
}

function recorderOf(
  clock: FakeClock,
  maxSpans: number,
  late: readonly (readonly [CounterColumn, LateMeter])[],
): Recorder {
  const counters = { ...NO_COUNTERS, late: late.map(([column, meter]) => ({ column, meter })) };
  return new Recorder({ clock, counters, maxSpans, ids: () => IDS, warn() {} });
}

function record(recorder: Recorder, clock: FakeClock, count: number): void {
  for (let i = 0; i < count; i++) {
    recorder.open("x", NaN, undefined).end();
    clock.us(1);
  }
}

test("TraceBuffer.settle() waits with a row until all late columns of it are known", () => {
  const clock = new FakeClock();
  const [gpu, memory] = [new Late(3), new Late(4)];
  const recorder = recorderOf(clock, 10, [["gpu_ns", gpu], ["memory_peak_bytes", memory]]);
  const { buffer } = recorder;
  const beginNs = clock.ns;
  record(recorder, clock, 4);
  gpu.untilNs = beginNs + 2000;
  assertEquals([buffer.settle(Infinity), buffer.settledRow], [false, 0]);
  memory.untilNs = beginNs + 1000;
  assertEquals([buffer.settle(1), buffer.settledRow], [true, 1]);
  assertEquals([buffer.settle(10), buffer.settledRow], [false, 2]);
  const { counters } = buffer.read(10, false, IDS);
  // What is not settled is as well known as it is now, each by itself.
  assertEquals([...counters.gpu_ns!], [3, 3, 3, -1]);
  assertEquals([...counters.memory_peak_bytes!], [4, 4, -1, -1]);
});

test("TraceBuffer.endLate() settles what can be, asks no more, and lets no row wait", () => {
  const clock = new FakeClock();
  const gpu = new Late(3);
  const recorder = recorderOf(clock, 10, [["gpu_ns", gpu]]);
  const { buffer } = recorder;
  const beginNs = clock.ns;
  record(recorder, clock, 3);
  gpu.untilNs = beginNs + 1000;
  buffer.endLate();
  assertEquals(buffer.settledRow, 3);
  gpu.untilNs = Infinity;
  record(recorder, clock, 1);
  assertEquals([buffer.settle(Infinity), buffer.settledRow], [false, 4]);
  assertEquals([...buffer.read(10, false, IDS).counters.gpu_ns!], [3, 3, NaN, NaN]);
});

test("What is recorded after the end of late columns has nothing of the rows that lay there before", () => {
  const clock = new FakeClock();
  const gpu = new Late(3);
  const recorder = recorderOf(clock, 4096, [["gpu_ns", gpu]]);
  gpu.untilNs = Infinity;
  record(recorder, clock, 8192);
  recorder.buffer.endLate();
  record(recorder, clock, 4096);
  const figures = recorder.buffer.read(4096, false, IDS).counters.gpu_ns!;
  assertEquals(figures.findIndex(figure => !Number.isNaN(figure)), -1);
});

test("Recorder.restart() begins anew with what is late", () => {
  const clock = new FakeClock();
  const gpu = new Late(3);
  const recorder = recorderOf(clock, 10, [["gpu_ns", gpu]]);
  gpu.untilNs = Infinity;
  record(recorder, clock, 5);
  recorder.buffer.settle(Infinity);
  recorder.restart(10, { ...NO_COUNTERS, late: [{ column: "gpu_ns", meter: new Late(9) }] });
  record(recorder, clock, 2);
  assertEquals([recorder.buffer.settledRow, ...recorder.buffer.read(10, false, IDS).counters.gpu_ns!], [
    0,
    -1,
    -1,
  ]);
});
