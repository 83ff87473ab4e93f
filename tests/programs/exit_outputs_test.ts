import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const SPANS = 1000;

type Output = "journal" | "spool";

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL";

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** Spans on disk by name. */
  readonly spans: Record<string, number>;
  /** Names of files on disk that no reader should see. */
  readonly strays: string[];
  /** Files that a reader cannot use. */
  readonly damaged: number;
  readonly stdout: string;
}

/**
 * Runs a program that records 1000 spans, leaves one open and then does what `ending` says; gives how it ended and what
 * is on disk.
 * @param signal Sent once the program has printed its first line.
 * @param output What writes it there.
 */
async function end(ending: string, signal?: Signal, output: Output = "spool"): Promise<Ending> {
  using directory = new TempDirectory();
  const spool = join(directory.path, "spool");
  const program = directory.write(
    "program.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import process from "node:process";
      const profiler = ci.profile({ output: "${output}", outputDir: ${
      JSON.stringify(spool)
    }, flushIntervalMs: 3_600_000 });
      const record = (name: string, count: number) => {
        for (let i = 0; i < count; i++) ci.scope(name).end();
      };
      const stay = () => {
        setInterval(() => {}, 1000);
        console.log("ready");
      };
      record("x", ${SPANS});
      const open = ci.scope("open");
      ${ending}
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const child = spawn(findRuntime(RUNTIME)!, [...flags, program], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    // Not child.kill(): after it Deno reports the signal as the end, whatever the child made of it.
    if (stdout === "" && signal !== undefined) process.kill(child.pid!, signal);
    stdout += text;
  });
  const [code, killedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  const spans: Record<string, number> = {};
  let files: string[] = [];
  let damaged = 0;
  try {
    files = (readdirSync(spool, { recursive: true }) as string[]).filter(name =>
      /\.\w+$/.test(name) && !name.startsWith(".pids")
    );
    const found = readSpool(spool);
    damaged = found.skipped_file_count;
    const read = found.trace({ format: "df" });
    for (const name of read.getColumn("name").toArray() as string[]) spans[name] = (spans[name] ?? 0) + 1;
  } catch (error) {
    if (files.length > 0) throw error; // no directory: nothing was written
  }
  return {
    code,
    signal: killedBy,
    spans,
    damaged,
    strays: files.filter(name => !name.endsWith(".json") && (output === "spool" || !name.endsWith(".arrow"))),
    stdout,
  };
}

const ALL = { x: SPANS, open: 1, "cirron.session": 1 };

const ENDS: readonly (readonly [what: string, ending: string, code: number])[] = [
  ["the normal end", "", 0],
  ["process.exitCode", "process.exitCode = 5;", 5],
  ["process.exit()", "process.exit(3);", 3],
  ["process.exit() in a timer", "setTimeout(() => process.exit(3), 1);", 3],
  ["Deno.exit()", "(globalThis as any).Deno ? (globalThis as any).Deno.exit(4) : process.exit(4);", 4],
  ["an uncaught error", 'throw new Error("boom");', 1],
  ["an uncaught error in a timer", 'setTimeout(() => { throw new Error("boom"); }, 1);', 1],
  ["an unhandled rejection", 'Promise.reject(new Error("boom"));', 1],
  [
    "an end with a callback scope under way",
    'void ci.scope("running", () => new Promise(() => {})); process.exit(0);',
    0,
  ],
];

for (const output of ["journal", "spool"] as const) {
  for (const [what, ending, code] of ENDS) {
    test(`${what} leaves every span in the ${output}, open ones too, and the exit status alone`, async () => {
      const { spans, ...ended } = await end(ending, undefined, output);
      assertEquals([ended.code, ended.signal, ended.strays], [code, null, []]);
      delete spans.running;
      assertEquals(spans, ALL);
    });
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} leaves every span in the ${output}, open ones too, and kills`, async () => {
      const { spans, ...ended } = await end("stay();", signal, output);
      assertEquals([ended.code, ended.signal, ended.strays], [null, signal, []]);
      assertEquals(spans, ALL);
    });
  }

  test(`SIGTERM with a handler of the program's own that exits leaves every span in the ${output} and the status as it says`, async () => {
    const ended = await end(
      'process.on("SIGTERM", () => { record("late", 2); process.exit(7); }); stay();',
      "SIGTERM",
      output,
    );
    assertEquals([ended.code, ended.signal], [7, null]);
    assertEquals(ended.spans, { ...ALL, late: 2 });
  });

  test(`SIGTERM with a handler that chooses not to exit lets the program go on with its ${output}, and closes nothing`, async () => {
    const ended = await end(
      `process.on("SIGTERM", () => {
        console.log("open: " + ci.health().open_count);
        setTimeout(() => { record("late", 2); open.end(); process.exit(0); }, 1);
      });
      stay();`,
      "SIGTERM",
      output,
    );
    assertEquals([ended.code, ended.signal], [0, null]);
    assert(ended.stdout.includes("open: 2"), ended.stdout);
    assertEquals(ended.spans, { ...ALL, late: 2 });
  });
}

test("SIGKILL loses what came after the last flush, and leaves no half file", async () => {
  const ended = await end('ci.flush(); record("lost", 5); stay();', "SIGKILL");
  assertEquals([ended.code, ended.signal], [null, "SIGKILL"]);
  assertEquals(ended.spans, { x: SPANS, "cirron.session": 1 });
});

test("SIGKILL in the middle of ticks leaves no half file that a reader would see", async () => {
  const ended = await end(
    `
      ci.shutdown();
      ci.profile({ output: "spool", outputDir: ci.health().spool_dir!, flushIntervalMs: 1 });
      let turns = 0;
      let said = false;
      const turn = () => {
        record("hot", 2000);
        if (++turns >= 50 && ci.health().spool_bytes > 0 && !said) console.log("ready"), said = true;
        setImmediate(turn);
      };
      turn();
    `,
    "SIGKILL",
  );
  assertEquals([ended.code, ended.signal, ended.damaged], [null, "SIGKILL", 0]);
  assertEquals(ended.strays.filter(name => !name.endsWith(".json.tmp")), []);
  assert(ended.spans.hot > 0, "ticks had been at work");
});

test("shutdown() twice and the end after it write every span once", async () => {
  const ended = await end("ci.shutdown(); ci.shutdown(); profiler.shutdown();");
  assertEquals([ended.code, ended.spans], [0, ALL]);
});

test("profile() after shutdown() writes both sessions", async () => {
  const ended = await end(`
    ci.shutdown();
    ci.profile({ output: "spool", outputDir: ${"ci.health().spool_dir!"}, flushIntervalMs: 3_600_000 });
    record("second", 3);
  `);
  assertEquals([ended.code, ended.spans], [0, { ...ALL, second: 3, "cirron.session": 2 }]);
});

test("A hot synchronous loop until the exit loses nothing", async () => {
  const ended = await end('record("hot", 250_000); process.exit(0);');
  assertEquals([ended.code, ended.spans], [0, { ...ALL, hot: 250_000 }]);
});

const SURVIVALS: readonly (readonly [how: string, deno: boolean, handler: string])[] = [
  [
    "an 'error' listener that prevents the default",
    true,
    'addEventListener("error", event => event.preventDefault());',
  ],
  ["an 'uncaughtException' listener", false, 'process.on("uncaughtException", () => {});'],
];

for (const [how, isDenos, handler] of SURVIVALS) {
  const survivalTest = testUnless(
    isDenos && RUNTIME !== "deno" ? "only Deno has such an exit" : null,
    import.meta.url,
  );
  survivalTest(`An error that ${how} survives closes nothing`, async () => {
    const ended = await end(`
      ${handler}
      setTimeout(() => { throw new Error("survived"); }, 1);
      setTimeout(() => { console.log("open: " + ci.health().open_count); }, 50);
    `);
    assertEquals([ended.code, ended.signal], [0, null]);
    assert(ended.stdout.includes("open: 2"), ended.stdout);
    assertEquals(ended.spans, ALL);
  });
}
