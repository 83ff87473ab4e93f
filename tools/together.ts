/**
 * Loads the test files that its arguments name, so that Deno runs them in one isolate: one for each file, as it makes them
 * otherwise, costs a quarter of a second. `deno task test:quick` does so; Bun has a single one anyway.
 *
 * @module
 */
for (const file of Deno.args) await import(`../${file}`);
