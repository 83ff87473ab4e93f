import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type DataFrame, pl } from "../../polars.ts";
import { Cirron } from "../../src/api/cirron.ts";
import { engine } from "../../src/api/shared.ts";
import { trace, type TraceContext, type TraceFunction, TraceTree } from "../../src/api/trace.ts";
import type { SummaryBy, TraceFormat, TraceOptions } from "../../src/api/trace_options.ts";
import { CirronDependencyError, CirronError } from "../../src/data/errors.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { toCell } from "../../src/formats/page/page.ts";
import type { TraceSummary } from "../../src/formats/summary_table.ts";
import type { NameSummaryRow } from "../../src/tree/by_name.ts";
import type { SummaryRow } from "../../src/tree/summary.ts";
import { idOf, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

/** What a context was asked for, in order. */
interface Asked {
  readonly calls: string[];
  readonly context: TraceContext;
}

/** A context of the test's own over a hand-made trace of three spans and an open one. */
function asked(more: Partial<TraceContext> = {}): Asked {
  const calls: string[] = [];
  const closed = [{ id: 2, parent: 1, name: "b" }, { id: 3, parent: 1, name: "c" }, { id: 4, name: "d" }];
  const context: TraceContext = {
    read: (last, open) => {
      calls.push(`read ${last} ${open}`);
      return snapshotOf(closed, open ? [{ id: 1, name: "a" }] : []);
    },
    frameEngine: () => {
      calls.push("frameEngine");
      return columns => columns;
    },
    print: text => void calls.push(`print ${text.split("\n").length}`),
    isNotebook: () => false,
    terminal: () => null,
    ...more,
  };
  return { calls, context };
}

/** An engine with two nested spans, and its `trace` with the public type. */
function traced(): { ci: TestEngine; trace: TraceFunction } {
  const ci = new TestEngine();
  ci.engine.frameEngine = engine.frameEngine;
  ci.scope("a", () => ci.scope("b", () => ci.mark("x", 1)));
  return { ci, trace: (options => ci.host.trace(options)) as TraceFunction };
}

// --- Arguments ---

const BAD: readonly (readonly [what: string, options: unknown, error: typeof TypeError, message: string])[] =
  [
    [
      "an unknown format",
      { format: "xml" },
      RangeError,
      'format must be "tree", "text", "dict", "json", "df", "summary", "html", "perfetto" or "speedscope", got "xml"',
    ],
    ["an empty format", { format: "" }, RangeError, 'got ""'],
    ["a format in capitals", { format: "DICT" }, RangeError, 'got "DICT"'],
    ["a number as format", { format: 1 }, RangeError, "got 1"],
    ["a format of two million letters", { format: "x".repeat(2e6) }, RangeError, `got "${"x".repeat(256)}"`],
    [
      "a list as format",
      { format: ["dict"] },
      RangeError,
      "got a list",
    ],
    ["a fraction as last", { last: 1.5 }, RangeError, "last must be a whole number from 0 on, got 1.5"],
    ["a negative last", { last: -1 }, RangeError, "got -1"],
    ["NaN as last", { last: NaN }, RangeError, "got NaN"],
    ["Infinity as last", { last: Infinity }, RangeError, "got Infinity"],
    ["a last beyond the exact range", { last: 2 ** 53 }, RangeError, "got 9007199254740992"],
    ["a string as last", { last: "5" }, TypeError, "last must be a number, got string"],
    ["a bigint as last", { last: 5n }, TypeError, "got bigint"],
    [
      "a number as name",
      { name: 3 },
      TypeError,
      "name must be a string, a RegExp or an array of these, got number",
    ],
    ["an object as name", { name: { source: "a" } }, TypeError, "got object"],
    ["a number as open", { open: 1 }, TypeError, "open must be a boolean, got number"],
    ["a string as open", { open: "false" }, TypeError, "got string"],
    ["null as options", null, TypeError, "options must be an object, got null"],
    ["a string as options", "dict", TypeError, "options must be an object, got string"],
    ["a list as options", ["dict"], TypeError, "options must be an object, got a list"],
    ["a Set as name", { name: new Set(["a"]) }, TypeError, "got a list"],
    [
      "a number among names",
      { name: ["a", 3] },
      TypeError,
      "each of name must be a string or a RegExp, got number",
    ],
    ["a list among names", { name: [["a"]] }, TypeError, "got a list"],
    // deno-lint-ignore no-sparse-arrays -- a hole is no name
    ["a hole among names", { name: ["a", , "b"] }, TypeError, "got undefined"],
    ["a string as where", { where: "/" }, TypeError, "where must be an object of attributes, got string"],
    ["a list as where", { where: [["path", "/"]] }, TypeError, "got a list"],
    ["undefined in where", { where: { path: undefined } }, TypeError, 'where has no value for "path"'],
    ["a fraction as roots", { roots: 1.5 }, RangeError, "roots must be a whole number from 0 on, got 1.5"],
    ["a negative roots", { roots: -1 }, RangeError, "got -1"],
    ["a boolean as roots", { roots: true }, TypeError, "roots must be a number, got boolean"],
    ["Infinity as slowest", { slowest: Infinity }, RangeError, "got Infinity"],
    ["a string as slowest", { slowest: "3" }, TypeError, "slowest must be a number, got string"],
    [
      "roots and last",
      { roots: 1, last: 1 },
      TypeError,
      "roots keeps whole trees and last cuts them: give only one of them",
    ],
    ["slowest and last", { slowest: 0, last: 0 }, TypeError, "slowest keeps whole trees and last cuts them"],
    ["by without a summary", { by: "name" }, TypeError, 'by is for format "summary", "tree" has every span'],
    ["by as dict", { format: "dict", by: "path" }, TypeError, '"dict" has every span'],
    [
      "an unknown by",
      { format: "summary", by: "self" },
      RangeError,
      'by must be "path" or "name", got "self"',
    ],
    ["a fraction as depth", { depth: 1.5 }, RangeError, "depth must be a whole number from 0 on, got 1.5"],
    ["a negative depth", { depth: -1 }, RangeError, "got -1"],
    ["Infinity as depth", { depth: Infinity }, RangeError, "got Infinity"],
    ["a string as depth", { depth: "1" }, TypeError, "depth must be a number, got string"],
    [
      "a negative minWallUs",
      { minWallUs: -0.1 },
      RangeError,
      "minWallUs must be a number from 0 on, got -0.1",
    ],
    ["NaN as minWallUs", { minWallUs: NaN }, RangeError, "got NaN"],
    ["a string as minWallUs", { minWallUs: "1ms" }, TypeError, "minWallUs must be a number, got string"],
    ["a fraction as fold", { fold: 0.5 }, RangeError, "fold must be a whole number from 0 on, got 0.5"],
    ["a negative fold", { fold: -1 }, RangeError, "got -1"],
    ["a string as fold", { fold: "yes" }, TypeError, "fold must be a boolean or a number, got string"],
    [
      "fold as dict",
      { format: "dict", fold: true },
      TypeError,
      'fold is for format "tree", "text" or "html", "dict"',
    ],
    ["fold as json", { format: "json", fold: false }, TypeError, '"json" has every span'],
    ["fold as df", { format: "df", fold: 5 }, TypeError, '"df" has every span'],
    ["fold as summary", { format: "summary", fold: 0 }, TypeError, '"summary" has every span'],
    [
      "an unknown option",
      { lats: 5 },
      TypeError,
      'Cannot trace: unknown option "lats", did you mean "last"?',
    ],
    ["a misspelt roots", { root: 5 }, TypeError, 'did you mean "roots"?'],
    ["a misspelt slowest", { slow: 5 }, TypeError, 'did you mean "slowest"?'],
    ["a misspelt where", { wher: {} }, TypeError, 'did you mean "where"?'],
    [
      "the Python package's spelling",
      { min_wall_us: 5 },
      TypeError,
      'unknown option "min_wall_us", did you mean "minWallUs"?',
    ],
    [
      "an option like no other",
      { zebra: 5 },
      TypeError,
      'unknown option "zebra", expected "format", "from", "workers", "name", "where", "roots", "slowest", "last", "open", "depth", '
      + '"minWallUs", "fold", "by"',
    ],
    ["an unknown option of no value", { limit: undefined }, TypeError, 'unknown option "limit"'],
    ["a number as options", 5, TypeError, "options must be an object, got number"],
  ];

test("trace() takes null for an option as it takes one that is left out", () => {
  const options = {
    format: null,
    name: null,
    where: null,
    roots: null,
    slowest: null,
    last: null,
    open: null,
    depth: null,
    minWallUs: null,
    fold: null,
    by: null,
  };
  const ci = new TestEngine();
  for (let i = 0; i < 12; i++) ci.scope("a").end();
  const open = ci.scope("open");
  assertEquals(ci.text(options), ci.text());
  assertEquals(ci.dict({ ...options, fold: null }), ci.dict());
  open.end();
});

test("trace() throws no long message, whatever it is given", () => {
  const { context } = asked();
  const long = "x".repeat(2e6);
  for (
    const options of [{ format: long }, { [long]: 1 }, { name: [[long]] }, { last: long }, {
      where: { [long]: undefined },
    }, { open: long }]
  ) {
    const error = assertThrows(() => trace(context, options as TraceOptions), Error);
    assert(error.message.length < 1000, `${error.message.length} characters`);
  }
});

test("trace() ignores what all objects inherit", () => {
  const proto = Object.prototype as unknown as Record<string, unknown>;
  proto.inherited = 1;
  try {
    assertEquals(new TestEngine().dict(), { roots: [], span_count: 0 });
  } finally {
    delete proto.inherited;
  }
});

for (const [what, options, error, message] of BAD) {
  test(`trace() with ${what} throws a ${error.name} that says so`, () => {
    const { context } = asked();
    assertThrows(() => trace(context, options as TraceOptions), error, message);
  });

  test(`trace() with ${what} reads and prints nothing`, () => {
    const { calls, context } = asked();
    assertThrows(() => trace(context, options as TraceOptions));
    assertEquals(calls, []);
  });
}

for (
  const options of [{ last: 1.5 }, { name: 3 }, { open: 1 }, { depth: -1 }, { minWallUs: -1 }, { fold: 1 }]
) {
  test(`trace() as df checks ${JSON.stringify(options)} before it looks for an engine`, () => {
    const { calls, context } = asked();
    assertThrows(() => trace(context, { format: "df", ...options } as unknown as TraceOptions));
    assertEquals(calls, []);
  });
}

test("trace() with a symbol as format throws a RangeError", () => {
  assertThrows(
    () => trace(asked().context, { format: Symbol("dict") } as unknown as TraceOptions),
    RangeError,
    "got symbol",
  );
});

test("trace() finds the spans of a name that was cut when they were opened", () => {
  const ci = new TestEngine();
  const name = "x".repeat(300);
  ci.scope(name).end();
  assertEquals(ci.dict({ name }).span_count, 1);
});

test("trace() finds the spans of a cut name by what is left of it", () => {
  const ci = new TestEngine();
  ci.scope("é".repeat(300)).end();
  const { name } = ci.dict().roots[0];
  assertEquals([name.length, ci.dict({ name }).span_count], [128, 1]);
});

test("trace() takes undefined for what was not given", () => {
  const { calls, context } = asked();
  trace(context, {
    format: undefined,
    name: undefined,
    where: undefined,
    roots: undefined,
    slowest: undefined,
    last: undefined,
    open: undefined,
    depth: undefined,
    minWallUs: undefined,
    fold: undefined,
  });
  assertEquals(calls, ["read Infinity false", "print 3"]);
});

test("trace() takes options without a prototype", () => {
  const options = Object.assign(Object.create(null), { format: "json", last: 0 }) as TraceOptions;
  assertEquals(trace(asked().context, options), '{"roots":[],"span_count":0}');
});

test("trace() changes no option", () => {
  const options = Object.freeze({ format: "dict", name: "b", last: 1, open: true } as const);
  assertEquals((trace(asked().context, options) as TraceDict).span_count, 1);
});

test("trace() reads all closed spans and no open ones by default", () => {
  const { calls, context } = asked();
  trace(context, { format: "dict" });
  assertEquals(calls, ["read Infinity false"]);
});

test("trace() reads no more than the last", () => {
  const { calls, context } = asked();
  trace(context, { format: "dict", last: 2 });
  assertEquals(calls, ["read 2 false"]);
});

test("trace() reads everything for the last of a name", () => {
  const { calls, context } = asked();
  trace(context, { format: "dict", last: 2, name: "b" });
  assertEquals(calls, ["read Infinity false"]);
});

/** A context over a ring that holds 10 000 spans, one after the other. */
function long(): Asked {
  const calls: string[] = [];
  const read = (last: number, open: boolean) => {
    calls.push(`read ${last} ${open}`);
    const count = Math.min(last, 10_000);
    return snapshotOf(Array.from({ length: count }, (_, i) => {
      const id = 10_001 - count + i;
      return { id, name: "a", startNs: id * 10 + 1, endNs: id * 10 + 9 };
    }));
  };
  return { calls, context: asked({ read }).context };
}

test("trace() reads a few thousand spans for a few roots, and all for the slowest", () => {
  const { calls, context } = long();
  const count = (options: TraceOptions) =>
    (trace(context, { ...options, format: "dict" }) as TraceDict).span_count;
  assertEquals([count({ roots: 3 }), count({ slowest: 3 }), count({ roots: 5000 })], [3, 3, 5000]);
  assertEquals(calls, ["read 256 true", "read Infinity true", "read Infinity true"]);
});

test("trace() reads all where a few thousand spans do not have the roots of a name", () => {
  const { calls, context } = long();
  assertEquals((trace(context, { format: "dict", name: "b", roots: 1 }) as TraceDict).span_count, 0);
  assertEquals(calls, ["read 256 true", "read 4096 true", "read Infinity true"]);
});

test("trace() reads more than the last only where it says what it cuts off", () => {
  const { calls, context } = long();
  trace(context, { format: "text", last: 3 });
  trace(context, { format: "json", last: 3 });
  assertEquals(calls, ["read 259 false", "read 3 false"]);
});

test("trace() reads open spans if asked", () => {
  const { calls, context } = asked();
  trace(context, { format: "dict", open: true });
  assertEquals(calls, ["read Infinity true"]);
});

// --- The tree ---

test("trace() prints the tree once", () => {
  const { ci, trace } = traced();
  trace();
  assertEquals(ci.printed, ["a - 0.00us\n  b - 0.00us {x=1}"]);
});

test("trace() gives undefined after printing", () => {
  assertStrictEquals(traced().trace({ format: "tree" }), undefined);
});

test("trace() prints that there are no spans", () => {
  const ci = new TestEngine();
  ci.host.trace();
  assertEquals(ci.printed, ["(no spans)"]);
});

for (const format of ["text", "dict", "json", "df", "summary"] as const) {
  test(`trace() as ${format} prints nothing`, () => {
    const { ci, trace } = traced();
    trace({ format } as TraceOptions);
    assertEquals(ci.printed, []);
  });

  test(`trace() as ${format} gives the same in a notebook`, () => {
    const { ci, trace } = traced();
    const outside = String(trace({ format } as TraceOptions));
    ci.isNotebook = true;
    assertEquals(String(trace({ format } as TraceOptions)), outside);
  });
}

test("trace() in a notebook prints nothing", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  trace();
  assertEquals(ci.printed, []);
});

test("trace() in a notebook gives a TraceTree", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  assertInstanceOf(trace(), TraceTree);
});

test("trace() in a notebook gives what Jupyter shows: the page in a frame, and plain text", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  const tree = trace() as unknown as Record<symbol, () => Record<string, string>>;
  const shown = tree[Symbol.for("Jupyter.display")]();
  assertEquals(Object.keys(shown), ["text/plain", "text/html"]);
  assertEquals(shown["text/plain"], "a - 0.00us\n  b - 0.00us {x=1}");
  assert(shown["text/html"].startsWith('<iframe title="Trace" sandbox="allow-scripts"'));
});

test("trace() in a notebook gives a tree that is its text", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  assertEquals(`${trace()}`, "a - 0.00us\n  b - 0.00us {x=1}");
});

test("trace() in a notebook shows an empty trace too", () => {
  const ci = new TestEngine();
  ci.isNotebook = true;
  assertEquals(String(ci.host.trace()), "(no spans)");
});

test("TraceTree shows the page of the moment it was read, whenever it is shown", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  let tree: unknown;
  let page = "";
  assertThrows(() =>
    ci.scope("open", { attrs: { shard: "one" } }, () => {
      tree = trace({ open: true });
      page = trace({ open: true, format: "html" });
      ci.mark("loss", 2);
      ci.clock.us(50);
      throw new Error("late");
    })
  );
  const shown = (tree as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]();
  assertEquals(shown["text/html"], toCell(page));
});

test("TraceTree keeps the tree as it was when it was read", () => {
  const { ci, trace } = traced();
  ci.isNotebook = true;
  const tree = trace();
  ci.scope("c").end();
  assertEquals(String(tree), "a - 0.00us\n  b - 0.00us {x=1}");
});

test("trace() lets the error of a stdout that is gone through", () => {
  const print = () => {
    throw new Error("EPIPE");
  };
  assertThrows(() => trace(asked({ print }).context), Error, "EPIPE");
});

// --- Sessions ---

test("trace() works without profile()", () => {
  const ci = new TestEngine();
  ci.scope("standalone", () => ci.mark("x", 1));
  assertEquals(ci.shape(), "standalone {x=1}");
});

test("trace() works before anything else was called", () => {
  assertEquals(new TestEngine().dict(), { roots: [], span_count: 0 });
});

test("trace() starts no session", () => {
  const ci = new TestEngine();
  ci.scope("a").end();
  ci.text();
  assertEquals([ci.engine.health().open_count, ci.engine.health().output], [0, []]);
});

test("trace() hides the running session's own span", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("a").end();
  assertEquals(ci.shape(), "a");
});

test("trace() shows the running session's own span among the open ones", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("a").end();
  assertEquals(ci.shape({ open: true }), "cirron.session open\n  a");
});

test("trace() shows the session's span after shutdown()", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals(ci.shape(), "cirron.session\n  a");
});

test("trace() flushes the running session once", () => {
  const ci = new TestEngine();
  ci.profile();
  let flushes = 0;
  ci.engine.flush = () => void flushes++;
  ci.host.trace({ format: "dict" });
  assertEquals(flushes, 1);
});

test("trace() flushes nothing without a session", () => {
  const ci = new TestEngine();
  let flushes = 0;
  ci.engine.flush = () => void flushes++;
  ci.host.trace({ format: "dict" });
  assertEquals(flushes, 0);
});

test("trace() takes nothing out of the buffer", () => {
  const { ci, trace } = traced();
  trace({ format: "json" });
  trace({ format: "json", last: 1 });
  assertEquals(ci.dict().span_count, 2);
});

test("trace() can be called inside a scope that stays open", () => {
  const ci = new TestEngine();
  ci.scope("a", () => {
    ci.scope("b").end();
    assertEquals(ci.shape(), "b");
  });
  assertEquals(ci.shape(), "a\n  b");
});

test("trace() with profile({ enabled: false }) shows nothing of what runs then", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  ci.scope("b", () => ci.mark("x", 1));
  assertEquals(ci.text({ open: true }), "(no spans)");
});

test("trace() shows the newest spans that the buffer keeps", () => {
  const ci = new TestEngine(2);
  for (const name of ["a", "b", "c"]) ci.scope(name).end();
  assertEquals(ci.shape(), "b\nc");
});

largeTest("trace() keeps 100 000 spans by default", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 100_001; i++) ci.scope("a", { index: i }).end();
  const { roots, span_count } = ci.dict();
  assertEquals([span_count, roots[0].index], [100_000, 1]);
});

test("trace() of the class reads the process's buffer", () => {
  engine.recording.scope("trace_test", undefined, () => {}, null);
  const { roots } = new Cirron().trace({ format: "dict", name: "trace_test", last: 1 });
  assertEquals(roots[0].name, "trace_test");
});

// --- DataFrame engines ---

test("trace() as df throws the error of a context without an engine", () => {
  const error = new CirronDependencyError("no polars");
  const thrown = assertThrows(() => trace(asked({ frameEngine: () => error }).context, { format: "df" }));
  assertStrictEquals(thrown, error);
});

test("trace() as df reads nothing if there is no engine", () => {
  const { calls, context } = asked({ frameEngine: () => new CirronDependencyError("no polars") });
  assertThrows(() => trace(context, { format: "df" }), CirronDependencyError);
  assertEquals(calls, []);
});

for (const format of ["tree", "text", "dict", "json", "summary"] as const) {
  test(`trace() as ${format} asks for no DataFrame engine`, () => {
    const { calls, context } = asked();
    trace(context, { format });
    assert(!calls.includes("frameEngine"), calls.join());
  });
}

test("CirronDependencyError is a CirronError with a name of its own", () => {
  const error = new CirronDependencyError("x", { cause: 1 });
  assertInstanceOf(error, CirronError);
  assertEquals([error.name, error.cause, String(error)], [
    "CirronDependencyError",
    1,
    "CirronDependencyError: x",
  ]);
});

test("trace() as df gives the columns to the engine in one call", () => {
  let calls = 0;
  const frameEngine = () => () => void calls++;
  trace(asked({ frameEngine }).context, { format: "df" });
  assertEquals(calls, 1);
});

// --- Types: `deno check` fails where these are wrong ---

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Says to the compiler that two types are one. */
function sameType<A, B>(_same: Same<A, B>): void {}

test("trace() as dict is typed as a TraceDict", () => {
  const result = traced().trace({ format: "dict" });
  sameType<typeof result, TraceDict>(true);
  assertEquals(result.roots[0].children[0].marks[0].name, "x");
});

test("trace() as text is typed as a string", () => {
  const { ci, trace } = traced();
  const result = trace({ format: "text" });
  sameType<typeof result, string>(true);
  assertEquals([result, ci.printed], ["a - 0.00us cpu 0.00us\n└─ b - 0.00us cpu 0.00us {x=1}", []]);
});

test("trace() as json is typed as a string", () => {
  const result = traced().trace({ format: "json" });
  sameType<typeof result, string>(true);
  assertEquals(result.slice(0, 10), '{"roots":[');
});

test("trace() as df is typed as nodejs-polars' DataFrame", () => {
  const result = traced().trace({ format: "df" });
  sameType<typeof result, DataFrame>(true);
  const nested: DataFrame = result.filter(pl.col("depth").gt(0));
  assertEquals(nested.height, 1);
});

test("trace() as df has no untyped DataFrame", () => {
  const result = traced().trace({ format: "df" });
  // @ts-expect-error -- a method that polars does not have: `any` would take it
  assertEquals(result.noSuchMethod, undefined);
});

test("trace() as summary is typed as a TraceSummary", () => {
  const result = traced().trace({ format: "summary" });
  sameType<typeof result, TraceSummary>(true);
  assertEquals(result.rows.map(row => row.path), ["a", "a > b"]);
});

test("trace() as summary by name is typed as one of rows without a path", () => {
  const result = traced().trace({ format: "summary", by: "name" });
  sameType<typeof result, TraceSummary<NameSummaryRow>>(true);
  // @ts-expect-error -- a name may have many paths
  assertEquals(result.rows.map(row => row.path), [undefined, undefined]);
  assertEquals(result.rows.map(row => row.name), ["a", "b"]);
});

test("trace() as summary by path is typed as one without by", () => {
  const result = traced().trace({ format: "summary", by: "path", name: ["a", /b/], roots: 1 });
  sameType<typeof result, TraceSummary>(true);
  assertEquals(result.rows.map(row => row.path), ["a", "a > b"]);
});

test("trace() as summary by what is known later is typed as either", () => {
  const by = (["name"] as SummaryBy[])[0];
  const result = traced().trace({ format: "summary", by });
  sameType<typeof result, TraceSummary<SummaryRow> | TraceSummary<NameSummaryRow>>(true);
  assertEquals(result.rows.length, 2);
});

test("trace() takes by only beside summary in its type", () => {
  const { trace } = traced();
  // @ts-expect-error -- a dict has every span
  assertThrows(() => trace({ format: "dict", by: "name" }), TypeError);
  // @ts-expect-error -- so has the tree
  assertThrows(() => trace({ by: "name" }), TypeError);
});

test("trace() takes no undefined as an attribute's value in its type", () => {
  // @ts-expect-error -- undefined is no value
  assertThrows(() => traced().trace({ format: "text", where: { path: undefined } }), TypeError);
});

test("trace() as tree is typed as a TraceTree or nothing", () => {
  const result = traced().trace({ format: "tree" });
  sameType<typeof result, TraceTree | undefined>(true);
  assertStrictEquals(result, undefined);
});

test("trace() without a format is typed as a TraceTree or nothing", () => {
  const { trace } = traced();
  const bare = trace();
  const filtered = trace({ name: "a", last: 1, open: false });
  sameType<typeof bare, TraceTree | undefined>(true);
  sameType<typeof filtered, TraceTree | undefined>(true);
  assertEquals([bare, filtered], [undefined, undefined]);
});

test("trace() without a format has no fields of a dict in its type", () => {
  const result = traced().trace();
  // @ts-expect-error -- a printed tree has no roots
  assertEquals(result?.roots, undefined);
});

test("trace() without a format is no string in its type", () => {
  // @ts-expect-error -- a printed tree is no string
  const text: string = traced().trace();
  assertEquals(text, undefined);
});

test("trace() with a format known later is typed as any of them", () => {
  const format = (["dict"] as TraceFormat[])[0];
  const result = traced().trace({ format });
  type Any = TraceTree | TraceDict | TraceSummary | string | DataFrame | undefined;
  sameType<typeof result, Any>(true);
  assertEquals((result as TraceDict).span_count, 2);
});

test("trace() takes filters beside every format in its type", () => {
  const { trace } = traced();
  const dict = trace({ format: "dict", name: "b", last: 1, open: true });
  sameType<typeof dict, TraceDict>(true);
  assertEquals(dict.roots[0].id, idOf(2));
});

test("trace() takes no unknown format in its type", () => {
  // @ts-expect-error -- no such format
  assertThrows(() => traced().trace({ format: "xml" }), RangeError);
});

test("trace() takes no number as a name in its type", () => {
  // @ts-expect-error -- a name is a string
  assertThrows(() => traced().trace({ name: 3 }), TypeError);
});

test("trace() takes no string as last in its type", () => {
  // @ts-expect-error -- last is a number
  assertThrows(() => traced().trace({ format: "dict", last: "5" }), TypeError);
});
