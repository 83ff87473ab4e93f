import { assert, assertEquals, assertThrows } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKOUT, sourcePath, sourceUrl } from "../support/checkout.ts";
import { importLines, readSource, resolveImport, withoutComments } from "../support/sources.ts";

// Where tests lie: in the room of what they are about, or in programs/ if they start processes.

// Not about a folder of src/: what starts programs, the checkout itself, ffi/, and what tests have in common.
const OTHER_ROOMS = ["programs", "project", "ffi", "support"];

/** What may start a process without being in programs/, and why. */
const COMPILES: Record<string, string> = {
  "tests/support/fake_nvml.ts":
    "builds a C library, once per process: the library is loaded, and nothing else is run",
};

const FILES = (readdirSync(join(CHECKOUT, "tests"), { recursive: true }) as string[])
  .map(name => `tests/${name.replaceAll("\\", "/")}`)
  .filter(name => name.endsWith(".ts"))
  .sort();
const TESTS = FILES.filter(file => file.endsWith("_test.ts"));

test("Every folder of tests is a folder of the package, or one of a few others", () => {
  const folders = new Set(TESTS.map(file => file.slice("tests/".length, file.lastIndexOf("/"))));
  const lost = [...folders].filter(folder => !OTHER_ROOMS.includes(folder) && !isThere(`src/${folder}`));
  assertEquals(lost, []);
});

/** What a file loads of the tests' own and the tools', itself included. Imports in the text of child programs lead nowhere. */
function loadedBy(file: string): string[] {
  const files = new Set([file]);
  for (const loaded of files) { // grows while it is walked
    for (const { specifier, typeOnly } of importLines(readSource(loaded))) {
      const target = resolveImport(loaded, specifier);
      if (
        !typeOnly && specifier.startsWith(".") && /^(tests|tools|bench)\//.test(target) && isThere(target)
      ) files.add(target);
    }
  }
  return [...files];
}

function isThere(path: string): boolean {
  return existsSync(join(CHECKOUT, path));
}

function startsProcesses(file: string): boolean {
  const source = readSource(file);
  return importLines(source).some(({ specifier }) => specifier === "node:child_process")
    || /\bnew Deno\.Command\(|\bBun\.spawn/.test(withoutComments(source));
}

test("Only tests in tests/programs load what starts processes", () => {
  const starting: string[] = [];
  for (const file of TESTS.filter(file => !file.startsWith("tests/programs/"))) {
    for (const loaded of loadedBy(file)) {
      if (!(loaded in COMPILES) && startsProcesses(loaded)) starting.push(`${file}: ${loaded}`);
    }
  }
  assertEquals(starting, []);
});

test("All tests in tests/programs load what starts processes", () => {
  const idle = TESTS.filter(file => file.startsWith("tests/programs/"))
    .filter(file => !loadedBy(file).some(startsProcesses));
  assertEquals(idle, []);
});

test("Whatever a test names by sourceUrl() or sourcePath() is there", () => {
  const names = FILES.flatMap(file =>
    Array.from(readSource(file).matchAll(/\bsource(?:Url|Path)\("([^"$]+)"\)/g), ([, path]) => path)
  );
  assert(names.length > 20, `${names.length} names`);
  for (const name of names) if (name !== "src/nowhere.ts") sourcePath(name);
});

test("Child programs name sources in no other way", () => {
  const naming = FILES.filter(file => file !== "tests/support/checkout.ts").filter(file =>
    /\$\{CHECKOUT\}\/(?:src|ffi|tests|\w+\.ts)|CHECKOUT, [`"](?:src|ffi|tests|mod\.ts|polars\.ts)/.test(
      withoutComments(readSource(file)),
    )
  );
  assertEquals(naming.filter(file => file !== "tests/project/rooms_test.ts"), []);
});

test("sourceUrl() of a file that is gone says which", () => {
  assertThrows(() => sourceUrl("src/nowhere.ts"), Error, "There is no src/nowhere.ts in the checkout");
  assertEquals(sourceUrl("mod.ts"), new URL("../../mod.ts", import.meta.url).href);
});
