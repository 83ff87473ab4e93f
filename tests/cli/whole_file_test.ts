import { assertEquals, assertRejects } from "@std/assert";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeWhole } from "../../src/cli/whole_file.ts";
import { CirronError } from "../../src/data/errors.ts";
import { testUnless } from "../support/conditions.ts";
import { TempDirectory } from "../support/temp_directory.ts";

test("writeWhole() makes a file, or replaces one, and leaves nothing else", async () => {
  using folder = new TempDirectory();
  const path = join(folder.path, "a.json");
  assertEquals(await writeWhole(path, "één"), 5);
  assertEquals(await writeWhole(path, new Uint8Array([65, 66])), 2);
  assertEquals([readdirSync(folder.path), readFileSync(path, "utf8")], [["a.json"], "AB"]);
});

test("writeWhole() writes behind a link, which stays one", async () => {
  using folder = new TempDirectory();
  const target = folder.write("target", "old");
  const link = join(folder.path, "link");
  symlinkSync("target", link);
  await writeWhole(link, "new");
  assertEquals([readlinkSync(link), readFileSync(target, "utf8")], ["target", "new"]);
});

test("writeWhole() writes to a device as it is, and puts no file in its place", async () => {
  assertEquals(await writeWhole("/dev/null", "x"), 1);
  assertEquals(lstatSync("/dev/null").isCharacterDevice(), true);
});

const FULL = "/dev/full";
testUnless(existsSync(FULL) ? null : `there is no ${FULL}`, import.meta.url)(
  "writeWhole() says that the disk is full",
  async () => {
    await assertRejects(() => writeWhole(FULL, "x"), CirronError, `Cannot write "${FULL}": the disk is full`);
  },
);

test("writeWhole() says why a file cannot be written, and leaves what was there", async () => {
  using folder = new TempDirectory();
  mkdirSync(join(folder.path, "directory"));
  folder.write("file", "old");
  const cases: Record<string, string> = {
    "no/such": "there is no such directory",
    directory: "it is a directory",
    "file/below": "it lies in what is no directory",
  };
  for (const [name, reason] of Object.entries(cases)) {
    const path = join(folder.path, name);
    await assertRejects(
      () => writeWhole(path, "x"),
      CirronError,
      `Cannot write ${JSON.stringify(path)}: ${reason}`,
    );
  }
  assertEquals(readdirSync(folder.path).sort(), ["directory", "file"]);
  assertEquals(readFileSync(join(folder.path, "file"), "utf8"), "old");
});
