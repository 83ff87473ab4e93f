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
import type { Burst, Comparison } from "./bursts.ts";
import { watchPower } from "./power.ts";
import { compareAll, openSpans } from "./spans.ts";

/** Busy and idle milliseconds of a load, and for how many seconds it runs. */
type Load = readonly [busyMs: number, idleMs: number, seconds: number];

const LOADS: readonly Load[] = [[50, 80, 30], [5, 15, 20], [1000, 500, 30], [400, 0, 20]];

/** A load in a process of its own. */
export interface Running {
  /** The bursts so far. */
  readonly bursts: Burst[];
  /** Resolves with the device's name at the first burst. */
  readonly started: Promise<string>;
  /** Resolves when the load has ended. */
  readonly ended: Promise<void>;
}

/** Starts load.py. Python with PyTorch must be there. */
export function startLoad([busyMs, idleMs, seconds]: Load): Running {
  const script = fileURLToPath(new URL("load.py", import.meta.url));
  const args = [script, ...[seconds, busyMs, idleMs].map(String)];
  const child = spawn(process.env.PYTHON ?? "python3", args, { stdio: ["ignore", "pipe", "inherit"] });
  const bursts: Burst[] = [];
  let device = "";
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", status => {
      if (status === 0) resolve();
      else reject(new Error(`load.py ended with ${status}: is PyTorch there?`));
    });
  });
  const started = new Promise<string>((resolve, reject) => {
    ended.catch(reject);
    createInterface({ input: child.stdout! }).on("line", line => {
      const said = JSON.parse(line) as Burst & { device?: string };
      if (said.device !== undefined) device = said.device;
      else if (bursts.push(said) === 1) resolve(device);
    });
  });
  return { bursts, started, ended };
}

/** What the comparison found. */
export interface Compared {
  readonly rows: Comparison[];
  /** Energy: our figure, and power summed up meanwhile. */
  readonly energies: string[];
  readonly health: ci.Health;
  readonly device: string;
}

/** Runs each load beside spans of each length at once, and compares. */
export async function compare(): Promise<Compared> {
  const rows: Comparison[] = [];
  const energies: string[] = [];
  let health = ci.health();
  let device = "";
  for (const load of LOADS) {
    const name = `${load[0]} ms busy, ${load[1]} ms idle`;
    const running = startLoad(load);
    device = await running.started;
    const profiler = ci.profile({ output: "none" });
    const power = watchPower();
    const spans = openSpans();
    await running.ended;
    await spans.stop();
    const { millijoules, seconds, watts } = power.stop();
    health = ci.health();
    rows.push(...compareAll(name, running.bursts));
    profiler.shutdown();
    const { attrs, wall_us } = ci.trace({ format: "dict", name: "cirron.session" }).roots[0];
    const ours = Number(attrs.gpu_energy_mj);
    energies.push(
      `${name}: ${(ours / 1e3).toFixed(0)} J in ${(wall_us / 1e6).toFixed(1)} s = ${
        (ours / (wall_us / 1e3)).toFixed(1)
      } W; power summed up: ${(millijoules / 1e3).toFixed(0)} J in ${seconds.toFixed(1)} s = ${
        watts.toFixed(1)
      } W`,
    );
  }
  return { rows, energies, health, device };
}
