/**
 * What a test depends on: which runtime runs it, and what the machine has.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CHECKOUT } from "./checkout.ts";

/** Which of the two runtimes runs this test. */
export const RUNTIME: "deno" | "bun" = process.versions.bun === undefined ? "deno" : "bun";

/** Whether only the tests are wanted that are over soon and start nothing: `deno task test:quick` sets the variable. */
export const IS_QUICK: boolean = process.env.CIRRON_QUICK_TESTS === "1";

/** Why a test on large data is left out, for `testUnless`; null if it is not. */
export const LARGE: string | null = IS_QUICK ? "large data is left to `deno task test`" : null;

/** Why a test that collects garbage, 0.2 s each time, is left out, for `testUnless`; null if it is not. */
export const GARBAGE: string | null = IS_QUICK ? "garbage collections are left to `deno task test`" : null;

/**
 * Why a program that Debian packages is not here, for `testUnless`; null if it is. With `CIRRON_REQUIRE_BROWSER=1` always null:
 * where the program must be there, tests that miss it fail.
 */
export function missingProgram(path: string, debianPackage: string): string | null {
  if (process.env.CIRRON_REQUIRE_BROWSER === "1" || existsSync(path)) return null;
  return `there is no ${path} (apt-get install ${debianPackage})`;
}

/**
 * `test`, or a `test.skip` that prints a line with the reason for each test, where `missing` says what is not there.
 * @param file The `import.meta.url` of the file of tests.
 */
export function testUnless(missing: string | null, file: string): typeof test {
  if (missing === null) return test;
  const skip = (...args: Parameters<typeof test.skip>): unknown => {
    // Neither runtime has a place for a reason: `tools/test.ts` reads these lines.
    console.log(`${nameOf(file)}: skipping "${args[0]}": ${missing}`);
    return test.skip(...args);
  };
  return skip as typeof test;
}

/** A file of tests as its path in the checkout. */
export function nameOf(url: string): string {
  return relative(CHECKOUT, fileURLToPath(url)).replaceAll("\\", "/");
}
