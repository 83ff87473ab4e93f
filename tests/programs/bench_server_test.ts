import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";

// OpenTelemetry JS is missing here: only the benchmarks install it.
const CONTESTANTS = [
  "nobody",
  "the smallest tracer by hand",
  "cirron, output spool",
  "cirron, output journal",
];
const PROGRAM = sourcePath("bench/server/serve.ts");
const FLAGS = RUNTIME === "deno" ? ["run", "-A", "--no-check"] : [];

for (const way of ["fetch", "http"]) {
  test(`The server of the benchmarks serves what it is asked by ${way}, and whoever traces records all of it`, async () => {
    for (const contestant of CONTESTANTS) {
      const outcome = await run(findRuntime(RUNTIME)!, [...FLAGS, PROGRAM, contestant, way, "40", "100"]);
      const figures = said<number[]>(outcome);
      assertEquals(figures.length, 2, contestant);
      assert(figures.every(figure => figure > 0), `${contestant}: ${figures}`);
    }
  });
}
