/**
 * Energy from the power that `nvidia-smi` reads, as a second opinion on the driver's own counter.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Sums up power over time until it is stopped. */
export function watchPower(): { stop(): { millijoules: number; seconds: number; watts: number } } {
  const args = ["--query-gpu=power.draw.instant", "--format=csv,noheader,nounits", "-lms", "50"];
  const child = spawn("nvidia-smi", args, { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {}); // no such program: nothing is read
  let millijoules = 0;
  let firstMs = NaN;
  let lastMs = NaN;
  createInterface({ input: child.stdout! }).on("line", line => {
    const watts = Number(line);
    const nowMs = performance.now();
    if (Number.isNaN(firstMs)) firstMs = nowMs;
    else if (watts === watts) millijoules += watts * (nowMs - lastMs);
    lastMs = nowMs;
  });
  return {
    stop() {
      child.kill();
      const seconds = (lastMs - firstMs) / 1000;
      return { millijoules, seconds, watts: millijoules / 1000 / seconds };
    },
  };
}
