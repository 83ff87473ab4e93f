import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { readFiles, spooledNames } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FILE = import.meta.url;
const HOUR_MS = 3_600_000;

/** Web workers, and those of `node:worker_threads`. */
type Kind = "web" | "node";
const KINDS: readonly Kind[] = ["web", "node"];

/**
 * Runs a program with workers to its end.
 * @param worker What a worker does, once: `ci` is the package, `post()` sends a message, `stay()` keeps it alive.
 * @param main What the main thread does: `start()` makes a worker; `await start.posted` waits until it has posted.
 */
async function runWorkers<T>(kind: Kind, spool: string, worker: string, main: string): Promise<T> {
  using folder = new TempDirectory();
  folder.write(
    "worker.ts",
    `
      import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
      import { parentPort } from "node:worker_threads";
      const post = (message: unknown) => parentPort ? parentPort.postMessage(message) : (globalThis as any).postMessage(message);
      const stay = () => setInterval(() => {}, 1000);
      const outputDir = ${JSON.stringify(spool)};
      ${worker}
    `,
  );
  const program = folder.write(
    "main.ts",
    `
      import process from "node:process";
      import { Worker as NodeWorker } from "node:worker_threads";
      const start = () => {
        const url = new URL("./worker.ts", import.meta.url);
        const worker: any = ${
      kind === "web"
    } ? new Worker(url.href, { type: "module" }) : new NodeWorker(url);
        const posted = new Promise(resolve => {
          if (${kind === "web"}) worker.onmessage = (event: any) => resolve(event.data);
          else worker.on("message", resolve);
        });
        return { posted, terminate: () => worker.terminate(), worker };
      };
      ${main}
    `,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  return said<T>(await run(findRuntime(RUNTIME)!, [...flags, program], { timeoutMs: 60_000 }));
}

const denoTest = testUnless(RUNTIME === "deno" ? null : "Bun's workers fire 'exit' after close()", FILE);
const procTest = testUnless(process.platform === "linux" ? null : "descriptors are listed below /proc", FILE);

const TASK = `
  ci.profile({ output: "spool", outputDir, flushIntervalMs: ${HOUR_MS} });
  const task = ci.scope("task");
  ci.scope("step").end();
  task.end();
  ci.scope("open");
  post("done");
  stay();
`;

const TERMINATE = `const one = start(); await one.posted; await one.terminate(); console.log("1");`;
const EXIT = `await start().posted; console.log("1"); process.exit(0);`;

for (const kind of KINDS) {
  for (const [end, main] of [["terminate()", TERMINATE], ["the exit of the main thread", EXIT]]) {
    test(`A ${kind} worker ended by ${end} has on disk what its outermost scopes held, and is unfinished`, async () => {
      using folder = new TempDirectory();
      await runWorkers(kind, folder.path, TASK, main);
      assertEquals(spooledNames(folder.path), ["step", "task"]);
      const spool = readSpool(folder.path);
      assertEquals(spool.unfinished_count, 1);
      const { roots: [session, ...others] } = spool.trace({ format: "dict" });
      assertEquals([others, session.name, session.children.map(({ name }) => name)], [
        [],
        "cirron.session",
        ["task"],
      ]);
      assertEquals(session.end_us, session.children[0].end_us);
    });
  }

  test(`A ${kind} worker terminated before any scope has closed is known to have begun`, async () => {
    using folder = new TempDirectory();
    const worker = `ci.profile({ output: "spool", outputDir }); ci.scope("open"); post("done"); stay();`;
    await runWorkers(kind, folder.path, worker, TERMINATE);
    const spool = readSpool(folder.path);
    assertEquals([spool.span_count, spool.unfinished_count], [1, 1]);
  });

  test(`A ${kind} worker that exits has everything on disk, and is finished`, async () => {
    using folder = new TempDirectory();
    const worker = `
      import process from "node:process";
      ci.profile({ output: "spool", outputDir, flushIntervalMs: ${HOUR_MS} });
      ci.scope("open");
      post("done");
      setTimeout(() => process.exit(0), 0);
    `;
    const ends = `const one = start(); await one.posted;
      // Runtimes do not all tell of it. The files do.
      const { readdirSync } = await import("node:fs");
      while (readdirSync(${JSON.stringify(folder.path)}).filter(name => name.endsWith(".json")).length < 2) {
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      console.log("1"); process.exit(0);`;
    await runWorkers(kind, folder.path, worker, ends);
    assertEquals(spooledNames(folder.path), ["open", "cirron.session"]);
    assertEquals(readSpool(folder.path).unfinished_count, 0);
  });

  denoTest(`A ${kind} worker that calls close() has everything on disk, and is finished`, async () => {
    using folder = new TempDirectory();
    const worker = `
      ci.profile({ output: "spool", outputDir, flushIntervalMs: ${HOUR_MS} });
      ci.scope("open");
      post("done");
      (globalThis as any).close();
    `;
    await runWorkers(kind, folder.path, worker, `await start().posted; console.log("1");`);
    assertEquals(spooledNames(folder.path), ["open", "cirron.session"]);
    assertEquals(readSpool(folder.path).unfinished_count, 0);
  });
}

for (const kind of KINDS) {
  procTest(
    `20 ${kind} workers with memory: true leave no file descriptor behind, and measure peaks`,
    async () => {
      using folder = new TempDirectory();
      const worker = `
      ci.profile({ output: "none", counters: { memory: true } });
      ci.scope("task").end();
      const { roots } = ci.trace({ format: "dict", name: "task" });
      const { source } = ci.health().probes.memory;
      post([source, roots[0].memory_peak_bytes]);
      stay();
    `;
      const main = `
      const { readdirSync, readlinkSync } = await import("node:fs");
      const files = () => readdirSync("/proc/self/fd").flatMap(file => {
        try {
          return [readlinkSync("/proc/self/fd/" + file)];
        } catch {
          return []; // the listing's own
        }
      }).filter(path => path.startsWith("/proc/"));
      const before = files();
      let answer;
      for (let i = 0; i < 20; i++) {
        const one = start();
        answer = await one.posted;
        await one.terminate();
      }
      console.log(JSON.stringify({ before, after: files(), answer }));
      process.exit(0);
    `;
      const { before, after, answer: [source, peakBytes] } = await runWorkers<{
        before: string[];
        after: string[];
        answer: [source: string, peakBytes: number | null];
      }>(kind, folder.path, worker, main);
      assertEquals(after, before);
      if (source.endsWith("reset through /proc/self/clear_refs")) assert(peakBytes! > 1e6, String(peakBytes));
    },
  );

  test(`Two ${kind} workers and the main thread have a thread number each`, async () => {
    using folder = new TempDirectory();
    await runWorkers(
      kind,
      folder.path,
      TASK,
      `
        const ci = await import(${JSON.stringify(sourceUrl("mod.ts"))});
        ci.profile({ output: "spool", outputDir: ${JSON.stringify(folder.path)} });
        for (const one of [start(), start()]) {
          await one.posted;
          await one.terminate();
        }
        console.log("1");
      `,
    );
    const sessions = readFiles(folder.path).flatMap(file => file.spans).filter(({ name }) =>
      name === "cirron.session"
    );
    assertEquals(sessions.map(span => span.thread_id), [0n]);
    const threads = readFiles(folder.path).flatMap(file => file.spans).map(span => span.thread_id);
    assertEquals(new Set(threads).size, 3);
  });
}

test("The printed tree of a spool says which session is unfinished", async () => {
  using folder = new TempDirectory();
  const main = `
    const ci = await import(${JSON.stringify(sourceUrl("mod.ts"))});
    ci.profile({ output: "spool", outputDir: ${JSON.stringify(folder.path)} });
    ${TERMINATE}
    ci.shutdown();
    const lines: string[] = [];
    console.log = (text: string) => void lines.push(text);
    ci.readSpool(${JSON.stringify(folder.path)}).trace();
    const { writeSync } = await import("node:fs");
    writeSync(1, "," + JSON.stringify(lines.join()) + "]");
  `.replace('console.log("1")', 'console.log("[1")');
  const [, text] = await runWorkers<[number, string]>("node", folder.path, TASK, main);
  const sessions = text.split("\n").filter(line => line.includes("cirron.session"));
  assertEquals(sessions.map(line => / unfinished( \(|$)/.test(line)), [false, true]);
});
