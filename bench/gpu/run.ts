/**
 * Everything there is to find out on a machine with a GPU, in one command: `deno run -A bench/gpu/run.ts`, or
 * `bun bench/gpu/run.ts`. Needs NVIDIA's driver, and Python with PyTorch (`PYTHON` names another interpreter) for the
 * comparison; takes some three minutes. Prints Markdown; docs/gpu.md says where it goes.
 *
 * @module
 */
import process from "node:process";
import { compare } from "./compare.ts";
import { answers } from "./questions.ts";

const { versions } = process;
const runtime = versions.bun
  ? `Bun ${versions.bun}`
  : versions.deno
  ? `Deno ${versions.deno}`
  : `Node ${versions.node}`;
console.log(`### ${runtime}, ${new Date().toISOString().slice(0, 10)}\n`);
console.log("| question | answer |\n| --- | --- |");
for (const [question, answer] of await answers()) console.log(`| ${question} | ${answer} |`);

const { rows, health, device } = await compare();
console.log(`\nCompared on ${device}: \`${JSON.stringify(health.probes.gpu)}\`\n`);
console.log(
  "| load | span | spans | ours / CUDA events | RMS error | worst | unknown |\n| --- | --- | --- | --- | --- | --- | --- |",
);
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
