import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { TraceDict } from "../../src/data/values.ts";
import type { FrameColumn } from "../../src/formats/frame/columns.ts";
import type { TraceSummary } from "../../src/formats/summary_table.ts";
import { CASES, column, columnEngine, columnsOf, flat, idOf, type TraceCase } from "../support/cases.ts";
import type { TestEngine } from "../support/engine.ts";
import { readPage } from "../support/page_reader.ts";

function recorded(given: TraceCase): TestEngine {
  const ci = columnEngine(given.maxSpans);
  given.record(ci);
  return ci;
}

function madeId(number: number): string {
  return number === 0 ? "root" : idOf(number);
}

function expectedNodes(given: TraceCase): unknown[] {
  return given.spans.map(({ id, parent, marks, ...rest }) => ({
    ...rest,
    id: madeId(id),
    parent_id: parent === null ? null : madeId(parent),
    marks: marks.map(([name, value]) => [name, value]),
  }));
}

function nodes(dict: TraceDict): unknown[] {
  return flat(dict).map(({ node, depth }) => ({
    id: node.id,
    parent_id: node.parent_id,
    depth,
    name: node.name,
    index: node.index,
    wallUs: node.wall_us,
    cpuNs: node.cpu_ns,
    marks: node.marks.map(mark => [mark.name, mark.value]),
  }));
}

/** What a summary says of the expected spans, path by path, in no order. */
function expectedPaths(given: TraceCase): unknown[] {
  const names: string[] = [];
  const spans = given.spans.map(span => {
    names.length = span.depth; // parents come before their children
    names.push(span.name);
    return { ...span, path: names.join(" > ") };
  });
  return Array.from(Map.groupBy(spans, span => span.path), ([path, own]) => {
    const cpu = own.map(span => span.cpuNs).filter(ns => ns !== null);
    return {
      path,
      depth: own[0].depth,
      count: own.length,
      total_us: own.reduce((sum, span) => sum + span.wallUs, 0),
      max_us: Math.max(...own.map(span => span.wallUs)),
      cpu_ns: cpu.length === 0 ? null : cpu.reduce((sum, ns) => sum + ns, 0),
    };
  });
}

for (const given of CASES) {
  const { title, options = {} } = given;

  test(`trace() as dict tells of ${title}`, () => {
    const dict = recorded(given).dict(options);
    assertEquals(nodes(dict), expectedNodes(given));
    assertEquals(dict.span_count, given.spans.length);
  });

  test(`trace() as json tells of ${title}`, () => {
    const dict = JSON.parse(recorded(given).json(options)) as TraceDict;
    assertEquals(nodes(dict), expectedNodes(given));
    assertEquals(dict.span_count, given.spans.length);
  });

  test(`trace() as df tells of ${title}`, () => {
    const ci = recorded(given);
    const columns = columnsOf(ci, options);
    const traces = new Map(flat(ci.dict(options)).map(({ node }) => [node.id, node.trace_id]));
    const byId = new Map(given.spans.map(span => [span.id, span]));
    const spans = given.rows.map(id => byId.get(id)!);
    assertEquals(Object.fromEntries(columns.map(column => [column.name, [...column.values]])), {
      id: spans.map(span => madeId(span.id)),
      parent_id: spans.map(span => span.parent === null ? null : madeId(span.parent)),
      name: spans.map(span => span.name),
      index: spans.map(span => span.index),
      wall_us: spans.map(span => span.wallUs),
      cpu_ns: spans.map(span => span.cpuNs),
      gpu_ns: spans.map(() => null),
      memory_peak_bytes: spans.map(() => null),
      mark_count: spans.map(span => span.marks.length),
      depth: spans.map(span => span.depth),
      trace_id: spans.map(span => traces.get(madeId(span.id))),
    });
  });

  test(`trace() as summary tells of ${title}`, () => {
    const { rows } = recorded(given).host.trace({ ...options, format: "summary" }) as TraceSummary;
    const paths = rows.map(({ path, depth, count, total_us, max_us, cpu_ns }) => (
      { path, depth, count, total_us, max_us, cpu_ns }
    ));
    const byPath = (a: unknown, b: unknown) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
    assertEquals(paths.sort(byPath), expectedPaths(given).sort(byPath));
  });

  test(`trace() as tree tells of ${title}`, () => {
    assertEquals(recorded(given).text(options), given.text);
  });
}

test("trace() keeps whole roots in every format", async () => {
  const ci = columnEngine();
  ci.profile();
  for (const index of [0, 1, 2]) {
    ci.scope(
      `request${index}`,
      { attrs: { path: "/" } },
      () => ci.scope(`query${index}`, () => ci.clock.us(5 - index)),
    );
  }
  const names = (text: string) => [...new Set(text.match(/(request|query)\d/g))].sort();
  const kept = { roots: 2, slowest: 1, where: { path: "/" }, name: [/request/g, "never"] };
  for (
    const format of [
      "tree",
      "text",
      "dict",
      "json",
      "df",
      "summary",
      "html",
      "perfetto",
      "speedscope",
    ] as const
  ) {
    const result = ci.host.trace({ ...kept, format });
    const text = format === "tree"
      ? ci.printed.at(-1)!
      : format === "df"
      ? JSON.stringify(column(result as FrameColumn[], "name"))
      : format === "html"
      ? JSON.stringify((await readPage(result as string)).model)
      : typeof result === "string"
      ? result
      : JSON.stringify(result);
    assertEquals(names(text), ["query1", "request1"], format);
  }
});
