/**
 * What a span costs on its way into the journal: its bytes built, and built and written, in batches of several sizes, beside the
 * JSON spool's files of the same rows. And what a million of them cost to read, beside polars.
 *
 * @module
 */
import { deepStrictEqual, equal } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { IdSeries } from "../src/data/id_series.ts";
import type { Snapshot } from "../src/data/snapshot.ts";
import type { Attrs, MarkValue } from "../src/data/values.ts";
import {
  encodeSchema,
  MarkEncoder,
  type SpanColumns,
  SpanEncoder,
  type StreamMetadata,
} from "../src/journal/encode.ts";
import type { JournalKind } from "../src/journal/format.ts";
import { JournalFiles } from "../src/journal/journal_files.ts";
import { readSpans } from "../src/journal/read_spans.ts";
import { recorderIn } from "../src/journal/run_folder.ts";
import { bytesSource } from "../src/journal/source.ts";
import { JournalWriter } from "../src/journal/writer.ts";
import { Drained } from "../src/sinks/batch.ts";
import { TAKE } from "../src/sinks/sink.ts";
import { SpoolSink } from "../src/sinks/spool.ts";
import type { Case, Group } from "./case.ts";

const SIZES = [64, 512, 1024];

/** Spans that one call of a case writes. */
const SPANS = 32_768;

const MANY = 1_000_000;

const IDS = new IdSeries("0123456789abcdef");
const METADATA: StreamMetadata = { idSuffix: IDS.suffix, markIdSuffix: IDS.suffix, anchorNs: 1n };

/** Nanoseconds a span that are aimed at, built and written. */
const PLAIN_NS = 80;
const FULL_NS = 250;

/** Groups of this file. */
export const journalGroups: readonly Group[] = [
  { name: "journal, plain", cases: () => writingCases(false), seconds: 8 },
  { name: "journal, attributes and a mark", cases: () => writingCases(true), seconds: 8 },
  { name: "journal read", cases: readingCases, seconds: 15, leastRounds: 7, turnsAfterMs: 0 },
];

/** Closed spans as they are drained: of seven names, three levels, and if `isFull` three attributes and a mark each. */
export function drained(rows: number, isFull: boolean): Snapshot & SpanColumns {
  const column = (value: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => value(i));
  const names = ["epoch", "batch", "forward", "backward", "optimizer.step", "GET /users/:id", "db.query"];
  const list = <T>(value: (i: number) => T): T[] =>
    Array.from({ length: isFull ? rows : 0 }, (_, i) => value(i));
  const startNs = column(i => 7.2e12 + i * 1234);
  return {
    length: rows,
    closedLength: rows,
    anchorNs: 1_767_323_046_678_901_234n,
    ids: IDS,
    id: column(i => 5_000_000 + i),
    parent: column(i => i % 8 === 0 ? 0 : 5_000_000 + i - 1),
    name: Array.from({ length: rows }, (_, i) => names[i % names.length]),
    index: column(i => i % 7 === 1 ? i : NaN),
    startNs,
    endNs: column(i => startNs[i] + 56_789 + i),
    counters: { cpu_ns: column(i => 45_678 + i) },
    dataLoadNs: column(() => NaN),
    attrs: list((i): Attrs => ({ path: "/users/17", status: 200 + i % 5, cached: i % 2 === 0 })),
    markCount: new Uint32Array(rows).fill(isFull ? 1 : 0),
    marks: {
      first: Uint32Array.from({ length: rows + 1 }, (_, i) => isFull ? i : 0),
      name: list(() => "loss"),
      value: list((i): MarkValue => 1 / (i + 1)),
      summary: new Uint8Array(isFull ? rows : 0),
      tsNs: Float64Array.from(list(i => startNs[i] + 100)),
      attrs: [],
      order: Float64Array.from(list(i => 77_000 + i)),
      drained: new Uint8Array(isFull ? rows : 0),
    },
  };
}

/** CPU time that `work` takes, in nanoseconds. */
function cpuNs(work: () => void): () => number {
  return () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
  };
}

function writingCases(isFull: boolean): Case[] {
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const aim = { of: {}, plus: isFull ? FULL_NS : PLAIN_NS };
  const cases = SIZES.flatMap((rows): Case[] => {
    const snapshot = drained(rows, isFull);
    const spanEncoder = new SpanEncoder();
    const markEncoder = new MarkEncoder();
    const build = (take: (kind: JournalKind, message: Uint8Array) => void) => {
      for (let done = 0; done < SPANS; done += rows) {
        take("spans", spanEncoder.encode(snapshot, 0, rows));
        const message = isFull ? markEncoder.encode(snapshot.id, snapshot.marks, 0, rows) : null;
        if (message !== null) take("marks", message);
      }
    };
    const writer = journalIn(join(directory, String(rows)));
    const write = (kind: JournalKind, message: Uint8Array) => equal(writer.write(kind, message), null);
    build(write);
    checkSpans(recorderIn(writer.folder).segments.spans, snapshot);
    return [
      { name: `built, ${rows} a batch`, pieces: SPANS, run: cpuNs(() => build(() => {})) },
      {
        name: `built and written, ${rows} a batch`,
        pieces: SPANS,
        run: cpuNs(() => build(write)),
        target: aim,
      },
    ];
  });
  return [...cases, {
    name: "JSON spool, 1024 a batch",
    pieces: SPANS,
    run: cpuNs(spoolWriter(directory, isFull)),
  }];
}

/** A journal that never takes more than 256 MB, however long a run writes. */
function journalIn(directory: string): JournalWriter {
  const nowMs = () => performance.now();
  return new JournalWriter({
    directory,
    run: "00000000000000000001-1",
    session: {
      id_suffix: IDS.suffix,
      mark_id_suffix: IDS.suffix,
      anchor_unix_ns: "1",
      started_unix_ns: "1",
      ended_unix_ns: null,
      pid: process.pid,
      process_start: null,
      boot_id: null,
      thread: 0,
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
    },
    segmentBytes: 1 << 24,
    files: new JournalFiles(directory, 1 << 28, nowMs),
    nowMs,
  });
}

function checkSpans(segments: readonly string[], { length, id, endNs, name, attrs }: Snapshot): void {
  const read = readSpans(segments.map(path => bytesSource(readFileSync(path))));
  equal(read.length, SPANS);
  deepStrictEqual([...read.id.subarray(0, length)], [...id]);
  deepStrictEqual([...read.endNs.subarray(SPANS - length)], [...endNs]);
  deepStrictEqual(read.name.slice(0, length), name);
  if (attrs.length > 0) deepStrictEqual(JSON.parse(read.attrs.text(length - 1)!), attrs.at(length - 1));
}

function spoolWriter(directory: string, isFull: boolean): () => void {
  let files = 0;
  const sink = new SpoolSink({
    directory: join(directory, "spool"),
    maxBytes: 1 << 26,
    sdkVersion: "0",
    unixNs: () => BigInt(files++),
    randomId: () => String(files).padStart(32, "0"),
    nowMs: () => performance.now(),
  });
  const snapshot = drained(1024, isFull);
  return () => {
    for (let done = 0; done < SPANS; done += 1024) {
      sink[TAKE](new Drained(snapshot, { pid: 1, rank: 0, threadId: 0, markIds: IDS }));
    }
    sink.commit();
  };
}

async function readingCases(): Promise<Case[]> {
  const { pl } = await import("../polars.ts");
  const directory = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "spans.arrow");
  const encoder = new SpanEncoder();
  const snapshot = drained(512, false);
  const parts = [encodeSchema("spans", METADATA)];
  for (let done = 0; done < MANY; done += 512) parts.push(encoder.encode(snapshot, 0, 512).slice());
  writeFileSync(path, Buffer.concat(parts));
  const read = () => readSpans([bytesSource(readFileSync(path))]);
  const spans = read().length;
  equal(spans, Math.ceil(MANY / 512) * 512);
  const frame = pl.readIPCStream(readFileSync(path));
  equal(frame.height, spans);
  deepStrictEqual([...read().startNs.subarray(0, 512)], [...snapshot.startNs]);
  return [
    { name: "polars.readIPCStream of a million spans", run: () => void pl.readIPCStream(readFileSync(path)) },
    {
      name: "a million spans to columns",
      run: () => void read(),
      target: { of: {}, plus: "Deno" in globalThis ? 1e9 : 0.8e9 },
    },
  ];
}
