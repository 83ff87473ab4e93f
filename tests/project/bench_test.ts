import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Case } from "../../bench/case.ts";
import { compare } from "../../bench/compare.ts";
import { type Results, withCosts, withTables } from "../../bench/results.ts";
import { CHECKOUT } from "../support/checkout.ts";

const BEGIN = "<!-- bench/results.json: begin -->";
const END = "<!-- bench/results.json: end -->";

const results: Results = JSON.parse(readFileSync(join(CHECKOUT, "bench/results.json"), "utf8"));

test("bench/RESULTS.md and README.md have the figures of bench/results.json: `deno task bench results` writes all", () => {
  for (const [page, written] of [["bench/RESULTS.md", withTables], ["README.md", withCosts]] as const) {
    const text = readFileSync(join(CHECKOUT, page), "utf8");
    assertEquals(text, written(text, results));
  }
});

test("withCosts() gives five lines, with a figure for each runtime in every one", () => {
  const lines = withCosts(BEGIN + END, results).split("\n").filter(line => line.startsWith("| "));
  const [, , ...rows] = lines.map(line => line.split("|").slice(1, -1).map(cell => cell.trim()));
  assertEquals(rows.length, 5);
  for (const [what, ...figures] of rows) {
    assertEquals(figures.length, results.runtimes.length, what);
    for (const figure of figures) assertMatch(figure, /^[\d.]+( to [\d.]+)? (x|ns|us|ms)$/, what);
  }
});

test("withTables() changes nothing but what stands between the marks", () => {
  const written = withTables(`a\n${BEGIN}as it was${END}\nb`, results);
  assert(written.startsWith(`a\n${BEGIN}\n\n`), written);
  assert(written.endsWith(`${END}\nb`), written);
  assert(!written.includes("as it was"), written);
  assertEquals(withTables(written, results), written);
});

// What measures by itself gives its figures without a clock.
const given = (name: string, ns: number, more: Partial<Case> = {}): Case => ({
  name,
  run: () => ns,
  ...more,
});

async function tablesOf(cases: readonly Case[]): Promise<string> {
  const measured = await compare(cases, { seconds: 0, leastRounds: 3 });
  const written = JSON.parse(JSON.stringify({ groups: { program: measured }, runtime: "A runtime" }));
  return withTables(BEGIN + END, { date: "", machine: "", runtimes: [written] });
}

test("A cost is told as nanoseconds above what it stands on, with that beside it", async () => {
  const tables = await tablesOf([
    given("a reading", 30),
    given("a scope", 100, { floor: { "a reading": 2 }, target: { of: { "a reading": 1.6 } } }),
  ]);
  assertMatch(tables, /^\| a scope +\| 2 x a reading +\| 60 \+ 40 ns +\|$/m);
  assert(!tables.includes("1.6 x"), tables);
});

test("A program is held against the sum of what it is made of, an other's span against ours as a range", async () => {
  const tables = await tablesOf([
    given("a mark", 50),
    given("a scope", 100),
    given("a program", 300, { parts: { "a scope": 1, "a mark": 2 } }),
    given("ours", 100),
    given("ours, with cpu", 120),
    given("others'", 600, { timesOf: ["ours", "ours, with cpu"] }),
  ]);
  assertMatch(tables, /^\| a program +\| 300 ns, 1\.5 x +\|$/m);
  assertMatch(tables, /^\| others' +\| 5\.0 to 6\.0 x +\|$/m);
});

test("What a case adds to another is told as it is, as times of what a third adds, and in bold where it is over its bound", async () => {
  const measured = await compare([
    given("a request", 10_000),
    given("another's", 20_000, { added: { over: "a request" } }),
    given("ours", 15_000, { added: { over: "a request", against: "another's", atMost: 0.5 } }),
    given("ours, on disk", 30_000, { added: { over: "a request", against: "another's", atMost: 1.1 } }),
    given("resident", 5e7, { unit: "bytes" }),
    given("resident, ours", 1e8, { unit: "bytes", added: { over: "resident", atMost: 4e7 } }),
  ], { seconds: 0, leastRounds: 3 });
  const written = JSON.parse(JSON.stringify({ groups: { server: measured }, runtime: "A runtime" }));
  const tables = withTables(BEGIN + END, { date: "", machine: "", runtimes: [written] });
  assertMatch(tables, /^\| a request +\| 10\.0 us +\|$/m);
  assertMatch(tables, /^\| another's +\| \+ 10\.0 us +\|$/m);
  assertMatch(tables, /^\| ours +\| \+ 5\.0 us, 0\.50 x \(at most 0\.50 x\) +\|$/m);
  assertMatch(tables, /^\| ours, on disk +\| \+ 20\.0 us, \*\*2\.00 x\*\* \(at most 1\.10 x\) +\|$/m);
  assertMatch(tables, /^\| resident, ours +\| \*\*\+ 50 MB\*\* \(at most 40 MB\) +\|$/m);
});

test("The lines of the tables are under 160 characters long", () => {
  const tables = withTables(BEGIN + END, results);
  assertEquals(tables.split("\n").filter(line => line.length >= 160), []);
});
