import { assertEquals } from "@std/assert";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Recorder } from "../../src/record/recorder.ts";
import { isMainThread, node } from "../../src/runtime/builtins.ts";
import { machine } from "../../src/runtime/machine.ts";
import { threadId } from "../../src/runtime/thread.ts";
import { idOf } from "../support/cases.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

test("The first callback scope starts after AsyncLocalStorage was loaded, made and tried", () => {
  const ci = new TestEngine();
  const { asyncHooks } = node;
  const before = Object.getOwnPropertyDescriptor(node, "asyncHooks")!;
  const slow = (): void => ci.clock.us(9000);
  class SlowStorage<T> extends asyncHooks.AsyncLocalStorage<T> {
    #runs = 0;
    constructor() {
      super();
      slow();
    }
    override run<A extends unknown[], R>(store: T, fn: (...args: A) => R, ...args: A): R {
      if (this.#runs++ === 0) slow();
      return super.run(store, fn, ...args);
    }
  }
  const get = (): unknown => {
    slow();
    return { ...asyncHooks, AsyncLocalStorage: SlowStorage };
  };
  const startNs = ci.clock.ns;
  Object.defineProperty(node, "asyncHooks", { ...before, get });
  try {
    ci.scope("first", () => {});
  } finally {
    Object.defineProperty(node, "asyncHooks", before);
  }
  assertEquals(ci.clock.ns - startNs, 27_000_000);
  assertEquals(ci.dict().roots.map(root => [root.name, root.wall_us]), [["first", 0]]);
});

test("Before the first scope starts, one that nobody sees has run through all that a runtime compiles for it", () => {
  const ci = new TestEngine();
  const { close } = Recorder.prototype;
  let closed = 0;
  Recorder.prototype.close = function(scope) {
    closed++;
    close.call(this, scope);
  };
  try {
    const first = ci.scope("first");
    assertEquals(closed, 1);
    first.end();
  } finally {
    Recorder.prototype.close = close;
  }
  assertEquals(ci.dict().roots.map(root => [root.name, root.id]), [["first", idOf(1)]]);
});

test("machine() says what process.platform and process.arch say", () => {
  const { platform, arch } = machine();
  assertEquals([platform, arch], [process.platform, process.arch]);
});

// Where `process` is made when it is first asked for.
const lazyTest = testUnless(
  RUNTIME === "deno" ? null : "Bun has its process from the start",
  import.meta.url,
);

lazyTest(
  "The first scope, mark and trace of a program need no `process`, which takes Deno 10 ms to make",
  async () => {
    using directory = new TempDirectory();
    const program = directory.write(
      "program.ts",
      `
      let asked = 0;
      const { get } = Object.getOwnPropertyDescriptor(globalThis, "process")!;
      Object.defineProperty(globalThis, "process", {
        configurable: true,
        get: () => (asked++, get!.call(globalThis)),
      });
      const ci = await import(${JSON.stringify(sourceUrl("mod.ts"))});
      ci.scope("first").end();
      ci.mark("m", 1);
      for (const _ of ci.batches(3));
      const { span_count } = ci.trace({ format: "dict" });
      console.log(JSON.stringify({ span_count, asked }));
    `,
    );
    const outcome = await run(findRuntime(RUNTIME)!, ["run", "-A", "--no-check", program]);
    assertEquals(said(outcome), { span_count: 4, asked: 0 });
  },
);

test("threadId() and isMainThread() tell the main thread from a worker", async () => {
  assertEquals([threadId(), isMainThread()], [0, true]);
  using directory = new TempDirectory();
  const program = directory.write(
    "worker.ts",
    `
      import { isMainThread } from ${JSON.stringify(sourceUrl("src/runtime/builtins.ts"))};
      import { threadId } from ${JSON.stringify(sourceUrl("src/runtime/thread.ts"))};
      import { parentPort } from "node:worker_threads";
      parentPort!.postMessage([threadId(), isMainThread()]);
    `,
  );
  const worker = new Worker(program);
  const [answer] = await once(worker, "message");
  assertEquals(answer, [worker.threadId, false]);
  await worker.terminate();
});
