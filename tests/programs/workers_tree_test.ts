import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { read } from "../../src/api/read.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FLAGS = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];

/** What each worker and child does. */
const HELPER = `
  import { isMainThread, parentPort, workerData } from "node:worker_threads";
  const task = workerData?.task ?? process.env.TASK;
  ci.profile(options);
  ci.scope("task", { attrs: { task } }, () => ci.scope("step", () => ci.mark("done", true)));
  ci.flush();
  if (parentPort) parentPort.postMessage("done");
  else console.log("done");
  if (task.endsWith("ends")) {
    ci.shutdown();
    if (isMainThread) process.exit(0);
    parentPort!.close();
  } else {
    ci.scope("endless");
    setInterval(() => {}, 1000);
  }
`;

/** Eight workers: one ends by itself, one is terminated, six live; three children: one ends, one is killed, one lives. */
const POOL = `
  import { spawn } from "node:child_process";
  import { existsSync, readdirSync, readFileSync } from "node:fs";
  import { dirname, join } from "node:path";
  import { Worker } from "node:worker_threads";
  ci.profile(options);
  const url = new URL("./helper.ts", import.meta.url);
  const until = async (isIt: () => boolean) => {
    while (!isIt()) await new Promise(resolve => setTimeout(resolve, 5));
  };
  const tasks = ["worker ends", "worker terminated", ...[3, 4, 5, 6, 7, 8].map(n => "worker " + n)];
  const workers: any[] = [];
  for (const task of tasks) {
    await ci.scope("ask", { attrs: { task } }, async scope => {
      const worker: any = new Worker(url, { name: task, workerData: { task, traceparent: scope.traceparent } } as any);
      workers.push(worker);
      await new Promise(resolve => worker.once("message", resolve));
      if (task === "worker ends") await new Promise(resolve => worker.once("exit", resolve));
    });
  }
  const children: any[] = [];
  for (const task of ["child ends", "child killed", "child lives"]) {
    await ci.scope("ask", { attrs: { task } }, async scope => {
      const child = spawn(RUNTIME, [...FLAGS, url.pathname], {
        env: { ...process.env, TRACEPARENT: scope.traceparent, TASK: task },
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      await new Promise(resolve => child.stdout!.once("data", resolve));
      const folder = readdirSync(options.outputDir).find(name => name.endsWith("-" + child.pid))!;
      const opens = join(options.outputDir, folder, "0", "opens.arrow");
      // What is open is written at ticks.
      if (task !== "child ends") await until(() => readFileSync(opens, "latin1").includes("endless"));
      if (task === "child killed") child.kill("SIGKILL");
      if (task !== "child lives") await new Promise(resolve => child.once("close", resolve));
    });
  }
  await workers[1].terminate();
  // Deno's threads last for a moment longer.
  const run = dirname(ci.health().journal_dir!);
  const said = readdirSync(run).map(name => JSON.parse(readFileSync(join(run, name, "session.json"), "utf8")));
  const { kernel_thread: thread } = said.find(({ thread_name }) => thread_name === "worker terminated");
  await until(() => !existsSync("/proc/self/task/" + thread));
  const asked = { workers: true, open: true } as const;
  const answer = {
    dict: ci.trace({ ...asked, format: "dict" }),
    ofJournal: ci.trace({ ...asked, from: "journal", format: "dict" }),
    text: ci.trace({ ...asked, format: "text", fold: false }),
    json: ci.trace({ ...asked, format: "json" }),
    summary: ci.trace({ ...asked, format: "summary", by: "name" }).rows,
    perfetto: ci.trace({ ...asked, format: "perfetto" }),
    speedscope: ci.trace({ ...asked, format: "speedscope" }),
    html: ci.trace({ ...asked, format: "html" }).length,
    last: ci.trace({ workers: true, last: 3, format: "dict" }).span_count,
    alone: ci.trace({ format: "dict" }).span_count,
  };
  children[2].kill("SIGKILL");
  await new Promise(resolve => children[2].once("close", resolve));
  console.log(JSON.stringify(answer));
  process.exit(0);
`;

interface Answer {
  readonly dict: TraceDict;
  readonly ofJournal: TraceDict;
  readonly text: string;
  readonly json: string;
  readonly summary: readonly { name: string; count: number }[];
  readonly perfetto: string;
  readonly speedscope: string;
  readonly html: number;
  readonly last: number;
  readonly alone: number;
}

/** What each `ask` has below it: its task, how the session stands, and what is in it. */
function askedIn(dict: TraceDict): string[] {
  const stateOf = ({ end_us, attrs }: TraceNode) =>
    end_us === null ? "open" : attrs["cirron.unfinished"] === true ? "unfinished" : "ended";
  return asksIn(dict.roots).map(({ attrs, children }) => {
    assertEquals(children.map(({ name }) => name), ["cirron.session"]);
    const [session] = children;
    const below = session.children.map(child => {
      if (child.name === "endless") return `endless ${stateOf(child)}`;
      assertEquals(child.attrs, attrs);
      assertEquals(child.children.map(({ name, marks }) => [name, marks.length]), [["step", 1]]);
      return child.name;
    });
    return [attrs.task, stateOf(session), ...below].join(", ");
  });
}

function asksIn(nodes: readonly TraceNode[]): TraceNode[] {
  return nodes.flatMap(node => node.name === "ask" ? [node] : asksIn(node.children));
}

const WHILE_IT_RUNS = [
  "worker ends, ended, task",
  "worker terminated, unfinished, task, endless unfinished",
  ...[3, 4, 5, 6, 7, 8].map(n => `worker ${n}, open, task, endless open`),
  "child ends, ended, task",
  "child killed, unfinished, task, endless unfinished",
  "child lives, open, task, endless open",
];

test(
  "trace({ workers: true }) has 8 workers and 3 children in one tree, and says who never finished; read() as well",
  async () => {
    using folder = new TempDirectory();
    const directory = `${folder.path}/journal`;
    const head = `
    import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import process from "node:process";
    const options = { output: "journal", outputDir: ${JSON.stringify(directory)} } as const;
    const [RUNTIME, FLAGS] = ${JSON.stringify([findRuntime(RUNTIME), FLAGS])} as [string, string[]];
  `;
    folder.write("helper.ts", head + HELPER);
    const program = folder.write("main.ts", head + POOL);
    const outcome = await run(findRuntime(RUNTIME)!, [...FLAGS, program], {
      timeoutMs: 60_000,
      env: { TRACEPARENT: undefined },
    });
    const answer = said<Answer>(outcome);

    assertEquals(askedIn(answer.dict), WHILE_IT_RUNS);
    assertEquals(askedIn(answer.ofJournal), WHILE_IT_RUNS);
    assertEquals(askedIn(JSON.parse(answer.json)), WHILE_IT_RUNS);
    assertEquals([answer.last, answer.alone], [3, 11]);

    const lines = answer.text.split("\n");
    for (const name of ["worker ends", "worker terminated", "worker 8"]) {
      assertEquals(lines.filter(line => line.includes(`, ${name})`)).length, 1, answer.text);
    }
    assert(
      lines.some(line =>
        /cirron\.session .* unfinished \(process \d+, thread \d+, worker terminated\)/.test(line)
      ),
    );
    assertEquals(lines.filter(line => /cirron\.session .* \(process \d+\)/.test(line)).length, 4);

    const count = (name: string) => answer.summary.find(row => row.name === name)?.count;
    assertEquals([count("ask"), count("task"), count("step")], [11, 11, 11]);
    const events = JSON.parse(answer.perfetto).traceEvents as {
      name: string;
      ph: string;
      args: { name: string };
    }[];
    assertEquals(events.filter(({ name, ph }) => name === "task" && ph === "X").length, 11);
    const tracks = events.filter(({ name }) => name === "thread_name").map(({ args }) => args.name);
    assert(tracks.some(name => /^thread \d+, worker terminated$/.test(name)), tracks.join("; "));
    assertEquals(
      JSON.parse(answer.speedscope).shared.frames.some((frame: { name: string }) => frame.name === "task"),
      true,
    );
    assert(answer.html > 1000);

    // All is over: the workers that lived were stopped by the end of the process.
    const after = read(directory);
    assertEquals(after.running_count, 0);
    const lived = askedIn(after.trace({ format: "dict" })).map(line => line.replaceAll("open", "unfinished"));
    assertEquals(lived.slice(0, 2), WHILE_IT_RUNS.slice(0, 2));
    assertEquals(lived.slice(8), WHILE_IT_RUNS.slice(8).map(line => line.replaceAll("open", "unfinished")));
  },
);
