/**
 * The examples, run as a newcomer would: each by this runtime, in a process of its own, judged by what it prints.
 *
 * @module
 */
import { assert, assertEquals, AssertionError, assertMatch } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { TraceDict } from "../../mod.ts";
import { CHECKOUT, sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, type Outcome, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DURATION = /^\d+(\.\d+)?(us|ms|s)$/;

function runExample(name: string, flags: string[]): Promise<Outcome> {
  const path = `examples/${name}`;
  return run(process.execPath, RUNTIME === "deno" ? ["run", ...flags, path] : [path], { cwd: CHECKOUT });
}

// One process serves all tests that only read what it printed.
const outcomes = new Map<string, Promise<Outcome>>();

async function printed(name: string): Promise<string> {
  const outcome = outcomes.get(name) ?? runExample(name, ["-A"]);
  outcomes.set(name, outcome);
  const { code, stdout, stderr } = await outcome;
  assertEquals(code, 0, `examples/${name} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** The match of `pattern` in `text`; fails with all of it if there is none. */
function find(pattern: RegExp, text: string): RegExpExecArray {
  const match = pattern.exec(text);
  if (match === null) throw new AssertionError(`Expected ${pattern} in:\n${text}`);
  return match;
}

/** A line of a printed tree, taken apart. */
interface Line {
  depth: number;
  name: string;
  duration: string;
  marks: string[];
}

/** The lines of the only tree in `text`: all with ` - ` and a duration. */
function treeOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const line of text.split("\n")) {
    // A batch whose loader was kept waiting, by a busy machine say, has a figure for that.
    const match = /^((?: {2})*)(\S+) - (\S+?)(?: load \S+)?(?: \{(.*)\})?(?: !.*)?$/.exec(line);
    if (match === null || !DURATION.test(match[3])) continue;
    const marks = (match[4] ?? "").split(", ").filter(mark => mark !== "").map(mark => mark.split("=")[0]);
    lines.push({ depth: match[1].length / 2, name: match[2], duration: match[3], marks });
  }
  return lines;
}

/** A tree without its durations and the values of its marks. */
function shapeOf(lines: Line[]): string[] {
  return lines.map(({ depth, name, marks }) =>
    "  ".repeat(depth) + name + (marks.length === 0 ? "" : ` {${marks.join(", ")}}`)
  );
}

function microseconds(duration: string): number {
  const [, figure, unit] = find(/^([\d.]+)(us|ms|s)$/, duration);
  return Number(figure) * { us: 1, ms: 1e3, s: 1e6 }[unit as "us" | "ms" | "s"];
}

/** The cells of the only polars table in `text`, row by row, its three lines of header left out. */
function tableOf(text: string): { header: string[]; rows: string[][] } {
  const [header, , , ...rows] = text.split("\n").filter(line => line.startsWith("│"))
    .map(line => line.slice(1, -1).split("┆").map(cell => cell.trim()));
  return { header, rows };
}

test("examples/train.ts names its data and prints a test accuracy of at least 90 %", async () => {
  const text = await printed("train.ts");
  assertMatch(text, /^Data: .*Iris.*UCI.*CC BY 4\.0/m);
  const accuracy = find(/^Test accuracy: ([\d.]+) % of 30 flowers/m, text);
  assert(Number(accuracy[1]) >= 90 && Number(accuracy[1]) <= 100, accuracy[0]);
});

test("examples/train.ts prints the last epoch as a tree", async () => {
  const batches = Array.from(
    { length: 5 },
    (_, i) => [`  batch[${i}] {loss}`, "    forward", "    backward", "    update"],
  );
  assertEquals(shapeOf(treeOf(await printed("train.ts"))), [
    "epoch[39] {epoch_loss, accuracy}",
    ...batches.flat(),
  ]);
});

test("examples/train.ts prints where the time went: a row per path", async () => {
  const lines = (await printed("train.ts")).split("\n");
  const from = lines.indexOf("Where the time went:") + 1;
  assertEquals(lines[from].trim().split(/ +/).toSpliced(9, 2), [
    ...["count", "total", "share", "self", "mean", "p50", "p95", "p99", "max", "name"],
  ]);
  const rows = lines.slice(from + 1, from + 8)
    .map(line => find(/^ *(\d+) .*? {2}((?: {2})*\S+)$/, line).slice(1).join(" "));
  // Siblings come by their totals, which no test can know.
  assertEquals(rows.toSorted(), [
    "1 test",
    "200     backward",
    "200     forward",
    "200     update",
    "200   batch",
    "3   batch",
    "40 epoch",
  ]);
});

test("examples/train.ts prints a loss that fell", async () => {
  const loss = find(/\{epoch_loss=([\d.]+), accuracy=([\d.]+)\}/, await printed("train.ts"));
  assert(
    Number(loss[1]) < Math.log(3) / 4,
    `Ended at ${loss[1]}; three classes by chance give ${Math.log(3)}`,
  );
  assert(Number(loss[2]) > 0.9, loss[0]);
});

test("examples/train.ts prints JSON of one batch with its mark and the time its loader took", async () => {
  const lines = (await printed("train.ts")).split("\n");
  const { roots, span_count: spanCount }: TraceDict = JSON.parse(
    lines.slice(lines.indexOf("{"), lines.indexOf("}") + 1).join("\n"),
  );
  assertEquals([spanCount, roots.length], [1, 1]);
  const [batch] = roots;
  assertEquals([batch.name, batch.index, batch.children], ["batch", 2, []]);
  assertEquals(batch.marks.map(mark => mark.name), ["correct"]);
  assertMatch(batch.id, /^[0-9a-f]{32}$/);
  assert(batch.wall_us > 0 && Number(batch.attrs.data_load_ns) > 0);
});

test("examples/train.ts tells how many spans it recorded", async () => {
  // 40 epochs of 5 batches of 3 scopes, then one test scope with 3 batches.
  assertMatch(await printed("train.ts"), /^The whole trace: 844 spans, \d{6} characters of JSON$/m);
});

test("examples/train.ts prints p50, p95 and p99 of every scope, the dearest first", async () => {
  const { header, rows } = tableOf(await printed("train.ts"));
  assertEquals(header, ["name", "count", "p50", "p95", "p99", "total"]);
  assertEquals(
    new Map(rows.map(([name, count]) => [name, count])),
    new Map([["epoch", "40"], ["batch", "200"], ["forward", "200"], ["backward", "200"], ["update", "200"]]),
  );
  for (const row of rows) {
    const [p50, p95, p99] = row.slice(2).map(Number);
    assert(p50 > 0 && p50 <= p95 && p95 <= p99, row.join(" "));
  }
  const totals = rows.map(row => Number(row[5]));
  assertEquals(totals, totals.toSorted((a, b) => b - a));
});

test("examples/train.ts says what its figures were read from", async () => {
  const text = await printed("train.ts");
  assertMatch(text, /^wall_us: (clock_gettime|performance\.now)/m);
  assertMatch(text, /^cpu_ns: {2}\S/m);
});

const REQUESTS = [
  { path: "/items/1", children: ["query", "query", "render"], queries: "items 1, reviews 1" },
  { path: "/items/2", children: ["query", "query", "render"], queries: "items 2, reviews 2" },
  { path: "/items/9", children: ["query", "query"], queries: "items 9, reviews 9" },
  { path: "/items/1", children: ["wait", "query", "render"], queries: "reviews 1" },
];

function assertServes(text: string): void {
  assertMatch(text, /^3 of 4 requests served:$/m);
  const shape = shapeOf(treeOf(text)).map(line => line.replace(/ [{!].*/, ""));
  assertEquals(
    shape,
    REQUESTS.flatMap(({ children }, i) => [`request[${i}]`, ...children.map(name => `  ${name}`)]),
  );
}

test("examples/server.ts prints each request as a root with its own children", async () => {
  assertServes(await printed("server.ts"));
});

test("examples/server.ts shows who failed: the query, and the request that waited for it", async () => {
  const failed = (await printed("server.ts")).split("\n").filter(line =>
    line.endsWith(" !RangeError: No item 9")
  );
  assertEquals(failed.map(line => line.replace(/ - .*/, "")), ["request[2]", "  query"]);
});

test("examples/server.ts hangs each query on the request that made it", async () => {
  const lines = (await printed("server.ts")).split("\n");
  const first = lines.indexOf("Whose queries they are:") + 1;
  assert(first > 0);
  assertEquals(
    lines.slice(first, first + REQUESTS.length),
    REQUESTS.map(({ path, queries }, i) => `  request[${i}] ${path}: ${queries}`),
  );
});

test("examples/server.ts hangs each mark on its own request", async () => {
  const text = await printed("server.ts");
  const hits = [...text.matchAll(/^request\[(\d)\] .*\{cache_hit=(\w+)(, bytes=\d+)?\}/gm)];
  assertEquals(hits.map(([, index, hit, bytes]) => [index, hit, bytes !== undefined]), [
    ["0", "false", true],
    ["1", "false", true],
    ["2", "false", false],
    ["3", "true", true],
  ]);
});

test("examples/server.ts shows the error of the one request that failed", async () => {
  const text = await printed("server.ts");
  assertMatch(text, /\nFailed:\n {2}request\[2\] \/items\/9: RangeError: No item 9\n\n/);
});

test("examples/server.ts names the slowest of its requests", async () => {
  const text = await printed("server.ts");
  const slowest = find(/^Slowest: (request\[\d\]) \S+, (\S+)$/m, text);
  const roots = treeOf(text).filter(line => line.depth === 0);
  const longest = Math.max(...roots.map(root => microseconds(root.duration)));
  const named = roots.find(root => root.name === slowest[1]);
  assert(named !== undefined && microseconds(named.duration) === longest, slowest[0]);
});

const denoTest = testUnless(
  RUNTIME === "deno" ? null : "permission flags are Deno's alone",
  import.meta.url,
);

denoTest("examples/server.ts runs without permission flags, and asks for nothing", async () => {
  const { code, stdout, stderr } = await runExample("server.ts", []);
  assertEquals([code, stderr], [0, ""]);
  assertServes(stdout);
});

test("examples/spool.ts records what examples/read_spool.ts reads in another process", async () => {
  using directory = new TempDirectory();
  const spool = join(directory.path, "spool");
  const start = (name: string) =>
    run(findRuntime(RUNTIME)!, [
      ...(RUNTIME === "deno" ? ["run", "-A"] : []),
      sourcePath(`examples/${name}`),
      spool,
    ]);
  const written = await start("spool.ts");
  assertEquals([written.code, written.stdout.trim()], [0, `Recorded into ${spool}`]);
  const read = await start("read_spool.ts");
  assertEquals(read.code, 0, read.stderr);
  // 3 epochs of 4 batches with a forward each, and the session.
  assertMatch(read.stdout, /^28 spans in \d+ files, 0 damaged$/m);
  assertMatch(
    read.stdout,
    /^cirron\.session - .*\n {2}epoch\[0\] - .*\n {4}batch\[0\] - .*\n {6}forward - /m,
  );
});
