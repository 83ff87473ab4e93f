import { assertEquals, assertLess } from "@std/assert";
import process from "node:process";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { FakeNvml, NO_FAKE } from "../support/fake_nvml.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const fakeTest = testUnless(NO_FAKE, import.meta.url);

// Whole programs: nothing waits for NVML.

const runtime = findRuntime(RUNTIME)!;

const PROGRAM = (body: string) => `
import { Engine } from ${JSON.stringify(sourcePath("src/session/engine.ts"))};
import { openGpu } from ${JSON.stringify(sourcePath("src/meters/gpu/open.ts"))};
import { opener } from ${JSON.stringify(sourcePath("src/runtime/opener.ts"))};
import process from "node:process";
const [path] = process.argv.slice(2);
const fake = opener.open(path, {
  fake_reset: { parameters: [], result: "void" },
  fake_delay: { parameters: ["u32", "u32"], result: "void" },
  fake_calls: { parameters: ["u32"], result: "u32" },
}).value;
fake.fake_reset();
const engine = new Engine({ open: { gpu: ({ clock }) => openGpu(clock, { paths: [path] }) } });
const started = performance.now();
const waitFor = async n => { while (fake.fake_calls(n) === 0) await new Promise(resolve => setTimeout(resolve, 1)); };
${body}
`;

const HANGS: [title: string, body: string, code: number][] = [
  [
    "by itself, while nvmlInit hangs",
    `fake.fake_delay(0, 60000); engine.profile({ output: "none" }); await waitFor(0);`,
    0,
  ],
  [
    "by itself, while a tick hangs",
    `fake.fake_delay(7, 60000); engine.profile({ output: "none" }); await waitFor(7);`,
    0,
  ],
  [
    "by process.exit, while nvmlInit hangs",
    `fake.fake_delay(0, 60000); engine.profile({ output: "none" }); await waitFor(0); process.exit(5);`,
    5,
  ],
  [
    "after shutdown(), while nvmlInit hangs",
    `fake.fake_delay(0, 60000); engine.profile({ output: "none" }); await waitFor(0); engine.shutdown();`,
    0,
  ],
  ["by itself, with a thread that works", `engine.profile({ output: "none" }); await waitFor(13);`, 0],
  [
    "by an error, with a thread that works",
    `engine.profile({ output: "none" }); await waitFor(13); throw new Error("x");`,
    1,
  ],
];

for (const [title, body, code] of HANGS) {
  fakeTest(`A program ends ${title}`, async () => {
    using folder = new TempDirectory();
    const path = folder.write("main.ts", PROGRAM(body));
    const fake = new FakeNvml();
    const args = RUNTIME === "deno" ? ["run", "-A", path, fake.path] : ["run", path, fake.path];
    const startMs = performance.now();
    const outcome = await run(runtime, args);
    assertEquals(outcome.code, code, outcome.stderr);
    assertLess(performance.now() - startMs, 20_000); // not the minute that the call takes
  });
}

fakeTest("A program that never lets the event loop turn has its GPU measured all the same", async () => {
  using folder = new TempDirectory();
  const body = `
engine.profile({ output: "none" });
const until = performance.now() + 15000;
while (fake.fake_calls(13) === 0 && performance.now() < until);
console.log(JSON.stringify({ gpu: engine.health().probes.gpu, ms: performance.now() - started }));`;
  const path = folder.write("main.ts", PROGRAM(body));
  const fake = new FakeNvml();
  const args = RUNTIME === "deno" ? ["run", "-A", path, fake.path] : ["run", path, fake.path];
  const { gpu } = said<{ gpu: { driver: string } }>(await run(runtime, args));
  assertEquals(gpu.driver, "580.12.34");
});

const denoTest = testUnless(
  RUNTIME === "deno" ? NO_FAKE : "only Deno has permissions",
  import.meta.url,
);

denoTest("Under Deno, --allow-ffi with the paths of libc and NVML is enough", async () => {
  using folder = new TempDirectory();
  const body = `
engine.profile({ output: "none" });
await waitFor(13);
console.log(JSON.stringify(engine.health().probes.gpu));`;
  const path = folder.write("main.ts", PROGRAM(body));
  const fake = new FakeNvml();
  const { libcPaths } = await import("../../ffi/libc.ts");
  const libc = libcPaths(process.platform, process.arch).filter(one => one.startsWith("/"));
  const args = ["run", "--no-prompt", `--allow-ffi=${[fake.path, ...libc].join(",")}`, path, fake.path];
  const gpu = said<{ present: boolean; driver: string; reason: string | null }>(await run(runtime, args));
  assertEquals([gpu.present, gpu.driver], [true, "580.12.34"], gpu.reason ?? "");
});

const bundleTest = testUnless(RUNTIME === "bun" ? NO_FAKE : "the bundler is Bun's", import.meta.url);

bundleTest("The NVML thread starts from a minified bundle and from a single executable", async () => {
  using folder = new TempDirectory();
  const body = `
engine.profile({ output: "none" });
await waitFor(13);
console.log(JSON.stringify(engine.health().probes.gpu));
process.exit(0);`;
  const path = folder.write("main.ts", PROGRAM(body));
  const bundle = `${folder.path}/bundle.js`;
  const executable = `${folder.path}/program`;
  for (const flags of [["--target=bun", `--outfile=${bundle}`], ["--compile", `--outfile=${executable}`]]) {
    const built = await run(runtime, ["build", "--minify", ...flags, path], { cwd: folder.path });
    assertEquals(built.code, 0, built.stderr);
  }
  const fake = new FakeNvml();
  for (const outcome of [await run(runtime, [bundle, fake.path]), await run(executable, [fake.path])]) {
    const gpu = said<{ driver: string; reason: string | null }>(outcome);
    assertEquals(gpu.driver, "580.12.34", gpu.reason ?? "");
  }
});
