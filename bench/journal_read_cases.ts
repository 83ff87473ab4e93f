/**
 * What reading recordings back costs: a million spans of a journal as `trace()` needs them, beside polars and beside the columns
 * alone; the newest of them; and the JSON files of a spool. CPU time, since a machine that does other work too would count that.
 *
 * @module
 */
import { deepStrictEqual, equal } from "node:assert";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findRecorded } from "../src/api/recorded_files.ts";
import { Recordings } from "../src/api/recordings.ts";
import { IdSeries } from "../src/data/id_series.ts";
import { encodeSchema, type SpanColumns, SpanEncoder } from "../src/journal/encode.ts";
import { readSpans } from "../src/journal/read_spans.ts";
import { encodeSession } from "../src/journal/session_file.ts";
import { bytesSource } from "../src/journal/source.ts";
import { Drained } from "../src/sinks/batch.ts";
import { TAKE } from "../src/sinks/sink.ts";
import { SpoolSink } from "../src/sinks/spool.ts";
import type { Case, Group } from "./case.ts";
import { drained } from "./journal_cases.ts";

const MANY = 1_000_000;
const IN_JSON = 100_000;
const ROWS = 512;

/** What reading JSON files is compared with. */
const PARSED = "JSON.parse of the JSON files";

/** Groups of this file. */
export const journalReadGroups: readonly Group[] = [
  { name: "recordings read", cases: readingCases, seconds: 30, leastRounds: 7, turnsAfterMs: 0 },
];

async function readingCases(): Promise<Case[]> {
  const { pl } = await import("../polars.ts");
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const one = writeRun(join(directory, "one"), ["0".repeat(16)], MANY);
  const two = writeRun(join(directory, "two"), ["1".repeat(16), "2".repeat(16)], MANY / 2);
  const spool = writeSpool(join(directory, "spool"));
  const spans = join(one, "0", "spans.arrow");
  const open = (path: string) => new Recordings(findRecorded([path]));
  const all = open(one).whole.snapshot;
  const rows = Math.ceil(MANY / ROWS) * ROWS;
  equal(all.length, rows);
  equal(pl.readIPCStream(readFileSync(spans)).height, rows);
  equal(open(two).whole.snapshot.length, 2 * Math.ceil(MANY / 2 / ROWS) * ROWS);
  const newest = open(one).read(256, true);
  deepStrictEqual([...newest.id], [...all.id.subarray(rows - 256)]);
  equal(open(spool).whole.snapshot.length >= IN_JSON, true);
  const files = readdirSync(spool).map(name => join(spool, name));
  const plus = "Deno" in globalThis ? 1e9 : 0.8e9;
  return [
    {
      name: "polars.readIPCStream of a million spans",
      run: cpuNs(() => pl.readIPCStream(readFileSync(spans))),
    },
    {
      name: "a million spans to columns",
      run: cpuNs(() => readSpans([bytesSource(readFileSync(spans))])),
    },
    {
      name: "a million spans as trace() needs them",
      run: cpuNs(() => open(one).whole),
      target: { of: {}, plus },
    },
    { name: "the same of two threads", run: cpuNs(() => open(two).whole), target: { of: {}, plus } },
    { name: "the newest 256 of a million", run: cpuNs(() => open(one).read(256, true)) },
    { name: PARSED, run: cpuNs(() => files.forEach(path => JSON.parse(readFileSync(path, "utf8")))) },
    {
      name: "100 000 spans of JSON files",
      run: cpuNs(() => open(spool).whole),
      target: { of: { [PARSED]: 2 }, plus: 0 },
    },
  ];
}

/** CPU time that `work` takes, in nanoseconds. */
function cpuNs(work: () => unknown): () => number {
  return () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
  };
}

/** A run with a recorder for each suffix: roots of seven spans each, which close before them. */
function writeRun(directory: string, suffixes: readonly string[], spans: number): string {
  const run = join(directory, "00000000000000000001-1");
  suffixes.forEach((idSuffix, thread) => {
    const folder = join(run, String(thread));
    mkdirSync(folder, { recursive: true });
    const metadata = { idSuffix, markIdSuffix: idSuffix, anchorNs: 1n };
    const encoder = new SpanEncoder();
    const parts = [encodeSchema("spans", metadata)];
    for (let done = 0; done < spans; done += ROWS) parts.push(encoder.encode(trees(done), 0, ROWS).slice());
    writeFileSync(join(folder, "spans.arrow"), Buffer.concat(parts));
    const session = {
      id_suffix: idSuffix,
      mark_id_suffix: idSuffix,
      anchor_unix_ns: "1",
      started_unix_ns: "1",
      ended_unix_ns: "2",
      pid: 1,
      process_start: null,
      boot_id: null,
      thread,
      thread_name: null,
      kernel_thread: null,
      kernel_thread_start: null,
      rank: null,
      parent: null,
      context: null,
      sdk_version: null,
      runtime: null,
      span_drop_count: 0,
      mark_drop_count: 0,
    };
    writeFileSync(join(folder, "session.json"), encodeSession(session));
  });
  return run;
}

const NAMES = ["parse", "query", "query", "query", "render", "write", "log", "request"];

function trees(done: number): SpanColumns {
  const column = (value: (i: number) => number) => Float64Array.from({ length: ROWS }, (_, i) => value(i));
  const rootOf = (i: number) => done + (i & ~7) + 1;
  const isRoot = (i: number) => (i & 7) === 7;
  const idOf = (i: number) => isRoot(i) ? rootOf(i) : rootOf(i) + 1 + (i & 7);
  return {
    id: column(idOf),
    parent: column(i => isRoot(i) ? 0 : rootOf(i)),
    root: column(rootOf),
    name: Array.from({ length: ROWS }, (_, i) => NAMES[i & 7]),
    index: column(() => NaN),
    startNs: column(i => idOf(i) * 1000),
    endNs: column(i => idOf(i) * 1000 + (isRoot(i) ? 8500 : 500)),
    counters: { cpu_ns: column(() => 500) },
    dataLoadNs: column(() => NaN),
    attrs: [],
  };
}

function writeSpool(directory: string): string {
  let files = 0;
  const sink = new SpoolSink({
    directory,
    maxBytes: 1 << 30,
    sdkVersion: "0",
    unixNs: () => BigInt(files++),
    randomId: () => String(files).padStart(32, "0"),
    nowMs: () => performance.now(),
  });
  const markIds = new IdSeries("0123456789abcdef");
  const snapshot = drained(1024, false);
  for (let done = 0; done < IN_JSON; done += 1024) {
    const id = snapshot.id.map(id => id + done);
    const parent = snapshot.parent.map(parent => parent === 0 ? 0 : parent + done);
    sink[TAKE](new Drained({ ...snapshot, id, parent }, { pid: 1, rank: 0, threadId: 0, markIds }));
    sink.commit();
  }
  return directory;
}
