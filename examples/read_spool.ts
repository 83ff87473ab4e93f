/**
 * Reads what other processes recorded into a spool; see spool.ts.
 *
 *     deno run --allow-read examples/read_spool.ts
 *     bun examples/read_spool.ts
 *
 * @module
 */
import { readSpool } from "@cirron/sdk";
import process from "node:process";

const spool = readSpool(process.argv[2] ?? ".cirron/spool");
console.log(`${spool.span_count} spans in ${spool.file_count} files, ${spool.skipped_file_count} damaged\n`);
spool.trace();

const { roots } = spool.trace({ format: "dict", name: "epoch" });
const slowest = roots.toSorted((a, b) => b.wall_us - a.wall_us)[0];
console.log(`\nSlowest: epoch[${slowest.index}], ${(slowest.wall_us / 1000).toFixed(1)}ms`);
