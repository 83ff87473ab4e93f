import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { engine } from "../../src/api/shared.ts";
import { examine } from "../../src/cli/doctor_report.ts";
import { VERSION } from "../../src/data/version.ts";
import { openClock } from "../../src/meters/clock.ts";
import { openPeakMeter } from "../../src/meters/memory.ts";
import { opener } from "../../src/runtime/opener.ts";
import { VARIABLES } from "../../src/session/environment.ts";
import { callCirron } from "../support/command_line.ts";
import { RUNTIME } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { FakeOpener, writeTimespec } from "../support/openers.ts";
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

/** An opener on a system of musl, whose C library is where it is told, if anywhere. */
class MuslOpener extends FakeOpener {
  override readonly isMusl: boolean = true;
}

/** What `cirron doctor` finds where libraries are opened by `from`. */
function examineWith(from: FakeOpener) {
  const engine = new TestEngine(undefined, {
    clock: openClock(from),
    open: { memory: () => openPeakMeter({ from, platform: "linux" }) },
  }).engine;
  return examine({ engine, opener: from });
}

test("cirron doctor on musl reads musl's own library, and the counters say so", async () => {
  const libc = "/lib/ld-musl-x86_64.so.1";
  const clock = (_: number, out: Uint8Array) => {
    writeTimespec(out, 5n, 6n);
    return 0;
  };
  const { probes } = await examineWith(new MuslOpener({ [libc]: { clock_gettime: clock as never } }));
  const { wall, cpu, memory } = probes;
  if (process.arch === "x64") {
    assertEquals(wall.source, `clock_gettime(CLOCK_MONOTONIC) of ${libc}`);
    assertEquals(cpu.source, `clock_gettime(CLOCK_PROCESS_CPUTIME_ID) of ${libc}`);
  }
  assertMatch(String(memory.source), /known only for spans with a new peak/);
});

test("cirron doctor on musl whose library cannot be opened names the places that it looked at, and none of glibc's", async () => {
  const { probes } = await examineWith(new MuslOpener({}));
  assertMatch(String(probes.wall.source), /^performance\.now\(\) \(\/lib\/libc\.musl-.*; \/lib\/ld-musl-/);
  assert(!String(probes.wall.source).includes("linux-gnu"));
  assert(probes.cpu.present && probes.memory.present);
});

test("cirron doctor on musl advises musl's own library where FFI is not permitted", async () => {
  const denied = new MuslOpener({});
  denied.open = () => ({ ok: false, reason: "FFI is not permitted (--allow-ffi)" });
  const { advice } = await examineWith(denied);
  const [{ flag }] = advice;
  // Only what is there is advised: on a machine of glibc that is nothing in particular.
  assertMatch(flag, /^--allow-ffi(=\/lib\/(libc\.musl|ld-musl)-\S+)?$/);
  assert(!flag.includes("linux-gnu") && opener.isMusl === false);
});
