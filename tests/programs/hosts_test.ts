import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { type Health, readSpool, type TraceNode } from "../../mod.ts";
import { CHECKOUT, sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import {
  assertWorks,
  compile,
  consumerProgram,
  npmProject,
  type Polars,
  publicTypes,
  removePackages,
  runConsumer,
} from "../support/consumers.ts";
import { findRuntime, type Outcome, run, said } from "../support/runtimes.ts";
import { readSource } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// What docs/hosts.md says and no other file of tests looks at: watchers are in watch_test.ts, workers in worker_test.ts, bundlers
// and executables in consumers_test.ts, two copies in ways_in_test.ts, permissions in permissions_test.ts, a read-only file system
// in faults_test.ts.

const FILE = import.meta.url;
const PAGE = "docs/hosts.md";
const IS_DENO = RUNTIME === "deno";
const runtime = findRuntime(RUNTIME)!;
const FLAGS = IS_DENO ? ["run", "-A", "--no-check", "--no-lock"] : [];
const { devDependencies } = JSON.parse(readSource("package.json")) as Manifest;
const HONO = devDependencies.hono;
const denoTest = testUnless(IS_DENO ? null : "it is about Deno", FILE);
const bunTest = testUnless(IS_DENO ? "it is about Bun" : null, FILE);

after(removePackages);

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The page's blocks of code in one language. */
function blocks(language: string): string[] {
  return [...readSource(PAGE).matchAll(/^```([\w ]+)\n([\s\S]*?)^```$/gm)]
    .filter(block => block[1] === language)
    .map(block => block[2]);
}

/** The page's block that says in its first line which file it is. */
function named(name: string): string {
  const found = blocks("ts ignore").find(code => code.startsWith(`// ${name}\n`));
  if (found === undefined) throw new Error(`${PAGE} has no ${name}`);
  return found;
}

/** A project that finds the checkout under the package's name, and hono. */
function project(files: Readonly<Record<string, string>>): TempDirectory {
  const folder = new TempDirectory();
  const imports = { "@cirron/sdk": sourcePath("mod.ts"), hono: `npm:hono@${HONO}` };
  folder.write("deno.json", JSON.stringify({ imports, nodeModulesDir: "none" }));
  const modules = join(folder.path, "node_modules");
  mkdirSync(join(modules, "@cirron"), { recursive: true });
  symlinkSync(CHECKOUT, join(modules, "@cirron", "sdk"), "junction");
  symlinkSync(join(CHECKOUT, "node_modules", "hono"), join(modules, "hono"), "junction");
  for (const [name, text] of Object.entries(files)) folder.write(name, text);
  return folder;
}

/** The sessions of a project's journal, and how many of them never ended. */
function sessionsIn(folder: TempDirectory): { roots: TraceNode[]; unfinished: number } {
  const directory = join(folder.path, ".cirron", "journal");
  if (!existsSync(directory)) return { roots: [], unfinished: 0 };
  const spool = readSpool(directory);
  return { roots: spool.trace({ format: "dict" }).roots, unfinished: spool.unfinished_count };
}

function childrenOf(roots: readonly TraceNode[]): string[][] {
  return roots.map(root => root.children.map(child => child.name));
}

function denoTestRun(folder: TempDirectory, ...args: string[]): Promise<Outcome> {
  return run(runtime, ["test", "-A", "--no-check", "--no-lock", ...args], { cwd: folder.path });
}

/** What `deno test` says of each test. */
function verdicts({ stdout }: Outcome): Record<string, string> {
  return Object.fromEntries([...stdout.matchAll(/^(\w+) \.\.\. (ok|FAILED)/gm)].map(([, name, verdict]) => [
    name,
    verdict,
  ]));
}

denoTest(
  "deno test with its own settings lets a session be left open, writes it, and has one per file",
  async () => {
    const text = named("left_open_test.ts");
    using folder = project({ "left_open_test.ts": text, "another_test.ts": text });
    const outcome = await denoTestRun(folder);
    assertEquals([outcome.code, outcome.stdout.match(/adds \.\.\. ok/g)?.length], [0, 2], outcome.stdout);
    const { roots, unfinished } = sessionsIn(folder);
    assertEquals([childrenOf(roots), unfinished], [[["add"], ["add"]], 0]);
  },
);

denoTest(
  "deno test with every sanitizer passes what the page shows for it, and its types are right",
  async () => {
    using folder = project({ "sanitized_test.ts": named("sanitized_test.ts") });
    const args = ["test", "-A", "--no-lock", "--sanitize-ops", "--sanitize-resources"];
    const outcome = await run(runtime, args, { cwd: folder.path });
    assertEquals([outcome.code, verdicts(outcome)], [0, { adds: "ok" }], outcome.stdout);
    assertEquals(childrenOf(sessionsIn(folder).roots), [[], ["add"]]);
  },
);

denoTest("deno test with sanitizers fails what the page says that it fails, and nothing else", async () => {
  using folder = project({
    "first_test.ts": `
      import * as ci from "@cirron/sdk";
      Deno.test("scope", () => ci.scope("x").end());
      Deno.test("session", () => ci.profile().shutdown());
      Deno.test("second", () => ci.profile().shutdown());
    `,
    "memory_test.ts": `
      import * as ci from "@cirron/sdk";
      ci.profile({ counters: { memory: true } }).shutdown();
      Deno.test("peaks", () => ci.profile({ counters: { memory: true } }).shutdown());
    `,
    "over_test.ts": `
      import * as ci from "@cirron/sdk";
      ci.profile().shutdown();
      Deno.test("begins", () => void ci.profile());
      Deno.test("ends", () => ci.shutdown());
      Deno.test("inMemory", () => void ci.profile({ output: "none" }));
      Deno.test("goesOn", () => ci.scope("x").end());
      Deno.test("endsInMemory", () => ci.shutdown());
    `,
  });
  const outcome = await denoTestRun(folder, "--sanitize-ops", "--sanitize-resources");
  assertEquals(verdicts(outcome), {
    scope: "FAILED",
    session: "FAILED",
    second: "ok",
    peaks: "ok",
    begins: "FAILED",
    ends: "FAILED",
    inMemory: "ok",
    goesOn: "ok",
    endsInMemory: "ok",
  }, outcome.stdout);
  const { code, stdout } = await denoTestRun(folder);
  assertEquals(code, 0, stdout); // without them all pass
});

const ENDED = "ended.test.ts";

bunTest(
  "bun test writes a session that afterAll() ends, also from a preloaded file for all files",
  async () => {
    const text = named(ENDED);
    using folder = project({ [ENDED]: text });
    const outcome = await run(runtime, ["test", ENDED], { cwd: folder.path });
    assertEquals(outcome.code, 0, outcome.stderr);
    const { roots, unfinished } = sessionsIn(folder);
    assertEquals([childrenOf(roots), unfinished], [[["add"]], 0]);

    const used = (name: string) => `
    import * as ci from "@cirron/sdk";
    import { test } from "bun:test";
    test("uses", () => ci.scope(${JSON.stringify(name)}, () => {}));
  `;
    const preload = text.slice(0, text.indexOf('test("'));
    using several = project({ "setup.ts": preload, "a.test.ts": used("a"), "b.test.ts": used("b") });
    const { code, stderr } = await run(runtime, ["test", "--preload", "./setup.ts"], { cwd: several.path });
    assertEquals(code, 0, stderr);
    const all = sessionsIn(several);
    assertEquals([childrenOf(all.roots), all.unfinished], [[["a", "b"]], 0]);
  },
);

bunTest("bun test leaves a session unfinished that nobody ends", async () => {
  using folder = project({ [ENDED]: named(ENDED).replace(/^afterAll.*$/m, "") });
  const outcome = await run(runtime, ["test", ENDED], { cwd: folder.path });
  assertEquals(outcome.code, 0, outcome.stderr);
  const { roots, unfinished } = sessionsIn(folder);
  assertEquals([childrenOf(roots), unfinished], [[[]], 1]);
});

test("The page's program with a middleware prints what the page shows: a tree for each request in flight", async () => {
  const [code] = blocks("ts");
  const [printed] = blocks("text");
  using folder = project({ "main.ts": code });
  const outcome = await run(runtime, [...FLAGS, "main.ts"], { cwd: folder.path });
  assertEquals(outcome.code, 0, outcome.stderr);
  const withoutTimes = (text: string) => text.replace(/ - [\d.]+(us|ms|s)/g, " - 1ms");
  assertEquals(withoutTimes(outcome.stdout), withoutTimes(printed));
});

denoTest("The page's deno.json with links takes the checkout for the package", async () => {
  using folder = new TempDirectory();
  const [configuration] = blocks("json");
  assertMatch(configuration, /"\.\.\/sdk"/);
  folder.write("deno.json", configuration.replace('"../sdk"', JSON.stringify(CHECKOUT)));
  folder.write("main.ts", consumerProgram("absent"));
  assertWorks(await runConsumer(folder, runtime, ["run", "-A", "main.ts"]), folder, "absent");
});

// 43 MB of compiler for one statement; but it was untrue for long, and nothing else would tell.
const OLDEST = "typescript-oldest";
const compilerTest = testUnless(
  !IS_DENO
    ? "Deno's run has it"
    : existsSync(join(CHECKOUT, "node_modules", OLDEST))
    ? null
    : `${OLDEST} is not in node_modules`,
  FILE,
);

for (const polars of ["absent", "imported"] satisfies Polars[]) {
  compilerTest(
    `The oldest TypeScript that the page names takes the declarations, polars ${polars}`,
    async () => {
      const minor = /@(\d+\.\d+)/.exec(devDependencies[OLDEST])![1];
      for (const page of [PAGE, "README.md"]) {
        assertMatch(readSource(page), new RegExp(`TypeScript ${minor}\\b`));
      }
      using folder = await npmProject(polars);
      folder.write("main.ts", publicTypes(polars));
      assertEquals(await compile(folder, { compiler: OLDEST }), []);
    },
  );
}

// Containers: namespaces of their own, as those have.

function findNamespaceTrouble(): string | null {
  if (process.platform !== "linux") return "namespaces are Linux's";
  const made = spawnSync("unshare", [...NAMESPACES, "mount", "-o", "remount,ro,bind", "/proc"]);
  return made.status === 0 ? null : "no namespace may be made here (it takes root and unshare)";
}

const NAMESPACES = ["--mount", "--pid", "--fork", "--mount-proc"];
const containerTest = testUnless(findNamespaceTrouble(), FILE);

containerTest("Where /proc may not be written to, memory says so and the other counters stay", async () => {
  using folder = project({
    "main.ts": `
      import * as ci from "@cirron/sdk";
      ci.profile({ output: "none", counters: { memory: true } });
      ci.scope("work", () => {});
      console.log(JSON.stringify(ci.health().probes));
    `,
  });
  const script = 'mount -o remount,ro,bind /proc && exec "$@"';
  const args = [...NAMESPACES, "sh", "-c", script, "sh", runtime, ...FLAGS, "main.ts"];
  const { memory, cpu, wall } = said<Health["probes"]>(await run("unshare", args, { cwd: folder.path }));
  assertMatch(memory.source!, /cannot be reset here: known only for spans with a new peak/);
  assertMatch(cpu.source!, /^clock_gettime/);
  assertMatch(wall.source!, /^clock_gettime/);
});

/** How a first process of a container ended that was sent SIGTERM, and what it left on disk. */
interface FirstProcess {
  readonly end: readonly [code: number | null, signal: string | null];
  readonly spans: string[][];
  readonly unfinished: number;
}

/**
 * Runs a program as process 1, and sends it SIGTERM. It records once more and leaves with status 5 when its stdin ends, which that does
 * if it is expected to go on.
 */
async function runFirst(program: string, goesOn: boolean): Promise<FirstProcess> {
  using folder = project({
    "main.ts": `
      import process from "node:process";
      ${program}
      process.stdin.on("end", () => {
        record("later");
        process.exit(5);
      }).resume();
      record("before");
      console.log("process " + process.pid + " is ready");
    `,
  });
  const child = spawn("unshare", [...NAMESPACES, runtime, ...FLAGS, "main.ts"], {
    cwd: folder.path,
    stdio: ["pipe", "pipe", "ignore"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  child.stdin.on("error", () => {}); // nobody reads any more
  let stdout = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    stdout += text;
    if (!stdout.endsWith("ready\n")) return;
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    process.kill(Number.parseInt(children), "SIGTERM");
    if (goesOn) child.stdin.end();
  });
  const end = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  assertEquals(stdout, "process 1 is ready\n");
  const { roots, unfinished } = sessionsIn(folder);
  return { end, spans: childrenOf(roots), unfinished };
}

const SESSION = `
  import * as ci from "@cirron/sdk";
  ci.profile();
  const record = (name: string) => ci.scope(name).end();
`;

const bunContainerTest = IS_DENO ? bunTest : containerTest;
const denoContainerTest = IS_DENO ? containerTest : denoTest;

bunContainerTest(
  "The first process of a container gets no SIGTERM in Bun: it goes on, and so does its session",
  async () => {
    const bare = await runFirst("const record = (name: string) => {};", true);
    const { end, spans, unfinished } = await runFirst(SESSION, true);
    assertEquals([bare.end, end, spans, unfinished], [[5, null], [5, null], [["before", "later"]], 0]);
  },
);

denoContainerTest(
  "SIGTERM ends the first process of a container in Deno, and everything is on disk",
  async () => {
    const { end: [code, signal], spans, unfinished } = await runFirst(SESSION, false);
    assert(code !== 0 && code !== 5 && signal !== "SIGKILL", `${code} ${signal}`);
    assertEquals([spans, unfinished], [[["before"]], 0]);
  },
);

containerTest("A first process of a container that exits at SIGTERM has everything on disk", async () => {
  const listens = `process.on("SIGTERM", () => {
    record("heard");
    process.exit(3);
  });`;
  const { end, spans, unfinished } = await runFirst(SESSION + listens, false);
  assertEquals([end, spans, unfinished], [[3, null], [["before", "heard"]], 0]);
});
