import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { engine } from "../../src/api/shared.ts";
import { VERSION } from "../../src/data/version.ts";
import { VARIABLES } from "../../src/session/environment.ts";
import { callCirron } from "../support/command_line.ts";
import { RUNTIME } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { readSource } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

async function withEnvironment(values: Record<string, string>, fn: () => Promise<void>): Promise<void> {
  const before = Object.keys(values).map(name => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    await fn();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

test("cirron doctor says of each counter what it is read from, or why it is not", async () => {
  const { code, out, errors } = await callCirron(["doctor"]);
  assertEquals([code, errors], [0, []]);
  assertMatch(out, new RegExp(`^cirron ${VERSION} on ${RUNTIME} \\d`));
  for (
    const name of [
      "wall_us",
      "cpu_ns",
      "gpu_ns",
      "memory_peak_bytes",
      "journal",
      "spool",
      "variables",
      "DataFrames",
    ]
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

test("cirron doctor says where the journal is, how large it is and what its bound is", async () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "journal");
  await withEnvironment({ CIRRON_OUTPUT_DIR: folder.path, CIRRON_JOURNAL_MAX_BYTES: "2000000" }, async () => {
    const before = JSON.parse((await callCirron(["doctor", "--json"])).out).journal;
    assertEquals([before.present, before.bytes, before.max_bytes], [true, 0, 2_000_000]);
    const ci = new TestEngine();
    ci.engine.profile();
    const { journal_bytes } = ci.engine.health();
    ci.engine.shutdown();
    const after = JSON.parse((await callCirron(["doctor", "--json"])).out).journal;
    assert(after.bytes >= journal_bytes && journal_bytes > 0, `${after.bytes} and ${journal_bytes}`);
    const { out } = await callCirron(["doctor"]);
    assert(out.includes(`  journal            ${directory} may be written, has `), out);
    assertMatch(out, / of 1\.9MiB$/m);
  });
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
