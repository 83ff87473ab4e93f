import { assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { callCirron, sessionOf } from "../support/command_line.ts";
import { fileName, fileOf, markOf, PYTHON_FILE, spanOf, TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** Three sessions of a process each, with two files each, and what is no spool's. */
function threeSessions(): TestSpool {
  const spool = new TestSpool();
  for (const [i, id] of ["a", "b", "c"].entries()) {
    const at = i * 10_000_000;
    const process = { pid: 100 + i };
    spool.add(fileOf([spanOf(`${id}1`, at + 5, { parent_id: id, ...process })]));
    spool.add(fileOf([sessionOf(id, at, process)]));
  }
  spool.write("notes.txt", "mine");
  spool.write(`${fileName(99)}.bak`, "mine");
  mkdirSync(spool.at(fileName(98)));
  return spool;
}

const OTHERS = ["notes.txt", `${fileName(99)}.bak`, fileName(98)];

function spoolFilesIn(path: string): number[] {
  const known = Array.from({ length: 9 }, (_, i) => fileName(i));
  return readdirSync(path).filter(name => !OTHERS.includes(name)).map(name => known.indexOf(name)).sort();
}

test("cirron clear removes a spool's files, and nothing else", async () => {
  using spool = threeSessions();
  const { code, out, errors } = await callCirron(["clear", spool.path]);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, /^Removed 6 files, \d+\.\dKiB; 1 file kept\n$/);
  assertEquals(readdirSync(spool.path).sort(), OTHERS.sort());
});

test("cirron clear twice is no failure", async () => {
  using spool = new TestSpool();
  assertEquals((await callCirron(["clear", spool.path])).out, "Removed 0 files, 0B; 0 files kept\n");
});

test("cirron clear --dry-run says what would go, and removes nothing", async () => {
  using spool = threeSessions();
  const { out } = await callCirron(["clear", "--dry-run", "--keep", "1", spool.path]);
  assertMatch(out, /^Would remove 4 files, /);
  assertEquals(spoolFilesIn(spool.path), [0, 1, 2, 3, 4, 5]);
});

test("cirron clear --keep keeps every file of the sessions that began last", async () => {
  using spool = threeSessions();
  const { code, out } = await callCirron(["clear", "--keep", "2", "--json", spool.path]);
  const { removed_file_count: removed, kept_file_count: kept, dry_run: dry } = JSON.parse(out);
  assertEquals([code, removed, kept, dry], [0, 2, 5, false]);
  assertEquals(spoolFilesIn(spool.path), [2, 3, 4, 5]);
});

test("cirron clear --keep knows a file by its marks, and by spans whose session is in no file", async () => {
  using spool = new TestSpool();
  spool.add(fileOf([sessionOf("old")]));
  spool.add(fileOf([], [markOf("m", "old")]));
  spool.add(fileOf([sessionOf("new", 20_000_000)]));
  spool.add(fileOf([], [markOf("n", "new")]));
  spool.add(fileOf([spanOf("late", 20_000_500, { parent_id: "not closed" })]));
  await callCirron(["clear", "--keep", "1", spool.path]);
  assertEquals(spoolFilesIn(spool.path), [2, 3, 4]);
});

test("cirron clear --keep leaves a file that holds anything of what stays", async () => {
  using spool = new TestSpool();
  spool.add(fileOf([sessionOf("old")]));
  spool.add(fileOf([spanOf("x", 5, { parent_id: "old" }), spanOf("y", 30_000_000, { pid: 8 })]));
  spool.add(PYTHON_FILE);
  await callCirron(["clear", "--keep", "1", spool.path]);
  assertEquals(spoolFilesIn(spool.path), [1]);
});

test("cirron clear --keep leaves files that cannot be read", async () => {
  using spool = threeSessions();
  spool.add("{");
  spool.add(fileOf([], [], { schema_version: 2 }));
  await callCirron(["clear", "--keep", "1", spool.path]);
  assertEquals(spoolFilesIn(spool.path), [4, 5, 6, 7]);
});

test("cirron clear follows no link in the directory's place, with or without a slash", async () => {
  using spool = threeSessions();
  using folder = new TempDirectory();
  const link = join(folder.path, "link");
  symlinkSync(spool.path, link);
  for (const path of [link, `${link}/`]) {
    const { code, errors } = await callCirron(["clear", path]);
    assertEquals(code, 2);
    assertMatch(errors[0], /is a link, which is not followed/);
  }
  assertEquals(spoolFilesIn(spool.path).length, 6);
});

test("cirron clear removes no link and no folder that has a file's name", async () => {
  using spool = new TestSpool();
  using folder = new TempDirectory();
  const path = folder.write("target", "mine");
  symlinkSync(path, spool.at(fileName(1)));
  mkdirSync(spool.at(fileName(2)));
  writeFileSync(spool.at(fileName(3)), "");
  const { out } = await callCirron(["clear", spool.path]);
  assertEquals(out, "Removed 1 file, 0B; 2 files kept\n");
  assertEquals(spoolFilesIn(spool.path), [1, 2]);
});
