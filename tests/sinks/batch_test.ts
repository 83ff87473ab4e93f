import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import type { Snapshot } from "../../src/data/snapshot.ts";
import type { MarkValue } from "../../src/data/values.ts";
import { FlushBatch, type MarkRow } from "../../src/sinks/batch.ts";
import { IDS } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { parseExact } from "../support/exact_json.ts";

/** The batches of one session, flushed at the end. */
function batchesOf(record: (ci: TestEngine) => void, ci: TestEngine = new TestEngine()): FlushBatch[] {
  const got: FlushBatch[] = [];
  ci.profile({ output: { emit: batch => void got.push(batch) }, flushIntervalMs: 3_600_000 });
  record(ci);
  ci.engine.shutdown();
  return got;
}

/** What `toJson()` says, with every integer as a bigint. */
function parsed(batch: FlushBatch): { spans: unknown; marks: unknown } {
  const { spans, marks } = batch.toJson();
  return { spans: parseExact(`[${spans}]`), marks: parseExact(`[${marks}]`) };
}

/** A row as it reads back: whole numbers as bigints, and what JSON has no number for as text. */
function expected(value: unknown): unknown {
  if (typeof value === "number") {
    return Number.isFinite(value) ? parseExact(JSON.stringify(value)) : String(value);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(expected);
  return Object.fromEntries(
    Object.entries(value).map((
      [key, one],
    ) => [key, key === "attrs" ? parseExact(JSON.stringify(one)) : expected(one)]),
  );
}

function assertRowsAgree(batch: FlushBatch): void {
  assertEquals(parsed(batch), { spans: expected(batch.spans), marks: expected(batch.marks) });
}

test("FlushBatch.toJson() agrees with its rows", () => {
  const [batch] = batchesOf(ci => {
    ci.scope("outer", { index: 3, attrs: { a: 1, deep: { list: [1, null, "x", true] } } }, () => {
      ci.clock.us(30, 1);
      ci.mark("loss", 0.5, { attrs: { b: "c" } });
      ci.mark("done", true, { kind: "summary" });
      for (const _ of ci.batches(2)) ci.clock.us(7);
    });
  });
  assertRowsAgree(batch);
  assertEquals([batch.spanCount, batch.spans.length, batch.marks.length], [4, 4, 2]);
});

test("FlushBatch.spans have the fields of spool v1, in order", () => {
  const [batch] = batchesOf(ci => ci.scope("x").end());
  const fields = [
    "id",
    "name",
    "parent_id",
    "trace_id",
    "index",
    "start_ns",
    "end_ns",
    "cpu_ns",
    "gpu_ns",
    "memory_peak_bytes",
    "thread_id",
    "pid",
    "rank",
    "attrs",
    "mark_ids",
  ];
  assertEquals(Object.keys(batch.spans[0]), fields);
  assertEquals(Object.keys((parsed(batch).spans as object[])[0]), fields);
});

test("FlushBatch.marks have the fields of spool v1, in order", () => {
  const [batch] = batchesOf(ci => ci.mark("m", 1));
  const fields = ["id", "span_id", "name", "value_type", "value", "attrs", "ts_ns", "kind"];
  assertEquals(Object.keys(batch.marks[0]), fields);
  assertEquals(Object.keys((parsed(batch).marks as object[])[0]), fields);
});

test("FlushBatch.spans and .marks are made once", () => {
  const [batch] = batchesOf(ci => ci.scope("x", scope => scope.mark("m", 1)));
  assert(batch.spans === batch.spans && batch.marks === batch.marks && batch.lines === batch.lines);
});

test("FlushBatch can be read long after the buffer has gone on", () => {
  const ci = new TestEngine(4);
  const [batch] = batchesOf(ci => {
    ci.scope("early", { attrs: { a: 1 } }, scope => scope.mark("m", "text"));
    ci.engine.flush();
    for (let i = 0; i < 50; i++) ci.scope("later", { attrs: { b: 2 } }, scope => scope.mark("n", 2));
  }, ci);
  assertEquals(batch.spans.map(({ name, attrs }) => [name, attrs]), [["early", { a: 1 }]]);
  assertEquals(batch.marks.map(({ name, value }) => [name, value]), [["m", "text"]]);
  assertEquals(batch.lines.length, 1);
  assertRowsAgree(batch);
});

test("FlushBatch rows that a sink changes do not change the trace", () => {
  const ci = new TestEngine();
  ci.profile({
    output: {
      emit(batch) {
        for (const span of batch.spans) Object.assign(span.attrs, { mine: 1 }, { a: { changed: true } });
        for (const mark of batch.marks) Object.assign(mark.attrs, { mine: 1 });
      },
    },
  });
  ci.scope("x", { attrs: { a: { b: 1 } } }, scope => scope.mark("m", 1, { attrs: { c: 1 } }));
  ci.engine.shutdown();
  const { children: [x] } = ci.dict().roots[0];
  assertEquals([x.attrs, x.marks[0].attrs], [{ a: { b: 1 } }, { c: 1 }]);
});

// Times.

for (const offset of [0n, 1n, 999n, 1000n, 123_456_789n, 999_999_999n]) {
  test(`FlushBatch times are exact to the nanosecond, ${offset} ns on`, () => {
    const ci = new TestEngine();
    ci.clock.ns += Number(offset);
    const moments: bigint[] = [];
    const [batch] = batchesOf(ci => {
      for (const ns of [0, 1, 7, 999, 1000, 1_000_000_007]) {
        ci.clock.advance(ns);
        moments.push(ci.clock.unixNs());
        const scope = ci.scope("x");
        ci.clock.advance(3);
        scope.mark("m", 1);
        ci.clock.advance(5);
        scope.end();
      }
    }, ci);
    const xs = batch.spans.filter(span => span.name === "x");
    assertEquals(xs.map(span => [span.start_ns, span.end_ns]), moments.map(start => [start, start + 8n]));
    assertEquals(batch.marks.map(mark => mark.ts_ns), moments.map(start => start + 3n));
    assertRowsAgree(batch);
  });
}

// Up to the year 2191.
test("FlushBatch times are exact for any anchor and any moment", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 7_000_000_000_000_000_000n }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1000 }),
      (anchorNs, startNs) => {
        const batch = new FlushBatch(batchSnapshot(anchorNs, startNs), IDENTITY);
        const [span] = batch.spans;
        assertEquals(span.start_ns, anchorNs + BigInt(startNs));
        assertEquals((parsed(batch).spans as { start_ns: bigint }[])[0].start_ns, span.start_ns);
      },
    ),
    { numRuns: 500 },
  );
});

const IDENTITY = { pid: 1, rank: 0, threadId: 0, markIds: new IdSeries("fedcba9876543210") };

function batchSnapshot(anchorNs: bigint, startNs: number): Snapshot {
  return {
    length: 1,
    closedLength: 1,
    anchorNs,
    ids: IDS,
    id: Float64Array.of(1),
    parent: Float64Array.of(0),
    name: ["x"],
    index: Float64Array.of(NaN),
    startNs: Float64Array.of(startNs),
    endNs: Float64Array.of(startNs),
    cpuNs: Float64Array.of(NaN),
    gpuNs: null,
    memoryPeakBytes: null,
    dataLoadNs: Float64Array.of(NaN),
    attrs: [undefined],
    markCount: Uint32Array.of(0),
    marks: {
      first: Uint32Array.of(0, 0),
      name: [],
      value: [],
      summary: new Uint8Array(),
      tsNs: new Float64Array(),
      attrs: [],
      order: new Float64Array(),
      drained: new Uint8Array(),
    },
  };
}

// Values.

const VALUES: [value: MarkValue, type: MarkRow["value_type"], json: string][] = [
  [0, "float", "0"],
  [-0, "float", "0"],
  [5, "float", "5"],
  [-5, "float", "-5"],
  [2 ** 53 - 1, "float", "9007199254740991"],
  [2 ** 53, "float", "9007199254740992"],
  [-(2 ** 53), "float", "-9007199254740992"],
  [1e21, "float", "1e+21"],
  [0.5, "float", "0.5"],
  [1e-7, "float", "1e-7"],
  [NaN, "float", '"NaN"'],
  [Infinity, "float", '"Infinity"'],
  [-Infinity, "float", '"-Infinity"'],
  [5n, "int", "5"],
  [-(2n ** 70n), "int", "-1180591620717411303424"],
  [true, "bool", "true"],
  [false, "bool", "false"],
  ["", "string", '""'],
  ["NaN", "string", '"NaN"'],
  ['"\\\n\u0000\u2028', "string", '"\\"\\\\\\n\\u0000\u2028"'],
  ["\ud800", "string", '"\\ud800"'],
];
for (const [value, type, json] of VALUES) {
  const what = `${typeof value} ${Object.is(value, -0) ? "-0" : JSON.stringify(String(value))}`;
  test(`FlushBatch writes the value ${what} as ${type}`, () => {
    const [batch] = batchesOf(ci => ci.mark("m", value));
    assertEquals([batch.marks[0].value, batch.marks[0].value_type], [value, type]);
    const { marks } = batch.toJson();
    assert(marks.includes(`"value_type":"${type}","value":${json},"attrs"`), marks);
  });
}

test("FlushBatch writes one series as one type, whichever of its numbers are whole", () => {
  const [batch] = batchesOf(ci => {
    for (const value of [0.75, 1, 0, -0, 2 ** 53, NaN]) ci.mark("accuracy", value);
    for (const value of [1n, 2n ** 64n]) ci.mark("seen", value);
  });
  const typesOf = (rows: readonly MarkRow[], name: string) =>
    new Set(rows.filter(mark => mark.name === name).map(mark => mark.value_type));
  for (const rows of [batch.marks, parsed(batch).marks as MarkRow[]]) {
    assertEquals([typesOf(rows, "accuracy"), typesOf(rows, "seen")], [new Set(["float"]), new Set(["int"])]);
  }
});

// Hostile text.

const TEXTS = [
  "",
  '"',
  "\\",
  "\n\r\t\b\f\u0000\u001f\u007f",
  "\u2028\u2029",
  "\ud800",
  "a\udfff\ud800b",
  "\ufeff",
  "😀",
  "</script>",
  "__proto__",
];
for (const text of TEXTS) {
  test(`FlushBatch writes the text ${JSON.stringify(text)} as valid JSON`, () => {
    const [batch] = batchesOf(ci => {
      ci.scope(text, { attrs: { [text]: text, list: [text] } }, scope => {
        scope.mark(text, text, { attrs: { [text]: text } });
      });
    });
    assertEquals([batch.spans[0].name, batch.marks[0].name, batch.marks[0].value], [text, text, text]);
    assertRowsAgree(batch);
    const { spans, marks } = batch.toJson();
    assert((spans + marks).isWellFormed());
    for (const line of batch.lines) assert(!["\n", "\r", "\0"].some(c => line.includes(c)), line);
  });
}

test("FlushBatch rows and JSON agree for any names, attributes and values", () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(
    fc.property(
      fc.record({
        name: text,
        index: fc.option(fc.maxSafeInteger(), { nil: undefined }),
        attrs: fc.option(fc.dictionary(text, fc.anything({ withBigInt: true, withDate: true })), {
          nil: undefined,
        }),
        marks: fc.array(
          fc.tuple(text, fc.oneof(fc.double(), fc.integer(), text, fc.boolean(), fc.bigInt()), fc.boolean()),
        ),
        ns: fc.nat(),
      }),
      ({ name, index, attrs, marks, ns }) => {
        const [batch] = batchesOf(ci => {
          ci.scope(name, { index, attrs }, () => {
            ci.clock.advance(ns, 0.5);
            for (const [markName, value, summary] of marks) {
              ci.mark(markName, value, { kind: summary ? "summary" : "point", attrs });
            }
          });
        });
        const { spans, marks: markRows } = parsed(batch) as {
          spans: { name: string; mark_ids: string[] }[];
          marks: { id: string }[];
        };
        assertEquals(spans.map(span => span.name), batch.spans.map(span => span.name));
        assertEquals(spans[0].mark_ids, markRows.map(mark => mark.id));
        assertEquals(markRows.length, marks.length);
        assertRowsAgree(batch);
      },
    ),
    { numRuns: 300 },
  );
});

// Ids and lines.

test("FlushBatch ids are 32 hex characters, and no two are alike", () => {
  const [batch] = batchesOf(ci => {
    for (let i = 0; i < 300; i++) ci.scope("x", scope => scope.mark("m", i));
  });
  const ids = [...batch.spans, ...batch.marks].map(row => row.id);
  for (const id of ids) assertMatch(id, /^[0-9a-f]{32}$/);
  assertEquals(new Set(ids).size, 601);
});

test("FlushBatch.lines are the tree's lines without their margin, in order of close", () => {
  const [batch] = batchesOf(ci => {
    ci.scope("outer", { index: 2 }, () => {
      ci.scope("inner", () => {
        ci.clock.us(29);
        ci.mark("loss", 0.5);
      });
      ci.clock.us(1);
    });
  });
  assertEquals(batch.lines, ["inner - 29us {loss=0.5000}", "outer[2] - 30us", batch.lines[2]]);
  assertMatch(batch.lines[2], /^cirron\.session - 30us/);
});

test("FlushBatch.lines leave out spans that are still open", () => {
  const [batch] = batchesOf(ci => {
    const open = ci.scope("open");
    open.mark("m", 1);
    ci.scope("closed").end();
    ci.engine.flush();
  });
  assertEquals(batch.lines.map(line => line.split(" ")[0]), ["closed"]);
});
