/**
 * A load inside this very process, alone and with another process's beside it: does the share that the driver gives us fit?
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as ci from "../../mod.ts";
import { opener } from "../../src/runtime/opener.ts";
import type { Burst, Comparison } from "./bursts.ts";
import { startLoad } from "./compare.ts";
import { compareAll, openSpans } from "./spans.ts";

const SYMBOLS = {
  load_start: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  load_stop: { parameters: [], result: "i32" },
} as const;

const SECONDS = 15;

/** What one run found. */
export interface OwnShare {
  readonly rows: Comparison[];
  readonly scope: string | null;
  /** The driver's last word on our part of the busy time. */
  readonly share: number | undefined;
}

/** Builds the load with `nvcc` (`NVCC` names another) and compares. */
export async function ownShare(): Promise<OwnShare[]> {
  const folder = mkdtempSync(join(tmpdir(), "own-load-"));
  const library = join(folder, "own_load.so");
  const source = fileURLToPath(new URL("own_load.cu", import.meta.url));
  const args = ["-O2", "-shared", "-Xcompiler", "-fPIC", "-o", library, source];
  const built = spawnSync(process.env.NVCC ?? "nvcc", args, { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`nvcc failed: ${built.error?.message ?? built.stderr}`);
  const opened = opener.open(library, SYMBOLS);
  if (!opened.ok) throw new Error(opened.reason);
  const { load_start, load_stop } = opened.value;
  const found: OwnShare[] = [];
  for (const beside of [null, [100, 150, 3 * SECONDS] as const]) {
    const other = beside === null ? null : startLoad(beside);
    await other?.started;
    const log = join(folder, `bursts-${found.length}.jsonl`);
    const code = load_start(50, 80, new TextEncoder().encode(`${log}\0`));
    if (code !== 0) throw new Error(`The load could not start: ${code}`);
    const profiler = ci.profile({ output: "none" });
    const spans = openSpans();
    await new Promise(resolve => void setTimeout(resolve, SECONDS * 1000));
    load_stop();
    await spans.stop();
    const { gpu } = ci.health().probes;
    const bursts = readFileSync(log, "utf8").trim().split("\n").map(line => JSON.parse(line) as Burst);
    const name = `own load, 50 ms busy, 80 ms idle${
      beside === null ? "" : `; another process ${beside[0]} / ${beside[1]} ms`
    }`;
    found.push({ rows: compareAll(name, bursts), scope: gpu.scope, share: gpu.devices[0]?.share });
    profiler.shutdown();
    await other?.ended;
  }
  return found;
}
