import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { existsSync } from "node:fs";
import process from "node:process";
import { openLibc } from "../../ffi/libc.ts";
import type { Health } from "../../src/data/health.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { opener } from "../../src/runtime/opener.ts";
import { sourceUrl } from "../support/checkout.ts";
import { testUnless } from "../support/conditions.ts";
import { findRuntime, type Outcome, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Each test runs a program of its own in a Deno with exactly the flags it is about.

const FILE = import.meta.url;
const deno = findRuntime("deno");
const denoTest = testUnless(deno === null ? "no deno executable was found" : null, FILE);
const libc = openLibc(opener, process.platform, process.arch);
const libcPath = libc.ok && libc.source.startsWith("/") ? libc.source : null;
const libcTest = testUnless(
  deno === null
    ? "no deno executable was found"
    : libcPath === null
    ? "no C library with an absolute path was found"
    : null,
  FILE,
);

const MOD = sourceUrl("mod.ts");
const POLARS = sourceUrl("polars.ts");

/** A program's text: `body` with the package as `ci`, and `report` to print what the test looks at. */
function program(body: string, polars = false): string {
  return `import * as ci from ${JSON.stringify(MOD)};
${polars ? `import ${JSON.stringify(POLARS)};` : ""}
const report = (value: unknown) => console.log(JSON.stringify(value));
${body}`;
}

/** Runs `source` in a directory of its own, outside the checkout and its configuration. */
async function runDeno(
  flags: readonly string[],
  source: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  using folder = new TempDirectory();
  const path = folder.write("program.ts", source);
  return await run(deno!, ["run", ...flags, path], { cwd: folder.path, env });
}

const RECORD = `
ci.scope("outer", { index: 3, attrs: { a: 1 } }, () => {
  ci.mark("loss", 0.5);
  for (const _ of ci.batches(2)) ci.scope("step").end();
});
await ci.scope("async", async () => { await null; ci.mark("later", 1); });
`;

const NO_PROMPT: Record<string, readonly string[]> = {
  "with --no-prompt": ["--no-prompt"],
  "with nobody to answer": [],
};

for (const [how, flags] of Object.entries(NO_PROMPT)) {
  denoTest(
    `Without permissions, ${how}, the package records and reads back, and asks for nothing`,
    async () => {
      const outcome = await runDeno(
        flags,
        program(`
        ${RECORD}
        const json = JSON.parse(ci.trace({ format: "json" }));
        const dict = ci.trace({ format: "dict" });
        ci.flush();
        report({ json, dict, health: ci.health() });
      `),
      );
      assertStrictEquals(outcome.stderr, "");
      const { json, dict, health } = said<{ json: TraceDict; dict: TraceDict; health: Health }>(outcome);
      assertEquals(json, dict);
      assertEquals(dict.roots.map(root => root.name), ["outer", "async"]);
      assertEquals(dict.roots[0].children.map(child => child.name), ["batch", "batch"]);
      assertEquals(dict.span_count, 6);
      assertStrictEquals(health.span_count, 6);
    },
  );

  denoTest(`Without permissions, ${how}, trace() prints the tree and nothing else`, async () => {
    const { code, stdout, stderr } = await runDeno(flags, program(`${RECORD} ci.trace();`));
    assertEquals([code, stderr], [0, ""]);
    const shape = stdout.trimEnd().split("\n").map(line =>
      line.replace(/ - [\d.]+(us|ms|s)( load [\d.]+m?s)?/, "")
    );
    assertEquals(shape, [
      "outer[3] {loss=0.5000}",
      "  batch[0]",
      "    step",
      "  batch[1]",
      "    step",
      "async {later=1}",
    ]);
  });

  denoTest(`Without permissions, ${how}, a session in memory works`, async () => {
    const outcome = await runDeno(
      flags,
      program(`
        {
          using session = ci.profile({ output: "none" });
          ${RECORD}
          session.flush();
        }
        report({ dict: ci.trace({ format: "dict" }), health: ci.health() });
      `),
      { CIRRON_RUN_ID: "run-7" },
    );
    assertStrictEquals(outcome.stderr, "");
    const { dict } = said<{ dict: TraceDict }>(outcome);
    const [root] = dict.roots;
    assertEquals([dict.roots.length, root.name], [1, "cirron.session"]);
    assertEquals([root.attrs.runtime, typeof root.attrs.pid], ["deno", "number"]);
    assert(!("cirron.run_id" in root.attrs), "the environment may not be read");
  });
}

denoTest(
  "Without permissions CPU time comes from process.cpuUsage(), and the wall clock from performance",
  async () => {
    const outcome = await runDeno(
      ["--no-prompt"],
      program(`
      ci.scope("work", () => {
        // By CPU time, not by the wall: a busy machine may give the process little of that.
        const before = process.cpuUsage();
        const consumedUs = ({ user, system }) => user + system;
        while (consumedUs(process.cpuUsage(before)) < 20_000);
      });
      report({ probes: ci.health().probes, dict: ci.trace({ format: "dict" }) });
    `),
    );
    const { probes, dict } = said<{ probes: Health["probes"]; dict: TraceDict }>(outcome);
    assert(probes.wall.source!.startsWith("performance.now() ("), probes.wall.source!);
    assert(probes.cpu.present && probes.cpu.source!.startsWith("process.cpuUsage() ("), probes.cpu.source!);
    assert(probes.cpu.source!.includes("--allow-ffi"), "must say what would mend it");
    const [work] = dict.roots;
    assert(work.cpu_ns! > 19_000_000 && work.cpu_ns! < 200_000_000, `${work.cpu_ns} ns`);
    assert(work.wall_us > 1000, `${work.wall_us} us`); // several threads may have worked
  },
);

denoTest(
  "Without permissions the thread's CPU time is absent with a reason, and null in the trace",
  async () => {
    const outcome = await runDeno(
      ["--no-prompt"],
      program(`
      ci.profile({ output: "none", counters: { cpu: "thread" } });
      ci.scope("x").end();
      report({ probes: ci.health().probes, dict: ci.trace({ format: "dict" }) });
    `),
    );
    const { probes, dict } = said<{ probes: Health["probes"]; dict: TraceDict }>(outcome);
    assertEquals([probes.cpu.present, probes.cpu.source], [false, null]);
    assert(probes.cpu.reason!.includes("--allow-ffi"));
    assertStrictEquals(dict.roots[0].cpu_ns, null);
  },
);

for (const flags of [[], ["--no-prompt"], ["--deny-ffi"], ["--allow-read", "--allow-env", "--allow-ffi"]]) {
  denoTest(
    `"df" with ${flags.join(" ") || "no flags"} is a CirronDependencyError that names the commands`,
    async () => {
      const outcome = await runDeno(
        flags,
        program(`
        ci.scope("x").end();
        try {
          ci.trace({ format: "df" });
        } catch (error) {
          report({
            name: (error as Error).name,
            message: (error as Error).message,
            own: error instanceof ci.CirronDependencyError && error instanceof ci.CirronError,
            kept: ci.health().span_count,
          });
        }
      `),
      );
      assertStrictEquals(outcome.stderr, "");
      const { name, message, own, kept } = said<
        { name: string; message: string; own: boolean; kept: number }
      >(outcome);
      assertEquals([name, own, kept], ["CirronDependencyError", true, 1]);
      assert(message.includes("`deno add npm:nodejs-polars@0.24.1`"), message);
      assert(message.includes("`bun add nodejs-polars@0.24.1`"), message);
    },
  );
}

denoTest('"df" with all permissions but without nodejs-polars is a CirronDependencyError too', async () => {
  const outcome = await runDeno(
    ["-A"],
    program(`
      try {
        ci.trace({ format: "df" });
      } catch (error) {
        report({ name: (error as Error).name, message: (error as Error).message, cause: (error as Error).cause !== undefined });
      }
    `),
  );
  const { name, message, cause } = said<{ name: string; message: string; cause: boolean }>(outcome);
  assertEquals([name, cause], ["CirronDependencyError", true]);
  assert(
    message.includes("`deno add npm:nodejs-polars@0.24.1`")
      && message.includes("`bun add nodejs-polars@0.24.1`"),
    message,
  );
});

const DF_FLAGS = ["--no-prompt", "--allow-read", "--allow-ffi", "--allow-sys"];

denoTest(`"df" works with exactly ${DF_FLAGS.slice(1).join(" ")}`, async () => {
  const outcome = await runDeno(
    DF_FLAGS,
    program(
      `
        ${RECORD}
        const df = ci.trace({ format: "df" });
        report({ columns: df.columns, height: df.height });
      `,
      true,
    ),
  );
  const { columns, height } = said<{ columns: string[]; height: number }>(outcome);
  assertEquals([columns[0], columns.length, height], ["id", 11, 6]);
});

for (const missing of DF_FLAGS.slice(1)) {
  denoTest(`polars.ts needs ${missing}: without it the import fails, and does not ask`, async () => {
    const outcome = await runDeno(DF_FLAGS.filter(flag => flag !== missing), program("report(1);", true));
    assert(outcome.code !== 0, "a smaller set of flags would do");
    assert(/NotCapable|Requires \w+ access/.test(outcome.stderr), outcome.stderr);
  });
}

libcTest("With --allow-ffi for libc's path alone, libc's clocks are read", async () => {
  const outcome = await runDeno(
    ["--no-prompt", `--allow-ffi=${libcPath}`],
    program(`${RECORD} report({ probes: ci.health().probes, dict: ci.trace({ format: "dict" }) });`),
  );
  assertStrictEquals(outcome.stderr, "");
  const { probes, dict } = said<{ probes: Health["probes"]; dict: TraceDict }>(outcome);
  assertEquals(probes.wall, {
    present: true,
    source: `clock_gettime(CLOCK_MONOTONIC) of ${libcPath}`,
    reason: null,
  });
  assertEquals(probes.cpu.source, `clock_gettime(CLOCK_PROCESS_CPUTIME_ID) of ${libcPath}`);
  assertEquals(dict.span_count, 6);
  assert(dict.roots.every(root => root.cpu_ns !== null));
});

libcTest("With --allow-ffi for libc's path alone, the thread's CPU time is there", async () => {
  const outcome = await runDeno(
    ["--no-prompt", `--allow-ffi=${libcPath}`],
    program(`
      ci.profile({ output: "none", counters: { cpu: "thread" } });
      report(ci.health().probes);
    `),
  );
  const { cpu } = said<Health["probes"]>(outcome);
  assertEquals(cpu.source, `clock_gettime(CLOCK_THREAD_CPUTIME_ID) of ${libcPath}`);
});

libcTest(
  "With --allow-ffi for libc's path alone, peaks of memory are exact: no file is asked for",
  async () => {
    const outcome = await runDeno(
      ["--no-prompt", `--allow-ffi=${libcPath}`],
      program(`
      ci.profile({ output: "none", counters: { memory: true } });
      ci.scope("x").end();
      report({ probes: ci.health().probes, dict: ci.trace({ format: "dict", name: "x" }) });
    `),
    );
    assertStrictEquals(outcome.stderr, "");
    const { probes, dict } = said<{ probes: Health["probes"]; dict: TraceDict }>(outcome);
    assert(probes.memory.source!.startsWith(`ru_maxrss of ${libcPath}`), probes.memory.source!);
    if (probes.memory.source!.includes("reset through")) assert(dict.roots[0].memory_peak_bytes! > 1e6);
  },
);

denoTest(
  "Without permissions, memory has the runtime's own figure, and GPU time a reason for its absence",
  async () => {
    const outcome = await runDeno(
      ["--no-prompt"],
      program(`
      ci.profile({ output: "none", counters: { memory: true } });
      ci.scope("x").end();
      report(ci.health().probes);
    `),
    );
    assertStrictEquals(outcome.stderr, "");
    const { memory, gpu } = said<Health["probes"]>(outcome);
    assert(memory.source!.startsWith("process.resourceUsage()"), memory.source!);
    assert(gpu.reason!.includes("--allow-ffi"), gpu.reason!);
  },
);

libcTest(
  "With --allow-ffi for another path, and with --deny-ffi for libc's, the package falls back",
  async () => {
    for (const flags of [["--allow-ffi=/nowhere/lib.so"], ["--allow-ffi", `--deny-ffi=${libcPath}`]]) {
      const outcome = await runDeno(flags, program("ci.scope('x').end(); report(ci.health().probes);"));
      assertStrictEquals(outcome.stderr, "");
      const { wall, cpu } = said<Health["probes"]>(outcome);
      assert(!wall.source!.includes(` of ${libcPath}`), wall.source!);
      assert(cpu.present);
    }
  },
);

denoTest("With --allow-env the session notes the run's ids, and no other variable", async () => {
  const outcome = await runDeno(
    ["--no-prompt", "--allow-env"],
    program(`
      ci.profile({ output: "none" });
      ci.shutdown();
      report(ci.trace({ format: "dict" }));
    `),
    { CIRRON_RUN_ID: "run-7", CIRRON_API_KEY: "secret", RANK: "3" },
  );
  const { attrs } = said<TraceDict>(outcome).roots[0];
  assertEquals([attrs["cirron.run_id"], attrs.rank], ["run-7", 3]);
  assert(!JSON.stringify(attrs).includes("secret"));
});

denoTest("With --allow-env for some variables no other is read, and nothing prompts", async () => {
  const outcome = await runDeno(
    ["--allow-env=CIRRON_RUN_ID,LOCAL_RANK"],
    program(`
      ci.profile({ output: { emit() {} } });
      ci.shutdown();
      report(ci.trace({ format: "dict" }).roots[0].attrs);
    `),
    {
      CIRRON_RUN_ID: "run-7",
      CIRRON_PIPELINE_ID: "secret",
      CIRRON_API_KEY: "secret",
      CIRRON_FLUSH_INTERVAL: "secret",
      RANK: "3",
      LOCAL_RANK: "2",
    },
  );
  assertStrictEquals(outcome.stderr, "");
  const attrs = said<TraceDict["roots"][0]["attrs"]>(outcome);
  assertEquals([attrs["cirron.run_id"], attrs.rank], ["run-7", 2]);
  assert(!JSON.stringify(attrs).includes("secret"));
});

denoTest("areGranted() takes a permission for some paths as none", async () => {
  const permissions = sourceUrl("src/runtime/permissions.ts");
  const source = `
    import { areGranted } from ${JSON.stringify(permissions)};
    console.log(JSON.stringify(["read", "env", "ffi", "sys", "write"].map(name => areGranted(name as "read"))
      .concat(areGranted(), areGranted("sys", "env"), areGranted("sys", "write"))));
  `;
  const outcome = await runDeno([
    "--no-prompt",
    "--allow-read=/tmp",
    "--allow-env",
    "--deny-write",
    "--allow-sys",
  ], source);
  assertEquals(said(outcome), [false, true, false, true, false, true, true, false]);
});

// A prompt appears on a terminal only, and `script` is what makes one.
const SCRIPT = "/usr/bin/script";
const terminalTest = testUnless(
  deno === null
    ? "no deno executable was found"
    : process.platform !== "linux" || !existsSync(SCRIPT)
    ? "no util-linux script(1) to make a terminal with"
    : null,
  FILE,
);

async function runOnTerminal(source: string): Promise<Outcome> {
  using folder = new TempDirectory();
  const path = folder.write("program.ts", source);
  const args = ["-qec", `'${deno}' run '${path}'`, "/dev/null"];
  // Nothing is answered: Deno throws away what was typed before it reads, and there is no telling when it does.
  return await run(SCRIPT, args, { cwd: folder.path, stopAt: "Allow?" });
}

const PROMPT = /Deno requests|permission|Allow\?/i;

terminalTest(
  "On a terminal a program that asks for permission is seen to ask: the next test can fail",
  async () => {
    const { stdout, code } = await runOnTerminal('Deno.permissions.requestSync({ name: "ffi" });');
    assert(PROMPT.test(stdout), stdout);
    assertStrictEquals(code, null); // it waited for an answer
  },
);

terminalTest("On a terminal, without permissions, nothing prompts", async () => {
  const { stdout, code } = await runOnTerminal(program(`
    ${RECORD}
    ci.trace();
    using session = ci.profile({ output: "none" });
    ${RECORD}
    ci.trace({ format: "json" });
    ci.health();
    try {
      ci.trace({ format: "df" });
    } catch {
      console.log("no df");
    }
    session.shutdown();
    console.log("end");
  `));
  assertStrictEquals(code, 0);
  assert(!PROMPT.test(stdout.replaceAll("no df", "")), stdout);
  assert(stdout.includes("no df") && stdout.includes("end"), stdout);
});

const bun = findRuntime("bun");
const bunTest = testUnless(bun === null ? "no bun executable was found" : null, FILE);

bunTest("areGranted() says yes to everything where there are no permissions", async () => {
  using folder = new TempDirectory();
  const permissions = sourceUrl("src/runtime/permissions.ts");
  const path = folder.write(
    "program.ts",
    `import { areGranted } from ${JSON.stringify(permissions)};
     console.log(JSON.stringify(areGranted("read", "write", "env", "ffi", "sys")));`,
  );
  assertStrictEquals(said(await run(bun!, ["run", path], { cwd: folder.path })), true);
});
