/**
 * Records into a spool that another process reads: run this one, then read_spool.ts, while it runs or after.
 *
 *     deno run -A examples/spool.ts && deno run -A examples/read_spool.ts
 *     bun examples/spool.ts && bun examples/read_spool.ts
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

// The default output is the spool: files in .cirron/spool, a new one each second in which something was recorded.
ci.profile({ output: "spool", outputDir: process.argv[2] ?? ".cirron/spool" });

for (const epoch of ci.epochs(3)) {
  for (const batch of ci.batches(4)) {
    await ci.scope("forward", () => setTimeout(5));
    ci.mark("loss", 1 / (1 + epoch * 4 + batch));
  }
}

// No shutdown(): whatever ends the program, what it recorded is written before.
const { spool_dir: directory } = ci.health();
console.log(`Recorded into ${directory ?? "memory alone"}`);
