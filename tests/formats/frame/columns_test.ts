import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type DataFrame, pl } from "../../../polars.ts";
import { type Polars, polarsEngine } from "../../../src/api/frames.ts";
import { engine } from "../../../src/api/shared.ts";
import type { TraceOptions } from "../../../src/api/trace_options.ts";
import { toColumns } from "../../../src/formats/frame/columns.ts";
import { IntegerColumn } from "../../../src/formats/frame/integer_column.ts";
import { buildTree } from "../../../src/tree/tree.ts";
import {
  chain,
  column,
  columnEngine,
  columnsOf,
  idOf,
  recordChain,
  snapshotOf,
  traceOf,
} from "../../support/cases.ts";
import { TestEngine } from "../../support/engine.ts";

const COLUMNS = [
  "id",
  "parent_id",
  "name",
  "index",
  "wall_us",
  "cpu_ns",
  "gpu_ns",
  "memory_peak_bytes",
  "mark_count",
  "depth",
  "trace_id",
];

const DTYPES = [
  "String",
  "String",
  "String",
  "Int64",
  "Float64",
  "Int64",
  "Int64",
  "Int64",
  "UInt32",
  "UInt32",
  "String",
];

/** An engine that makes DataFrames with polars, as `polars.ts` has it. */
function polarsTestEngine(maxSpans?: number): TestEngine {
  const ci = new TestEngine(maxSpans);
  ci.engine.frameEngine = engine.frameEngine;
  return ci;
}

function frame(ci: TestEngine, options: Omit<TraceOptions, "format"> = {}): DataFrame {
  return ci.host.trace({ ...options, format: "df" }) as DataFrame;
}

function dtypes(df: DataFrame): string[] {
  return df.dtypes.map(dtype => String(dtype).replace(/^DataType\((\w+)\)$/, "$1"));
}

function values(df: DataFrame, name: string): unknown[] {
  return df.getColumn(name).toArray();
}

// Every shape of the data: what is null in all rows, in some, in none.
const SHAPES: readonly (readonly [what: string, record: (ci: TestEngine) => void, options?: TraceOptions])[] =
  [
    ["no rows", () => {}],
    ["one row", ci => ci.scope("a").end()],
    ["one row with an index and a parent", ci => ci.scope("a").scope("b", { index: 3 }).end()],
    ["many rows", ci => {
      for (const _ of ci.batches(3000)) ci.mark("x", 1);
    }],
    ["roots only: parent_id all null", ci => {
      for (let i = 0; i < 3; i++) ci.scope("a").end();
    }],
    ["an index in the last row only", ci => {
      for (let i = 0; i < 300; i++) ci.scope("a").end();
      ci.scope("a", { index: 1 }).end();
    }],
    ["an index in the first row only", ci => {
      ci.scope("a", { index: 1 }).end();
      for (let i = 0; i < 300; i++) ci.scope("a").end();
    }],
    ["a parent in the last row only", ci => {
      for (let i = 0; i < 300; i++) ci.scope("a").end();
      ci.scope("a").scope("b").end();
    }],
    ["cpu_ns all null", ci => {
      ci.profile({ counters: { cpu: false } });
      for (let i = 0; i < 3; i++) ci.scope("a").end();
    }],
    ["rows filtered down to none", ci => ci.scope("a").end(), { name: "b" }],
    ["the last none", ci => ci.scope("a").end(), { last: 0 }],
    ["open rows only", ci => void ci.scope("a"), { open: true }],
    ["the pseudo-span of lost marks only", ci => ci.mark("x", 1), { open: true }],
  ];

for (const [what, record, options] of SHAPES) {
  test(`trace() as df has the same columns and dtypes with ${what}`, () => {
    const ci = polarsTestEngine();
    record(ci);
    const df = frame(ci, options);
    assertEquals([df.columns, dtypes(df)], [COLUMNS, DTYPES]);
  });
}

test("trace() as df of nothing has no rows", () => {
  assertEquals(frame(polarsTestEngine()).height, 0);
});

test("trace() as df is nodejs-polars' own class", () => {
  assertEquals(frame(polarsTestEngine()).constructor, pl.DataFrame({ a: [1] }).constructor);
});

test("trace() as df gives a whole row", () => {
  const ci = polarsTestEngine();
  ci.scope("a", { index: 5 }, () => {
    ci.mark("x", 1);
    ci.mark("y", 2, { kind: "summary" });
    ci.clock.us(20.5, 0.5);
  });
  assertEquals(frame(ci).toRecords() as unknown[], [{
    id: idOf(1),
    parent_id: null,
    name: "a",
    index: 5,
    wall_us: 20.5,
    cpu_ns: 10_250,
    gpu_ns: null,
    memory_peak_bytes: null,
    mark_count: 2,
    depth: 0,
    trace_id: traceOf(1),
  }]);
});

test("trace() as df gives one row per span", () => {
  const ci = polarsTestEngine();
  for (const _epoch of ci.epochs(3)) for (const _batch of ci.batches(4));
  assertEquals(frame(ci).height, 15);
});

test("trace() as df gives rows in order of close", () => {
  const ci = polarsTestEngine();
  ci.scope("a", () => ci.scope("b", () => ci.scope("c", () => {})));
  ci.scope("d", () => {});
  assertEquals(values(frame(ci), "name"), ["c", "b", "a", "d"]);
});

test("trace() as df gives rows in order of close when spans close at one moment", () => {
  const ci = polarsTestEngine();
  const [a, b, c] = ["a", "b", "c"].map(name => ci.scope(name));
  b.end();
  c.end();
  a.end();
  assertEquals(values(frame(ci), "name"), ["b", "c", "a"]);
});

test("trace() as df gives the newest first with last", () => {
  const ci = polarsTestEngine();
  for (const name of ["a", "b", "c", "d"]) ci.scope(name).end();
  assertEquals(values(frame(ci, { last: 3 }), "name"), ["d", "c", "b"]);
});

test("trace() as df gives the newest first with a last that is more than there are", () => {
  const ci = polarsTestEngine();
  for (const name of ["a", "b", "c"]) ci.scope(name).end();
  assertEquals(values(frame(ci, { last: 100 }), "name"), ["c", "b", "a"]);
});

test("trace() as df gives the newest first with name and last", () => {
  const ci = polarsTestEngine();
  for (const name of ["a", "b", "a", "b", "a"]) ci.scope(name).end();
  assertEquals(values(frame(ci, { name: "a", last: 2 }), "id"), [idOf(5), idOf(3)]);
});

test("trace() as df gives open rows last, in order of start", () => {
  const ci = polarsTestEngine();
  ci.scope("a");
  ci.scope("b");
  ci.scope("c").end();
  assertEquals(values(frame(ci, { open: true }), "name"), ["c", "a", "b"]);
});

test("trace() as df gives open rows first with last, for they are newest", () => {
  const ci = polarsTestEngine();
  ci.scope("a");
  ci.scope("b").end();
  ci.scope("c").end();
  assertEquals(values(frame(ci, { open: true, last: 1 }), "name"), ["a", "c"]);
});

test("trace() as df counts depth in kept ancestors", () => {
  const ci = polarsTestEngine();
  ci.scope("a", () => ci.scope("b", () => ci.scope("c", () => {})));
  assertEquals(values(frame(ci, { name: "b" }), "depth"), [1, 0]);
});

test("trace() as df gives the parent's id also where it is not kept", () => {
  const ci = polarsTestEngine();
  ci.scope("a", () => ci.scope("b", () => ci.scope("c", () => {})));
  assertEquals(values(frame(ci, { name: "b" }), "parent_id"), [idOf(2), idOf(1)]);
});

test("trace() as df counts the marks that are kept", () => {
  const ci = polarsTestEngine();
  ci.scope("a", () => {
    for (let i = 0; i < 1500; i++) ci.mark("x", i);
    ci.mark("y", 1, { kind: "summary" });
  });
  assertEquals(values(frame(ci), "mark_count"), [1025]);
});

test("trace() as df gives null, not NaN, for an index that was not given", () => {
  const ci = polarsTestEngine();
  ci.scope("a").end();
  ci.scope("a", { index: 0 }).end();
  assertEquals(frame(ci).getColumn("index").isNull().toArray(), [true, false]);
});

test("trace() as df gives index 0 as 0", () => {
  const ci = polarsTestEngine();
  ci.scope("a").end();
  ci.scope("a", { index: 0 }).end();
  assertEquals(values(frame(ci), "index"), [null, 0]);
});

test("trace() as df gives the widest indexes exactly", () => {
  const ci = polarsTestEngine();
  const widest = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -1];
  for (const index of widest) ci.scope("a", { index }).end();
  assertEquals(values(frame(ci), "index").map(Number), widest);
});

test("trace() as df gives null for CPU time that was not measured", () => {
  const ci = polarsTestEngine();
  ci.profile({ counters: { cpu: false } });
  ci.scope("a").end();
  assertEquals(frame(ci).getColumn("cpu_ns").isNull().toArray(), [true]);
});

test("trace() as df gives 0 for CPU time that was measured and is none", () => {
  const ci = polarsTestEngine();
  ci.scope("a", () => ci.clock.us(20));
  assertEquals(values(frame(ci), "cpu_ns"), [0]);
});

for (const name of ["gpu_ns", "memory_peak_bytes"]) {
  test(`trace() as df gives null in ${name}, which is not measured`, () => {
    const ci = polarsTestEngine();
    for (let i = 0; i < 3; i++) ci.scope("a").end();
    assertEquals(frame(ci).getColumn(name).nullCount(), 3);
  });
}

test("trace() as df gives the time so far of open rows", () => {
  const ci = polarsTestEngine();
  ci.scope("a");
  ci.clock.us(7.25);
  assertEquals(values(frame(ci, { open: true }), "wall_us"), [7.25]);
});

test("trace() as df gives names as they are", () => {
  const ci = polarsTestEngine();
  const names = ["", "größe", "数 🎉", "two\nlines", "\u0000", "null", '"quoted"'];
  for (const name of names) ci.scope(name).end();
  assertEquals(values(frame(ci), "name"), names);
});

test("trace() as df gives a frame for half a surrogate pair in a name", () => {
  const ci = polarsTestEngine();
  ci.scope("a\ud83c").end();
  assertEquals(values(frame(ci), "name"), ["a\ufffd"]);
});

test("trace() as df gives a frame of its own each time", () => {
  const ci = polarsTestEngine();
  ci.scope("a").end();
  const first = frame(ci);
  ci.scope("b").end();
  frame(ci);
  assertEquals(first.height, 1);
});

test("trace() as df works in polars' own expressions", () => {
  const ci = polarsTestEngine();
  for (const batch of ci.batches(4)) ci.clock.us(10 * (1 + batch));
  for (const _ of ci.epochs(1)) ci.clock.us(7);
  const sums = frame(ci).groupBy("name").agg(pl.col("wall_us").sum()).sort("name");
  assertEquals(sums.toRecords() as unknown[], [{ name: "batch", wall_us: 100 }, {
    name: "epoch",
    wall_us: 7,
  }]);
});

test("trace() as df gives 100 000 levels", () => {
  const ci = polarsTestEngine();
  recordChain(ci, 100_000);
  const df = frame(ci);
  assertEquals([df.height, df.getColumn("depth").max()], [100_000, 99_999]);
});

test("trace() as df finds no parent across 1000 levels evicted", () => {
  const ci = polarsTestEngine(1000);
  const scopes = [ci.scope("x")];
  while (scopes.length < 2000) scopes.push(scopes.at(-1)!.scope("x"));
  for (const scope of scopes) scope.end();
  assertEquals(frame(ci).getColumn("depth").max(), 999);
});

test("trace() as df gives a row each for rows that went round the ring", () => {
  const ci = polarsTestEngine(3000);
  for (let i = 0; i < 10_000; i++) ci.scope("a", { index: i }).end();
  const index = values(frame(ci), "index");
  assertEquals([index.length, index[0], index.at(-1)], [3000, 7000, 9999]);
});

test("toColumns() names columns and dtypes for any engine", () => {
  const columns = toColumns(buildTree(snapshotOf([])), false);
  assertEquals(columns.map(({ name }) => name), COLUMNS);
  assertEquals(columns.map(({ dtype }) => dtype === "Utf8" ? "String" : dtype), DTYPES);
});

test("toColumns() gives every column the length of the rows", () => {
  const columns = toColumns(buildTree(snapshotOf(chain(7)), { last: 4 }), true);
  assertEquals(columns.map(({ values }) => values.length), new Array(11).fill(4));
});

test("toColumns() gives rows by order of close, ascending", () => {
  const columns = toColumns(buildTree(snapshotOf([{ id: 3 }, { id: 1 }, { id: 2 }])), false);
  assertEquals(column(columns, "name"), ["s3", "s1", "s2"]);
});

test("toColumns() gives rows by order of close, descending", () => {
  const columns = toColumns(buildTree(snapshotOf([{ id: 3 }, { id: 1 }, { id: 2 }])), true);
  assertEquals(column(columns, "name"), ["s2", "s1", "s3"]);
});

test("toColumns() gives the depth of each row at that row", () => {
  const columns = toColumns(buildTree(snapshotOf(chain(3))), false);
  assertEquals(column(columns, "depth"), [2, 1, 0]);
});

test("trace() as df hands the engine's result on as it is", () => {
  const ci = columnEngine();
  const result = {};
  ci.engine.frameEngine = () => result;
  assertStrictEquals(ci.host.trace({ format: "df" }), result);
});

test("trace() as df lets the engine's error through", () => {
  const ci = columnEngine();
  ci.engine.frameEngine = () => {
    throw new RangeError("too wide");
  };
  assertThrows(() => columnsOf(ci), RangeError, "too wide");
});

test("polarsEngine() makes null of NaN in Int64 columns", () => {
  const make = polarsEngine(pl as unknown as Polars);
  const df = make([{ name: "x", dtype: "Int64", values: IntegerColumn.from([1, NaN, -3]) }]) as DataFrame;
  assertEquals(values(df, "x"), [1, null, -3]);
});

test("polarsEngine() keeps NaN in Float64 columns", () => {
  const make = polarsEngine(pl as unknown as Polars);
  const df = make([{ name: "x", dtype: "Float64", values: Float64Array.of(1.5, NaN) }]) as DataFrame;
  assertEquals(values(df, "x"), [1.5, NaN]);
});

test("polarsEngine() keeps the highest UInt32", () => {
  const make = polarsEngine(pl as unknown as Polars);
  const df = make([{ name: "x", dtype: "UInt32", values: Uint32Array.of(2 ** 32 - 1) }]) as DataFrame;
  assertEquals(values(df, "x"), [2 ** 32 - 1]);
});

test("importing polars.ts gives the process's engine a frame engine", () => {
  assert(typeof engine.frameEngine === "function");
});
