import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { isWatchedLine } from "../../src/runtime/watchers.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Real watchers. A generation of the program prints "ready", the test writes the next one over it, and so on; nothing sleeps.
// Deno's watcher may not look yet when the program runs, so an edit is made again until the next generation has begun, and may then
// have two.

const FILE = import.meta.url;
const SPANS = 100;
const EDITS = 3;
const AGAIN_MS = 3000;
const POLL_MS = 50;
const IS_DENO = RUNTIME === "deno";
const denoTest = testUnless(IS_DENO ? null : "they are about Deno", FILE);
const bunTest = testUnless(IS_DENO ? "it is about Bun" : null, FILE);
const watchTest = testUnless(process.platform === "win32" ? "Windows has no signals" : null, FILE);

interface Watched {
  /** How the runtime is called, before the file's name. */
  readonly command: readonly string[];
  /** Runs in each generation once it has recorded, before it says that it is ready. */
  readonly then?: string;
  /** The program is a test that does not end. */
  readonly isTest?: true;
  /** The session's `output`; `GENERATION` is the number of the program's. */
  readonly output?: string;
  /** Milliseconds between two ticks; an hour unless told. */
  readonly flushIntervalMs?: number;
  /** Text to wait for after SIGTERM, and then to kill: Deno's watcher outlives a program that exits. */
  readonly until?: string;
  /** Instead of SIGTERM: kills once there are so many names of spans on disk. */
  readonly untilNames?: number;
}

interface Ending {
  /** How often each generation came to be ready: once, or twice. */
  readonly runs: number[];
  readonly code: number | null;
  readonly signal: string | null;
  /** Spans on disk by name. */
  readonly spans: Record<string, number>;
  readonly stdout: string;
  readonly stderr: string;
}

function program(
  generation: number,
  spool: string,
  { then = "", isTest, output = '"spool"', flushIntervalMs = 3_600_000 }: Watched,
): string {
  const body = `
    for (let i = 0; i < ${SPANS}; i++) ci.scope("closed ${generation}").end();
    const open = ci.scope("open ${generation}");
    ${then}
    console.log("ready ${generation}.");`;
  return `
    import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import { writeSync } from "node:fs";
    import process from "node:process";
    const GENERATION = ${generation};
    console.log("begun ${generation}.");
    ci.profile({
      output: ${output},
      outputDir: ${JSON.stringify(spool)},
      flushIntervalMs: ${flushIntervalMs},
    });
    const keep = setInterval(() => {}, 1000);
    ${isTest ? `Deno.test("x", async () => {${body} await new Promise(() => {}); });` : body}
  `;
}

/** Runs a program under a watcher, edits it three times, and ends it by a real signal. */
async function watch(watched: Watched): Promise<Ending> {
  using directory = new TempDirectory();
  const spool = `${directory.path}/spool`;
  const name = watched.isTest ? "program_test.ts" : "program.ts";
  const path = directory.write(name, program(0, spool, watched));
  const child = spawn(findRuntime(RUNTIME)!, [...watched.command, path], {
    cwd: directory.path,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const texts = { stdout: "", stderr: "" };
  let awaited = 0;
  const edit = () => void directory.write(name, program(awaited, spool, watched));
  let again: ReturnType<typeof setInterval> | undefined;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      texts[stream] += text;
      if (watched.until !== undefined && texts.stdout.includes(watched.until)) {
        process.kill(child.pid!, "SIGKILL");
      }
      if (texts.stdout.includes(`begun ${awaited}.`)) clearInterval(again);
      if (!texts.stdout.includes(`ready ${awaited}.`)) return;
      if (awaited++ < EDITS) {
        edit();
        again = setInterval(edit, AGAIN_MS);
      } else if (watched.untilNames === undefined) {
        process.kill(child.pid!, "SIGTERM"); // not child.kill(): Deno then reports that signal as the end
      } else {
        again = setInterval(() => {
          if (Object.keys(read(spool)).length >= watched.untilNames!) process.kill(child.pid!, "SIGKILL");
        }, POLL_MS);
      }
    });
  }
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  clearInterval(again);
  const runs = Array.from({ length: EDITS + 1 }, (_, i) => texts.stdout.split(`ready ${i}.`).length - 1);
  return { runs, code, signal, spans: read(spool), ...texts };
}

/** How many spans of each name are on disk. */
function read(spool: string): Record<string, number> {
  const spans: Record<string, number> = {};
  const found = existsSync(spool) ? (readSpool(spool).trace({ format: "dict" }) as TraceDict).roots : [];
  const left: TraceNode[] = [...found];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    spans[node.name] = (spans[node.name] ?? 0) + 1;
    left.push(...node.children);
  }
  return spans;
}

/** Every span that generations record that ran so often. */
function all(runs: readonly number[]): Record<string, number> {
  const spans: Record<string, number> = { "cirron.session": total(runs) };
  for (const [i, count] of runs.entries()) {
    if (count === 0) continue;
    spans[`closed ${i}`] = SPANS * count;
    spans[`open ${i}`] = count;
  }
  return spans;
}

function total(runs: readonly number[]): number {
  return runs.reduce((sum, count) => sum + count, 0);
}

const DENO = ["-A", "--no-check"];

const WATCHERS: Record<string, Watched> = IS_DENO
  ? {
    "deno run --watch": { command: ["run", "--watch", ...DENO] },
    "deno run --watch-hmr": { command: ["run", "--watch-hmr", ...DENO] },
    "deno run --hmr": { command: ["run", "--hmr", ...DENO] },
  }
  : {
    "bun --watch": { command: ["--watch"] },
    "bun run --watch": { command: ["run", "--watch"] },
  };

for (const [what, watched] of Object.entries(WATCHERS)) {
  for (const output of ["journal", "spool"]) {
    watchTest(
      `${what} survives every edit, nothing of any generation is lost from its ${output}, and SIGTERM ends it`,
      async () => {
        const { runs, code, signal, spans, stderr } = await watch({
          ...watched,
          output: JSON.stringify(output),
        });
        assertEquals([runs.includes(0), code, signal], [false, null, "SIGTERM"], stderr);
        assertEquals(spans, all(runs));
      },
    );
  }
}

const COMMAND = IS_DENO ? ["run", "--watch", ...DENO] : ["--watch"];

watchTest(
  "A watched program's own listener to SIGTERM is left to decide, at an edit and at a signal",
  async () => {
    const then = `process.on("SIGTERM", () => {
      ci.scope("heard").end();
      ci.flush();
      console.log("heard in " + open.name);
    });`;
    const watched = { command: COMMAND, then, until: `heard in open ${EDITS}` };
    const { runs, code, signal, spans, stderr } = await watch(watched);
    assertEquals([runs.includes(0), code, signal], [false, null, "SIGKILL"], stderr);
    assertEquals(spans, { ...all(runs), heard: total(runs) });
  },
);

// Bun's watcher hears of one edit twice, as the file is emptied and as it is written, and where nobody listens it replaces the
// program at once, in the midst of whatever it does.
bunTest("While a program under bun --watch gives out what it has, somebody listens to SIGTERM", async () => {
  const output = `["spool", { emit() {
    writeSync(1, "given by " + GENERATION + " to " + process.listenerCount("SIGTERM") + ".\\n");
  } }]`;
  const { stdout, stderr } = await watch({ command: COMMAND, output });
  const given = stdout.split("\n").filter(line => /^given by [0-2] /.test(line)); // the last ends by a signal
  assertEquals([...new Set(given)], [0, 1, 2].map(by => `given by ${by} to 1.`), stderr);
});

// There the old test lives on beside the new one, with its ticks, and no hook tells it of anything.
denoTest(
  "deno test --watch survives every edit in the midst of a test, and ticks go on in the old tests",
  async () => {
    const watched: Watched = {
      command: ["test", "--watch", ...DENO],
      isTest: true,
      flushIntervalMs: 100,
      untilNames: EDITS + 2, // what closed in each, and the sessions
    };
    const { runs, code, signal, spans, stderr } = await watch(watched);
    assertEquals([runs.includes(0), code, signal], [false, null, "SIGKILL"], stderr);
    for (const [i, count] of runs.entries()) assertEquals(spans[`closed ${i}`], SPANS * count);
  },
);

denoTest("SIGTERM ends deno test --watch", async () => {
  const { runs, code, signal, stderr } = await watch({ command: ["test", "--watch", ...DENO], isTest: true });
  assertEquals([runs.includes(0), code, signal], [false, null, "SIGTERM"], stderr);
});

// All of Deno's watchers but one fire `unload`, whose hook needs no permission.
denoTest(
  "deno run --watch without FFI survives every edit and loses nothing, and SIGTERM ends it",
  async () => {
    const command = ["run", "--watch", "--no-check", "--no-prompt", "--allow-read", "--allow-write"];
    const { runs, code, signal, spans, stderr } = await watch({ command });
    assertEquals([runs.includes(0), code, signal], [false, null, "SIGTERM"], stderr);
    // The last one was ended by the signal, which is left alone there: whether it is ignored cannot be told. Its start is there.
    const { "closed 3": _closed, "open 3": _open, ...others } = all(runs);
    assertEquals(spans, others);
  },
);

bunTest("A session of bun --hot goes on over every edit", async () => {
  const { runs, code, signal, spans, stderr } = await watch({ command: ["--hot"] });
  assertEquals([runs.includes(0), code, signal], [false, null, "SIGTERM"], stderr);
  assertEquals(spans, { ...all(runs), "cirron.session": 1 });
});

test("A flag of Deno's watches, and one of the program's does not", () => {
  const line = (...words: string[]) => ["deno", "run", "-A", ...words];
  for (const flag of ["--watch", "--watch=a,b", "--watch-hmr", "--hmr", "--unstable-hmr"]) {
    assertEquals(isWatchedLine(line(flag, "x.ts"), 0), true, flag);
    assertEquals(isWatchedLine(line(flag, "x.ts", "a"), 1), true, flag);
    assertEquals(isWatchedLine(line("x.ts", flag), 1), false, flag);
  }
  for (const flag of ["--watcher", "-w", "--no-clear-screen", "watch"]) {
    assertEquals(isWatchedLine(line(flag, "x.ts"), 0), false, flag);
  }
});
