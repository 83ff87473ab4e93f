import { assert, assertEquals, assertLess } from "@std/assert";
import process from "node:process";
import { LIBC_MEMORY_SYMBOLS, libcPaths } from "../../ffi/libc.ts";
import type { SymbolTable } from "../../ffi/types.ts";
import { openPeakMeter, ResettingPeakMeter } from "../../src/meters/memory.ts";
import { opener } from "../../src/runtime/opener.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// For real.

const ALLOCATOR = {
  malloc: { parameters: ["u64"], result: "u64" },
  memset: { parameters: ["u64", "i32", "u64"], result: "void" },
  free: { parameters: ["u64"], result: "void" },
} as const satisfies SymbolTable;

const MIB = 1 << 20;
const libcPath = libcPaths(process.platform, process.arch).find(path =>
  opener.open(path, LIBC_MEMORY_SYMBOLS).ok
);
const real = openPeakMeter();
const realTest = testUnless(
  !real.ok
    ? real.reason
    : real.value instanceof ResettingPeakMeter && libcPath !== undefined
    ? null
    : `the high-water mark cannot be reset here (${real.source})`,
  import.meta.url,
);

// In a process of its own: in this one the garbage of other tests is given back whenever the engine likes.
const PROGRAM = `
import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
import { opener } from ${JSON.stringify(sourceUrl("src/runtime/opener.ts"))};
import process from "node:process";
const libc = opener.open(${JSON.stringify(libcPath)}, ${JSON.stringify(ALLOCATOR)}).value;
process.memoryUsage();
ci.profile({ output: "none", counters: { memory: true } });
let resident;
ci.scope("outer", () => {
  for (const turn of ci.batches(3)) {
    if (turn !== 1) continue;
    const block = libc.malloc(67108864n);
    libc.memset(block, 1, 67108864n);
    resident = process.memoryUsage().rss;
    libc.free(block);
  }
});
ci.shutdown();
const [outer] = ci.trace({ format: "dict", name: "outer" }).roots;
const peaks = outer.children.map(node => node.memory_peak_bytes);
const { source } = ci.health().probes.memory;
console.log(JSON.stringify({ peaks, parent: outer.memory_peak_bytes, resident, source }));
`;

interface Peaks {
  readonly peaks: readonly number[];
  readonly parent: number;
  /** What was resident while the block was in memory. */
  readonly resident: number;
  readonly source: string;
}

async function peaksOfProgram(): Promise<Peaks> {
  using folder = new TempDirectory();
  const path = folder.write("main.ts", PROGRAM);
  const args = RUNTIME === "deno" ? ["run", "--no-prompt", "--allow-ffi", path] : ["run", path];
  return said<Peaks>(await run(findRuntime(RUNTIME)!, args));
}

function assertPeaks({ peaks: [before, during, after], parent, resident }: Peaks): void {
  const figures = [before, during, after, parent, resident].map(bytes => (bytes / MIB).toFixed(1)).join(", ");
  assert(Math.abs(during - resident) < 4 * MIB, `during by resident: ${figures}`);
  assert(Math.abs(during - before - 64 * MIB) < 4 * MIB, `during by before: ${figures}`);
  assertLess(after, during - 56 * MIB, figures);
  assert(parent >= during && parent < during + 4 * MIB, `parent: ${figures}`);
}

realTest(
  "64 MB touched and dropped in one of three siblings are in its peak and its parent's, in no other",
  async () => assertPeaks(await peaksOfProgram()),
);

realTest("A program started by a larger one has its own peaks, not the larger one's", async () => {
  // Linux carries the peak of the image before exec into ru_maxrss, where no reset reaches it.
  const ballast = new Uint8Array(300 * MIB).fill(1);
  const measured = await peaksOfProgram();
  assert(measured.source.endsWith("reset through /proc/self/clear_refs"), measured.source);
  assertLess(measured.parent, 280 * MIB);
  assertPeaks(measured);
  assertEquals(ballast.length, 300 * MIB);
});
