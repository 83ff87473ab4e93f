import { assert, assertEquals } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SpanEncoder } from "../../src/journal/encode.ts";
import { JournalFiles } from "../../src/journal/journal_files.ts";
import type { ProcessTable } from "../../src/journal/liveness.ts";
import { encodeSession, type SessionInfo } from "../../src/journal/session_file.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { columnsOf, SESSION, span } from "../support/journal.ts";
import { keepAlive, upTo } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const HOUR_MS = 3_600_000;

/** Processes that run, by number, with what they were started at. */
function running(pids: Record<number, string>): ProcessTable {
  return {
    read(path) {
      if (path === "sys/kernel/random/boot_id") return "a-boot\n";
      const start = pids[Number(path.split("/")[0])];
      return start === undefined ? null : `1 (a name) S ${"0 ".repeat(18)}${start} 0`;
    },
  };
}

/** A directory of runs. */
class Runs implements Disposable {
  readonly #base = new TempDirectory();
  readonly path: string = join(this.#base.path, "journal");
  #count = 0;

  /** Plants a run of 1000 bytes a segment, written `agoMs` ago; gives its folder's name. */
  plant(agoMs: number, session: Partial<SessionInfo> | null, segments = ["spans.arrow"], thread = 0): string {
    const pid = session?.pid ?? 4_000_000;
    const run = `${String(this.#count++).padStart(20, "0")}-${pid}`;
    const folder = join(this.path, run, String(thread));
    mkdirSync(folder, { recursive: true });
    const at = (Date.now() - agoMs) / 1000;
    if (session !== null) {
      writeFileSync(join(folder, "session.json"), encodeSession({ ...SESSION, pid, ...session }));
      utimesSync(join(folder, "session.json"), at, at);
    }
    for (const name of segments) {
      writeFileSync(join(folder, name), "x".repeat(1000));
      utimesSync(join(folder, name), at, at);
    }
    return run;
  }

  /** What keeps this directory within a bound. */
  files(maxBytes: number, processes: ProcessTable = running({})): JournalFiles {
    const files = new JournalFiles(this.path, maxBytes, () => performance.now(), processes);
    files.forget();
    files.date(Date.now());
    return files;
  }

  /** Names of the runs that are left. */
  get left(): string[] {
    return readdirSync(this.path).sort();
  }

  /** Bytes of all segments. */
  get segmentBytes(): number {
    return (readdirSync(this.path, { recursive: true }) as string[]).filter(name => name.endsWith(".arrow"))
      .reduce((sum, name) => sum + statSync(join(this.path, name)).size, 0);
  }

  [Symbol.dispose](): void {
    this.#base[Symbol.dispose]();
  }
}

const ENDED: Partial<SessionInfo> = { ended_unix_ns: "1" };

/** Sees to it that the bound is kept now: as at the end of a process that has written enough. */
function finish(files: JournalFiles, bytes = 1): void {
  files.grow(bytes);
  files.finish(0);
}

test("JournalFiles evicts the oldest runs down to nine tenths of the bound, with their folders", () => {
  using runs = new Runs();
  const planted = upTo(20).map(i => runs.plant((40 - i) * HOUR_MS, ENDED));
  const files = runs.files(11_000);
  finish(files, 1000);
  assertEquals(runs.left, planted.slice(-runs.left.length));
  assert(files.bytes <= 9900 && files.bytes > 7500, `${files.bytes}`);
  assertEquals(files.evictCount, 20 - runs.segmentBytes / 1000);
});

test("JournalFiles leaves what lies within the bound alone", () => {
  using runs = new Runs();
  const planted = upTo(5).map(() => runs.plant(HOUR_MS, ENDED));
  finish(runs.files(100_000), 10_000);
  assertEquals(runs.left, planted);
});

test("JournalFiles evicts a run's oldest segments first, and its session.json with the last", () => {
  using runs = new Runs();
  const run = runs.plant(HOUR_MS, ENDED, ["spans.arrow", "spans.00001.arrow", "marks.arrow"]);
  const old = join(runs.path, run, "0", "spans.arrow");
  utimesSync(old, 1, 1);
  finish(runs.files(3700), 500);
  assertEquals(readdirSync(join(runs.path, run, "0")).sort(), [
    "marks.arrow",
    "session.json",
    "spans.00001.arrow",
  ]);
  finish(runs.files(100), 500);
  assertEquals(runs.left, []);
});

test("JournalFiles never touches a run that runs, however old, and counts it", () => {
  using runs = new Runs();
  const runningRun = runs.plant(9 * HOUR_MS, { pid: 77, process_start: "123" });
  const other = runs.plant(HOUR_MS, ENDED);
  const files = runs.files(1500, running({ 77: "123" }));
  finish(files, 100);
  assertEquals(runs.left, [runningRun]);
  assert(files.bytes > 1000, `${files.bytes}`);
  assert(!existsSync(join(runs.path, other)));
});

test("JournalFiles evicts what a terminated worker left while its process runs, and nothing of one that lives", () => {
  using runs = new Runs();
  const session = { pid: 77, process_start: "1", thread: 3, kernel_thread_start: "1" };
  runs.plant(1000, { ...session, kernel_thread: 80 }, undefined, 3);
  const living = runs.plant(2 * HOUR_MS, { ...session, kernel_thread: 81 }, undefined, 3);
  const process = running({ 77: "1" });
  finish(runs.files(100, { read: path => path === "77/task/80/stat" ? null : process.read(path) }), 100);
  assertEquals(runs.left, [living]);
});

test("JournalFiles takes files from the future, of before the clock was set back, for the oldest", () => {
  using runs = new Runs();
  runs.plant(-9 * HOUR_MS, ENDED);
  const older = runs.plant(2 * HOUR_MS, ENDED);
  const newer = runs.plant(HOUR_MS, ENDED);
  finish(runs.files(3400), 500);
  assertEquals(runs.left, [older, newer]);
});

test("JournalFiles evicts runs whose process is gone, and those whose number is another process's now", () => {
  using runs = new Runs();
  runs.plant(1000, { pid: 78, process_start: "5" });
  runs.plant(2 * HOUR_MS, { pid: 77, process_start: "1" });
  finish(runs.files(100, running({ 77: "2" })), 100);
  assertEquals(runs.left, []);
});

test("JournalFiles leaves a run of another machine, or without session.json, alone until it was quiet for an hour", () => {
  using runs = new Runs();
  const elsewhere = runs.plant(HOUR_MS / 2, { boot_id: "another" });
  const nameless = runs.plant(HOUR_MS / 2, null);
  const unknown = runs.plant(HOUR_MS / 2, { boot_id: null });
  runs.plant(2 * HOUR_MS, { boot_id: "another" });
  runs.plant(2 * HOUR_MS, null);
  finish(runs.files(100), 100);
  assertEquals(runs.left, [elsewhere, nameless, unknown]);
});

test("JournalFiles follows no link, and leaves what is not its own alone", () => {
  using runs = new Runs();
  using elsewhere = new TempDirectory();
  mkdirSync(join(elsewhere.path, "0"));
  elsewhere.write("0/spans.arrow", "precious");
  elsewhere.write("0/session.json", new TextDecoder().decode(encodeSession({ ...SESSION, ...ENDED })));
  const run = runs.plant(2 * HOUR_MS, ENDED, ["spans.arrow", "mine.txt"]);
  symlinkSync(elsewhere.path, join(runs.path, "00000000000000000009-9"));
  symlinkSync(join(elsewhere.path, "0"), join(runs.path, run, "1"));
  mkdirSync(join(runs.path, "something"));
  writeFileSync(join(runs.path, "something", "spans.arrow"), "mine");
  finish(runs.files(10), 100);
  assertEquals(readdirSync(join(elsewhere.path, "0")).sort(), ["session.json", "spans.arrow"]);
  assertEquals(runs.left, [run, "00000000000000000009-9", "something"].sort());
  assertEquals(readdirSync(join(runs.path, run, "0")), ["mine.txt"]);
});

/** A writer of a run of its own in these runs. */
function writerIn(runs: Runs, files: JournalFiles, segmentBytes: number): JournalWriter {
  return new JournalWriter({
    directory: runs.path,
    run: "09999999999999999999-1234",
    session: SESSION,
    segmentBytes,
    files,
    nowMs: () => performance.now(),
  });
}

test("A writer evicts others' ended runs first, then the oldest segments it has ended itself, never the one it writes", () => {
  using runs = new Runs();
  for (const _ of upTo(5)) runs.plant(HOUR_MS, ENDED);
  const files = new JournalFiles(runs.path, 30_000, () => performance.now(), running({}));
  const writer = writerIn(runs, files, 5000);
  const encoder = new SpanEncoder();
  for (let i = 0; i < 60; i++) {
    assertEquals(writer.write("spans", encoder.encode(columnsOf([span(i + 1)]), 0, 1)), null);
    if (i % 20 === 19) files.finish(0);
  }
  assertEquals(runs.left, ["09999999999999999999-1234"]);
  assert(runs.segmentBytes <= 30_000, `${runs.segmentBytes}`);
  assert(Math.abs(files.bytes - runs.segmentBytes) < 1000, `${files.bytes}, ${runs.segmentBytes}`);
  const names = readdirSync(writer.folder).sort();
  assert(!names.includes("spans.arrow") && names.includes("session.json"), names.join());
  writer.close(ENDED as { ended_unix_ns: string });
});

largeTest(
  "A survey in slices finds what others wrote, and counts what is written meanwhile once",
  async () => {
    using runs = new Runs();
    for (const i of upTo(100)) runs.plant((400 - i) * HOUR_MS, ENDED);
    const files = new JournalFiles(runs.path, 30_000, () => performance.now(), running({}));
    const writer = writerIn(runs, files, 4000);
    const encoder = new SpanEncoder();
    const write = () => writer.write("spans", encoder.encode(columnsOf([span(1)]), 0, 1));
    await keepAlive((async () => {
      const untilMs = performance.now() + 20_000;
      while (runs.left.length > 25 || files.bytes > 30_000) {
        assert(performance.now() < untilMs, `${files.bytes} bytes are left`);
        assertEquals(write(), null);
        await sleep(5);
      }
    })());
    assert(
      Math.abs(files.bytes - runs.segmentBytes) < runs.left.length * 700,
      `${files.bytes}, ${runs.segmentBytes}`,
    );
    writer.close({ ended_unix_ns: "1" });
  },
);

test("A folder that was removed while its writer goes on does not count any more", () => {
  using runs = new Runs();
  const files = new JournalFiles(runs.path, 1e6, () => 0, running({}));
  let ms = 0;
  const writer = new JournalWriter({
    directory: runs.path,
    run: "09999999999999999999-1234",
    session: SESSION,
    segmentBytes: 1e6,
    files,
    nowMs: () => ms,
  });
  const encoder = new SpanEncoder();
  const write = () => writer.write("spans", encoder.encode(columnsOf([span(1)]), 0, 1));
  assertEquals(write(), null);
  const { bytes } = files;
  assertEquals([write(), write(), write()], [null, null, null]);
  assert(files.bytes > bytes);
  rmSync(writer.folder, { recursive: true });
  ms += 100;
  assertEquals(write(), null);
  assertEquals(files.bytes, bytes);
});
