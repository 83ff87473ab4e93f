import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findUnshareTrouble } from "../support/mount.ts";
import { findRuntime, type Outcome, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// What `cirron doctor` says where little is permitted or there: no flags, a /proc that is read-only or empty, no GPU.

const FILE = import.meta.url;
const CLI = sourcePath("cli.ts");
const runtime = findRuntime(RUNTIME)!;
const denoTest = testUnless(RUNTIME === "deno" ? null : "permissions are Deno's", FILE);
const mountTest = testUnless(findUnshareTrouble(), FILE);

interface Doctored {
  readonly permissions: Readonly<Record<string, string>> | null;
  readonly probes: Readonly<
    Record<"wall" | "cpu" | "gpu" | "memory", { present: boolean; source: string; reason: string }>
  >;
  readonly advice: readonly { readonly flag: string; readonly gives: string }[];
}

/** `cirron doctor --json` in an empty directory; `flags` are Deno's. */
async function doctor(flags: readonly string[], cwd: string): Promise<Doctored> {
  const before = RUNTIME === "deno" ? ["run", "--no-check", "--no-prompt", ...flags] : [];
  return said<Doctored>(await run(runtime, [...before, CLI, "doctor", "--json"], { cwd }));
}

denoTest(
  "cirron doctor without a flag says of each counter what it is read from, and asks for nothing",
  async () => {
    using folder = new TempDirectory();
    const { probes: { wall, cpu, gpu, memory }, permissions, advice } = await doctor([], folder.path);
    assertEquals(Object.values(permissions!), new Array(5).fill("limited"));
    for (
      const [{ source }, call] of [[wall, "performance.now"], [cpu, "process.cpuUsage"], [
        memory,
        "resourceUsage",
      ]] as const
    ) {
      assert(source.includes(`${call}() (FFI is not permitted (--allow-ffi))`), source);
    }
    assertMatch(gpu.reason, /^needs libc's clock, and has performance\.now/);
    assertEquals(advice.map(({ gives }) => gives.replace(/[ ,].*/, "")), [
      "a",
      "all",
      "the",
      "the",
      "DataFrames",
    ]);
  },
);

denoTest("Each flag that cirron doctor advises gives what it says, and is not advised again", async () => {
  using folder = new TempDirectory();
  const before = await doctor([], folder.path);
  const flagFor = (what: string) => before.advice.find(({ gives }) => gives.includes(what))!.flag;
  const finer = await doctor([flagFor("a finer clock")], folder.path);
  assertMatch(finer.probes.wall.source, /^clock_gettime\(CLOCK_MONOTONIC\) of \//);
  assertMatch(finer.probes.cpu.source, /^clock_gettime\(CLOCK_PROCESS_CPUTIME_ID\) of \//);
  assertMatch(finer.probes.memory.source, /^ru_maxrss of \//);
  assert(finer.advice.every(({ gives }) => !gives.includes("a finer clock")));
  // Deno takes `--allow-ffi=a --allow-ffi` for the first of them alone.
  const given = before.advice.flatMap(({ flag }) => flag.split(" "));
  const all = await doctor(
    given.filter(flag => !given.includes(flag.replace(/=.*/, "")) || !flag.includes("=")),
    folder.path,
  );
  assertEquals(all.advice.filter(({ flag }) => flag.startsWith("--")), []);
});

/** Runs `cirron doctor` where `mounts`, lines of shell, have been made: only it sees them. */
function doctorUnder(mounts: string, cwd: string): Promise<Outcome> {
  const flags = RUNTIME === "deno" ? "run --no-check -A" : "";
  const line = `${mounts} && exec "$0" ${flags} "$1" doctor`;
  return run("unshare", ["-m", "/bin/sh", "-c", line, runtime, CLI], { cwd });
}

mountTest(
  "cirron doctor in a container whose /proc is read-only says that peaks of memory are not exact",
  async () => {
    using folder = new TempDirectory();
    const { code, stdout, stderr } = await doctorUnder(
      "mount -o bind /proc /proc && mount -o remount,bind,ro /proc",
      folder.path,
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^ {2}memory_peak_bytes {2}ru_maxrss of \S+, which cannot be reset here: known only for spans with a new peak$/m,
    );
    assertMatch(stdout, /^ {2}wall_us +clock_gettime/m);
  },
);

// Bun aborts without a whole /proc, Deno without /proc/self/exe, before any program runs.
testUnless(RUNTIME === "deno" ? findUnshareTrouble() : "Bun itself needs /proc", FILE)(
  "cirron doctor without /proc, but for what Deno itself needs, does the same",
  async () => {
    using folder = new TempDirectory();
    const { code, stdout, stderr } = await doctorUnder(
      `mount -t tmpfs tmpfs /proc && mkdir /proc/self && ln -s '${process.execPath}' /proc/self/exe`,
      folder.path,
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /cannot be reset here/);
    assertMatch(stdout, /^ {2}cpu_ns +clock_gettime/m);
  },
);

testUnless(existsSync("/dev/nvidiactl") ? "there is a GPU" : null, FILE)(
  "cirron doctor without a GPU says that there is no driver",
  async () => {
    using folder = new TempDirectory();
    const { probes: { gpu } } = await doctor(["-A"], folder.path);
    assertEquals([gpu.present, gpu.source], [false, null as unknown as string]);
    assertMatch(gpu.reason, /^no NVIDIA driver: libnvidia-ml\.so\.1 was not found$/);
  },
);

test("cirron doctor in a project without nodejs-polars says how to add it", async () => {
  using folder = new TempDirectory();
  // The checkout's own configuration would lend Deno its nodejs-polars.
  const { advice } = await doctor(["-A", "--no-config"], folder.path);
  const flags = advice.map(({ flag }) => flag);
  assertEquals(flags, [
    RUNTIME === "bun" ? "bun add nodejs-polars@0.24.1" : "npm install nodejs-polars@0.24.1",
  ]);
});
