import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { engine } from "../../src/api/shared.ts";
import { VERSION } from "../../src/data/version.ts";
import { VARIABLES } from "../../src/session/environment.ts";
import { callCirron } from "../support/command_line.ts";
import { RUNTIME } from "../support/conditions.ts";
import { readSource } from "../support/sources.ts";

test("cirron doctor says of each counter what it is read from, or why it is not", async () => {
  const { code, out, errors } = await callCirron(["doctor"]);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, new RegExp(`^cirron ${VERSION} on ${RUNTIME} \\d`));
  for (
    const name of ["wall_us", "cpu_ns", "gpu_ns", "memory_peak_bytes", "spool", "variables", "DataFrames"]
  ) {
    assertMatch(out, new RegExp(`^  ${name} +\\S`, "m"));
  }
  assertMatch(out, /^ {2}memory_peak_bytes {2}(?!absent: off)/m);
  assertMatch(out, /No flag would give more\.\n$/); // tests are run with every permission
});

test("cirron doctor ends the session that it looks with", async () => {
  await callCirron(["doctor"]);
  assertEquals(engine.health().output, []);
});

test("cirron doctor --json has the same for a program", async () => {
  const { out } = await callCirron(["doctor", "--json"]);
  const report = JSON.parse(out);
  assertEquals([report.version, report.runtime, report.advice], [VERSION, RUNTIME, []]);
  assert(report.probes.wall.present && report.probes.memory.present);
  assertEquals(report.permissions === null, RUNTIME === "bun");
});

test("VARIABLES names every variable that is read", () => {
  const source = readSource("src/session/environment.ts");
  const named = Array.from(
    source.matchAll(/"((?:CIRRON_|RANK|LOCAL_|TRACEPARENT)\w*)"/g),
    ([, name]) => name,
  );
  assert(named.length > 8);
  assertEquals([...new Set(named)].sort(), [...VARIABLES].sort());
});
