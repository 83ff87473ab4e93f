import { assertEquals } from "@std/assert";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import type { TraceDict } from "../../src/data/values.ts";
import type { LateMeter } from "../../src/meters/meter.ts";
import { attempt, guarded, hostCallFailures } from "../../src/runtime/host_calls.ts";
import { LateTicker } from "../../src/session/late_ticker.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, type Outcome, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Programs that take away what the package stands on, each in a process of its own.

async function finish(program: string, args: readonly string[] = ["-A"]): Promise<Outcome> {
  using directory = new TempDirectory();
  const path = directory.write("program.ts", program.replaceAll("DIRECTORY", JSON.stringify(directory.path)));
  // Deno's errors lose their code where intrinsics are frozen: who waits for ENOENT makes no directory.
  mkdirSync(`${directory.path}/spool`, { mode: 0o700 });
  const flags = RUNTIME === "deno" ? ["run", "--quiet", "--no-check", ...args] : [];
  const outcome = await run(findRuntime(RUNTIME)!, [...flags, path], { cwd: directory.path });
  let spans = 0;
  try {
    spans = (readSpool(`${directory.path}/spool`).trace({ format: "dict" }) as TraceDict).span_count;
  } catch {
    // nothing was written
  }
  return { ...outcome, stdout: outcome.stdout + spans };
}

const MOD = JSON.stringify(sourceUrl("mod.ts"));

const CHANGES: Record<string, string> = {
  "deleted": "delete globalThis.process;",
  "replaced by {}": "globalThis.process = {};",
  "replaced by a polyfill":
    "globalThis.process = { env: { NODE_ENV: 'production' }, browser: true, nextTick() {} };",
  "replaced by null": "globalThis.process = null;",
  "hidden behind a getter that throws":
    `Object.defineProperty(globalThis, "process", { get() { throw new Error("hidden"); } });`,
};

const USE = `
  const use = async () => {
    for (let i = 0; i < 10; i++) ci.scope("x", () => ci.mark("m", i));
    await ci.scope("async", async () => { await null; ci.scope("inner").end(); });
  };`;

for (const [what, change] of Object.entries(CHANGES)) {
  for (const when of ["before", "after"] as const) {
    for (
      const [end, output] of [["ci.shutdown();", "journal"], ["ci.scope('open');", "journal"], [
        "ci.scope('open');",
        "spool",
      ]]
    ) {
      const ending = end.includes("open") ? "the end of the program" : "shutdown()";
      test(`globalThis.process may be ${what} ${when} first use: scopes, ticks to a ${output} and ${ending} are as ever`, async () => {
        const { code, stdout, stderr } = await finish(`
          import * as ci from ${MOD};
          ${USE}
          ${when === "before" ? change : ""}
          const profiler = ci.profile({ output: "${output}", outputDir: DIRECTORY + "/spool", flushIntervalMs: 1 });
          await use();
          ${when === "after" ? change : ""}
          while (ci.health().${output}_bytes === 0) await new Promise(done => setImmediate(done)); // a tick
          await use();
          const { internal_error_count, sink_error_count } = ci.health();
          const { span_count } = ci.trace({ format: "dict" });
          console.log(internal_error_count, sink_error_count, span_count);
          ${end}
        `);
        const spans = 24 + (end.includes("open") ? 2 : 1);
        assertEquals([code, stdout, stderr], [0, `0 0 24\n${spans}`, ""]);
      });
    }
  }
}

test("globalThis.process may be replaced before the import: nothing throws", async () => {
  using directory = new TempDirectory();
  directory.write("polyfill.ts", `globalThis.process = { env: {} } as never;`);
  const { code, stdout } = await finish(`
    import ${JSON.stringify(`${directory.path}/polyfill.ts`)};
    import * as ci from ${MOD};
    ${USE}
    ci.profile({ output: "none" });
    await use();
    ci.shutdown();
    console.log(ci.trace({ format: "dict" }).span_count);
  `);
  assertEquals([code, stdout], [0, "13\n0"]);
});

// As SES does it, but for the globals that hold no intrinsic.
const FREEZE = `
  const seen = new Set();
  const freeze = value => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    Object.freeze(value);
    freeze(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
      freeze(inner);
      freeze(get);
      freeze(set);
    }
  };
  const NAMES = ("Object Function Array Map Set WeakMap WeakSet WeakRef Promise Proxy Reflect Symbol String Number Boolean "
    + "BigInt Date RegExp Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError "
    + "ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array "
    + "Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array JSON Math Atomics FinalizationRegistry "
    + "Iterator").split(" ");
  const lockdown = () => {
    for (const name of NAMES) freeze(globalThis[name]);
    for (const made of [async () => {}, function* () {}, async function* () {}, [].values(), new Map().values(),
      new Set().values(), ""[Symbol.iterator](), "".matchAll(/x/g)]) freeze(Object.getPrototypeOf(made));
  };`;

const EVERYTHING = `
  ${USE}
  const profiler = ci.profile(OPTIONS);
  await use();
  for (const _ of ci.batches([1, 2])) ci.mark("loss", 1, { attrs: { a: [1] } });
  for (const _ of ci.epochs(2)) ;
  { using s = ci.scope("u", { attrs: { a: 1 } }); s.mark("b", "c"); }
  try { ci.scope("e", () => { throw new TypeError("boom"); }); } catch (error) { if (error.message !== "boom") throw error; }
  const both = await Promise.all(["a", "b"].map(name => ci.scope(name, async () => {
    await null;
    ci.scope("in " + name).end();
  })));
  profiler.flush();
  const { roots } = ci.trace({ format: "dict" });
  const nested = roots.filter(({ name }) => name === "a" || name === "b").map(root => root.name + ">" + root.children[0].name);
  for (const format of ["json", "summary", "html", "perfetto", "speedscope"]) ci.trace({ format });
  const { internal_error_count, span_count } = ci.health();
  console.log(nested.join(), internal_error_count, span_count);
  ci.trace();
  ci.shutdown();
  console.log("end");`;

for (const loaded of [false, true]) {
  const what = loaded ? "once node:process is loaded" : "before anything is loaded";
  test(`Intrinsics may be frozen before first use, ${what}: every function works`, async () => {
    const { code, stdout } = await finish(`
      import * as ci from ${MOD};
      ${loaded ? "void globalThis.process.pid;" : ""}
      ${FREEZE}
      lockdown();
      ${
      EVERYTHING.replace(
        "OPTIONS",
        loaded ? `{ outputDir: DIRECTORY + "/spool" }` : `{ output: { emit() {} } }`,
      )
    }
    `);
    const lines = stdout.split("\n");
    assertEquals([code, lines[0]], [0, "a>in a,b>in b 0 22"]);
    // Deno's node:fs can be loaded only if node:process was before; Bun's at any time.
    assertEquals(lines.slice(-2), ["end", loaded ? "23" : "0"]);
  });
}

test("Frozen intrinsics keep the trace in memory, with one warning, where the runtime cannot load its files' module", async () => {
  const { code, stdout, stderr } = await finish(`
    import * as ci from ${MOD};
    ${FREEZE}
    lockdown();
    ci.profile({ outputDir: DIRECTORY + "/spool" });
    ci.scope("x").end();
    ci.flush();
    ci.scope("y").end();
    ci.shutdown();
    console.log(ci.trace({ format: "dict" }).span_count);
  `);
  const isDeno = RUNTIME === "deno";
  assertEquals([code, stdout], [0, `3\n${isDeno ? 0 : 3}`]);
  assertEquals(stderr.split("[cirron]").length - 1, isDeno ? 1 : 0, stderr);
});

test("Without permissions frozen intrinsics prompt for nothing", async () => {
  const { code, stdout } = await finish(
    `
      import * as ci from ${MOD};
      ${FREEZE}
      lockdown();
      ci.profile({ output: { emit() {} } });
      ci.scope("x").end();
      ci.trace();
      ci.shutdown();
    `,
    ["--no-prompt"],
  );
  assertEquals([code, stdout.startsWith("x - ")], [0, true]);
});

test("A session leaves nothing on the heap once it has ended, its listeners included", async () => {
  const { code, stdout } = await finish(
    `
      import * as ci from ${MOD};
      import process from "node:process";
      const collect = globalThis.gc ?? (() => Bun.gc(true));
      const heap = async () => {
        for (let i = 0; i < 20; i++) {
          await new Promise(done => setTimeout(done)); // Deno keeps a removed listener for some turns of the loop
          collect();
        }
        return process.memoryUsage().heapUsed;
      };
      const sessions = async () => {
        for (let i = 0; i < 500; i++) {
          ci.profile({ output: { emit() {} } }).shutdown();
          if (i % 50 === 0) await new Promise(done => setTimeout(done));
        }
        return await heap();
      };
      await sessions();
      const before = await sessions();
      console.log(await sessions() - before < 250_000);
    `,
    ["-A", "--v8-flags=--expose-gc"],
  );
  assertEquals([code, stdout], [0, "true\n0"]);
});

// --- What the host calls

test("What fails in a timer, a hook or a listener is counted and goes no further", () => {
  const before = hostCallFailures();
  guarded(() => {
    throw new Error("boom");
  })();
  assertEquals(
    attempt(() => {
      throw null;
    }, "otherwise"),
    "otherwise",
  );
  assertEquals(hostCallFailures() - before, 2);
});

test("A tick that fails does not reach the program", async () => {
  const before = hostCallFailures();
  const buffer = {
    session: null,
    settle: () => {
      throw new Error("boom");
    },
  };
  const ticker = new LateTicker(buffer, {} as LateMeter, 1);
  ticker.start();
  while (hostCallFailures() < before + 2) await new Promise(done => setImmediate(done));
  assertEquals(attempt(() => ticker.stop(), undefined), undefined);
});
