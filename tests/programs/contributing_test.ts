import { assertEquals, assertMatch } from "@std/assert";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ENTRIES } from "../../tools/entries.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { readSource } from "../support/sources.ts";

// What CONTRIBUTING.md tells to do, done on a copy.

/** The steps of a section of CONTRIBUTING.md. */
function steps(title: string): string[] {
  const [, rest] = readSource("CONTRIBUTING.md").split(`\n## ${title}\n`);
  const [section] = rest.split("\n## ");
  return section.split(/^\d+\. /m).slice(1);
}

/** Files that a step names. */
function filesIn(step: string): string[] {
  return Array.from(step.matchAll(/`([\w./]+\.(?:ts|md))`/g), ([, file]) => file);
}

test("Every section of CONTRIBUTING.md that says how to add something has five steps", () => {
  const titles = Array.from(
    readSource("CONTRIBUTING.md").matchAll(/^## (How to add .*)$/gm),
    ([, title]) => title,
  );
  assertEquals(titles.length, 7);
  for (const title of titles) assertEquals(steps(title).length, 5, title);
});

// Below the checkout, so that packages and the configuration are found.
const copy = join(CHECKOUT, ".tools", `contributing-${process.pid}`);
after(() => rmSync(copy, { recursive: true, force: true }));

/** A fresh copy of what the steps change, and of what tests need. */
function copyCheckout(): void {
  rmSync(copy, { recursive: true, force: true });
  for (const name of [...ENTRIES, "src", "ffi", "tests/support", "tests/api/trace_test.ts"]) {
    cpSync(join(CHECKOUT, name), join(copy, name), { recursive: true });
  }
}

/** Runs the tests of a file of the copy, after checking its types where the runtime does. */
async function assertPasses(path: string, tests: number): Promise<void> {
  const args = RUNTIME === "deno"
    ? ["test", "-A", "--check", "--config", join(CHECKOUT, "deno.json"), path]
    : ["test", path];
  const { code, stdout, stderr } = await run(findRuntime(RUNTIME)!, args, { cwd: CHECKOUT });
  assertEquals(code, 0, stdout + stderr);
  assertMatch(stdout + stderr, new RegExp(`\\b${tests} pass`));
}

/** Puts `added` in front of the first place of a copied file that has `before`. */
function insert(file: string, before: string, added: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  const at = text.indexOf(before);
  if (at < 0) throw new Error(`${file} has no ${before}`);
  writeFileSync(path, text.slice(0, at) + added + text.slice(at));
}

const FORMAT = `/**
 * Tree -> the names of its spans, a line each.
 *
 * @module
 */
import type { Tree } from "../tree/tree.ts";

/** The names of the spans of \`tree\`, in order of start. */
export function toNames({ snapshot, rows }: Tree): string {
  return Array.from(rows, row => snapshot.name[row]).join("\\n");
}
`;

const TEST = `import { assertEquals } from "@std/assert";
import { test } from "node:test";
import * as ci from "../../mod.ts";
import { toNames } from "../../src/formats/names.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, snapshotOf } from "../support/cases.ts";

test("toNames() gives nothing of no spans", () => {
  assertEquals(toNames(buildTree(snapshotOf([]))), "");
});

test("toNames() gives a line per span", () => {
  assertEquals(toNames(buildTree(snapshotOf(chain(3)))).split("\\n").length, 3);
});

test("trace() has the format", () => {
  ci.scope("outer", () => ci.scope("inner").end());
  const names: string = ci.trace({ format: "names" });
  assertEquals(names, "outer\\ninner");
});
`;

const METER = `/**
 * How often counters were read during each span.
 *
 * @module
 */
import type { SpanMeter } from "./meter.ts";

/** Counts its own readings. */
export class ReadingMeter implements SpanMeter {
  #count = 0;

  start(to: Float64Array, at: number): void {
    to[at] = this.#count++;
  }

  end(since: Float64Array, from: number, to: Float64Array, at: number): void {
    to[at] = this.#count++ - since[from];
  }
}
`;

const ENTRY = `  {
    name: "readings",
    column: "reading_count",
    unit: "number",
    label: "read",
    total: "sum",
    isOptIn: true,
    options: { readings: "boolean" },
    kind: "span",
    open: () => ({ ok: true, value: new ReadingMeter(), source: "itself" }),
  },
`;

const COUNTER_TEST = `import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readSpool } from "../../mod.ts";
import { JOURNAL_COUNTERS } from "../../src/journal/format.ts";
import type { TraceSummary } from "../../src/formats/summary_table.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { recorderIn } from "../../src/journal/run_folder.ts";
import { bytesSource } from "../../src/journal/source.ts";
import type { SpanRow } from "../../src/spool/rows.ts";
import { column, columnEngine, columnsOf } from "../support/cases.ts";
import { allNodes } from "../support/recording.ts";
import { TempDirectory } from "../support/temp_directory.ts";

test("profile() with the counter has it in every format, in health() and in the spool, and null where it was not measured", async () => {
  using folder = new TempDirectory();
  const rows: SpanRow[] = [];
  const ci = columnEngine();
  const early = ci.scope("early");
  const sink = { emit: (batch: { spans: readonly SpanRow[] }) => void rows.push(...batch.spans) };
  ci.engine.profile({ output: ["spool", "journal", sink], outputDir: folder.path, counters: { readings: true } });
  ci.scope("outer", () => ci.scope("inner").end());
  early.end();
  const expected = [["inner", 1], ["outer", 3], ["early", null]];
  const nodes = allNodes(ci.dict()).map(node => [node.name, node.reading_count] as const);
  assertEquals(Object.fromEntries(nodes), Object.fromEntries(expected));
  assertEquals(allNodes(JSON.parse(ci.json())).map(node => [node.name, node.reading_count]), nodes);
  const columns = columnsOf(ci);
  assertEquals(columns.map(({ name }) => name).slice(5, 9), ["cpu_ns", "gpu_ns", "memory_peak_bytes", "reading_count"]);
  assertEquals(columns[8].dtype, "Int64");
  assertEquals(column(columns, "name").map((name, i) => [name, column(columns, "reading_count")[i]]), expected);
  assertEquals(ci.text().split("\\n").map(line => line.replace(/ - \\S+/, "")), ["early", "  outer read 3", "    inner read 1"]);
  const summary = ci.host.trace({ format: "summary" }) as TraceSummary;
  assertEquals(summary.rows.map(row => [row.name, row.reading_count]).toSorted(), expected.toSorted());
  assertEquals(String(summary).includes(" read "), true);
  assertEquals(String(ci.host.trace({ format: "perfetto" })).includes('"reading_count":3'), true);
  assertEquals(String(ci.host.trace({ format: "html" })).includes('"label":"read"'), true);
  assertEquals(ci.engine.health().probes.readings, { present: true, source: "itself", reason: null });
  ci.engine.shutdown();
  assertEquals(rows.slice(0, 3).map(row => [row.name, row.reading_count]), expected);
  const read = allNodes(readSpool(folder.path).trace({ format: "dict" }));
  const spooled = Object.fromEntries(read.map(node => [node.name, node.reading_count]));
  assertEquals([spooled.inner, spooled.outer, spooled.early], [1, 3, null]);
  assertEquals(JOURNAL_COUNTERS.at(-1), "reading_count");
  const { segments } = recorderIn(ci.engine.health().journal_dir!);
  const spans = readSpans(segments.spans.map(path => bytesSource(readFileSync(path))));
  const written = Object.fromEntries(spans.name.map((name, i) => [name, spans.counters.reading_count?.[i]]));
  assertEquals([written.inner, written.outer, written.early], [1, 3, NaN]);
});

test("profile() without the counter has null, and says how it is turned on", () => {
  const ci = columnEngine();
  ci.profile();
  ci.scope("x").end();
  assertEquals(ci.dict().roots.map(node => node.reading_count), [null]);
  assertEquals(column(columnsOf(ci), "reading_count"), [null]);
  assertEquals(ci.engine.health().probes.readings.reason, "off (profile({ counters: { readings: true } }) turns it on)");
});
`;

test("Who follows the steps for a counter has one: in three files, typed, recorded, shown and spooled", async () => {
  copyCheckout();
  mkdirSync(join(copy, "tests/meters"), { recursive: true });
  const [write, say, list, check, tell] = steps("How to add a counter");

  assertEquals(filesIn(write)[0], "src/meters/NAME.ts");
  writeFileSync(join(copy, "src/meters/readings.ts"), METER);

  const [data] = filesIn(say);
  insert(
    data,
    "  /**\n   * Record `gpu_ns`",
    "  /** Record `reading_count`. */\n  readings?: boolean | null;\n",
  );
  insert(data, '"cpu" | "gpu"', '"readings" | ');
  insert(
    data,
    "  /** Highest resident",
    "  /** Readings during the span. */\n  reading_count: number | null;\n",
  );

  const [counters] = filesIn(list);
  insert(counters, "import { openPeakMeter }", 'import { ReadingMeter } from "./readings.ts";\n');
  insert(counters, "];\n", ENTRY);

  const [own] = filesIn(check);
  assertEquals(own, "tests/meters/NAME_test.ts");
  const path = join(copy, "tests/meters/readings_test.ts");
  writeFileSync(path, COUNTER_TEST);

  assertEquals(filesIn(tell).includes("docs/counters.md"), true);
  await assertPasses(path, 2);
});

test("Who follows the steps for a format has one: typed, tested, and known to trace()", async () => {
  copyCheckout();
  mkdirSync(join(copy, "tests/formats"), { recursive: true });
  const [write, name, offer, check, tell] = steps("How to add a format");

  assertEquals(filesIn(write), ["src/formats/NAME.ts"]);
  writeFileSync(join(copy, "src/formats/names.ts"), FORMAT);

  const [options] = filesIn(name);
  insert(options, '"speedscope";', '"names" | ');

  const [trace] = filesIn(offer);
  insert(
    trace,
    "/** Whatever the format says. */",
    '/** Names. */\n  (options: TraceOptions & { format: "names" }): string;\n  ',
  );
  insert(trace, "speedscope: tree", "names: toNames,\n  ");
  insert(trace, "import { toSpeedscope }", 'import { toNames } from "../formats/names.ts";\n');

  const [own, cases, lists] = filesIn(check);
  assertEquals([own, cases], ["tests/formats/NAME_test.ts", "tests/support/cases.ts"]);
  writeFileSync(join(copy, "tests/formats/names_test.ts"), TEST);
  insert(lists, 'or "speedscope"', '"names" ');

  assertEquals(filesIn(tell).includes("CHANGELOG.md"), true);

  await assertPasses(join(copy, "tests/formats/names_test.ts"), 3);
});
