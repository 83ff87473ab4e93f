import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { read } from "../../src/api/read.ts";
import { findRecorded } from "../../src/api/recorded_files.ts";
import { Recordings } from "../../src/api/recordings.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const FLAGS = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];

/** A program that records and says how far it is, until it is killed. */
class Child implements Disposable {
  readonly #child: ChildProcess;
  #said = "";
  #wake: () => void = () => {};

  constructor(program: string) {
    this.#child = spawn(findRuntime(RUNTIME)!, [...FLAGS, program], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TRACEPARENT: undefined },
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    this.#child.stdout!.setEncoding("utf8");
    this.#child.stdout!.on("data", (text: string) => {
      this.#said += text;
      this.#wake();
    });
    this.#child.on("close", () => this.#wake());
  }

  /** The last number it has said. */
  get told(): number {
    return Number(this.#said.slice(0, this.#said.lastIndexOf("\n")).split("\n").at(-1) || "0");
  }

  /** Waits until it has said `count`, or more. */
  async until(count: number): Promise<void> {
    while (this.told < count) {
      assert(this.#child.exitCode === null && this.#child.signalCode === null, "it has ended");
      await new Promise<void>(resolve => this.#wake = resolve);
    }
  }

  /** Kills it, and waits until it is gone. */
  async kill(): Promise<void> {
    const gone = new Promise(resolve => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

function nodesOf({ roots }: TraceDict): TraceNode[] {
  const all: TraceNode[] = [];
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    all.push(node);
    waiting.push(...node.children);
  }
  return all;
}

const HEAD = (directory: string) => `
  import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
  import process from "node:process";
  import { writeSync } from "node:fs";
  const options = { output: "journal", outputDir: ${JSON.stringify(directory)} } as const;
`;

/** Requests of three steps each, with a mark and attributes that say which; told every 100. */
const SERVER = `
  const never = new Int32Array(new SharedArrayBuffer(4));
  ci.profile({ ...options, traceBufferMaxSpans: 1000 });
  const server = ci.scope("server", { attrs: { port: 80 } });
  server.mark("started", true);
  for (let i = 0;; i++) {
    ci.scope("request", { index: i, attrs: { i } }, scope => {
      scope.mark("i", i);
      for (const step of ["a", "b", "c"]) ci.scope(step, { index: i }, () => ci.mark("step", step));
    });
    if (i % 100 === 99) writeSync(1, i + 1 + "\\n");
    if (i % 10 === 9) Atomics.wait(never, 0, 0, 1); // so that a reader can keep pace
    if (i % 1000 === 999) await new Promise(resolve => setTimeout(resolve)); // timers are due
  }
`;

/** Checks all rows against what the program records; gives how many requests there are. */
function checkRows(directory: string): number {
  const { snapshot, damagedRows } = new Recordings(findRecorded([directory])).whole;
  const { closedLength, name, index, attrs, marks: { first, name: markName, value } } = snapshot;
  const found: Record<string, Set<number>> = {};
  let wrong = damagedRows;
  for (let row = 0; row < closedLength; row++) {
    const indexes = found[name[row]] ??= new Set();
    if (["cirron.session", "server"].includes(name[row])) continue;
    if (indexes.has(index[row])) wrong++;
    indexes.add(index[row]);
    const at = first[row];
    const isMarked = name[row] === "request"
      ? markName[at] === "i" && value[at] === index[row]
      : markName[at] === "step" && value[at] === name[row];
    if (first[row + 1] !== at + 1 || !isMarked) wrong++;
    if (row % 101 === 0 && name[row] === "request" && attrs.at(row)?.i !== index[row]) wrong++;
  }
  assertEquals(wrong, 0);
  const { request, a, b, c } = found;
  for (const indexes of [request, a, b, c]) {
    assert(indexes.size === Math.max(...[...indexes].slice(-100)) + 1, "there is a gap");
    assert([0, 1].includes(indexes.size - request.size), "a step is missing");
  }
  return request.size;
}

/** Checks the newest as a tree. */
function checkNewest(dict: TraceDict): void {
  for (const node of nodesOf(dict)) {
    for (const child of node.children) assertEquals(child.parent_id, node.id);
    if (node.name === "request") assertEquals(node.attrs, { i: node.index });
  }
}

test("A journal is read while it is written, at tens of thousands of spans a second, and no row is inconsistent; and after kill -9", async () => {
  using folder = new TempDirectory();
  using child = new Child(folder.write("program.ts", HEAD(`${folder.path}/journal`) + SERVER));
  const directory = `${folder.path}/journal`;
  let before = 0;
  for (let look = 1; look <= 10; look++) {
    await child.until(300 + look * 100); // some of it is in files by then: a batch has 512 spans
    const run = read(directory);
    assertEquals([run.running_count, run.unfinished_count, run.skipped_file_count], [1, 0, 0]);
    checkNewest(run.trace({ format: "dict", last: 400 }));
    const requests = run.trace({ format: "dict", name: "request", roots: 3 }).roots;
    assertEquals(requests.map(({ children }) => children.map(({ name }) => name).join("")), [
      "abc",
      "abc",
      "abc",
    ]);
    const found = checkRows(directory);
    assert(found >= before, `${found} of ${before}`);
    before = found;
  }
  await child.kill();
  assert(checkRows(directory) >= before);
  const last = read(directory);
  assertEquals([last.running_count, last.unfinished_count], [0, 1]);
  const [session, ...others] =
    last.trace({ format: "dict", name: "cirron.session", depth: 1, minWallUs: 1000 }).roots;
  assertEquals([others, session.attrs["cirron.unfinished"]], [[], true]);
  const server = session.children.find(({ name }) => name === "server")!;
  assertEquals(server.attrs, { port: 80, "cirron.unfinished": true });
  assertEquals(server.marks.map(({ name, value }) => [name, value]), [["started", true]]);
});

const POOL = `
  import { Worker } from "node:worker_threads";
  ci.profile(options);
  const url = new URL("./worker.ts", import.meta.url);
  const answers = [];
  const workers = [];
  for (let i = 0; i < 3; i++) {
    await ci.scope("ask", { index: i }, async scope => {
      const worker = new Worker(url, { name: "helper " + i, workerData: { traceparent: scope.traceparent, stays: i === 2 } });
      workers.push(worker);
      await new Promise(resolve => worker.once("message", resolve));
      if (i < 2) await new Promise(resolve => worker.once("exit", resolve));
    });
  }
  await workers[2].terminate();
  const dict = ci.trace({ from: "journal", format: "dict" });
  console.log(JSON.stringify(dict));
`;

const HELPER = `
  import { parentPort, workerData } from "node:worker_threads";
  ci.profile(options);
  ci.scope("task", () => ci.scope("step", () => ci.mark("done", true)));
  ci.flush();
  if (workerData.stays) setInterval(() => {}, 1000);
  else ci.shutdown();
  parentPort.postMessage("done");
  if (!workerData.stays) parentPort.close?.();
`;

test('trace({ from: "journal" }) shows what workers did under the span that asked for it, and read() what never finished', async () => {
  using folder = new TempDirectory();
  const directory = `${folder.path}/journal`;
  folder.write("worker.ts", HEAD(directory) + HELPER);
  const program = folder.write("main.ts", HEAD(directory) + POOL);
  const dict = said<TraceDict>(
    await run(findRuntime(RUNTIME)!, [...FLAGS, program], {
      timeoutMs: 60_000,
      env: { TRACEPARENT: undefined },
    }),
  );
  const asked = dict.roots.filter(({ name }) => name === "ask");
  assertEquals(asked.map(({ index }) => index), [0, 1, 2]);
  for (const { children } of asked.slice(0, 2)) {
    assertEquals(children.map(({ name }) => name), ["cirron.session"]);
    assertEquals(children[0].children.map(({ name, children: [step] }) => [name, step.marks.length]), [[
      "task",
      1,
    ]]);
  }
  assertEquals(nodesOf(dict).filter(({ name }) => name === "step").length, 3);
  const after = read(directory);
  assertEquals([after.unfinished_count, after.running_count], [1, 0]);
  const { roots } = after.trace({ format: "dict" });
  assertEquals(roots.map(({ name }) => name), ["cirron.session"]);
  const sessions = roots[0].children.map(({ children: [session] }) =>
    session.attrs["cirron.unfinished"] ?? false
  );
  assertEquals(sessions, [false, false, true]);
});
