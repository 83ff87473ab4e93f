import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { clockIds, libcPaths } from "../../ffi/libc.ts";
import { opener as noOpener } from "../../ffi/open.none.ts";
import { type Clock, openClock, unixAnchorNs } from "../../src/meters/clock.ts";
import { opener } from "../../src/runtime/opener.ts";
import { testUnless } from "../support/conditions.ts";
import { FAKE_UNIX_NS, FakeClock } from "../support/engine.ts";
import { FakeOpener, writeTimespec } from "../support/openers.ts";

const READINGS = 100_000;
const MINUTE_NS = 60e9;

const real = openClock();
const isNative = real.source.startsWith("clock_gettime");
const nativeTest = testUnless(isNative ? null : `no native clock: ${real.source}`, import.meta.url);

const ids = clockIds(process.platform);
const knownTest = testUnless(
  ids === null ? `clock numbers of ${process.platform} are not known` : null,
  import.meta.url,
);

/** A libc whose clocks say what the test wants, at the first place that this platform looks. */
function fakeLibc(clock_gettime: (id: number, out: ArrayBufferView) => number): FakeOpener {
  const [path] = libcPaths(process.platform, process.arch);
  return new FakeOpener({ [path]: { clock_gettime } });
}

/** CPU work that an optimizer cannot leave out. */
function burn(): number {
  let x = 1;
  for (let i = 0; i < 1_000_000; i++) x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
  return x;
}

// Every clock there is runs every one of these.
const CLOCKS: Record<string, () => Clock> = {
  "The clock of this process": () => openClock(),
  "The clock without FFI": () => openClock(noOpener),
};

for (const [name, open] of Object.entries(CLOCKS)) {
  test(`${name} never falls in ${READINGS} readings, and gives whole nanoseconds`, () => {
    const clock = open();
    const begin = clock.nowNs();
    let last = begin;
    let wrong = 0;
    const litter: Uint8Array[] = [];
    for (let i = 0; i < READINGS; i++) {
      // Small typed arrays are what Bun moves: make the collector work meanwhile.
      litter[i & 1023] = new Uint8Array(16);
      const now = clock.nowNs();
      if (!(now >= last) || now - begin > MINUTE_NS || !Number.isSafeInteger(now)) wrong++;
      last = now;
    }
    assertStrictEquals(wrong, 0);
    assert(last > begin, "time must pass");
  });

  test(`${name} has a process CPU clock that never falls and rises with work`, () => {
    const { process: cpu } = open().cpu;
    if (!cpu.ok) throw new Error(cpu.reason);
    const begin = cpu.value();
    assert(begin > 0);
    let last = begin;
    let fell = 0;
    for (let i = 0; i < READINGS / 10; i++) {
      const now = cpu.value();
      if (!(now >= last) || now - begin > MINUTE_NS * 64 || !Number.isSafeInteger(now)) fell++;
      last = now;
    }
    assertStrictEquals(fell, 0);
    for (let i = 0; i < 1000 && last === begin; i++) {
      burn();
      last = cpu.value();
    }
    assert(last > begin, "work must be counted");
  });

  test(`${name} agrees with process.cpuUsage() to the order of magnitude`, () => {
    const { process: cpu } = open().cpu;
    if (!cpu.ok) throw new Error(cpu.reason);
    burn();
    const { user, system } = process.cpuUsage();
    const ratio = cpu.value() / ((user + system) * 1000);
    assert(ratio > 0.1 && ratio < 10, `${ratio}`);
  });

  test(`${name} knows the Unix time to the order of seconds`, () => {
    const clock = open();
    const unixMs = Number(clock.unixNs() / 1_000_000n);
    assert(Math.abs(unixMs - Date.now()) < 10_000, `${unixMs}`);
  });

  test(`unixAnchorNs() of ${name.toLowerCase()} turns its moments into Unix time`, () => {
    const clock = open();
    const unixMs = Number((unixAnchorNs(clock) + BigInt(clock.nowNs())) / 1_000_000n);
    assert(Math.abs(unixMs - Date.now()) < 10_000, `${unixMs}`);
  });

  test(`${name} says what it is read from`, () => {
    assert(/^(clock_gettime\(CLOCK_MONOTONIC\) of .+|performance\.now\(\) \(.+\))$/.test(open().source));
  });
}

nativeTest("openClock() reads the thread's CPU time, which is no more than the process's", () => {
  const { process: all, thread: one } = openClock().cpu;
  if (!all.ok || !one.ok) throw new Error("both must be present");
  burn();
  const thread = one.value();
  assert(thread > 0);
  assert(all.value() >= thread);
});

nativeTest("openClock() keeps two clocks apart", () => {
  const first = openClock();
  const second = openClock();
  const before = first.nowNs();
  second.nowNs();
  const { process: cpu } = second.cpu;
  if (cpu.ok) cpu.value();
  second.unixNs();
  const after = first.nowNs();
  assert(after >= before && after - before < MINUTE_NS);
});

nativeTest("openClock() counts in the same nanoseconds as performance.now()", () => {
  const clock = openClock();
  const [clockBegin, begin] = [clock.nowNs(), performance.now()];
  let spun = 0;
  while (performance.now() - begin < 5) spun++;
  const ratio = (clock.nowNs() - clockBegin) / ((performance.now() - begin) * 1e6);
  assert(spun > 0 && ratio > 0.1 && ratio < 10, `${ratio}`);
});

test("openClock() without FFI has no thread CPU clock, and says why", () => {
  const { cpu, source } = openClock(noOpener);
  assert(!cpu.thread.ok && /\bFFI\b/.test(cpu.thread.reason));
  assert(cpu.process.ok && cpu.process.source.startsWith("process.cpuUsage() ("));
  assert(source.startsWith("performance.now() ("));
});

test("openClock() does not open a library when it is given an opener that has none", () => {
  const fake = new FakeOpener({});
  assert(openClock(fake).source.startsWith("performance.now()"));
  assertEquals(fake.asked, libcPaths(process.platform, process.arch));
});

knownTest("openClock() falls back when clock_gettime answers -1", () => {
  const clock = openClock(fakeLibc(() => -1));
  assert(clock.source.startsWith("performance.now()"), clock.source);
  assert(clock.source.includes("clock_gettime"), clock.source);
  assert(clock.nowNs() <= clock.nowNs());
  assertEquals([clock.cpu.process.ok, clock.cpu.thread.ok], [true, false]);
});

knownTest("openClock() falls back when what is written is no timespec", () => {
  const fake = fakeLibc((_id, out) => {
    writeTimespec(out, 5n, 4_000_000_000n);
    return 0;
  });
  assert(openClock(fake).source.startsWith("performance.now()"));
});

knownTest("openClock() reads each clock by its number, seconds from the first reading on", () => {
  let seconds = 1000n;
  const asked = new Set<number>();
  const clock = openClock(fakeLibc((id, out) => {
    asked.add(id);
    writeTimespec(out, seconds + BigInt(id) * 10_000n, BigInt(id));
    return 0;
  }));
  seconds = 1003n;
  const { monotonic, processCpu, threadCpu } = ids!;
  assertStrictEquals(clock.nowNs(), 3_000_000_000 + monotonic);
  const { process: all, thread: one } = clock.cpu;
  if (!all.ok || !one.ok) throw new Error("both must be present");
  assertStrictEquals(all.value(), (1003 + processCpu * 10_000) * 1e9 + processCpu);
  assertStrictEquals(one.value(), (1003 + threadCpu * 10_000) * 1e9 + threadCpu);
  assertStrictEquals(clock.unixNs(), 1_003_000_000_000n);
  assertEquals(asked, new Set([0, monotonic, processCpu, threadCpu]));
});

knownTest("openClock() gives exact Unix nanoseconds, beyond what a number holds", () => {
  const clock = openClock(fakeLibc((id, out) => {
    writeTimespec(out, id === 0 ? 5_000_000_000n : 7n, 123_456_789n);
    return 0;
  }));
  assertStrictEquals(clock.unixNs(), 5_000_000_000_123_456_789n);
});

knownTest("openClock() hands C one and the same buffer, of its own ArrayBuffer", () => {
  const buffers = new Set<ArrayBufferLike>();
  const clock = openClock(fakeLibc((_id, out) => {
    buffers.add(out.buffer);
    assertEquals([out.byteOffset, out.byteLength, out.buffer.byteLength], [0, 16, 16]);
    writeTimespec(out, 1n, 1n);
    return 0;
  }));
  clock.nowNs();
  clock.unixNs();
  if (clock.cpu.process.ok) clock.cpu.process.value();
  assertStrictEquals(buffers.size, 1);
});

test("unixAnchorNs() takes the Unix time to be halfway between two readings of the clock", () => {
  const clock = new FakeClock();
  clock.stepNs = 100;
  const begin = clock.ns;
  // The first reading is at `begin`, the second at `begin + 100`; the Unix reading is made at begin + 100 as well.
  assertStrictEquals(unixAnchorNs(clock), FAKE_UNIX_NS + 100n - BigInt(begin + 50));
});

test("unixAnchorNs() is exact to the nanosecond while the clock stands", () => {
  const clock = new FakeClock();
  assertStrictEquals(unixAnchorNs(clock) + BigInt(clock.nowNs()), clock.unixNs());
});

nativeTest("The opener of this runtime is what openClock() uses by itself", () => {
  assertStrictEquals(openClock(opener).source, openClock().source);
});

/** A libc for pointers, at which a clock reads `seconds` by a view, and 1 more by a pointer to `target` of the view. */
function pointedLibc(seconds: bigint, target: (view: Uint8Array) => ArrayBufferView | null): FakeOpener {
  const [path] = libcPaths(process.platform, process.arch);
  const pointed = new Map<object, ArrayBufferView>();
  const opener = new FakeOpener({
    [path]: {
      clock_gettime: (id: number, out: object) => {
        const view = pointed.get(out);
        writeTimespec(
          view ?? out as ArrayBufferView,
          view === undefined ? seconds : seconds + 1n,
          BigInt(id),
        );
        return 0;
      },
      memset: (view: Uint8Array, _value: number, count: bigint) => {
        assertStrictEquals(count, 0n);
        const at = target(view);
        if (at === null) return null;
        const pointer = {};
        pointed.set(pointer, at);
        return pointer;
      },
    },
  });
  opener.prefersPointers = true;
  return opener;
}

knownTest("openClock() reads by a pointer where the opener prefers that", () => {
  assertStrictEquals(openClock(pointedLibc(1000n, view => view)).unixNs(), 1001n * 1_000_000_000n);
});

knownTest("openClock() reads by a view where memset() gives no pointer, or one that leads elsewhere", () => {
  assertStrictEquals(openClock(pointedLibc(1000n, () => null)).unixNs(), 1000n * 1_000_000_000n);
  const elsewhere = new Uint8Array(16);
  assertStrictEquals(openClock(pointedLibc(1000n, () => elsewhere)).unixNs(), 1000n * 1_000_000_000n);
});

knownTest("openClock() asks for no pointer where the opener does not prefer one", () => {
  const opener = pointedLibc(1000n, view => view);
  opener.prefersPointers = false;
  assertStrictEquals(openClock(opener).unixNs(), 1000n * 1_000_000_000n);
});
