import { assertEquals } from "@std/assert";
import fs, { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ProcessTable } from "../../src/journal/liveness.ts";
import { announceRun, runName, runOfProcess } from "../../src/journal/process_run.ts";
import type { SessionInfo } from "../../src/journal/session_file.ts";
import { encodeSession } from "../../src/journal/session_file.ts";
import { SESSION } from "../support/journal.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** The machine on which SESSION's process runs, as the kernel shows it. */
const HERE: ProcessTable = {
  read: path =>
    path === "sys/kernel/random/boot_id"
      ? "a-boot\n"
      : path === "1234/stat"
      ? `1234 (a b) R ${"0 ".repeat(18)}5678 0`
      : null,
};

/** One that shows nothing. */
const HIDDEN: ProcessTable = { read: () => undefined };

function addRun(
  folder: TempDirectory,
  startNs: bigint,
  pid: number,
  changes: Partial<SessionInfo> = {},
): string {
  const name = runName(startNs, pid);
  mkdirSync(join(folder.path, name, "0"), { recursive: true });
  const session = new TextDecoder().decode(encodeSession({ ...SESSION, pid, context: CONTEXT, ...changes }));
  folder.write(join(name, "0", "session.json"), session);
  announceRun(folder.path, { name, context: CONTEXT, parent: null });
  return name;
}

test("A thread joins the newest run of its process, also if its session has ended", () => {
  using folder = new TempDirectory();
  addRun(folder, 1n, 1234);
  const name = addRun(folder, 2n, 1234, { ended_unix_ns: "3" });
  addRun(folder, 3n, 12_341);
  addRun(folder, 4n, 234);
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), { name, context: CONTEXT, parent: null });
});

test("A thread joins no run of a process that had the same number", () => {
  using folder = new TempDirectory();
  addRun(folder, 1n, 1234, { process_start: "77" });
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), null);
});

test("A thread joins no run before the last start of the machine", () => {
  using folder = new TempDirectory();
  addRun(folder, 1n, 1234, { boot_id: "another" });
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), null);
});

test("A thread joins no run where it has a folder already", () => {
  using folder = new TempDirectory();
  const name = addRun(folder, 1n, 1234);
  mkdirSync(join(folder.path, name, "7"));
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), null);
  assertEquals(runOfProcess(folder.path, 1234, 8, HERE)?.name, name);
});

test("A thread joins no run where it cannot be told whose that is, or there is none", () => {
  using folder = new TempDirectory();
  assertEquals(runOfProcess(join(folder.path, "none"), 1234, 7, HERE), null);
  addRun(folder, 1n, 1234);
  assertEquals(runOfProcess(folder.path, 1234, 7, HIDDEN), null);
});

test("A thread that gets no word of its process's run lists no folder, however many old runs there are", () => {
  using folder = new TempDirectory();
  for (let i = 1; i < 300; i++) mkdirSync(join(folder.path, runName(BigInt(i), 1234)));
  const name = addRun(folder, 300n, 1234);
  const { readdirSync } = fs;
  let listed = 0;
  fs.readdirSync = ((...args: Parameters<typeof readdirSync>) => {
    listed++;
    return readdirSync(...args);
  }) as typeof readdirSync;
  try {
    assertEquals(runOfProcess(folder.path, 1234, 7, HERE)?.name, name);
  } finally {
    fs.readdirSync = readdirSync;
  }
  assertEquals(listed, 0);
  assertEquals(readdirSync(join(folder.path, ".pids")), [String(1234 % 1024)]);
});

test("A thread joins no run whose word another process has taken, and nothing is written through a link", () => {
  using folder = new TempDirectory();
  addRun(folder, 1n, 1234);
  const other = join(folder.path, ".pids", String(1234 % 1024));
  addRun(folder, 2n, 1234 + 1024);
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), null);
  fs.rmSync(other);
  folder.write("theirs", "as it was");
  fs.symlinkSync(join(folder.path, "theirs"), other);
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE), null);
  const name = addRun(folder, 3n, 1234);
  assertEquals(fs.readFileSync(join(folder.path, "theirs"), "utf8"), "as it was");
  assertEquals(runOfProcess(folder.path, 1234, 7, HERE)?.name, name);
});
