import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import {
  MARK_FIELDS,
  METADATA,
  parseSegmentName,
  RUN_NAME,
  segmentName,
  SPAN_FIELDS,
} from "../../src/journal/format.ts";
import { identify, identifyThread, livenessOf, type ProcessTable } from "../../src/journal/liveness.ts";
import { readSession, recorderIn, recordersIn, runsIn } from "../../src/journal/run_folder.ts";
import { encodeSession, parseSession } from "../../src/journal/session_file.ts";
import { idText } from "../../src/tree/columns.ts";
import { SESSION } from "../support/journal.ts";
import { readSource } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const textOf = (session: object) => new TextDecoder().decode(encodeSession({ ...SESSION, ...session }));

test("A session says the same when it is read", () => {
  assertEquals(parseSession(textOf({})), SESSION);
  const full = {
    ended_unix_ns: "1767323046678901299",
    thread: 3,
    thread_name: "worker\n",
    rank: 7,
    parent: "00-a-b-01",
    runtime: "Deno 2",
    span_drop_count: 5,
  };
  assertEquals(parseSession(textOf(full)), { ...SESSION, ...full });
});

test("A session with fields missing, or of other types, is read without them; one without an id or an anchor is none", () => {
  const { id_suffix, mark_id_suffix, anchor_unix_ns, pid } = SESSION;
  const least = { journal_version: 1, id_suffix, anchor_unix_ns, pid };
  const bare = {
    ...SESSION,
    mark_id_suffix: id_suffix,
    started_unix_ns: anchor_unix_ns,
    process_start: null,
    boot_id: null,
    sdk_version: null,
  };
  assertEquals(parseSession(JSON.stringify(least)), bare);
  assertEquals(
    parseSession(
      JSON.stringify({ ...least, more: [1], thread: "1", rank: 0.5, boot_id: 3, ended_unix_ns: "x" }),
    ),
    bare,
  );
  for (const missing of ["journal_version", "id_suffix", "anchor_unix_ns", "pid"]) {
    assertEquals(
      parseSession(JSON.stringify({ ...least, mark_id_suffix, [missing]: undefined })),
      null,
      missing,
    );
  }
  assertEquals(parseSession(JSON.stringify({ ...least, journal_version: 2 })), null);
});

test("parseSession() of any text, and of any JSON, throws nothing", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => void parseSession(text)));
  for (const text of ["", "null", "[]", "1", textOf({}).slice(0, 50)]) assertEquals(parseSession(text), null);
});

test("docs/journal-format.md has every column with its type, every field of session.json, and an id that is right", () => {
  const page = readSource("docs/journal-format.md");
  const rows = page.split("\n").filter(line => line.startsWith("| `")).map(line =>
    line.split("|").map(cell => cell.trim())
  );
  const typeOf = (name: string) => rows.find(([, cell]) => cell === `\`${name}\``)?.[2];
  for (const { name, type } of [...SPAN_FIELDS, ...MARK_FIELDS]) assertEquals(typeOf(name), type, name);
  const fields = Object.keys(JSON.parse(textOf({})));
  for (const name of [...fields, ...Object.values(METADATA)]) {
    assertEquals(typeof typeOf(name), "string", name);
  }
  const id = idText(new IdSeries(SESSION.id_suffix), 1);
  assertEquals(page.includes(`assert id_hex(1, "${SESSION.id_suffix}") == "${id}"`), true);
});

test("Names of segments and what they say are the same both ways, and there are no others", () => {
  for (const kind of ["spans", "marks", "opens"] as const) {
    for (const segment of [0, 1, 99_999, 100_000, 1_234_567]) {
      assertEquals(parseSegmentName(segmentName(kind, segment)), { kind, segment });
    }
  }
  const others = [
    "spans",
    "spans.arrow.tmp",
    "spans.1.arrow",
    "spans.00000.arrow",
    "spans.000001.arrow",
    "x.arrow",
  ];
  for (const name of others) assertEquals(parseSegmentName(name), null, name);
});

test("Runs, their recorders and segments are found in their order, and nothing else", () => {
  using directory = new TempDirectory();
  const run = "01767323046678901234-77";
  for (const path of ["", "/0", "/10", "/2", "/x"]) mkdirSync(join(directory.path, run + path));
  mkdirSync(join(directory.path, "00000000000000000001-5"));
  directory.write("notes.txt", "");
  for (
    const name of ["spans.00010.arrow", "spans.arrow", "spans.00002.arrow", "marks.arrow", "session.json.tmp"]
  ) {
    directory.write(`${run}/0/${name}`, "");
  }
  directory.write(`${run}/2/session.json`, textOf({ thread: 2 }));
  const runs = runsIn(directory.path);
  assertEquals(runs, [join(directory.path, "00000000000000000001-5"), join(directory.path, run)]);
  assertEquals(
    recordersIn(runs[1]).map(({ path, session }) => [path.slice(runs[1].length + 1), session?.thread]),
    [
      ["0", undefined],
      ["2", 2],
      ["10", undefined],
    ],
  );
  const { segments } = recorderIn(join(runs[1], "0"));
  const namesOf = (paths: readonly string[]) => paths.map(path => path.slice(path.lastIndexOf("/") + 1));
  assertEquals(namesOf(segments.spans), ["spans.arrow", "spans.00002.arrow", "spans.00010.arrow"]);
  assertEquals([segments.marks.length, segments.opens.length], [1, 0]);
  assertEquals(recorderIn(join(directory.path, "gone")).session, null);
});

test("A session.json that is too large, a folder or no JSON is none", () => {
  using directory = new TempDirectory();
  directory.write("session.json", textOf({ thread_name: "x".repeat(70_000) }));
  assertEquals(readSession(directory.path), null);
  directory.write("session.json", "{");
  assertEquals(readSession(directory.path), null);
  mkdirSync(join(directory.path, "folder", "session.json"), { recursive: true });
  assertEquals(readSession(join(directory.path, "folder")), null);
});

/** A machine on which process 1234 was started at `start`, and its state is `state`. */
function machine(start: string, state = "S", bootId = "a-boot"): ProcessTable {
  return {
    read(path) {
      if (path === "sys/kernel/random/boot_id") return `${bootId}\n`;
      return path === "1234/stat" ? `1234 (a ) (name) ${state} ${"0 ".repeat(18)}${start} 99` : null;
    },
  };
}

test("livenessOf() tells what ended, what runs and what is gone, also where a number is another process's", () => {
  const nowhere: ProcessTable = { read: () => undefined };
  assertEquals(livenessOf({ ...SESSION, ended_unix_ns: "1" }, nowhere), "ended");
  assertEquals(livenessOf(SESSION, machine("5678")), "running");
  assertEquals(livenessOf(SESSION, machine("5679")), "unfinished");
  assertEquals(livenessOf({ ...SESSION, pid: 1 }, machine("5678")), "unfinished");
  assertEquals(livenessOf(SESSION, machine("5678", "S", "another")), "unfinished");
  assertEquals(livenessOf(SESSION, nowhere), "unknown");
  assertEquals(livenessOf({ ...SESSION, boot_id: null }, machine("5678")), "unknown");
  assertEquals(livenessOf({ ...SESSION, process_start: null }, machine("5678")), "unknown");
});

test("livenessOf() a thread that was terminated is unfinished while its process runs; where it cannot be told, it runs", () => {
  const thread = { ...SESSION, thread: 3, kernel_thread: 1240, kernel_thread_start: "6000" };
  const withTask = (task: string | null | undefined): ProcessTable => ({
    read: path => path === "1234/task/1240/stat" ? task : machine("5678").read(path),
  });
  const stat = (start: string, state = "S") => `1240 (worker-1) ${state} ${"0 ".repeat(18)}${start} 99`;
  assertEquals(livenessOf(thread, withTask(stat("6000"))), "running");
  assertEquals(livenessOf(thread, withTask(stat("6001"))), "unfinished"); // the number is another thread's now
  assertEquals(livenessOf(thread, withTask(stat("6000", "Z"))), "unfinished");
  assertEquals(livenessOf(thread, withTask(null)), "unfinished");
  assertEquals(livenessOf(thread, withTask(undefined)), "running");
  assertEquals(livenessOf({ ...thread, kernel_thread: null }, withTask(null)), "running");
  assertEquals(livenessOf({ ...thread, ended_unix_ns: "1" }, withTask(null)), "ended");
});

test("identifyThread() says nothing of the main thread, and of another what the kernel shows of it", () => {
  const processes: ProcessTable = {
    read: path => path === "thread-self/stat" ? `1240 (a ) b) R ${"0 ".repeat(18)}6000 99` : null,
  };
  const nothing = { kernelThread: null, kernelThreadStart: null };
  assertEquals(identifyThread(3, processes), { kernelThread: 1240, kernelThreadStart: "6000" });
  assertEquals(identifyThread(0, processes), nothing);
  assertEquals(identifyThread(3, { read: () => undefined }), nothing);
});

test("identify() of this process is what livenessOf() takes for running, on a system that says so", () => {
  const { processStart, bootId } = identify(process.pid);
  const session = { ...SESSION, pid: process.pid, process_start: processStart, boot_id: bootId };
  assertEquals(livenessOf(session), process.platform === "linux" ? "running" : "unknown");
  assertEquals(RUN_NAME.test(`01767323046678901234-${process.pid}`), true);
});
