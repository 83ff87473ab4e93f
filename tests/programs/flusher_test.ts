import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { HOUR_MS } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const own = findRuntime(RUNTIME)!;
const MOD = sourceUrl("mod.ts");

async function child(body: string): Promise<string> {
  using folder = new TempDirectory();
  const path = folder.write("program.ts", `import * as ci from ${JSON.stringify(MOD)};\n${body}`);
  const outcome = await run(own, RUNTIME === "deno" ? ["run", "-A", path] : [path], {
    cwd: folder.path,
    timeoutMs: 60_000,
  });
  return said<string>(outcome);
}

test("A session does not keep the process alive", async () => {
  assertEquals(
    await child(`
      ci.profile({ output: { emit() {} }, flushIntervalMs: ${HOUR_MS} });
      for (let i = 0; i < 5000; i++) ci.scope("x").end();
      console.log('"ended"');
    `),
    "ended",
  );
});

test("A tick's slices follow at once in a program that waits for something slow", async () => {
  assertEquals(
    await child(`
      ci.profile({
        output: {
          emit() {
            const until = performance.now() + 1.5; // two of these are a slice
            while (performance.now() < until);
          },
          commit: () => done(),
        },
        flushIntervalMs: 500,
      });
      let done = () => {};
      for (let i = 0; i < 4000; i++) ci.scope("x").end();
      let ticks = 0;
      setInterval(() => ticks++, 500).unref();
      const slow = setTimeout(() => {}, 20_000);
      await new Promise<void>(resolve => done = resolve);
      clearTimeout(slow);
      console.log(JSON.stringify(ticks <= 2 ? "at once" : "after " + ticks + " ticks"));
    `),
    "at once",
  );
});

test("shutdown() leaves no timer", async () => {
  assertEquals(
    await child(`
      const { default: process } = await import("node:process");
      const profiler = ci.profile({ output: { emit() {} }, flushIntervalMs: 1 });
      for (let i = 0; i < 5000; i++) ci.scope("x").end();
      profiler.shutdown();
      const kinds = process.getActiveResourcesInfo?.().filter((kind: string) => /Timeout|Immediate/.test(kind)) ?? [];
      console.log(JSON.stringify(kinds.join()));
    `),
    "",
  );
});
