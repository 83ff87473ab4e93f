import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { cpSync, existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { TraceDict } from "../../src/data/values.ts";
import { ENTRIES } from "../../tools/entries.ts";
import { CHECKOUT, sourceUrl } from "../support/checkout.ts";
import { testUnless } from "../support/conditions.ts";
import { findRuntime, type Outcome, run, said } from "../support/runtimes.ts";
import { type CheckoutServer, serveCheckout } from "../support/serve.ts";
import { closure, packageFiles } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The package as its users load it: by raw URL, from disk, and twice at once.

const FILE = import.meta.url;
const deno = findRuntime("deno");
const bun = findRuntime("bun");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, FILE);
const bunTest = testUnless(bun === null ? "no bun executable was found" : null, FILE);

/** What nodejs-polars needs to load. `-A` would rule out `--allow-import`. */
const POLARS_FLAGS = ["--no-prompt", "--allow-read", "--allow-ffi", "--allow-sys"];

const DISK = pathToFileURL(`${CHECKOUT}/`).href;

/** The same program for every way in; prints one line of JSON after the tree. */
function program(base: string, polars: boolean): string {
  return `import * as ci from ${JSON.stringify(`${base}mod.ts`)};
${polars ? `import { pl } from ${JSON.stringify(`${base}polars.ts`)};` : ""}
using session = ci.profile({ output: "none" });
for (const _ of ci.epochs(2)) {
  for (const batch of ci.batches([[1, 2], [3, 4, 5]])) {
    ci.scope("forward", { index: batch.length }, () => ci.mark("loss", 1 / batch.length));
  }
}
await ci.scope("async", async scope => {
  await null;
  scope.mark("done", true, { kind: "summary" });
});
session.shutdown();
ci.trace();
const dict = ci.trace({ format: "dict" });
const json = JSON.parse(ci.trace({ format: "json" }));
${
    polars
      ? `const df = ci.trace({ format: "df" });
const means = df.filter(pl.col("name").eq(pl.lit("forward"))).height;
console.log(JSON.stringify({ dict, json, columns: df.columns, dtypes: df.dtypes.map(String), height: df.height, means }));`
      : "console.log(JSON.stringify({ dict, json }));"
  }
`;
}

interface Said {
  dict: TraceDict;
  json: TraceDict;
  columns?: string[];
  height?: number;
  means?: number;
}

const TREE = [
  "cirron.session",
  "  epoch[0]",
  "    batch[0]",
  "      forward[2] {loss=0.5000}",
  "    batch[1]",
  "      forward[3] {loss=0.3333}",
  "  epoch[1]",
  "    batch[0]",
  "      forward[2] {loss=0.5000}",
  "    batch[1]",
  "      forward[3] {loss=0.3333}",
  "  async {done=true}",
];

function assertAllFormats(outcome: Outcome, polars: boolean): void {
  const lines = outcome.stdout.trimEnd().split("\n");
  const { dict, json, columns, height, means } = said<Said>({ ...outcome, stdout: lines.pop() ?? "" });
  assertEquals(lines.map(line => line.replace(/ - [\d.]+(us|ms|s)( load [\d.]+m?s)?/, "")), TREE);
  assertEquals(dict, json);
  assertStrictEquals(dict.span_count, TREE.length);
  if (!polars) return;
  assertEquals([height, means], [TREE.length, 4]);
  assertEquals(columns, [
    "id",
    "parent_id",
    "name",
    "index",
    "wall_us",
    "cpu_ns",
    "gpu_ns",
    "memory_peak_bytes",
    "mark_count",
    "depth",
    "trace_id",
  ]);
}

/** Runs Deno on a file that imports by raw URL, in an empty directory outside the checkout. */
async function runByUrl(
  server: CheckoutServer,
  command: readonly string[],
  source: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  using folder = new TempDirectory();
  const path = folder.write("main.ts", source);
  const [first, ...flags] = command;
  const args = [first, `--allow-import=${server.host}`, ...flags, path];
  const outcome = await run(deno!, args, { cwd: folder.path, env });
  assertEquals(readdirSync(folder.path), ["main.ts"], "nothing is written next to the program");
  return outcome;
}

denoTest("By raw URL under Deno, mod.ts and polars.ts give all four formats", async () => {
  await using server = await serveCheckout();
  assertAllFormats(await runByUrl(server, ["run", ...POLARS_FLAGS], program(server.url, true)), true);
});

denoTest("By raw URL under Deno without permissions, mod.ts records and reads back", async () => {
  await using server = await serveCheckout();
  const outcome = await runByUrl(server, ["run", "--no-prompt"], program(server.url, false));
  assertAllFormats(outcome, false);
});

denoTest("By raw URL, mod.ts alone asks for its own files and no npm package", async () => {
  await using server = await serveCheckout();
  using cache = new TempDirectory();
  // An empty cache and a registry that is this server: whatever is fetched is seen.
  const env = {
    DENO_DIR: cache.path,
    NPM_CONFIG_REGISTRY: `${server.url}npm/`,
    JSR_URL: `${server.url}jsr/`,
  };
  const outcome = await runByUrl(server, ["run"], program(server.url, false), env);
  assertAllFormats(outcome, false);
  const asked = [...new Set(server.asked)].sort();
  assertEquals(asked, [...closure("mod.ts", false).files].map(file => `/${file}`).sort());
  assert(!asked.includes("/polars.ts"), "polars.ts is for its type only");
});

denoTest("By raw URL, mod.ts alone asks for no npm package in a project that has nodejs-polars", async () => {
  await using server = await serveCheckout();
  using cache = new TempDirectory();
  using folder = new TempDirectory();
  folder.write("deno.json", JSON.stringify({ imports: { "nodejs-polars": "npm:nodejs-polars@0.24.1" } }));
  const path = folder.write("main.ts", program(server.url, false));
  const env = { DENO_DIR: cache.path, NPM_CONFIG_REGISTRY: `${server.url}npm/` };
  const args = ["run", "--no-lock", `--allow-import=${server.host}`, path];
  const outcome = await run(deno!, args, { cwd: folder.path, env });
  assertEquals(server.asked.filter(asked => asked.startsWith("/npm/")), []);
  assertAllFormats(outcome, false);
});

denoTest("By raw URL, the registry of the tests above would see an npm package", async () => {
  await using server = await serveCheckout();
  using cache = new TempDirectory();
  const env = { DENO_DIR: cache.path, NPM_CONFIG_REGISTRY: `${server.url}npm/` };
  await runByUrl(server, ["run"], program(server.url, true), env);
  assert(server.asked.some(path => path.startsWith("/npm/nodejs-polars")), server.asked.join(" "));
});

const CONSUMER = (base: string, expected: string): string => `
import * as ci from "${base}mod.ts";
import { type DataFrame, pl, type PolarsLibrary } from "${base}polars.ts";
const dict: ci.TraceDict = ci.trace({ format: "dict" });
const json: string = ci.trace({ format: "json" });
const df: DataFrame = ci.trace({ format: "df" });
const same: ci.DataFrame = df;
const tree: ci.TraceTree | undefined = ci.trace();
const library: PolarsLibrary = pl;
const width: ${expected} = df.width;
const value: Promise<number> = ci.scope("x", async scope => (scope.mark("m", 1n), await Promise.resolve(1)));
for (const n of ci.epochs(2)) n.toFixed();
for await (const text of ci.batches((async function*() { yield "text"; })())) text.trim();
console.log(dict.roots[0].children[0].cpu_ns, json.length, same.height, tree, library, width, value);
`;

denoTest("By raw URL, a consumer that uses every type passes deno check", async () => {
  await using server = await serveCheckout();
  const { code, stderr } = await runByUrl(server, ["check"], CONSUMER(server.url, "number"));
  assertStrictEquals(code, 0, stderr);
});

denoTest(
  "By raw URL, a consumer that takes a number for a string fails deno check, and for that alone",
  async () => {
    await using server = await serveCheckout();
    const { code, stderr } = await runByUrl(server, ["check"], CONSUMER(server.url, "string"));
    assertStrictEquals(code, 1);
    assertEquals([...stderr.matchAll(/TS\d+/g)].map(String), ["TS2322"], stderr);
  },
);

denoTest(
  "From disk under Deno, outside the checkout and its configuration, all four formats work",
  async () => {
    using folder = new TempDirectory();
    const path = folder.write("main.ts", program(DISK, true));
    assertAllFormats(await run(deno!, ["run", "-A", path], { cwd: folder.path }), true);
  },
);

bunTest("From disk under Bun, all four formats work", async () => {
  using folder = new TempDirectory();
  const path = folder.write("main.ts", program(`${CHECKOUT}/`, true));
  assertAllFormats(await run(bun!, ["run", path], { cwd: folder.path }), true);
});

bunTest("From disk under Bun, mod.ts alone works without nodejs-polars anywhere near", async () => {
  using folder = new TempDirectory();
  copyPackage(folder.path);
  const path = folder.write("main.ts", program(`${folder.path}/`, false));
  // Bun would otherwise fetch what is missing by itself.
  assertAllFormats(await run(bun!, ["--no-install", "run", path], { cwd: folder.path }), false);
});

bunTest(
  "A worker under Bun that imports mod.ts gets the messages that it is sent while it loads",
  async () => {
    using folder = new TempDirectory();
    folder.write(
      "worker.ts",
      `
import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
self.onmessage = event => postMessage(ci.scope("answer", () => event.data + 1));
`,
    );
    const path = folder.write(
      "main.ts",
      `
const answers = [];
for (let i = 0; i < 10; i++) {
  const worker = new Worker(new URL("./worker.ts", import.meta.url).href);
  worker.postMessage(i);
  answers.push(await new Promise(resolve => {
    worker.onmessage = event => resolve(event.data);
    setTimeout(() => resolve("lost"), 20000);
  }));
  worker.terminate();
}
console.log(JSON.stringify(answers));
process.exit(0);
`,
    );
    const outcome = await run(bun!, ["run", path], { cwd: folder.path });
    assertEquals(said(outcome), Array.from({ length: 10 }, (_, i) => i + 1));
  },
);

/** Copies what is published into `folder`. */
function copyPackage(folder: string): void {
  for (const name of [...ENTRIES, "src", "ffi"]) {
    cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
  }
}

const TWO_COPIES = (first: string, second: string): string => `
import * as one from ${JSON.stringify(first + "mod.ts")};
import * as two from ${JSON.stringify(second + "mod.ts")};
import ${JSON.stringify(second + "polars.ts")};
const warnings = [];
console.warn = text => void warnings.push(String(text));
const session = one.profile({ output: "none" });
const again = two.profile({ output: "none" });
one.scope("outer", () => {
  two.scope("inner", () => one.mark("m", 1));
  two.mark("n", 2);
});
await two.scope("async", async () => {
  await null;
  one.scope("deep").end();
});
const depth = two.scope("handle", () => one.health().scope_depth);
let error;
try {
  two.trace({ format: "no" });
} catch (caught) {
  error = caught.name;
}
const df = one.trace({ format: "df" }).height;
const dicts = [one.trace({ format: "dict" }), two.trace({ format: "dict" })];
two.shutdown();
console.log(JSON.stringify({
  distinct: one.scope !== two.scope && one.Cirron !== two.Cirron,
  sameSession: session === again,
  warnings: warnings.length,
  depth,
  error,
  df,
  dicts,
  ended: one.health().output,
  closed: one.trace({ format: "dict" }).roots.map(root => [root.name, root.children.length]),
}));
`;

interface TwoCopies {
  distinct: boolean;
  sameSession: boolean;
  warnings: number;
  depth: number;
  error: string;
  df: number;
  dicts: [TraceDict, TraceDict];
  ended: string[];
  closed: [string, number][];
}

function assertShared(outcome: Outcome): void {
  const { distinct, sameSession, warnings, depth, error, df, dicts, ended, closed } = said<TwoCopies>(
    outcome,
  );
  assert(distinct, "the test must load two copies");
  assertEquals([sameSession, warnings, depth, error, df, ended], [true, 1, 2, "RangeError", 5, []]);
  assertEquals(dicts[0], dicts[1]);
  const [outer, async] = dicts[0].roots;
  assertEquals([outer.name, outer.children.map(child => child.name)], ["outer", ["inner"]]);
  assertEquals([outer.marks[0].name, outer.children[0].marks[0].name], ["n", "m"]);
  assertEquals([async.name, async.children.map(child => child.name)], ["async", ["deep"]]);
  assertEquals(closed, [["cirron.session", 3]]);
}

denoTest("Two copies of the package in one process record into one trace, under Deno", async () => {
  using folder = new TempDirectory();
  copyPackage(folder.path);
  const path = folder.write("main.js", TWO_COPIES(DISK, pathToFileURL(`${folder.path}/`).href));
  assertShared(await run(deno!, ["run", "-A", path], { cwd: folder.path }));
});

denoTest("A copy from disk and one by raw URL record into one trace", async () => {
  await using server = await serveCheckout();
  assertShared(await runByUrl(server, ["run", ...POLARS_FLAGS], TWO_COPIES(DISK, server.url)));
});

const modules = join(CHECKOUT, "node_modules");
const linkTest = testUnless(
  bun === null ? "no bun executable was found" : existsSync(modules) ? null : "no node_modules to link to",
  FILE,
);

linkTest("Two copies of the package in one process record into one trace, under Bun", async () => {
  using folder = new TempDirectory();
  copyPackage(folder.path);
  symlinkSync(modules, join(folder.path, "node_modules"), "junction");
  const path = folder.write("main.js", TWO_COPIES(`${CHECKOUT}/`, `${folder.path}/`));
  assertShared(await run(bun!, ["run", path], { cwd: folder.path }));
});

const LAZY = (base: string): string => `
import * as ci from ${JSON.stringify(base + "mod.ts")};
ci.scope("x").end();
console.log(JSON.stringify({ height: ci.trace({ format: "df" }).height, again: ci.trace({ format: "df" }).width }));
`;

for (const [runtime, executable, flags] of [["Deno", deno, POLARS_FLAGS], ["Bun", bun, []]] as const) {
  const lazyTest = testUnless(
    executable === null
      ? `no ${runtime} executable was found`
      : existsSync(join(modules, "nodejs-polars"))
      ? null
      : "nodejs-polars is not in node_modules",
    FILE,
  );
  lazyTest(
    `Under ${runtime}, without polars.ts, "df" finds nodejs-polars in the working directory`,
    async () => {
      using folder = new TempDirectory();
      using elsewhere = new TempDirectory();
      symlinkSync(modules, join(folder.path, "node_modules"), "junction");
      const path = elsewhere.write("main.js", LAZY(`${runtime === "Deno" ? DISK : `${CHECKOUT}/`}`));
      const outcome = await run(executable!, ["run", ...flags, path], { cwd: folder.path });
      assertEquals(said(outcome), { height: 1, again: 11 });
    },
  );
}

test("mod.ts loads nothing but its own files and built-ins", () => {
  const { files, others } = closure("mod.ts", false);
  assertEquals([...others].filter(specifier => !specifier.startsWith("node:")), []);
  assertEquals([...files].filter(file => !packageFiles().includes(file)), []);
  assert(!files.has("polars.ts"));
});

test("otel.ts loads nothing of others', and mod.ts nothing of it", () => {
  const { files, others } = closure("otel.ts", true);
  assertEquals(
    [...others].filter(specifier => !specifier.startsWith("node:") && !/polars/.test(specifier)),
    [],
  );
  assert(files.has("src/otel/register.ts"));
  assert(![...closure("mod.ts", false).files].some(file => file.startsWith("src/otel/")));
});

test("polars.ts loads nodejs-polars and nothing else of others'", () => {
  const { others } = closure("polars.ts", false);
  const foreign = [...others].filter(specifier => !/^node:/.test(specifier)).map(s =>
    s.replace(/@[\d.]+$/, "")
  );
  assertEquals(foreign.sort(), ["nodejs-polars", "npm:nodejs-polars"]);
});

test("Every file of the package is loaded by an entry, types included", () => {
  const used = new Set(ENTRIES.flatMap(entry => [...closure(entry, true).files]));
  assertEquals(packageFiles().filter(file => !used.has(file)), []);
});

interface Info {
  modules: {
    specifier: string;
    local?: string;
    dependencies?: { specifier: string; code?: unknown }[];
  }[];
}

denoTest("deno info sees in mod.ts what this test's own reading of the imports sees", async () => {
  const { modules: graph } = said<Info>(await run(deno!, ["info", "--json", "mod.ts"], { cwd: CHECKOUT }));
  const reachable = new Set<string>();
  const others = new Set<string>();
  const pending = [`${DISK}mod.ts`];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const url = next;
    if (reachable.has(url)) continue;
    reachable.add(url);
    for (const { specifier, code } of graph.find(module => module.specifier === url)?.dependencies ?? []) {
      if (code === undefined) continue;
      if (specifier.startsWith(".")) pending.push(new URL(specifier, url).href);
      else others.add(specifier);
    }
  }
  const own = closure("mod.ts", false);
  assertEquals([...reachable].map(url => url.slice(DISK.length)).sort(), [...own.files].sort());
  assertEquals([...others].sort(), [...own.others].sort());
});
