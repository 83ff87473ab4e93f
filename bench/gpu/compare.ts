/**
 * Our GPU time beside CUDA's own: a load that measures itself by CUDA events runs beside spans of several lengths.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as ci from "../../mod.ts";

interface Burst {
  readonly start_us: number;
  readonly end_us: number;
  readonly busy_ms: number;
}

/** Errors of the spans of one length. */
export interface Comparison {
  readonly load: string;
  readonly lengthMs: number;
  readonly spans: number;
  /** Sum of our figures over the sum of CUDA's. */
  readonly ratio: number;
  readonly rmsMs: number;
  readonly worstMs: number;
  readonly unknown: number;
}

const LOADS: readonly (readonly [busyMs: number, idleMs: number])[] = [[50, 80], [5, 15], [1000, 500], [
  400,
  0,
]];
const LENGTHS_MS = [100, 500, 2000, 10_000];
const SECONDS = 30;

/** Runs each load beside spans of each length at once, and compares. Python with PyTorch must be there. */
export async function compare(): Promise<{ rows: Comparison[]; health: ci.Health; device: string }> {
  const rows: Comparison[] = [];
  let health = ci.health();
  let device = "";
  for (const [busyMs, idleMs] of LOADS) {
    const bursts: Burst[] = [];
    const profiler = ci.profile({ output: "none" });
    const script = fileURLToPath(new URL("load.py", import.meta.url));
    const args = [script, ...[SECONDS, busyMs, idleMs].map(String)];
    const child = spawn(process.env.PYTHON ?? "python3", args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    let isRunning = false;
    let isOver = false;
    const flows: Promise<void>[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = JSON.parse(line) as Burst & { device?: string };
      if (said.device !== undefined) {
        device = said.device;
        continue;
      }
      bursts.push(said);
      if (isRunning) continue;
      isRunning = true;
      for (const lengthMs of LENGTHS_MS) {
        flows.push((async () => {
          while (!isOver) {
            await ci.scope(
              `span ${lengthMs}`,
              () => new Promise(resolve => void setTimeout(resolve, lengthMs)),
            );
          }
        })());
      }
    }
    isOver = true;
    const status = await ended;
    if (status !== 0) throw new Error(`load.py ended with ${status}: is PyTorch there?`);
    await Promise.all(flows);
    await new Promise(resolve => void setTimeout(resolve, 2500)); // the driver's samples of the last spans
    health = ci.health();
    const { roots } = ci.trace({ format: "dict", open: true });
    const spans = roots.flatMap(root => root.children);
    const lastUs = bursts.at(-1)!.end_us;
    for (const lengthMs of LENGTHS_MS) {
      const mine = spans.filter(span =>
        span.name === `span ${lengthMs}` && span.end_us !== null && span.end_us < lastUs
      );
      const errors: number[] = [];
      let ours = 0;
      let cudas = 0;
      let unknown = 0;
      for (const { start_us, end_us, gpu_ns } of mine) {
        if (gpu_ns === null) {
          unknown++;
          continue;
        }
        const truth = busyMsWithin(bursts, start_us, end_us!);
        errors.push(gpu_ns / 1e6 - truth);
        ours += gpu_ns / 1e6;
        cudas += truth;
      }
      rows.push({
        load: `${busyMs} ms busy, ${idleMs} ms idle`,
        lengthMs,
        spans: errors.length,
        ratio: ours / cudas,
        rmsMs: Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length),
        worstMs: errors.reduce((worst, error) => Math.max(worst, Math.abs(error)), 0),
        unknown,
      });
    }
    profiler.shutdown();
  }
  return { rows, health, device };
}

// CUDA's events tell how long a burst was busy; it ends when the synchronization does.
function busyMsWithin(bursts: readonly Burst[], startUs: number, endUs: number): number {
  let sum = 0;
  for (const burst of bursts) {
    const beginUs = burst.end_us - burst.busy_ms * 1000;
    sum += Math.max(0, Math.min(endUs, burst.end_us) - Math.max(startUs, beginUs)) / 1000;
  }
  return sum;
}
