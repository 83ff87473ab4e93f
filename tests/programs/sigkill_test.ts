import { assert, assertEquals, assertGreater } from "@std/assert";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime } from "../support/runtimes.ts";
import { readFiles } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const INTERVAL_MS = 50;

/** A closed span as the killed program told of it, in milliseconds of its own clock. */
interface Told {
  readonly index: number;
  /** Just before it closed. */
  readonly beforeMs: number;
  /** Some time after. */
  readonly afterMs: number;
}

/**
 * Runs a program that closes spans `x` and tells of them, and kills it when it has done so for ten intervals.
 * @param body Calls `record(busyMs)` again and again.
 * @param everyMs How often it tells, at most.
 */
async function kill(spool: string, body: string, everyMs: number): Promise<Told[]> {
  using directory = new TempDirectory();
  const program = directory.write(
    "program.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import { writeSync } from "node:fs";
      ci.profile({ output: "spool", outputDir: ${JSON.stringify(spool)}, flushIntervalMs: ${INTERVAL_MS} });
      const startMs = performance.now();
      let index = 0;
      let toldMs = -Infinity;
      const busy = (ms: number) => {
        const untilMs = performance.now() + ms;
        while (performance.now() < untilMs);
      };
      const record = (busyMs: number) => {
        const scope = ci.scope("x", { index });
        busy(busyMs);
        const beforeMs = performance.now();
        scope.end();
        const afterMs = performance.now();
        if (beforeMs - toldMs >= ${everyMs}) {
          toldMs = beforeMs;
          writeSync(1, index + " " + beforeMs + " " + afterMs + "\\n");
          if (beforeMs - startMs > ${10 * INTERVAL_MS}) writeSync(1, "enough\\n");
        }
        index++;
      };
      ${body}
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const child = spawn(findRuntime(RUNTIME)!, [...flags, program], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  child.stdout.setEncoding("utf8");
  let isKilled = false;
  child.stdout.on("data", (text: string) => {
    stdout += text;
    if (isKilled || !stdout.includes("enough")) return;
    isKilled = true;
    process.kill(child.pid!, "SIGKILL");
  });
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return stdout.split("\n").slice(0, -1).filter(line => line !== "enough").map(line => {
    const [index, beforeMs, afterMs] = line.split(" ").map(Number);
    return { index, beforeMs, afterMs };
  });
}

const PROGRAMS: readonly (readonly [what: string, body: string, everyMs: number])[] = [
  ["whose event loop turns", "setInterval(() => record(0), 2);", 0],
  [
    "that computes for two intervals in each turn of the event loop",
    `const turn = () => { for (let i = 0; i < 400; i++) record(${
      2 * INTERVAL_MS / 400
    }); setTimeout(turn); }; turn();`,
    2,
  ],
  ["in a loop without end, of fast spans", "for (;;) record(0.02);", 2],
  ["in a loop without end, of slow spans", `for (;;) record(${0.3 * INTERVAL_MS});`, 0],
  [
    "in a loop without end, of fast spans at first and slow ones then",
    `for (let i = 0; i < 5000; i++) record(0); for (;;) record(${0.3 * INTERVAL_MS});`,
    2,
  ],
];

for (const [what, body, everyMs] of PROGRAMS) {
  test(`SIGKILL of a program ${what} loses nothing that closed an interval before the last span`, async () => {
    using folder = new TempDirectory();
    const told = await kill(folder.path, body, everyMs);
    const last = told.at(-1)!;
    // By the program's own clock, so that it does not matter how slow it was. Twice, for the two clocks of this test.
    const kept = told.filter(({ afterMs }) => afterMs <= last.beforeMs - 2 * INTERVAL_MS);
    assertGreater(kept.length, 5);
    const onDisk = new Set(
      readFiles(folder.path).flatMap(file => file.spans).filter(({ name }) => name === "x").map(span =>
        Number(span.index)
      ),
    );
    for (let index = 0; index <= kept.at(-1)!.index; index++) assert(onDisk.has(index), `${index} is lost`);
  });
}

test("A process that was killed is read as one that is unfinished, as long as what is known of it", async () => {
  using folder = new TempDirectory();
  await kill(folder.path, "setInterval(() => record(0), 2);", 0);
  const spool = readSpool(folder.path);
  assertEquals(spool.unfinished_count, 1);
  const { roots: [session, ...others] } = spool.trace({ format: "dict" });
  assertEquals([session.name, session.attrs["cirron.unfinished"], others], ["cirron.session", true, []]);
  assertEquals(session.end_us, session.children.at(-1)!.end_us);
  assertEquals(spool.span_count, 1 + session.children.length);
});
