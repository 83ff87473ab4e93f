/**
 * A fleet's journals into Parquet, and each query of docs/fleet.md on it: `run.ts [RANKS] [SPANS]`, by default 100 ranks of 100 000 spans
 * each, on the runtime that it runs on. Each part is a process of its own, and says its time, CPU time and most memory.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cirron } from "../../cli.ts";
import { openDuck } from "../../tests/support/duckdb.ts";
import { STRAGGLERS, writeFleet } from "../../tests/support/fleet.ts";
import { fleetQueries } from "../../tests/support/fleet_queries.ts";

const SPANS_A_STEP = 6;
/** So that a figure is that of one core, and two runs compare. */
const THREADS = 1;

const [part = "all", ...args] = process.argv.slice(2);
if (part === "write") write(args[0], Number(args[1]), Number(args[2]));
else if (part === "export") await exportParquet(args[0], args[1]);
else if (part === "query") await query(args[0], Number(args[1]));
else all(Number(part === "all" ? 100 : part), Number(args[0] ?? 100_000));

function all(ranks: number, spans: number): void {
  const folder = mkdtempSync(join(tmpdir(), "cirron-fleet-"));
  const [runs, fleet] = [join(folder, "runs"), join(folder, "fleet")];
  const version = process.versions.bun ?? process.versions.deno;
  console.log(
    `${process.versions.bun === undefined ? "Deno" : "Bun"} ${version}: ${ranks} ranks x ${spans} spans`,
  );
  try {
    child("journals written", "write", runs, ranks, Math.round(spans / SPANS_A_STEP));
    console.log(`  ${megabytes(bytesIn(runs))} MB of journals`);
    child("cirron export parquet --partition run,rank", "export", runs, fleet);
    console.log(`  ${megabytes(bytesIn(fleet))} MB of Parquet`);
    for (let i = 1; i < fleetQueries(fleet).length; i++) {
      child(fleetQueries(fleet)[i].heading, "query", fleet, i);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a part by itself; it says the rest. */
function child(what: string, ...parts: readonly (string | number)[]): void {
  const flags = process.versions.bun === undefined ? ["run", "-A", "--no-check"] : [];
  const program = [...flags, fileURLToPath(import.meta.url), ...parts.map(String)];
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, program, {
    encoding: "utf8",
    env: childEnv(),
  });
  if (status !== 0) throw new Error(`${what} ended with ${status}: ${stderr}`);
  console.log(
    `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s with its start; ${stdout.trim()}`,
  );
}

function childEnv(): Record<string, string> {
  return { ...process.env, POLARS_MAX_THREADS: String(THREADS) } as Record<string, string>;
}

function write(runs: string, ranks: number, steps: number): void {
  writeFleet(runs, { ranks, steps }, "r1");
  say();
}

async function exportParquet(runs: string, fleet: string): Promise<void> {
  if (await cirron(["export", "parquet", "--partition", "run,rank", "-o", fleet, runs]) !== 0) {
    process.exit(1);
  }
  say();
}

async function query(fleet: string, i: number): Promise<void> {
  const queries = fleetQueries(fleet);
  using duck = await openDuck();
  await duck.query(`set threads = ${THREADS}`);
  await duck.query(queries[0].sql);
  const began = performance.now();
  const rows = await duck.query(queries[i].sql);
  const named = Object.entries(STRAGGLERS).filter(([, rank]) =>
    (rows[0].rank ?? rows[0].last_rank) === BigInt(rank)
  );
  console.log(
    `${((performance.now() - began) / 1000).toFixed(2)} s, ${rows.length} rows${
      named.length === 0 || rows.length > 50 ? "" : `, first the straggler ${named[0][0]}`
    },`,
  );
  say();
}

/** Says what this process has taken so far. */
function say(): void {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  console.log(`${((user + system) / 1e6).toFixed(1)} s of CPU, ${megabytes(maxRSS * 1024)} MB at most`);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map(name => statSync(join(folder, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
