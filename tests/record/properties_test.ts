import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { TraceOptions } from "../../src/api/trace_options.ts";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { toDict } from "../../src/formats/dict.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { column, columnEngine, columnsOf, flat, type HandRow, idOf, snapshotOf } from "../support/cases.ts";
import type { TestEngine } from "../support/engine.ts";
import { numberOf } from "../support/ids.ts";
import {
  type Block,
  blocks,
  Model,
  type Program,
  programs,
  runBlocks,
  unbounded,
} from "../support/programs.ts";

/** Without null, which is tested where options are checked. */
type Filter = { [K in Exclude<keyof TraceOptions, "format">]?: Exclude<TraceOptions[K], null> };

const filters: fc.Arbitrary<Filter> = fc.record({
  name: fc.option(fc.constantFrom("a", "b", "", "root", "cirron.session", "nowhere"), { nil: undefined }),
  last: fc.option(fc.oneof(fc.nat(8), fc.constant(1000)), { nil: undefined }),
  open: fc.boolean(),
}, { noNullPrototype: true });

const RUNS = { numRuns: 150 };

function record(program: Program): { ci: TestEngine; model: Model } {
  const ci = columnEngine(program.maxSpans);
  return { ci, model: new Model(ci, program) };
}

/** Nodes in order of start, without children; the session's attributes are another test's. */
function bare(dict: TraceDict): TraceNode[] {
  return flat(dict).map(({ node }) => ({
    ...node,
    attrs: node.name === "cirron.session" ? {} : node.attrs,
    children: [],
  })).sort((a, b) => numberOf(a.id) - numberOf(b.id));
}

function blockCount(list: readonly Block[]): number {
  return list.reduce((sum, block) => sum + 1 + blockCount(block.blocks), 0);
}

test("trace() shows what a naive model of the program expects", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci, model } = record(program);
      assertEquals(bare(ci.dict(filter)), model.nodes(filter));
    }),
    { numRuns: 400 },
  );
});

test("trace() loses nothing of any program that the buffer holds", () => {
  fc.assert(
    fc.property(programs, program => {
      const { ci, model } = record(unbounded(program));
      const ids = flat(ci.dict({ open: true })).map(({ node }) => node.id).filter(id => id !== "root");
      assertEquals(ids.sort(), model.all.map(span => idOf(span.id)).sort());
    }),
    RUNS,
  );
});

test("trace() keeps a suffix of any program that the buffer does not hold", () => {
  fc.assert(
    fc.property(programs, fc.integer({ min: 1, max: 20 }), (program, maxSpans) => {
      const whole = record(unbounded(program)).ci;
      const bounded = record({ ...unbounded(program), maxSpans }).ci;
      assertEquals(column(columnsOf(bounded), "id"), column(columnsOf(whole), "id").slice(-maxSpans));
    }),
    RUNS,
  );
});

test("health() counts what any program evicted, dropped and misnested", () => {
  fc.assert(
    fc.property(programs, program => {
      const { ci, model } = record(program);
      const health = ci.engine.health();
      assertEquals(
        [health.span_count, health.span_evict_count, health.mark_drop_count, health.misnested_count],
        [model.closed.length, model.evicted, model.droppedMarks, model.misnested],
      );
    }),
    RUNS,
  );
});

test("health() counts open scopes of any program", () => {
  fc.assert(
    fc.property(programs, program => {
      const { ci, model } = record(program);
      assertEquals(ci.engine.health().open_count, model.all.filter(span => span.endNs === null).length);
    }),
    RUNS,
  );
});

test("trace() hangs each span on its parent where that is shown, and makes it a root where not", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const dict = record(program).ci.dict(filter);
      const ids = new Set(flat(dict).map(({ node }) => node.id));
      for (const root of dict.roots) assert(root.parent_id === null || !ids.has(root.parent_id));
      for (const { node } of flat(dict)) {
        for (const child of node.children) assertEquals(child.parent_id, node.id);
      }
    }),
    RUNS,
  );
});

test("trace() shows no span twice", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const ids = flat(record(program).ci.dict(filter)).map(({ node }) => node.id);
      assertEquals(new Set(ids).size, ids.length);
    }),
    RUNS,
  );
});

test("trace() shows roots and children in order of start", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const dict = record(program).ci.dict(filter);
      for (const siblings of [dict.roots, ...flat(dict).map(({ node }) => node.children)]) {
        const numbers = siblings.map(node => numberOf(node.id));
        assertEquals(numbers, numbers.toSorted((a, b) => a - b));
      }
    }),
    RUNS,
  );
});

test("trace() as json is the dict of any program, serialized", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci } = record(program);
      const asText = (_: string, value: unknown) =>
        typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
      assertEquals(ci.json(filter), JSON.stringify(ci.dict(filter), asText));
    }),
    RUNS,
  );
});

test("trace() as df agrees with the dict of any program", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci } = record(program);
      const rows = new Map(flat(ci.dict(filter)).map(row => [row.node.id, row]));
      const columns = columnsOf(ci, filter);
      const expected = column(columns, "id").map(id => rows.get(id as string)!);
      assertEquals(expected.length, rows.size);
      assertEquals(columns.map(({ values }) => Array.from<unknown>(values)), [
        expected.map(({ node }) => node.id),
        expected.map(({ node }) => node.parent_id),
        expected.map(({ node }) => node.name),
        expected.map(({ node }) => node.index),
        expected.map(({ node }) => node.wall_us),
        expected.map(({ node }) => node.cpu_ns),
        expected.map(({ node }) => node.gpu_ns),
        expected.map(({ node }) => node.memory_peak_bytes),
        expected.map(({ node }) => node.marks.length),
        expected.map(({ depth }) => depth),
        expected.map(({ node }) => node.trace_id),
      ]);
    }),
    RUNS,
  );
});

test("trace() as df has the rows of any program in order of close, newest first with last", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci, model } = record(program);
      const ids = model.idsInOrderOfClose(filter);
      assertEquals(column(columnsOf(ci, filter), "id"), filter.last === undefined ? ids : ids.reverse());
    }),
    RUNS,
  );
});

test("trace() as tree has the spans of any program's dict, line by line", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci } = record(program);
      const lines = flat(ci.dict(filter)).map(({ node, depth }) => {
        const index = node.index === null ? "" : `[${node.index}]`;
        return `${"  ".repeat(depth)}${node.name}${index} - ${node.end_us === null ? "open" : ""}`;
      });
      const text = ci.text(filter);
      const printed = text === "(no spans)"
        ? []
        : text.split("\n").map(line => line.replace(/ - [\d.]+[um]?s( (open))?.*$/, " - $2"));
      assertEquals(printed, lines);
    }),
    RUNS,
  );
});

test("trace() as tree has one line per span of any program, whatever its marks hold", () => {
  fc.assert(
    fc.property(programs, program => {
      const { ci } = record(program);
      const spans = ci.dict({ open: true }).span_count;
      assertEquals(ci.text({ open: true }).split("\n").length, Math.max(1, spans));
    }),
    RUNS,
  );
});

test("trace() keeps a suffix by order of close for every last", () => {
  fc.assert(
    fc.property(programs, fc.nat(20), (program, last) => {
      const { ci } = record(program);
      const all = column(columnsOf(ci), "id");
      assertEquals(column(columnsOf(ci, { last }), "id"), last === 0 ? [] : all.slice(-last).reverse());
    }),
    RUNS,
  );
});

test("trace() keeps of a name what a walk down the whole trace finds", () => {
  fc.assert(
    fc.property(programs, fc.boolean(), (program, open) => {
      const { ci } = record(program);
      const found: string[] = [];
      const stack = ci.dict({ open }).roots.map(node => ({ node, within: false }));
      for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
        const within = next.within || next.node.name === "a";
        if (within) found.push(next.node.id);
        for (const node of next.node.children) stack.push({ node, within });
      }
      assertEquals(flat(ci.dict({ open, name: "a" })).map(({ node }) => node.id).sort(), found.sort());
    }),
    RUNS,
  );
});

test("trace() changes nothing: the same question has the same answer", () => {
  fc.assert(
    fc.property(programs, filters, (program, filter) => {
      const { ci } = record(program);
      const before = ci.json(filter);
      ci.text();
      columnsOf(ci, { last: 1 });
      ci.dict({ open: true, name: "a" });
      assertEquals(ci.json(filter), before);
    }),
    RUNS,
  );
});

test("trace() lays children within their parents for well-nested programs", () => {
  fc.assert(
    fc.property(blocks, list => {
      const ci = columnEngine();
      runBlocks(ci, list);
      for (const { node } of flat(ci.dict())) {
        for (const child of node.children) {
          assert(child.start_us >= node.start_us, "starts before its parent");
          assert(child.end_us! <= node.end_us!, "ends after its parent");
          assert(child.wall_us <= node.wall_us, "takes longer than its parent");
        }
      }
    }),
    RUNS,
  );
});

test("trace() gives the children of well-nested programs no more time than their parent, together", () => {
  fc.assert(
    fc.property(blocks, list => {
      const ci = columnEngine();
      runBlocks(ci, list);
      for (const { node } of flat(ci.dict())) {
        const within = node.children.reduce((sum, child) => sum + Math.round(child.wall_us * 1000), 0);
        assert(within <= Math.round(node.wall_us * 1000));
      }
    }),
    RUNS,
  );
});

test("trace() shows well-nested programs in their own shape", () => {
  const outline = (list: readonly Block[]): unknown[] =>
    list.map(block => [block.name, block.marks, outline(block.blocks)]);
  const outlineOf = (nodes: readonly TraceNode[]): unknown[] =>
    nodes.map(node => [node.name, node.marks.length, outlineOf(node.children)]);
  fc.assert(
    fc.property(blocks, list => {
      const ci = columnEngine();
      runBlocks(ci, list);
      assertEquals(outlineOf(ci.dict().roots), outline(list));
    }),
    RUNS,
  );
});

test("trace() closes everything of well-nested programs, and misnests nothing", () => {
  fc.assert(
    fc.property(blocks, list => {
      const ci = columnEngine();
      runBlocks(ci, list);
      const { open_count, misnested_count, span_count } = ci.engine.health();
      assertEquals([open_count, misnested_count, span_count], [0, 0, blockCount(list)]);
    }),
    RUNS,
  );
});

test("trace() keeps the newest spans of well-nested programs within any bound", () => {
  fc.assert(
    fc.property(blocks, fc.integer({ min: 1, max: 10 }), (list, maxSpans) => {
      const [bounded, unbounded] = [columnEngine(maxSpans), columnEngine()];
      runBlocks(bounded, list);
      runBlocks(unbounded, list);
      assertEquals(column(columnsOf(bounded), "id"), column(columnsOf(unbounded), "id").slice(-maxSpans));
      assertEquals(bounded.engine.health().span_evict_count, Math.max(0, blockCount(list) - maxSpans));
    }),
    RUNS,
  );
});

test("buildTree() builds the same forest of stretched ids as of dense ones", () => {
  const forests = fc.array(fc.nat(), { minLength: 1, maxLength: 30 });
  const order = fc.infiniteStream(fc.nat());
  fc.assert(
    fc.property(
      forests,
      order,
      fc.integer({ min: 1, max: 1e9 }),
      filters,
      (parents, keys, stretch, filter) => {
        // Row i was opened in any earlier one, or in none, and closed at a random turn.
        const rows: HandRow[] = parents.map((pick, i) => ({
          id: i + 1,
          parent: pick % (i + 1),
          name: "ab"[pick % 2],
        }));
        const closed = rows.map(row => ({ row, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key).map(({ row }) => row);
        const stretched = closed.map(row => ({
          ...row,
          id: row.id * stretch,
          parent: row.parent! * stretch,
        }));
        const names = (list: readonly HandRow[]) =>
          flat(toDict(buildTree(snapshotOf(list), filter))).map(({ node, depth }) => [node.name, depth]);
        assertEquals(names(stretched), names(closed));
      },
    ),
    RUNS,
  );
});
