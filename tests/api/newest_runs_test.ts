import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { findRecorded } from "../../src/api/recorded_files.ts";
import { runName } from "../../src/journal/process_run.ts";
import { encodeSession } from "../../src/journal/session_file.ts";
import { SESSION } from "../support/journal.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** Runs that began at 0, 1, 2 ns and so on, each with a thread or, where `threads` says so, more or none. */
function addRuns(folder: TempDirectory, count: number, threads: Readonly<Record<number, number>> = {}): void {
  const session = new TextDecoder().decode(encodeSession(SESSION));
  for (let i = 0; i < count; i++) {
    fs.mkdirSync(join(folder.path, runName(BigInt(i), 1)));
    for (let thread = 0; thread < (threads[i] ?? 1); thread++) {
      fs.mkdirSync(join(folder.path, runName(BigInt(i), 1), String(thread)));
      folder.write(join(runName(BigInt(i), 1), String(thread), "session.json"), session);
    }
  }
}

/** What is found, as `run/thread`, and how many folders were listed for it. */
function find(path: string, last?: number): { found: string[]; listed: number } {
  const { readdirSync } = fs;
  let listed = 0;
  fs.readdirSync = ((...args: Parameters<typeof readdirSync>) => {
    listed++;
    return readdirSync(...args);
  }) as typeof readdirSync;
  try {
    const { recorders } = findRecorded([path], last);
    return {
      found: recorders.map(name => `${Number(basename(dirname(name)).slice(0, 20))}/${basename(name)}`),
      listed,
    };
  } finally {
    fs.readdirSync = readdirSync;
  }
}

test("Of many runs no more are opened than have the newest sessions", () => {
  using folder = new TempDirectory();
  addRuns(folder, 300);
  assertEquals(find(folder.path, 2), { found: ["298/0", "299/0"], listed: 1 + 2 * 2 });
  assertEquals(find(folder.path).listed, 1 + 2 * 300);
});

test("All threads of a run are found with it, and a run without any counts for nothing", () => {
  using folder = new TempDirectory();
  addRuns(folder, 5, { 2: 3, 3: 0 });
  assertEquals(find(folder.path, 2).found, ["2/0", "2/1", "2/2", "4/0"]);
  assertEquals(find(folder.path, 9).found, ["0/0", "1/0", "2/0", "2/1", "2/2", "4/0"]);
});
