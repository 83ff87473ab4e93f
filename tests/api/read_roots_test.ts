import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { readSpool, type SpoolTrace } from "../../src/api/read.ts";
import type { TraceOptions } from "../../src/api/trace_options.ts";
import { shape } from "../support/engine.ts";
import { type Fields, fileOf, spanOf, TestSpool } from "../support/spool.ts";

function readSpans(...spans: readonly Fields[]): SpoolTrace {
  using spool = new TestSpool();
  spool.add(fileOf([...spans]));
  return readSpool(spool.path);
}

const SESSION = spanOf("session", 0, { name: "cirron.session", attrs: { "cirron.unfinished": true } });

/** A server's requests, each with a query in it, and the query of one that is in no file. */
const REQUESTS: readonly Fields[] = [
  ...[0, 1, 2].flatMap(index => [
    spanOf(`request${index}`, 10_000 * (index + 1), {
      name: "request",
      parent_id: "session",
      index,
      attrs: { path: index === 1 ? "/users" : "/" },
    }),
    spanOf(`query${index}`, 10_000 * (index + 1) + 1, { name: "query", parent_id: `request${index}`, index }),
  ]),
  spanOf("query3", 90_000, { name: "query", parent_id: "request3", index: 3 }),
];

function requests(...indexes: readonly number[]): string {
  return indexes.map(index => `request[${index}]\n  query[${index}]`).join("\n");
}

const dictShape = (spool: SpoolTrace, options: TraceOptions) =>
  shape(spool.trace({ ...options, format: "dict" }));

for (
  const [options, expected] of [
    [{ roots: 2 }, requests(1, 2)],
    [{ slowest: 5 }, requests(0, 1, 2)],
    [{ where: { path: "/users" } }, requests(1)],
    [{ name: /^req/g, roots: 1 }, requests(2)],
    [{ name: ["query", /session/], last: 1 }, "query[3]"],
    [{ roots: 1, open: true }, `${requests(2)}\n(open) open\n  query[3]`],
  ] as const
) {
  test(`readSpool().trace() keeps requests of a session that never ended, by ${JSON.stringify(options)}`, () => {
    assertEquals(dictShape(readSpans(SESSION, ...REQUESTS), options), expected);
  });
}

test("readSpool().trace() by roots takes for a session what all that is known of a thread lies in", () => {
  // Its file went first when the spool was full. What lies in the request that is in no file looks just so.
  assertEquals(dictShape(readSpans(...REQUESTS), { roots: 2 }), `${requests(2)}\nquery[3]`);
  const other = spanOf("other", 0, { name: "other", thread_id: 7 });
  assertEquals(dictShape(readSpans(other, ...REQUESTS), { roots: 2 }), `${requests(2)}\nquery[3]`);
});

test("readSpool().trace() by roots takes nothing for a session in a thread with spans that lie in none", () => {
  const top = spanOf("top", 0, { name: "top" });
  assertEquals(dictShape(readSpans(top, ...REQUESTS), { roots: 9 }), "top");
});

test("readSpool().trace() as text is the tree with guides, and prints nothing", () => {
  const { log } = console;
  const lines: unknown[] = [];
  console.log = line => void lines.push(line);
  try {
    assertEquals(
      readSpans(SESSION, ...REQUESTS).trace({ format: "text", roots: 1 }),
      [
        "request[2] - 1.0ms",
        "└─ query[2] - 1.0ms 100%",
      ].join("\n"),
    );
  } finally {
    console.log = log;
  }
  assertEquals(lines, []);
});

test("readSpool().trace() as text says how many children last cuts off", () => {
  assertEquals(
    readSpans(SESSION, ...REQUESTS).trace({ format: "text", name: "request", last: 2 }),
    ["request[2] - 1.0ms", "└─ query[2] - 1.0ms 100%"].join("\n"),
  );
  const spans = [0, 1, 2].map(i => spanOf(`s${i}`, i, { name: "step", parent_id: "a" }));
  assertEquals(
    readSpans(...spans, spanOf("a", 0, { name: "a", end_ns: 1_800_000_000_009_000_000n })).trace({
      format: "text",
      last: 2,
    }).split("\n")[0].replace(/ - \S+/, ""),
    "a (2 children cut off)",
  );
});

test("readSpool().trace() as summary has data loading and memory, by path and by name", () => {
  const spool = readSpans(
    spanOf("e", 0, { name: "epoch", memory_peak_bytes: 5000 }),
    spanOf("b0", 1, {
      name: "batch",
      parent_id: "e",
      attrs: { data_load_ns: 7000 },
      memory_peak_bytes: 4000,
    }),
    spanOf("b1", 2, { name: "batch", parent_id: "e", attrs: { data_load_ns: 1000 } }),
  );
  const expected = [["batch", 4000, 8000], ["epoch", 5000, null]];
  const byName = spool.trace({ format: "summary", by: "name" });
  const byPath = spool.trace({ format: "summary" });
  const figures = (rows: readonly typeof byName.rows[number][]) =>
    rows.map(row => [row.name, row.memory_peak_bytes, row.data_load_ns]).sort();
  assertEquals(figures(byName.rows), expected);
  assertEquals(figures(byPath.rows), expected);
  assertEquals(String(byPath).split("\n")[0].trim().split(/ +/).slice(-3), ["mem", "load", "name"]);
  assertEquals(spool.trace({ format: "dict", name: "batch" }).roots.map(root => root.attrs), [
    { data_load_ns: 7000 },
    { data_load_ns: 1000 },
  ]);
  assertEquals(
    spool.trace({ format: "json", where: { data_load_ns: 1000 }, name: "batch" }).includes('"b1"'),
    true,
  );
});
