import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { SpanMeter } from "../../src/meters/meter.ts";
import { NO_COUNTERS } from "../../src/record/counters.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { SpanMeters } from "../../src/record/span_meters.ts";
import { IDS } from "../support/cases.ts";
import { FakeClock } from "../support/engine.ts";

/** Gives how far `count` has got since the start. */
class Counting implements SpanMeter {
  count = 0;

  start(to: Float64Array, at: number): void {
    to[at] = this.count;
  }

  end(since: Float64Array, from: number, to: Float64Array, at: number): void {
    to[at] = this.count - since[from];
  }
}

function columns(): Float64Array[] {
  return [new Float64Array(4), new Float64Array(4)];
}

test("SpanMeters reads all meters together, each with a note of its own for each slot, however many slots there are", () => {
  const [one, two] = [new Counting(), new Counting()];
  const meters = new SpanMeters([one, two]);
  for (let slot = 0; slot < 1000; slot++) {
    meters.start(slot);
    one.count += 1;
    two.count += 10;
  }
  const to = columns();
  meters.end(999, to, 1);
  meters.end(0, to, 2);
  meters.end(0, to, 3);
  assertEquals(to.map(column => [...column]), [[0, 1, 1000, 1000], [0, 10, 10_000, 10_000]]);
  assertEquals(meters.readCount, 1003);
});

test("SpanMeters.end() is NaN for a slot that was opened before there were meters", () => {
  const meters = new SpanMeters([new Counting(), new Counting()]);
  meters.start(0);
  const to = columns();
  for (const [row, slot] of [1, 2, 5000].entries()) meters.end(slot, to, row);
  assertEquals(to.map(column => [...column]), [[NaN, NaN, NaN, 0], [NaN, NaN, NaN, 0]]);
});

test("Recorder.restart() forgets what other meters noted: a scope that stays open has no figure, and its slot's next one has", () => {
  const clock = new FakeClock();
  const first = new Counting();
  const second = new Counting();
  const counters = (meter: SpanMeter) =>
    ({ ...NO_COUNTERS, span: [{ column: "memory_peak_bytes", meter }] }) as const;
  const recorder = new Recorder({
    clock,
    counters: counters(first),
    maxSpans: 10,
    ids: () => IDS,
    warn() {},
  });
  const early = recorder.open("early", NaN, undefined);
  recorder.restart(10, counters(second));
  second.count = 7;
  const later = recorder.open("later", NaN, undefined);
  second.count = 9;
  const open = recorder.buffer.read(0, true, IDS);
  assertEquals([...open.counters.memory_peak_bytes!], [NaN, 2]);
  early.end();
  later.end();
  recorder.open("next", NaN, undefined).end();
  const { name, counters: { memory_peak_bytes: figures } } = recorder.buffer.read(10, false, IDS);
  assertEquals(name.map((one, i) => [one, figures![i]]), [["early", NaN], ["later", 2], ["next", 0]]);
  recorder.restart(10, NO_COUNTERS);
  recorder.open("plain", NaN, undefined).end();
  assertEquals(recorder.buffer.read(10, false, IDS).counters.memory_peak_bytes, undefined);
});
