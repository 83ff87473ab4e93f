import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pl } from "../../polars.ts";
import { callCirron, sessionOf } from "../support/command_line.ts";
import { TestEngine } from "../support/engine.ts";
import { type RunOptions, writeRun } from "../support/journal_runs.ts";
import { fileOf, spanOf, TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// `cirron export parquet --partition run,rank`: which files there are, what is in them, and that no half of them is left.

const NOBODY = "__HIVE_DEFAULT_PARTITION__";

/** A run of three spans and its session; with `CIRRON_RUN_ID` where it says so. */
function addRank(directory: string, options: RunOptions & { readonly runId?: string } = {}): void {
  const before = process.env.CIRRON_RUN_ID;
  if (options.runId !== undefined) process.env.CIRRON_RUN_ID = options.runId;
  try {
    const ci = new TestEngine(undefined, { idSuffix: String(options.run ?? 0).padStart(16, "0") });
    ci.profile();
    ci.scope("step", { index: 3 }, () => {
      ci.clock.us(1500, 1);
      ci.scope("forward", () => ci.clock.us(250));
    });
    ci.scope("step", { index: 4 }, () => ci.mark("loss", 0.5));
    ci.engine.shutdown();
    writeRun(directory, ci.engine.read(Infinity, true), options);
  } finally {
    if (before === undefined) delete process.env.CIRRON_RUN_ID;
    else process.env.CIRRON_RUN_ID = before;
  }
}

/** The files below a folder, sorted. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map(name => name.replaceAll("\\", "/"))
    .filter(name => name.endsWith(".parquet")).sort();
}

function exportTo(folder: string, ...args: readonly string[]) {
  return callCirron(["export", "parquet", "--partition", "run,rank", "-o", folder, ...args]);
}

function readFrame(path: string) {
  return pl.readParquet(path);
}

test("cirron export parquet --partition has a file for each rank of each run, and one for all that a rank's processes recorded", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  addRank(runs.path, { run: 1, pid: 1, runId: "a", session: { rank: 0 } });
  addRank(runs.path, { run: 2, pid: 2, runId: "a", session: { rank: 1 } });
  addRank(runs.path, { run: 3, pid: 3, runId: "a", session: { rank: 1 } });
  addRank(runs.path, { run: 4, pid: 4, runId: "b/c = 7%", session: { rank: 0 } });
  const folder = join(place.path, "fleet");
  const { code, out, errors } = await exportTo(folder, runs.path);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, /^Wrote .*fleet: 3 files, 16 spans, \d+\.\dKiB\n$/);
  assertEquals(filesIn(folder), [
    "run=a/rank=0/part-0.parquet",
    "run=a/rank=1/part-0.parquet",
    "run=b%2Fc%20%3D%207%25/rank=0/part-0.parquet",
  ]);
  assertEquals(readFrame(join(folder, "run=a/rank=1/part-0.parquet")).height, 8);
  assertEquals(readdirSync(place.path), ["fleet"]);
});

test("A partition has the columns of the DataFrame with their types and nulls, then start_us, pid and thread_id", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  addRank(runs.path, { run: 1, pid: 77, runId: "a" });
  await exportTo(join(place.path, "fleet"), runs.path);
  const whole = await callCirron(["export", "parquet", "-o", join(place.path, "whole.parquet"), runs.path]);
  assertEquals(whole.code, 0);
  const expected = readFrame(join(place.path, "whole.parquet"));
  const frame = readFrame(join(place.path, "fleet/run=a/rank=0/part-0.parquet"));
  assertEquals(frame.columns, [...expected.columns, "start_us", "pid", "thread_id"]);
  assertEquals(frame.select(...expected.columns).toRecords(), expected.toRecords());
  const dtypes = (df: typeof frame) => df.dtypes.map(String);
  assertEquals(dtypes(frame), [...dtypes(expected), ...new Array(3).fill(String(pl.Int64))]);
  const [forward, first, , session] = frame.toRecords();
  assertEquals([forward.name, forward.index, forward.gpu_ns, forward.wall_us], ["forward", null, null, 250]);
  assertEquals([first.index, session.parent_id, session.pid, session.thread_id], [3, null, 77, 0]);
  assertEquals(Number(forward.start_us) - Number(first.start_us), 1500);
  assertMatch(String(first.start_us), /^1767323045\d{6}$/);
});

test("A run without CIRRON_RUN_ID is the trace that its sessions are of; what nobody knows is a null of Hive's", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  const context = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  addRank(runs.path, { run: 1, pid: 1, session: { rank: 4, context } });
  addRank(runs.path, { run: 2, pid: 2, session: { rank: 5, context } });
  addRank(runs.path, { run: 3, pid: 3, session: { rank: null } });
  const lone = join(runs.path, "00000000000000000003-3", "0", "spans.arrow");
  await exportTo(join(place.path, "fleet"), runs.path);
  assertEquals(filesIn(join(place.path, "fleet")), [
    `run=00000000000000000003-3/rank=${NOBODY}/part-0.parquet`,
    `run=${"ab".repeat(16)}/rank=4/part-0.parquet`,
    `run=${"ab".repeat(16)}/rank=5/part-0.parquet`,
  ]);
  await exportTo(join(place.path, "lone"), lone);
  assertEquals(filesIn(join(place.path, "lone")), [`run=${NOBODY}/rank=${NOBODY}/part-0.parquet`]);
});

test("Spools are told apart by their spans' ranks and their sessions' runs, together with journals of the same", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  using spool = new TestSpool();
  addRank(runs.path, { run: 1, pid: 1, runId: "a", session: { rank: 1 } });
  const id = { "cirron.run_id": "a" };
  spool.add(fileOf([
    spanOf("x", 10, { parent_id: "s", rank: 1, pid: 8 }),
    spanOf("y", 20, { rank: 2, pid: 9 }), // as the Python package's: of no session
  ]));
  spool.add(fileOf([sessionOf("s", 0, { rank: 1, pid: 8, attrs: id })]));
  const folder = join(place.path, "fleet");
  assertEquals((await exportTo(folder, runs.path, spool.path)).code, 0);
  assertEquals(filesIn(folder), [`run=${NOBODY}/rank=2/part-0.parquet`, "run=a/rank=1/part-0.parquet"]);
  const names = readFrame(join(folder, "run=a/rank=1/part-0.parquet")).getColumn("name").toArray();
  assertEquals([...names].sort(), ["cirron.session", "cirron.session", "forward", "step", "step", "x"]);
});

test("Filters hold for each rank by itself, and a rank of which nothing is left has no file", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  for (const rank of [0, 1]) addRank(runs.path, { run: rank + 1, pid: rank, runId: "a", session: { rank } });
  const folder = join(place.path, "fleet");
  const { out } = await exportTo(folder, "--last", "2", "--name", "step", "--json", runs.path);
  const { file_count: files, span_count: spans, bytes, file, format } = JSON.parse(out);
  assertEquals([files, spans, file, format], [2, 4, folder, "parquet"]);
  assert(bytes > 100);
  const none = await exportTo(join(place.path, "none"), "--name", "nobody", runs.path);
  assertEquals([none.code, existsSync(join(place.path, "none"))], [1, false]);
});

test("A folder that is there keeps what else is in it; the same run and rank is replaced", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  addRank(runs.path, { run: 1, pid: 1, runId: "a" });
  const folder = join(place.path, "fleet");
  mkdirSync(join(folder, "run=a/rank=0"), { recursive: true });
  mkdirSync(join(folder, "run=z/rank=0"), { recursive: true });
  for (const run of ["a", "z"]) writeFileSync(join(folder, `run=${run}/rank=0/part-0.parquet`), "old");
  assertEquals((await exportTo(`${folder}/`, runs.path)).code, 0);
  assertEquals(readFileSync(join(folder, "run=z/rank=0/part-0.parquet"), "utf8"), "old");
  assertEquals(readFrame(join(folder, "run=a/rank=0/part-0.parquet")).height, 4);
  assertEquals(readdirSync(place.path), ["fleet"]);
});

test("cirron export --partition says what it cannot do in one line, and leaves nothing", async () => {
  using runs = new TempDirectory();
  using place = new TempDirectory();
  addRank(runs.path, { run: 1, pid: 1, runId: "a" });
  place.write("file", "old");
  const cases: readonly (readonly [args: string, answer: RegExp])[] = [
    ["csv --partition run,rank -o x", /^cirron: --partition is for parquet$/],
    ["parquet --partition run,rank", /^cirron: --partition makes a folder: give -o FOLDER$/],
    ["parquet --partition run,rank -o -", /^cirron: --partition makes a folder: give -o FOLDER$/],
    [
      "parquet --partition rank,run -o x",
      /^cirron: --partition has no "rank,run", did you mean "run,rank"\?$/,
    ],
    [
      `parquet --partition run,rank -o ${place.path}/file`,
      /^cirron: Cannot write ".*": it lies in what is no directory$/,
    ],
    [
      `parquet --partition run,rank -o ${place.path}/no/x`,
      /^cirron: Cannot write ".*": there is no such directory$/,
    ],
  ];
  for (const [args, answer] of cases) {
    const { code, errors } = await callCirron(["export", ...args.split(" "), runs.path]);
    assertEquals([code, errors.length], [2, 1], args);
    assertMatch(errors[0], answer);
  }
  assertEquals(readdirSync(place.path), ["file"]);
});
