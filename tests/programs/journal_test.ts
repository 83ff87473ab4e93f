import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { livenessOf } from "../../src/journal/liveness.ts";
import { readMarks } from "../../src/journal/read_marks.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import { FileSource } from "../../src/journal/source.ts";
import { indexStream } from "../../src/journal/stream.ts";
import { trimSegment } from "../../src/journal/trim.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { SESSION } from "../support/journal.ts";
import { findRuntime } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const ROWS = 64;

/** A program that writes spans 1, 2, ... with a mark each, and tells after each batch how many are written. */
const WRITER = `
  import process from "node:process";
  import { writeSync } from "node:fs";
  import { MarkEncoder, SpanEncoder } from ${JSON.stringify(sourceUrl("src/journal/encode.ts"))};
  import { identify } from ${JSON.stringify(sourceUrl("src/journal/liveness.ts"))};
  import { JournalWriter } from ${JSON.stringify(sourceUrl("src/journal/writer.ts"))};
  const { pid } = process;
  const { processStart, bootId } = identify(pid);
  const writer = new JournalWriter({
    directory: process.argv[2],
    run: "01767323046678901234-" + pid,
    session: { ...${JSON.stringify(SESSION)}, pid, process_start: processStart, boot_id: bootId },
    segmentBytes: 100_000,
    files: null,
    nowMs: () => performance.now(),
  });
  const [spans, marks] = [new SpanEncoder(), new MarkEncoder()];
  const never = new Int32Array(new SharedArrayBuffer(4));
  const column = value => Float64Array.from({ length: ${ROWS} }, (_, i) => value(i));
  const list = value => Array.from({ length: ${ROWS} }, (_, i) => value(i));
  for (let written = 0;; written += ${ROWS}) {
    const id = column(i => written + i + 1);
    const nothing = column(() => NaN);
    const message = spans.encode({
      id,
      parent: column(() => 0),
      name: list(i => "name " + i),
      index: nothing,
      startNs: id,
      endNs: id,
      counters: { cpu_ns: id },
      dataLoadNs: nothing,
      attrs: list(i => ({ i })),
    }, 0, ${ROWS});
    if (writer.write("spans", message) !== null) process.exit(3);
    const markMessage = marks.encode(id, {
      first: Uint32Array.from({ length: ${ROWS} + 1 }, (_, i) => i),
      name: list(() => "loss"),
      value: list(i => i / 2),
      summary: new Uint8Array(${ROWS}),
      tsNs: id,
      attrs: [],
      order: id,
      drained: new Uint8Array(${ROWS}),
    }, 0, ${ROWS});
    if (writer.write("marks", markMessage) !== null) process.exit(4);
    writeSync(1, written + ${ROWS} + "\\n");
    Atomics.wait(never, 0, 0, 1); // so that a reader can keep pace
  }
`;

/** What lies in the only run's only recorder. */
function readAll(directory: string): {
  readonly ids: readonly number[];
  readonly marked: readonly number[];
  readonly liveness: string;
  readonly segments: readonly string[];
} {
  const [run] = runsIn(directory);
  const [{ session, segments }] = recordersIn(run);
  const spans = segments.spans.map(path => new FileSource(path));
  const marks = segments.marks.map(path => new FileSource(path));
  try {
    assert(![...spans, ...marks].some(source => indexStream(source).end === "damaged"));
    const { id, damagedRows } = readSpans(spans);
    assertEquals(damagedRows, 0);
    return {
      ids: [...id],
      marked: [...readMarks(marks).span],
      liveness: livenessOf(session!),
      segments: [...segments.spans, ...segments.marks],
    };
  } finally {
    for (const source of [...spans, ...marks]) source[Symbol.dispose]();
  }
}

/** 1, 2, ... */
function isCounted(ids: readonly number[]): boolean {
  return ids.every((id, i) => id === i + 1);
}

test("A journal is read while its program writes, and after kill -9: no gap, and nothing is lost that was written", async () => {
  using directory = new TempDirectory();
  const journal = `${directory.path}/journal`;
  const program = directory.write("program.ts", WRITER);
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const child = spawn(findRuntime(RUNTIME)!, [...flags, program, journal], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  child.stdout.setEncoding("utf8");
  const told = () => Number(stdout.slice(0, stdout.lastIndexOf("\n")).split("\n").at(-1) || "0");
  let looks = 0;
  let isKilled = false;
  child.stdout.on("data", (text: string) => {
    stdout += text;
    if (isKilled || told() === 0) return;
    const before = told();
    const { ids, marked, liveness } = readAll(journal);
    assert(isCounted(ids) && isCounted(marked));
    assert(ids.length >= before && marked.length >= before, `${ids.length} of ${before}`);
    assertEquals(liveness, process.platform === "linux" ? "running" : "unknown");
    if (++looks < 5) return;
    isKilled = true;
    process.kill(child.pid!, "SIGKILL");
  });
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  assertEquals(looks, 5);
  const { ids, marked, liveness, segments } = readAll(journal);
  assert(isCounted(ids) && isCounted(marked));
  assert(ids.length >= told() && marked.length >= told(), `${ids.length} of ${told()}`);
  assertEquals(liveness, process.platform === "linux" ? "unfinished" : "unknown");
  for (const path of segments) trimSegment(path);
  const trimmed = readAll(journal);
  assertEquals([trimmed.ids, trimmed.marked], [ids, marked]);
  for (const path of segments) assertEquals(trimSegment(path), 0);
});
