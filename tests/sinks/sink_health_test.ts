import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Sink, TAKE } from "../../src/sinks/sink.ts";
import { TestEngine } from "../support/engine.ts";
import { given, startWith } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** A sink that says something of itself. */
function saying(health: () => unknown): Sink {
  return { emit() {}, health };
}

/** What `health().sinks` has of a session with these sinks. */
function sinksOf(...sinks: Sink[]): unknown[] {
  const ci = startWith(sinks);
  const said = ci.engine.health().sinks;
  ci.engine.shutdown();
  return said;
}

test("health().sinks has what sinks of a user's own say of themselves, in their order", () => {
  const sinks = [saying(() => ({ sent: 3 })), { emit() {} }, saying(() => "well")];
  assertEquals(sinksOf(...sinks), [{ sent: 3 }, null, "well"]);
});

test("health().sinks leaves out the package's own, whose counts have fields", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.profile({
    output: ["log", "spool", saying(() => 1), "stdout"],
    outputDir: folder.path,
    logger: { info() {} },
  });
  const { sinks, spool_dir } = ci.engine.health();
  assertEquals([sinks, spool_dir], [[1], folder.path]);
  ci.engine.shutdown();
});

test("health().sinks has a sink of the package that a user opens", () => {
  const ci = new TestEngine();
  ci.profile({ output: given({ [TAKE]() {}, health: () => ({ queued: 0 }) }) });
  assertEquals(ci.engine.health().sinks, [{ queued: 0 }]);
  ci.engine.shutdown();
});

test("health().sinks asks anew each time, also after the session, until the next", () => {
  let sent = 0;
  const ci = startWith([saying(() => ({ sent: ++sent }))]);
  assertEquals(ci.engine.health().sinks, [{ sent: 1 }]);
  ci.engine.shutdown();
  assertEquals(ci.engine.health().sinks, [{ sent: 2 }]);
  ci.profile();
  assertEquals(ci.engine.health().sinks, []);
  ci.engine.shutdown();
});

test("health().sinks are copies of a bounded size", () => {
  const kept = { list: Array.from({ length: 5000 }, (_, i) => i), text: "y".repeat(10_000), big: 2n ** 70n };
  const [said] = sinksOf(saying(() => kept)) as [typeof kept];
  assert(said !== kept && said.list !== kept.list);
  assert(said.list.length <= 1000 && JSON.stringify(said).length < 20_000);
});

test("A sink whose health() throws is counted and reported once, and says null", () => {
  const ci = startWith([
    saying(() => {
      throw new Error("boom");
    }),
    saying(() => 1),
  ]);
  const { sinks, sink_error_count } = ci.engine.health();
  assertEquals([sinks, sink_error_count], [[null, 1], 1]);
  assertEquals([ci.engine.health().sink_error_count, ci.warnings.length], [2, 1]);
  ci.engine.shutdown();
});

test("A sink whose health() is no function is counted, and says null", () => {
  const ci = startWith([{ emit() {}, health: 5 } as unknown as Sink]);
  const { sinks, sink_error_count } = ci.engine.health();
  assertEquals([sinks, sink_error_count], [[null], 1]);
  ci.engine.shutdown();
});

test("A sink whose health() gives a promise says null, and one that rejects is counted", async () => {
  const ci = startWith([saying(() => Promise.resolve(1)), saying(() => Promise.reject(new Error("boom")))]);
  assertEquals(ci.engine.health().sinks, [null, null]);
  await setImmediate();
  assertEquals(ci.engine.health().sink_error_count, 1);
  await setImmediate();
  ci.engine.shutdown();
});

test("A sink whose health() asks for health() is not asked again from within", () => {
  const ci = new TestEngine();
  const profiler = ci.profile({
    output: [saying(() => ({ all: profiler.health().sinks })), saying(() => 1)],
  });
  assertEquals(ci.engine.health().sinks, [{ all: [null, 1] }, 1]);
  ci.engine.shutdown();
});

test("What a sink says cannot be read: that is named where it stands", () => {
  const said = {
    get broken(): never {
      throw new Error("boom");
    },
    fine: 1,
  };
  assertEquals(sinksOf(saying(() => said)), [{ broken: "[Throws: Error: boom]", fine: 1 }]);
});
