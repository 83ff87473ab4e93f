/**
 * Loads the test files that its arguments name, so that they share one isolate: `deno task test:quick` runs a folder of tests on
 * Deno so.
 *
 * @module
 */
import { test } from "node:test";
import { pathToFileURL } from "node:url";

for (const file of Deno.args) {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    // Deno 2.9.6 says nothing of a file of tests that fails after its first `await`, and runs what it has.
    test(`${file} is loaded`, () => {
      throw error;
    });
  }
}
