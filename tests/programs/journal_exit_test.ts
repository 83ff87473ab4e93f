import { assertEquals, assertNotEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { namesOf, onlyJournalIn } from "../support/journal_folder.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const signalTest = testUnless(process.platform === "win32" ? "signals are Unix's" : null, import.meta.url);

/** Runs a program with a scope that stays open, in which another has closed, and an end. */
async function end(how: string): Promise<ReturnType<typeof onlyJournalIn>> {
  using folder = new TempDirectory();
  using journal = new TempDirectory();
  const program = folder.write(
    "program.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import process from "node:process";
      ci.profile({ output: "journal", outputDir: ${
      JSON.stringify(journal.path)
    }, flushIntervalMs: 3_600_000 });
      const open = ci.scope("open");
      open.mark("m", 1);
      ci.scope("closed").end();
      ${how}
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  await run(findRuntime(RUNTIME)!, [...flags, program], { timeoutMs: 60_000 });
  return onlyJournalIn(journal.path);
}

const ENDS: readonly (readonly [what: string, how: string])[] = [
  ["its own end", ""],
  ["an exit call", "process.exit(3);"],
  ["an exit call in a timer", "setTimeout(() => process.exit(0), 1); setInterval(() => {}, 1000);"],
];
for (const [what, how] of ENDS) {
  test(`A journal is complete after ${what}, and says that it has ended`, async () => {
    const { session, spans, opens, marks } = await end(how);
    assertEquals([namesOf(spans), opens], [["closed", "open", "cirron.session"], []]);
    assertEquals(marks.map(({ name }) => name), ["m"]);
    assertNotEquals(session!.ended_unix_ns, null);
  });
}

signalTest("A journal is complete after SIGTERM, and says that it has ended", async () => {
  const { session, spans, opens } = await end(
    `setInterval(() => {}, 1000); process.kill(process.pid, "SIGTERM");`,
  );
  assertEquals([namesOf(spans), opens], [["closed", "open", "cirron.session"], []]);
  assertNotEquals(session!.ended_unix_ns, null);
});

test("A journal has after an uncaught error what was open, closed or not, and says that it has ended", async () => {
  const { session, spans, opens, marks } = await end(`throw new Error("uncaught");`);
  assertEquals(namesOf([...spans, ...opens]).sort(), ["cirron.session", "closed", "open"]);
  assertEquals(marks.map(({ name }) => name), ["m"]);
  assertNotEquals(session!.ended_unix_ns, null);
});

test("A journal of a program that survives an error goes on, and has everything once", async () => {
  const { session, spans, opens, rowCount } = await end(`
    process.on("uncaughtException", () => {});
    globalThis.addEventListener?.("error", event => event.preventDefault());
    setTimeout(() => {
      ci.scope("later").end();
      open.end();
    }, 20);
    setTimeout(() => { throw new Error("caught in the end"); }, 1);
  `);
  assertEquals([namesOf(spans), opens, rowCount], [["closed", "later", "open", "cirron.session"], [], 4]);
  assertNotEquals(session!.ended_unix_ns, null);
});
