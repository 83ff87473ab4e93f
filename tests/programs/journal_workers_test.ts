import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import { formatTraceparent, spanIdText, traceIdText } from "../../src/data/trace_context.ts";
import { recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { type JournalContent, journalIn, namesOf, recorderFolders } from "../support/journal_folder.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** Web workers, and those of `node:worker_threads`. */
type Kind = "web" | "node";
const KINDS: readonly Kind[] = ["web", "node"];

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

/** What is known of a program's end, as the program has said it, and what lies on disk. */
interface Told<T> {
  readonly told: T;
  readonly main: JournalContent;
  /** In the order of their folders. */
  readonly others: readonly JournalContent[];
}

/**
 * Runs a program with workers to its end.
 * @param main What the main thread does: `start(traceparent)` makes a worker; `await one.posted` waits for its message.
 * @param worker What a worker does: `ci` is the package, `post()` sends a message, `stay()` keeps it alive.
 */
async function runWorkers<T>(
  directory: string,
  kind: Kind,
  main: string,
  worker: string,
  env: Record<string, string | undefined> = {},
): Promise<Told<T>> {
  using folder = new TempDirectory();
  const head = `
    import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import process from "node:process";
    const options = { output: "journal", outputDir: ${JSON.stringify(directory)} } as const;
  `;
  folder.write(
    "worker.ts",
    `${head}
      import { parentPort } from "node:worker_threads";
      const post = (message: unknown) => parentPort ? parentPort.postMessage(message) : (globalThis as any).postMessage(message);
      const stay = () => setInterval(() => {}, 1000);
      ${worker}
    `,
  );
  const program = folder.write(
    "main.ts",
    `${head}
      import { Worker as NodeWorker } from "node:worker_threads";
      const start = (traceparent?: string, more = {}): any => {
        const url = new URL("./worker.ts", import.meta.url);
        const worker: any = ${kind === "web"}
          ? new Worker(url.href, { type: "module", name: "helper" })
          : new NodeWorker(url, { name: "helper", workerData: { traceparent }, ...more } as any);
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
  const told = said<T>(
    await run(findRuntime(RUNTIME)!, [...flags, program], {
      timeoutMs: 60_000,
      env: { TRACEPARENT: undefined, ...env },
    }),
  );
  const [own, ...others] = recorderFolders(directory).map(journalIn);
  return { told, main: own, others };
}

const TASK = `
  ci.profile(options);
  const task = ci.scope("task");
  ci.scope("step").end();
  task.end();
  ci.scope("open");
  post(ci.context());
  stay();
`;

const EXIT = `console.log(JSON.stringify(answer)); process.exit(0);`;

for (const kind of KINDS) {
  test(`A ${kind} worker writes to the run of its main thread, by itself, and hangs on its session`, async () => {
    using folder = new TempDirectory();
    const { told, main, others: [worker, ...none] } = await runWorkers<string>(
      folder.path,
      kind,
      `ci.profile(options); const one = start(); const answer = await one.posted; await one.terminate(); ${EXIT}`,
      TASK,
    );
    assertEquals(none, []);
    assertEquals(worker.session!.parent, main.session!.context);
    assertEquals(told.slice(0, 35), main.session!.context!.slice(0, 35));
    assertEquals([worker.session!.thread_name, main.session!.thread_name], ["helper", null]);
    assertNotEquals(worker.session!.thread, 0);
    assertEquals(worker.session!.pid, main.session!.pid);
    // It was terminated, and has what its outermost scope held.
    assertEquals([namesOf(worker.spans), namesOf(worker.opens)], [["step", "task"], ["cirron.session"]]);
    assertEquals(worker.session!.ended_unix_ns, null);
    assertNotEquals(main.session!.ended_unix_ns, null);
  });

  test(`Without a journal of the main thread, ${kind} workers have runs of their own`, async () => {
    using folder = new TempDirectory();
    const main = `const answer = await start().posted; ${EXIT}`;
    const { main: worker } = await runWorkers<string>(folder.path, kind, main, TASK);
    assertEquals([worker.session!.parent, runsIn(folder.path).length], [null, 1]);
  });

  test(`A ${kind} worker's second session has a run of its own`, async () => {
    using folder = new TempDirectory();
    await runWorkers(
      folder.path,
      kind,
      `ci.profile(options); const answer = await start().posted; ${EXIT}`,
      `ci.profile(options); ci.shutdown(); ci.profile(options); ci.shutdown(); post("done"); stay();`,
    ).catch(error => assert(String(error).includes("2 runs"), String(error)));
    assertEquals(runsIn(folder.path).length, 2);
  });
}

test("A worker of node:worker_threads hangs on the span whose traceparent is in its data", async () => {
  using folder = new TempDirectory();
  const { told: [traceparent], others: [worker] } = await runWorkers<[string]>(
    folder.path,
    "node",
    `
      ci.profile(options);
      const answer = await ci.scope("ask", async scope => {
        await start(scope.traceparent).posted;
        return [scope.traceparent];
      });
      ${EXIT}
    `,
    TASK,
  );
  assertEquals(worker.session!.parent, traceparent);
});

test("A worker of node:worker_threads hangs on what its own environment says", async () => {
  using folder = new TempDirectory();
  const main = `
    ci.profile(options);
    const answer = await start(undefined, { env: { ...process.env, TRACEPARENT: ${
    JSON.stringify(PARENT)
  } } }).posted;
    ${EXIT}
  `;
  const { others: [worker] } = await runWorkers<string>(folder.path, "node", main, TASK);
  assertEquals(worker.session!.parent, PARENT);
});

test("Of a process started in a trace the main thread hangs on that, and its workers on the main thread", async () => {
  using folder = new TempDirectory();
  const main = `ci.profile(options); const answer = await start().posted; ${EXIT}`;
  const env = { TRACEPARENT: PARENT };
  const { told, main: own, others: [worker] } = await runWorkers<string>(
    folder.path,
    "node",
    main,
    TASK,
    env,
  );
  assertEquals([own.session!.parent, worker.session!.parent], [PARENT, own.session!.context]);
  assertEquals(told.slice(3, 35), TRACE);
});

test("profile({ parent }) is all that a web worker needs to hang on a span", async () => {
  using folder = new TempDirectory();
  const { told, others: [worker] } = await runWorkers<string>(
    folder.path,
    "web",
    `
      ci.profile(options);
      const answer = await ci.scope("ask", async scope => {
        const one = start();
        await one.posted;
        one.worker.postMessage(scope.traceparent);
        await new Promise(resolve => { one.worker.onmessage = resolve; });
        return scope.traceparent;
      });
      ${EXIT}
    `,
    `
      (globalThis as any).onmessage = (event: any) => {
        ci.profile({ ...options, parent: event.data });
        ci.scope("task").end();
        post("done");
      };
      post("ready");
    `,
  );
  assertEquals(worker.session!.parent, told);
});

test("A pool of workers and children, some of which are killed, is all there, and says who never finished", async () => {
  using folder = new TempDirectory();
  const { told } = await runWorkers<{ traceparent: string; children: number[] }>(
    folder.path,
    "node",
    `
      import { spawn } from "node:child_process";
      ci.profile(options);
      const answer = await ci.scope("ask", async scope => {
        const workers = Array.from({ length: 4 }, () => start(scope.traceparent));
        for (const one of workers) await one.posted;
        await workers[0].terminate();
        const children: number[] = [];
        for (const end of ["exit", "kill", "abort"]) {
          const program = new URL("./worker.ts", import.meta.url).pathname;
          const flags = ${JSON.stringify(RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [])};
          const child = spawn(${JSON.stringify(findRuntime(RUNTIME))}, [...flags, program], {
            env: { ...process.env, TRACEPARENT: scope.traceparent, END: end },
            stdio: ["ignore", "pipe", "inherit"],
          });
          children.push(child.pid!);
          child.stdout.once("data", () => end === "kill" && child.kill("SIGKILL"));
          await new Promise(resolve => child.on("close", resolve));
        }
        return { traceparent: scope.traceparent, children };
      });
      ${EXIT}
    `,
    `
      import { isMainThread } from "node:worker_threads";
      ci.profile(options);
      ci.scope("task").end();
      ci.flush();
      if (!isMainThread) {
        post("done");
        stay();
      } else if (process.env.END === "exit") {
        process.exit(0);
      } else if (process.env.END === "abort") {
        process.abort();
      } else {
        console.log("ready");
        stay();
      }
    `,
  ).catch(error => {
    if (!String(error).includes("4 runs")) throw error;
    return { told: null };
  });
  assertEquals(told, null);
  const runs = runsIn(folder.path);
  const recorders = runs.flatMap(path => recordersOf(path));
  const [main, ...others] = recorders;
  const ask = main.spans.find(({ name }) => name === "ask")!;
  assertEquals([ask.parent, others.length], [main.spans.at(-1)!.id, 7]);
  const parents = new Set(others.map(({ session }) => session!.parent));
  assertEquals(parents.size, 1);
  const ids = new IdSeries(main.session!.id_suffix);
  assertEquals([...parents], [formatTraceparent(traceIdText(ids, ask.id), spanIdText(ids, ask.id))]);
  for (const { spans } of others) assert(namesOf(spans).includes("task"));
  const endless = others.filter(({ session }) => session!.ended_unix_ns === null);
  // All workers, for the main thread's exit ends them without a word in Deno; a child that was killed, and one that aborted.
  const endlessChildren = endless.filter(({ session }) => session!.thread === 0);
  assertEquals(endlessChildren.length, 2);
  assertEquals(endlessChildren.map(({ opens }) => namesOf(opens)), [["cirron.session"], ["cirron.session"]]);
  assert(endless.length >= 3);
});

function recordersOf(path: string): JournalContent[] {
  return recordersIn(path).map(({ path }) => journalIn(path));
}
