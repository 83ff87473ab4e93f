import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { test } from "node:test";
import { DriverClock } from "../../../src/meters/gpu/driver_clock.ts";

test("DriverClock knows nothing before the first reading", () => {
  const clock = new DriverClock();
  assertEquals([clock.offsetNs, clock.periodNs], [NaN, NaN]);
});

test("DriverClock.offsetNs is the least that any reading of the last minute allows", () => {
  const clock = new DriverClock();
  clock.note(10_000_000_000, 9_900_000); // 100 ms old
  assertEquals(clock.offsetNs, 100_000_000);
  clock.note(11_000_000_000, 10_990_000); // 10 ms old
  assertEquals(clock.offsetNs, 10_000_000);
  clock.note(12_000_000_000, 11_850_000); // 150 ms old
  assertEquals(clock.offsetNs, 10_000_000);
});

test("DriverClock.offsetNs forgets readings older than a minute, as the clocks drift apart", () => {
  const clock = new DriverClock();
  clock.note(10_000_000_000, 9_990_000);
  clock.note(40_000_000_000, 39_950_000);
  clock.note(70_000_000_001, 69_920_000);
  assertEquals(clock.offsetNs, 50_000_000);
});

test("DriverClock starts over when a clock jumps, either way", () => {
  for (const jumpUs of [3_000_000, -3_000_000, 5e14]) {
    const clock = new DriverClock();
    for (let s = 10; s < 20; s++) clock.note(s * 1e9, s * 1e6 - 5000);
    clock.note(20e9, 20e6 - 5000 + jumpUs);
    assertAlmostEquals(clock.offsetNs, 5e6 - jumpUs * 1000, 1e6);
  }
});

test("DriverClock.offsetNs is within 20 ms of the truth with ticks that are not regular", () => {
  for (const periodUs of [167_100, 200_000]) {
    for (const driftPpm of [0, 20, -20]) {
      const clock = new DriverClock();
      const driverUs = (ns: number) => ns / 1000 * (1 + driftPpm / 1e6) + 1.7e15;
      let seed = 42;
      const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
      let nowNs = 1e12;
      let worst = 0;
      for (let tick = 0; tick < 600; tick++) {
        nowNs += 1e9 * (0.9 + 0.2 * random());
        const newestNs = Math.floor(nowNs / (periodUs * 1000)) * periodUs * 1000;
        clock.note(nowNs, Math.floor(driverUs(newestNs)));
        if (tick > 30) worst = Math.max(worst, Math.abs(clock.offsetNs - (nowNs - driverUs(nowNs) * 1000)));
      }
      assert(worst < 40e6, `off by ${worst / 1e6} ms with a period of ${periodUs} us and ${driftPpm} ppm`);
    }
  }
});

test("DriverClock.periodNs is the median, whatever holes there are", () => {
  const clock = new DriverClock();
  for (const ms of [167, 167, 2000, 167, 168, 9000, 166]) clock.notePeriod(ms * 1e6);
  assertEquals(clock.periodNs, 167e6);
});
