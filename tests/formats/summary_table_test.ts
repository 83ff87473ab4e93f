import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { toTable, type TraceSummary } from "../../src/formats/summary_table.ts";
import type { SummaryRow } from "../../src/tree/summary.ts";
import { literal, TestEngine } from "../support/engine.ts";

function summaryOf(ci: TestEngine, options: object = {}): TraceSummary {
  return ci.host.trace({ ...options, format: "summary" }) as TraceSummary;
}

/** Two epochs of three batches; one forward fails, and a validation is left open. */
function trained(): TestEngine {
  const ci = new TestEngine();
  for (const epoch of ci.epochs(2)) {
    for (const batch of ci.batches(3)) {
      try {
        ci.scope("forward", () => {
          ci.clock.us(1000 * (1 + batch), 0.5);
          if (epoch + batch === 3) throw new RangeError("NaN");
        });
      } catch {
        // the next one may be better
      }
      ci.clock.us(7);
    }
  }
  ci.scope("validate");
  ci.clock.us(2_000_000);
  return ci;
}

function row(more: Partial<SummaryRow>): SummaryRow {
  return {
    path: "a",
    name: "a",
    depth: 0,
    count: 1,
    total_us: 10,
    self_us: 10,
    mean_us: 10,
    p50_us: 10,
    p95_us: 10,
    p99_us: 10,
    max_us: 10,
    cpu_ns: null,
    gpu_ns: null,
    memory_peak_bytes: null,
    data_load_ns: null,
    share: 1,
    overlap_count: 0,
    shared_count: 0,
    error_count: 0,
    open_count: 0,
    ...more,
  };
}

const TABLE = literal(`
  count  total share   self  mean   p50   p95   p99   max    cpu   load  name
      1  2.00s   99%  2.00s 2.00s 2.00s 2.00s 2.00s 2.00s 0.00us      -  validate (1 open)
      2 12.0ms   <1% 0.00us 6.0ms 6.0ms 6.0ms 6.0ms 6.0ms  6.0ms      -  epoch
      6 12.0ms   <1%   42us 2.0ms 2.0ms 3.0ms 3.0ms 3.0ms  6.0ms 0.00us    batch
      6 12.0ms   <1% 12.0ms 2.0ms 2.0ms 3.0ms 3.0ms 3.0ms  6.0ms      -      forward (1 failed)
`);

test("TraceSummary prints as a table: numbers to the right, names indented, what failed or is open behind them", () => {
  assertStrictEquals(String(summaryOf(trained(), { open: true })), TABLE);
});

test("TraceSummary of nothing says so", () => {
  assertStrictEquals(String(summaryOf(new TestEngine())), "(no spans)");
});

test("TraceSummary is its rows as JSON", () => {
  const summary = summaryOf(trained());
  assertEquals(JSON.parse(JSON.stringify(summary)), summary.rows);
  assertEquals(JSON.parse(JSON.stringify({ summary })), { summary: summary.rows });
});

test("TraceSummary gives what Jupyter shows as plain text", () => {
  const summary = summaryOf(trained());
  const display = (summary as unknown as Record<symbol, () => Record<string, string>>)[
    Symbol.for("Jupyter.display")
  ]();
  assertStrictEquals(display["text/plain"], String(summary));
});

test("toTable() leaves out the columns of counters that no row has", () => {
  const header = (...rows: SummaryRow[]) => toTable(rows).split("\n")[0].trim().split(/ +/);
  const all = ["count", "total", "share", "self", "mean", "p50", "p95", "p99", "max"];
  assertEquals(header(row({})), [...all, "name"]);
  assertEquals(header(row({ cpu_ns: 0 })), [...all, "cpu", "name"]);
  assertEquals(header(row({}), row({ gpu_ns: 5 })), [...all, "gpu", "name"]);
  assertEquals(header(row({}), row({ memory_peak_bytes: 5 })), [...all, "mem", "name"]);
  assertEquals(header(row({ data_load_ns: 5 })), [...all, "load", "name"]);
});

test("toTable() writes - for what was not measured", () => {
  const [, first, second] = toTable([row({ cpu_ns: 5000, share: null }), row({ cpu_ns: null })]).split("\n");
  assertEquals(first.trim().split(/ +/), [
    "1",
    "10us",
    "-",
    "10us",
    "10us",
    "10us",
    "10us",
    "10us",
    "10us",
    "5.0us",
    "a",
  ]);
  assertStrictEquals(second.trim().split(/ +/).at(-2), "-");
});

test("toTable() shows memory as a size and data loading as a duration", () => {
  const [, line] = toTable([row({ memory_peak_bytes: 12.25 * 1024 ** 2, data_load_ns: 5_000_000 })]).split(
    "\n",
  );
  assertEquals(line.trim().split(/ +/).slice(-3), ["12.3MiB", "5.0ms", "a"]);
});

test("toTable() marks shares and counters of spans that ran at once, and says what the mark means", () => {
  const [, alone, beside, note, ...more] = toTable([
    row({ cpu_ns: 5000 }),
    row({ cpu_ns: 6000, gpu_ns: 7000, share: 0.98, overlap_count: 6, shared_count: 6 }),
  ]).split("\n");
  assertEquals([alone.trim().split(/ +/)[2], alone.trim().split(/ +/).at(-3)], ["100%", "5.0us"]);
  assertEquals(beside.trim().split(/ +/).filter(cell => cell.startsWith("~")), ["~98%", "~6.0us", "~7.0us"]);
  assert(note.startsWith("~ of spans that ran at once"), note);
  assertEquals(more, []);
});

test("toTable() marks counters alone where what ran at once is not in the table", () => {
  const [, line, note] = toTable([row({ cpu_ns: 6000, shared_count: 1 })]).split("\n");
  assertEquals(line.trim().split(/ +/).filter(cell => /%|~/.test(cell)), ["100%", "~6.0us"]);
  assert(note.startsWith("~"), note);
  assertEquals(toTable([row({ shared_count: 1 })]).split("\n").length, 2);
});

test("toTable() lets no name start a line, move the cursor or colour anything", () => {
  const name = "a\nb\x1b[31m\u202e";
  const lines = toTable([row({ name })]).split("\n");
  assertEquals([lines.length, lines[1].split(/ +/).at(-1)], [2, "a\\nb\\x1b[31m\\u202e"]);
});

test("toTable() indents 20 levels and writes the depth of deeper ones", () => {
  const names = toTable([20, 21, 22].map(depth => row({ depth }))).split("\n").slice(1)
    .map(line => line.slice(line.lastIndexOf("us ") + 4));
  const indent = " ".repeat(40);
  assertEquals(names, [`${indent}a`, `${indent}(21) a`, `${indent}(22) a`]);
});
