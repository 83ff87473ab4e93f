import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { readSpool } from "../../src/api/read.ts";
import type { TraceDict } from "../../src/data/values.ts";
import type { SpanRow } from "../../src/spool/rows.ts";
import { column, columnEngine, columnsOf, flat } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { numberOf } from "../support/ids.ts";
import { MemorySink } from "../support/sinks.ts";
import { readFiles } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const HOUR_MS = 3_600_000;

/** Two epochs of three batches of two steps, a mark in each step. */
function train(ci: TestEngine): void {
  for (const _epoch of ci.epochs(2)) {
    for (const batch of ci.batches(3)) {
      for (const name of ["forward", "backward"]) {
        ci.scope(name, () => {
          ci.clock.us(10, 1);
          ci.mark("loss", batch / 2);
        });
      }
    }
  }
}

/** The first 16 characters of ids. */
function halves(ids: readonly string[]): string[] {
  return ids.map(id => id.slice(0, 16));
}

/** Ids and parents of all spans of a trace. */
function links(dict: TraceDict): unknown[] {
  return flat(dict).map(({ node, depth }) => [node.name, depth, node.id, node.parent_id]);
}

test("The first 16 characters of ids tell all spans and marks of a session apart, and none is zeros", () => {
  const ci = new TestEngine();
  const sink = new MemorySink();
  ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
  for (let i = 0; i < 5000; i++) ci.scope("step", scope => scope.mark("loss", i));
  ci.engine.shutdown();
  const ids = [...sink.spans, ...sink.marks].map(row => row.id);
  for (const id of ids) assertMatch(id, /^(?!0{16})[0-9a-f]{32}$/);
  assertEquals([ids.length, new Set(halves(ids)).size], [10_001, 10_001]);
  assertEquals(new Set(sink.spans.map(row => row.id.slice(16))).size, 1);
  assertEquals(new Set(sink.marks.map(row => row.id.slice(16))).size, 1);
});

test("The beginning of its id tells a session from the others of its process", () => {
  const ci = new TestEngine();
  const sessions: SpanRow[] = [];
  for (let i = 0; i < 10; i++) {
    const sink = new MemorySink();
    ci.profile({ output: sink, flushIntervalMs: HOUR_MS });
    ci.scope("step").end();
    ci.engine.shutdown();
    sessions.push(...sink.spans.filter(span => span.name === "cirron.session"));
  }
  assertEquals(new Set(sessions.map(span => span.id.slice(0, 8))).size, 10);
});

test("Ids and parents are the same in dict, json, df, perfetto, a sink and a spool read back", () => {
  using folder = new TempDirectory();
  const ci = columnEngine();
  const sink = new MemorySink();
  ci.profile({ output: ["spool", sink], outputDir: folder.path, flushIntervalMs: HOUR_MS });
  ci.clock.us(1);
  train(ci);
  ci.engine.shutdown();
  const dict = ci.dict();
  const expected = links(dict);
  assertEquals(expected.length, 21);
  assertEquals(links(ci.dict()), expected);
  assertEquals(links(JSON.parse(ci.json())), expected);
  assertEquals(links(readSpool(folder.path).trace({ format: "dict" })), expected);
  const parents = new Map(flat(dict).map(({ node }) => [node.id, node.parent_id]));
  const columns = columnsOf(ci);
  assertEquals(new Map(column(columns, "id").map((id, i) => [id, column(columns, "parent_id")[i]])), parents);
  assertEquals(new Map(sink.spans.map(span => [span.id, span.parent_id])), parents);
  const { traceEvents } = JSON.parse(ci.host.trace({ format: "perfetto" }) as string) as {
    traceEvents: { ph: string; args: { id?: string } }[];
  };
  const shown = traceEvents.filter(event => event.ph === "X").map(event => event.args.id!);
  assertEquals(shown.sort(), [...parents.keys()].sort());
});

test("A parent's id is the id of its span, and the numbers behind them are the order of opening", () => {
  const ci = new TestEngine();
  train(ci);
  const nodes = flat(ci.dict());
  const ids = new Set(nodes.map(({ node }) => node.id));
  for (const { node, depth } of nodes) {
    assertEquals([ids.has(node.parent_id!), depth > 0], [depth > 0, depth > 0]);
  }
  assertEquals(nodes.map(({ node }) => numberOf(node.id)), nodes.map((_, i) => i + 1));
});

test("A mark names its span by the id that the span is written with, also in files before the span's", () => {
  using folder = new TempDirectory();
  const ci = new TestEngine();
  ci.profile({ output: "spool", outputDir: folder.path, flushIntervalMs: HOUR_MS });
  const scope = ci.scope("long");
  scope.mark("early", 1);
  ci.engine.flush();
  ci.clock.us(5);
  scope.mark("late", 2);
  scope.end();
  ci.engine.shutdown();
  const files = readFiles(folder.path);
  const [span] = files.flatMap(file => file.spans).filter(({ name }) => name === "long");
  const marks = files.flatMap(file => file.marks);
  assertEquals(marks.map(mark => [mark.name, mark.span_id]), [["early", span.id], ["late", span.id]]);
  assertEquals(span.mark_ids, marks.map(mark => mark.id));
  assertEquals(files[0].spans.length, 0);
});
