/**
 * Everything there is to find out on a machine with a GPU, in one command: `deno run -A bench/gpu/run.ts`, or
 * `bun bench/gpu/run.ts`. Needs NVIDIA's driver; Python with PyTorch (`PYTHON` names another interpreter) for the
 * comparison, and `nvcc` for the load within this process. Takes some four minutes. Prints Markdown, which docs/gpu.md has.
 *
 * @module
 */
import process from "node:process";
import type { Comparison } from "./bursts.ts";
import { compare } from "./compare.ts";
import { ownShare } from "./own_share.ts";
import { answers } from "./questions.ts";

const { versions } = process;
const runtime = versions.bun
  ? `Bun ${versions.bun}`
  : versions.deno
  ? `Deno ${versions.deno}`
  : `Node ${versions.node}`;
console.log(`### ${runtime}, ${new Date().toISOString().slice(0, 10)}\n`);
for (const [question, answer] of await answers()) console.log(`- ${question}: ${answer}`);

const { rows, energies, health, device } = await compare();
console.log(`\nCompared on ${device}: \`${JSON.stringify(health.probes.gpu)}\`\n`);
print(rows);
console.log("\nEnergy, ours beside nvidia-smi's power:\n");
for (const energy of energies) console.log(`- ${energy}`);
for (const { rows, scope, share } of await ownShare()) {
  console.log(`\nIn this process: scope ${scope}, share ${share}\n`);
  print(rows);
}
process.exit(0);

function print(rows: readonly Comparison[]): void {
  console.log("| load | span | spans | ours / CUDA events | RMS error | worst | unknown |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const { load, lengthMs, spans, ratio, rmsMs, worstMs, unknown } of rows) {
    const cells = [
      load,
      `${lengthMs} ms`,
      spans,
      ratio.toFixed(3),
      `${rmsMs.toFixed(1)} ms`,
      `${worstMs.toFixed(1)} ms`,
      unknown,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
