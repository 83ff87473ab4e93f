import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { libcPaths } from "../../ffi/libc.ts";
import type { Probe } from "../../ffi/types.ts";
import { LifetimePeakMeter, openPeakMeter, ResettingPeakMeter } from "../../src/meters/memory.ts";
import type { SpanMeter } from "../../src/meters/meter.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { FakeOpener, reasonOf } from "../support/openers.ts";
import { nodeNamed } from "../support/recording.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** What a probe found; fails if it is absent. */
function present<T>(probe: Probe<T>): { value: T; source: string } {
  if (!probe.ok) throw new Error(probe.reason);
  return probe;
}

/** A high-water mark over a resident size that the test moves. */
class FakeMemory {
  peak = 0;
  resident = 0;
  resets = 0;

  set(bytes: number): void {
    this.resident = bytes;
    if (bytes > this.peak) this.peak = bytes;
  }

  meter(): ResettingPeakMeter {
    return new ResettingPeakMeter(() => this.peak, () => {
      this.resets++;
      this.peak = this.resident;
    });
  }
}

/** What the meter notes of a span that starts. */
function begin(meter: SpanMeter): number {
  const noted = new Float64Array(3);
  meter.start(noted, 1);
  assertEquals([noted[0], noted[2]], [0, 0]);
  return noted[1];
}

/** What it says of a span of which it noted `since`. */
function finish(meter: SpanMeter, since: number): number {
  const figure = new Float64Array(3);
  meter.end(Float64Array.of(-1, since), 1, figure, 2);
  assertEquals([figure[0], figure[1]], [0, 0]);
  return figure[2];
}

test("ResettingPeakMeter gives a span what was resident at most while it ran", () => {
  const memory = new FakeMemory();
  const meter = memory.meter();
  memory.set(100);
  const first = begin(meter);
  memory.set(500);
  memory.set(120);
  assertEquals(finish(meter, first), 500);
  const second = begin(meter);
  memory.set(130);
  assertEquals(finish(meter, second), 130);
});

test("ResettingPeakMeter: a child's peak raises its parents', not its earlier or later siblings'", () => {
  const memory = new FakeMemory();
  const meter = memory.meter();
  memory.set(100);
  const parent = begin(meter);
  const before = begin(meter);
  assertEquals(finish(meter, before), 100);
  const child = begin(meter);
  memory.set(900);
  memory.set(100);
  assertEquals(finish(meter, child), 900);
  const after = begin(meter);
  assertEquals(finish(meter, after), 100);
  assertEquals(finish(meter, parent), 900);
});

test("ResettingPeakMeter.end() counts both ends of the span", () => {
  const memory = new FakeMemory();
  const meter = memory.meter();
  memory.set(700);
  const span = begin(meter);
  memory.set(50);
  assertEquals(finish(meter, span), 700);
});

test("ResettingPeakMeter.end() can be asked of an open span, again and again", () => {
  const memory = new FakeMemory();
  const meter = memory.meter();
  memory.set(10);
  const span = begin(meter);
  assertEquals(finish(meter, span), 10);
  memory.set(30);
  memory.set(20);
  assertEquals(finish(meter, span), 30);
  assertEquals(finish(meter, span), 30);
});

test("ResettingPeakMeter.end() of a span that started without it is NaN", () => {
  assertEquals(finish(new FakeMemory().meter(), NaN), NaN);
});

test("ResettingPeakMeter agrees with a list of every peak, for spans that overlap in any way", () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant("set" as const), bytes: fc.nat(50) }),
    fc.record({ act: fc.constant("open" as const) }),
    fc.record({ act: fc.constant("close" as const), which: fc.nat(9) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), steps => {
    const memory = new FakeMemory();
    const meter = memory.meter();
    const open: { token: number; peak: number }[] = [];
    for (const one of steps) {
      if (one.act === "set") {
        memory.set(one.bytes);
        for (const span of open) span.peak = Math.max(span.peak, one.bytes);
      } else if (one.act === "open") open.push({ token: begin(meter), peak: memory.resident });
      else if (open.length > 0) {
        const [{ token, peak }] = open.splice(one.which % open.length, 1);
        assertEquals(finish(meter, token), peak);
      }
    }
  }));
});

largeTest("ResettingPeakMeter costs the same however deep spans nest", () => {
  const memory = new FakeMemory();
  const meter = memory.meter();
  const depth = 100_000;
  const tokens: number[] = [];
  for (let i = 0; i < depth; i++) {
    memory.set(i % 7 === 0 ? depth - i : 0);
    tokens.push(begin(meter));
  }
  for (let i = depth - 1; i >= 0; i--) finish(meter, tokens[i]);
  assertEquals(memory.resets, 2 * depth); // and no walk over what is open, which would take minutes
});

test("LifetimePeakMeter knows a peak only if it provably lies inside the span", () => {
  let peak = 100;
  const meter = new LifetimePeakMeter(() => peak);
  const quiet = begin(meter);
  assertEquals(finish(meter, quiet), NaN);
  const high = begin(meter);
  peak = 300;
  assertEquals(finish(meter, high), 300);
  assertEquals(finish(meter, NaN), NaN);
});

// Where it is read from.

test("openPeakMeter() without FFI takes the runtime's own figure, with the reason", () => {
  const probe = present(openPeakMeter({ from: new FakeOpener({}), platform: "linux", arch: "x64" }));
  assert(
    /^process\.resourceUsage\(\) \(.*no such file.*\): known only for spans with a new peak$/.test(
      probe.source,
    ),
  );
});

test("openPeakMeter() says so where nothing answers", () => {
  const libc = { getrusage: () => -1, open: () => -1, write: () => -1, pread: () => -1, close: () => 0 };
  const path = libcPaths("linux", "x64")[0];
  assertEquals(
    reasonOf(openPeakMeter({ from: new FakeOpener({ [path]: libc }), platform: "linux", arch: "x64" })),
    "getrusage() does not answer",
  );
});

for (const [why, open, write] of [["opened", -1, 1], ["written", 5, -1]] as const) {
  test(`openPeakMeter() falls back where clear_refs cannot be ${why}`, () => {
    const libc = {
      getrusage: (_who: number, out: Uint8Array) => (new Uint32Array(out.buffer)[8] = 1234, 0),
      open: () => open,
      write: () => write,
      pread: () => 0,
      close: () => 0,
    };
    const path = libcPaths("linux", "x64")[0];
    const probe = present(
      openPeakMeter({ from: new FakeOpener({ [path]: libc }), platform: "linux", arch: "x64" }),
    );
    assert(probe.value instanceof LifetimePeakMeter);
    assertEquals(begin(probe.value), 1234 * 1024);
    assert(probe.source.includes("cannot be reset here"), probe.source);
  });
}

test("openPeakMeter() on macOS counts in bytes and never resets", () => {
  const libc = {
    getrusage: (_who: number, out: Uint8Array) => (new Uint32Array(out.buffer).set([77, 1], 8), 0),
    open: () => {
      throw new Error("macOS has no /proc");
    },
    write: () => -1,
    pread: () => -1,
    close: () => -1,
  };
  const from = new FakeOpener({ "/usr/lib/libSystem.B.dylib": libc });
  const probe = present(openPeakMeter({ from, platform: "darwin", arch: "arm64" }));
  assertEquals(begin(probe.value), 77 + 2 ** 32);
});

// In spans.

test("scope() has its peak with counters: { memory: true }, null without, and trace() shows open ones", () => {
  const memory = new FakeMemory();
  const ci = new TestEngine(undefined, {
    open: { memory: () => ({ ok: true, value: memory.meter(), source: "fake" }) },
  });
  ci.profile({ counters: { memory: true } });
  memory.set(1000);
  const outer = ci.scope("outer");
  ci.scope("small").end();
  const large = ci.scope("large");
  memory.set(5000);
  memory.set(2000);
  large.end();
  const dict = ci.dict({ open: true });
  assertEquals(
    ["outer", "small", "large"].map(name => nodeNamed(dict, name).memory_peak_bytes),
    [5000, 1000, 5000],
  );
  outer.end();
  assertEquals(nodeNamed(ci.dict(), "outer").memory_peak_bytes, 5000);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().probes.memory.source, "fake");
  ci.profile();
  ci.scope("plain").end();
  assertEquals(nodeNamed(ci.dict(), "plain").memory_peak_bytes, null);
  assertEquals(ci.engine.health().probes.memory, {
    present: false,
    source: null,
    reason: "off (profile({ counters: { memory: true } }) turns it on)",
  });
});

test("A scope that was open before the session with memory has no peak", () => {
  const memory = new FakeMemory();
  const ci = new TestEngine(undefined, {
    open: { memory: () => ({ ok: true, value: memory.meter(), source: "fake" }) },
  });
  const early = ci.scope("early");
  ci.profile({ counters: { memory: true } });
  memory.set(9);
  early.end();
  assertEquals(nodeNamed(ci.dict(), "early").memory_peak_bytes, null);
});

test("Peaks outlive a change of the buffer's bound", () => {
  const memory = new FakeMemory();
  const ci = new TestEngine(undefined, {
    open: { memory: () => ({ ok: true, value: memory.meter(), source: "fake" }) },
  });
  ci.profile({ counters: { memory: true } });
  memory.set(4096);
  ci.scope("kept").end();
  ci.engine.setMaxSpans(10);
  assertEquals(nodeNamed(ci.dict(), "kept").memory_peak_bytes, 4096);
});
