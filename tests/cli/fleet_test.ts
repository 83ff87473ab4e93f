import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { after } from "node:test";
import { callCirron } from "../support/command_line.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { type Duck, type DuckRow, findDuckTrouble, openDuck } from "../support/duckdb.ts";
import { STRAGGLERS, writeFleet } from "../support/fleet.ts";
import { fleetQueries } from "../support/fleet_queries.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// A fleet's journals into Parquet, and the queries of docs/fleet.md on it.

const RANKS = 100;
const STEPS = 1667; // 10 003 spans with the session
const fleetTest = testUnless(LARGE ?? await findDuckTrouble(), import.meta.url);

const folder = new TempDirectory();
let duck: Duck | null = null;
after(() => {
  duck?.[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const queries = fleetQueries(join(folder.path, "fleet"));

async function answersTo(heading: string): Promise<DuckRow[]> {
  duck ??= await openFleet();
  return await duck.query(queries.find(query => query.heading === heading)!.sql);
}

async function openFleet(): Promise<Duck> {
  const runs = join(folder.path, "runs");
  writeFleet(runs, { ranks: RANKS, steps: STEPS }, "r1");
  const args = ["export", "parquet", "--partition", "run,rank", "-o", join(folder.path, "fleet"), runs];
  const { code, errors } = await callCirron(args);
  assertEquals([code, errors], [0, []]);
  const opened = await openDuck();
  await opened.query(queries[0].sql);
  return opened;
}

/** Rows as the page shows them: numbers to two places, all of a column as wide as its widest, at its right; texts at its left. */
function shown(rows: readonly DuckRow[]): string {
  const names = Object.keys(rows[0]);
  const text = (value: unknown) => typeof value === "number" ? value.toFixed(2) : String(value);
  const lines = [names, ...rows.map(row => names.map(name => text(row[name])))];
  const isText = names.map(name => typeof rows[0][name] === "string");
  const widths = names.map((_, i) => Math.max(...lines.map(line => line[i].length)));
  return lines.map(line =>
    line.map((cell, i) => isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ").trimEnd()
  ).map(line => `${line}\n`).join("");
}

fleetTest(
  "cirron export parquet --partition writes all ranks of a fleet, and DuckDB reads them as one",
  async () => {
    duck ??= await openFleet();
    const [{ ranks, spans, steps }] = await duck.query(
      "select count(distinct rank) ranks, count(*) spans, count(*) filter (name = 'step') steps from spans",
    );
    assertEquals([ranks, spans, steps], [100n, BigInt(RANKS * (STEPS * 6 + 1)), BigInt(RANKS * STEPS)]);
  },
);

fleetTest(
  "The query per rank and name of docs/fleet.md has a row of each, and percentiles in their order",
  async () => {
    const rows = await answersTo("Per rank and name");
    assertEquals(rows.length, RANKS * 7);
    for (const { p50_us: p50, p95_us: p95, spans } of rows) {
      assert((p50 as number) <= (p95 as number));
      assert(spans === 1n || spans === BigInt(STEPS));
    }
  },
);

fleetTest(
  "The straggler table of docs/fleet.md finds one rank by its p99, one by its median, and no other",
  async () => {
    const rows = await answersTo("Who is slower than the others");
    assertEquals(rows.map(({ rank, name }) => [rank, name]), [
      [BigInt(STRAGGLERS.byP99), "data"],
      [BigInt(STRAGGLERS.byMedian), "forward"],
    ]);
    const [byP99, byMedian] = rows as { vs_fleet: number; p99_vs_fleet: number }[];
    assert(Math.abs(byP99.vs_fleet - 1) < 0.01 && byP99.p99_vs_fleet > 10);
    assert(byMedian.vs_fleet > 1.25 && byMedian.vs_fleet < 1.35);
  },
);

fleetTest(
  "docs/fleet.md finds the rank that a collective hides, by the time before it and the wait in it",
  async () => {
    const [first] = await answersTo("Who is slow where no span is");
    assertEquals(first.rank, BigInt(STRAGGLERS.hidden));
    const named = await duck!.query(
      `select 1 from spans where rank = ${STRAGGLERS.hidden} and name in ('step', 'data', 'forward', 'backward')
     group by name having median(wall_us) > 1.02 * (select median(o.wall_us) from spans o where o.name = any_value(spans.name))`,
    );
    assertEquals(named, [], "it would stand out without that");
  },
);

fleetTest("docs/fleet.md says who was last at each step, and what it cost", async () => {
  const rows = await answersTo("Who was last at each step, and what it cost");
  const hiccups = Math.floor(STEPS / 50);
  assertEquals(rows.map(({ last_rank: rank, steps }) => [rank, steps]), [
    [BigInt(STRAGGLERS.hidden), BigInt(STEPS - hiccups)],
    [BigInt(STRAGGLERS.byP99), BigInt(hiccups)],
  ]);
  // 5 ms of each step, 20 of each hiccup.
  const lost = rows.map(({ seconds_lost: seconds }) => Number(seconds));
  assert(Math.abs(lost[0] / ((STEPS - hiccups) * 0.005) - 1) < 0.02, String(lost[0]));
  assert(Math.abs(lost[1] / (hiccups * 0.02) - 1) < 0.02, String(lost[1]));
});

fleetTest("What docs/fleet.md shows is what its queries answer", async () => {
  const shownOnes = queries.filter(({ answer }) => answer !== null);
  assertEquals(shownOnes.length, 3);
  for (const { heading, answer } of shownOnes) assertEquals(shown(await answersTo(heading)), answer, heading);
});
