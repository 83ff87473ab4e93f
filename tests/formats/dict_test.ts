import { assert, assertEquals, assertMatch, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import type { TraceDict, TraceMark, TraceNode } from "../../src/data/values.ts";
import { toDict } from "../../src/formats/dict.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, flat, idOf, recordChain, snapshotOf, traceOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { expectedId } from "../support/ids.ts";

/** The Unix time at which a test engine's clock stands at first, in whole microseconds; 234 ns have passed of the next. */
const START_US = 1_767_323_045_678_901;

/** The node of the only span of a program. */
function onlyNode(record: (ci: TestEngine) => void): TraceNode {
  const ci = new TestEngine();
  record(ci);
  const { roots, span_count } = ci.dict();
  assertEquals(span_count, 1);
  return roots[0];
}

/** The only mark that a program makes. */
function onlyMark(record: (ci: TestEngine) => void): TraceMark {
  const { marks } = onlyNode(ci => ci.scope("a", () => record(ci)));
  assertEquals(marks.length, 1);
  return marks[0];
}

test("toDict() of an empty tree has no roots", () => {
  assertEquals(toDict(buildTree(snapshotOf([]))), { roots: [], span_count: 0 });
});

test("trace() as dict has exactly the fields of a trace", () => {
  assertEquals(Object.keys(new TestEngine().dict()), ["roots", "span_count"]);
});

test("trace() as dict has exactly the fields of a node, in order", () => {
  assertEquals(Object.keys(onlyNode(ci => ci.scope("a").end())), [
    "id",
    "parent_id",
    "trace_id",
    "name",
    "index",
    "start_us",
    "end_us",
    "wall_us",
    "cpu_ns",
    "gpu_ns",
    "memory_peak_bytes",
    "attrs",
    "marks",
    "children",
  ]);
});

test("trace() as dict has exactly the fields of a mark, in order", () => {
  assertEquals(Object.keys(onlyMark(ci => ci.mark("x", 1))), ["name", "value", "kind", "ts_us", "attrs"]);
});

test("trace() as dict gives a whole node", () => {
  const node = onlyNode(ci =>
    ci.scope("step", { index: 7, attrs: { device: "cpu" } }, () => {
      ci.clock.us(10, 0.5);
      ci.mark("loss", 0.25, { kind: "summary", attrs: { split: "train" } });
      ci.clock.us(10, 0.5);
    })
  );
  assertEquals(node, {
    id: idOf(1),
    parent_id: null,
    trace_id: traceOf(1),
    name: "step",
    index: 7,
    start_us: START_US,
    end_us: START_US + 20,
    wall_us: 20,
    cpu_ns: 10_000,
    gpu_ns: null,
    memory_peak_bytes: null,
    attrs: { device: "cpu" },
    marks: [{ name: "loss", value: 0.25, kind: "summary", ts_us: START_US + 10, attrs: { split: "train" } }],
    children: [],
  });
});

test("trace() as dict gives ids of 16 hex characters that no other span has, and 16 of the process", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 17; i++) ci.scope("a").end();
  const ids = ci.dict().roots.map(root => root.id);
  for (const id of ids) assertMatch(id, /^[0-9a-f]{16}0123456789abcdef$/);
  assertEquals(new Set(ids.map(id => id.slice(0, 16))).size, 17);
});

test("trace() as dict counts ids in order of opening", () => {
  const ci = new TestEngine();
  const a = ci.scope("a");
  const b = ci.scope("b");
  b.end();
  a.end();
  ci.scope("c").end();
  const ids = flat(ci.dict()).map(({ node }) => [node.name, node.id]);
  assertEquals(ids, [["a", idOf(1)], ["b", idOf(2)], ["c", idOf(3)]]);
});

test("toDict() writes ids of 32 characters up to the end of the exact range", () => {
  const id = Number.MAX_SAFE_INTEGER;
  const [node] = toDict(buildTree(snapshotOf([{ id }]))).roots;
  assertEquals(node.id, expectedId("0123456789abcdef", BigInt(id)));
});

test("trace() as dict gives the same ids each time", () => {
  const ci = new TestEngine();
  ci.scope("a").end();
  const first = ci.dict().roots[0].id;
  ci.scope("b").end();
  assertEquals(ci.dict().roots[0].id, first);
});

test("trace() as dict gives the parent's id", () => {
  const ci = new TestEngine();
  ci.scope("a", () => ci.scope("b", () => {}));
  const [a] = ci.dict().roots;
  assertEquals(a.children[0].parent_id, a.id);
});

test("trace() as dict gives the parent's id of a root whose parent is not shown", () => {
  const ci = new TestEngine();
  ci.scope("a", () => ci.scope("b", () => {}));
  assertEquals(ci.dict({ name: "b" }).roots[0].parent_id, idOf(1));
});

test("trace() as dict gives null for an index that was not given", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a").end()).index, null);
});

test("trace() as dict gives index 0", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a", { index: 0 }).end()).index, 0);
});

test("trace() as dict gives a negative index", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a", { index: -3 }).end()).index, -3);
});

test("trace() as dict gives the largest index exactly", () => {
  const index = Number.MAX_SAFE_INTEGER;
  assertStrictEquals(onlyNode(ci => ci.scope("a", { index }).end()).index, index);
});

test("trace() as dict gives start in whole microseconds since 1970", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a").end()).start_us, START_US);
});

test("trace() as dict rounds Unix times down", () => {
  // 234 ns of the microsecond have passed: 765 more stay within it.
  const node = onlyNode(ci => ci.scope("a", () => ci.clock.advance(765)));
  assertEquals(node.end_us, START_US);
});

test("trace() as dict turns to the next microsecond exactly", () => {
  const node = onlyNode(ci => ci.scope("a", () => ci.clock.advance(766)));
  assertEquals(node.end_us, START_US + 1);
});

test("trace() as dict gives Unix times exactly after 100 days", () => {
  const dayNs = 86_400_000_000_000;
  const node = onlyNode(ci => ci.scope("a", () => ci.clock.advance(100 * dayNs + 766)));
  assertEquals(node.end_us, START_US + 100 * 86_400_000_000 + 1);
});

test("trace() as dict gives duration as a fraction of microseconds", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a", () => ci.clock.advance(1))).wall_us, 0.001);
});

test("trace() as dict gives a duration of 0", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a").end()).wall_us, 0);
});

test("trace() as dict gives durations that the rounding of Unix times does not reach", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a", () => ci.clock.advance(765))).wall_us, 0.765);
});

test("trace() as dict gives a duration of 100 days to the nanosecond", () => {
  const ns = 100 * 86_400_000_000_000 + 1;
  assertStrictEquals(onlyNode(ci => ci.scope("a", () => ci.clock.advance(ns))).wall_us, ns / 1000);
});

test("trace() as dict gives null for the end of an open span", () => {
  const ci = new TestEngine();
  ci.scope("a");
  assertStrictEquals(ci.dict({ open: true }).roots[0].end_us, null);
});

test("trace() as dict gives the CPU time so far of an open span", () => {
  const ci = new TestEngine();
  ci.scope("a");
  ci.clock.us(20, 0.5);
  assertStrictEquals(ci.dict({ open: true }).roots[0].cpu_ns, 10_000);
});

test("trace() as dict gives 0 for CPU time that was measured and is none", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a", () => ci.clock.us(20))).cpu_ns, 0);
});

test("trace() as dict gives null for CPU time that was not measured", () => {
  const ci = new TestEngine();
  ci.profile({ counters: { cpu: false } });
  ci.scope("a", () => ci.clock.us(20, 1));
  assertStrictEquals(ci.dict({ name: "a" }).roots[0].cpu_ns, null);
});

test("trace() as dict gives null for GPU time that was not measured", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a").end()).gpu_ns, null);
});

test("trace() as dict gives null for memory that was not measured", () => {
  assertStrictEquals(onlyNode(ci => ci.scope("a").end()).memory_peak_bytes, null);
});

test("trace() as dict gives empty attrs where there are none", () => {
  assertEquals(onlyNode(ci => ci.scope("a").end()).attrs, {});
});

test("trace() as dict gives attrs as JSON can say them", () => {
  const node = onlyNode(ci =>
    ci.scope("a", { attrs: { n: 3n, nan: NaN, list: [1, { x: null }], no: undefined } }).end()
  );
  assertEquals(node.attrs, { n: 3, nan: "NaN", list: [1, { x: null }] });
});

test("trace() as dict gives the load time of a batch as an attribute", () => {
  const ci = new TestEngine();
  const source = {
    *[Symbol.iterator]() {
      ci.clock.us(3);
      yield 1;
    },
  };
  for (const _ of ci.batches(source));
  assertEquals(ci.dict().roots[0].attrs, { data_load_ns: 3000 });
});

test("trace() as dict gives a load time of 0", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(1));
  assertEquals(ci.dict().roots[0].attrs, { data_load_ns: 0 });
});

test("trace() as dict gives the error of a failed span as an attribute", () => {
  const ci = new TestEngine();
  try {
    ci.scope("a", { attrs: { x: 1 } }, () => {
      throw new RangeError("boom");
    });
  } catch { /* the trace has it */ }
  assertEquals(ci.dict().roots[0].attrs, { x: 1, error: "RangeError: boom" });
});

test("trace() as dict gives marks in the order they were made, whatever their kind", () => {
  const { marks } = onlyNode(ci =>
    ci.scope("a", () => {
      for (let i = 0; i < 4; i++) ci.mark("m", i, { kind: i % 2 === 0 ? "summary" : "point" });
    })
  );
  assertEquals(marks.map(mark => [mark.value, mark.kind]), [
    [0, "summary"],
    [1, "point"],
    [2, "summary"],
    [3, "point"],
  ]);
});

test("trace() as dict gives point as the kind of a plain mark", () => {
  assertEquals(onlyMark(ci => ci.mark("x", 1)).kind, "point");
});

test("trace() as dict gives the moment of a mark", () => {
  const mark = onlyMark(ci => {
    ci.clock.us(12);
    ci.mark("x", 1);
    ci.clock.us(30);
  });
  assertEquals(mark.ts_us, START_US + 12);
});

test("trace() as dict gives empty attrs of a mark that has none", () => {
  assertEquals(onlyMark(ci => ci.mark("x", 1)).attrs, {});
});

test("trace() as dict gives the attrs of a mark", () => {
  assertEquals(onlyMark(ci => ci.mark("x", 1, { attrs: { a: [1n] } })).attrs, { a: [1] });
});

for (const value of [0, -0, 1.5, NaN, Infinity, -Infinity, true, false, "", "text"]) {
  const shown = Object.is(value, -0)
    ? "-0"
    : typeof value === "string"
    ? JSON.stringify(value)
    : String(value);
  test(`trace() as dict gives the mark ${shown} as it is`, () => {
    assertStrictEquals(onlyMark(ci => ci.mark("x", value)).value, value);
  });
}

for (
  const [value, given] of [
    [5n, 5],
    [-5n, -5],
    [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
    [2n ** 53n, "9007199254740992"],
    [-(2n ** 53n), "-9007199254740992"],
    [2n ** 64n, "18446744073709551616"],
  ] as const
) {
  test(`trace() as dict gives the bigint mark ${value} as a ${typeof given}`, () => {
    assertStrictEquals(onlyMark(ci => ci.mark("x", value)).value, given);
  });
}

test("trace() as dict gives marks made outside any scope in a span root, asked for open spans", () => {
  const ci = new TestEngine();
  ci.clock.us(5);
  ci.mark("x", 1);
  ci.clock.us(2);
  assertEquals(ci.dict({ open: true }).roots, [{
    id: "root",
    parent_id: null,
    trace_id: null,
    name: "root",
    index: null,
    start_us: START_US + 5,
    end_us: null,
    wall_us: 2,
    cpu_ns: null,
    gpu_ns: null,
    memory_peak_bytes: null,
    attrs: {},
    marks: [{ name: "x", value: 1, kind: "point", ts_us: START_US + 5, attrs: {} }],
    children: [],
  }]);
});

test("trace() as dict counts spans at every depth", () => {
  const ci = new TestEngine();
  recordChain(ci, 5);
  assertEquals(ci.dict().span_count, 5);
});

/** An engine with a trace that has something of everything. */
function rich(): TestEngine {
  const ci = new TestEngine();
  ci.scope("a", { attrs: { list: [1, { deep: true }] } }, () => {
    ci.mark("x", 1, { attrs: { list: [1] } });
    ci.scope("b", () => ci.mark("y", NaN));
  });
  return ci;
}

const MUTATIONS: readonly (readonly [what: string, mutate: (dict: TraceDict) => void])[] = [
  ["the list of roots", dict => void dict.roots.pop()],
  ["a span's name", dict => void (dict.roots[0].name = "other")],
  ["a span's children", dict => void dict.roots[0].children.pop()],
  ["a span's attrs", dict => void (dict.roots[0].attrs.more = 1)],
  ["a list inside a span's attrs", dict => void (dict.roots[0].attrs.list as unknown[]).push(2)],
  ["an object inside a span's attrs", dict => {
    const list = dict.roots[0].attrs.list as { deep: boolean }[];
    list[1].deep = false;
  }],
  ["a span's marks", dict => void dict.roots[0].marks.pop()],
  ["a mark's value", dict => void (dict.roots[0].marks[0].value = 9)],
  ["a mark's attrs", dict => void (dict.roots[0].marks[0].attrs.more = 1)],
  ["a list inside a mark's attrs", dict => void (dict.roots[0].marks[0].attrs.list as unknown[]).push(2)],
];

for (const [what, mutate] of MUTATIONS) {
  test(`trace() as dict is the caller's own: changing ${what} changes no later trace`, () => {
    const ci = rich();
    const before = ci.json();
    const dict = ci.dict();
    mutate(dict);
    assert(JSON.stringify(dict) !== before, "the change is one");
    assertEquals(ci.json(), before);
  });

  test(`trace() as dict of an open span is the caller's own: changing ${what} changes no later trace`, () => {
    const ci = new TestEngine();
    ci.scope("a", { attrs: { list: [1, { deep: true }] } });
    ci.mark("x", 1, { attrs: { list: [1] } });
    ci.scope("b");
    const before = ci.json({ open: true });
    const dict = ci.dict({ open: true });
    mutate(dict);
    assert(JSON.stringify(dict) !== before, "the change is one");
    assertEquals(ci.json({ open: true }), before);
  });
}

test("trace() as dict gives new objects each time", () => {
  const ci = rich();
  assertNotStrictEquals(ci.dict().roots[0], ci.dict().roots[0]);
});

test("trace() as dict does not change when more is recorded", () => {
  const ci = rich();
  const dict = ci.dict();
  const before = structuredClone(dict);
  ci.scope("later", () => ci.mark("x", 1));
  assertEquals(dict, before);
});

test("trace() as dict gives the same attrs however often it is read", () => {
  const ci = new TestEngine();
  const wide = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`k${i}`, [i]]));
  ci.scope("a", { attrs: { wide, text: "x".repeat(5000) } }).end();
  assertEquals(ci.dict().roots[0].attrs, ci.dict().roots[0].attrs);
});

test("toDict() gives attrs at the bounds of what is kept as they are kept", () => {
  const attrs = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
  const [node] = toDict(buildTree(snapshotOf([{ id: 1, attrs: { ...attrs, "...": "[Truncated]" } }]))).roots;
  assertEquals(node.attrs, { ...attrs, "...": "[Truncated]" });
});

const ODD: readonly (readonly [what: string, record: (ci: TestEngine) => void])[] = [
  ["a NaN mark", ci => ci.mark("x", NaN)],
  ["a bigint mark", ci => ci.mark("x", 2n ** 90n)],
  ["a small bigint mark", ci => ci.mark("x", 1n)],
  ["bigint attrs", ci => ci.scope("b", { attrs: { x: 2n ** 90n } }).end()],
  ["attrs in a cycle", ci => {
    const attrs: Record<string, unknown> = {};
    attrs.self = attrs;
    ci.scope("b", { attrs }).end();
  }],
  ["attrs with a throwing toJSON", ci => {
    const toJSON = () => {
      throw new Error("no");
    };
    ci.scope("b", { attrs: { x: { toJSON } } }).end();
  }],
  [
    "attrs with a function named toJSON at the top",
    ci => ci.scope("b", { attrs: { toJSON: () => 1n } }).end(),
  ],
  ["attrs with a throwing getter", ci => {
    const attrs = {
      get x(): never {
        throw new Error("no");
      },
    };
    ci.scope("b", { attrs }).end();
  }],
  ["mark attrs of a bigint", ci => ci.mark("x", 1, { attrs: { x: 1n } })],
  ["a __proto__ key", ci => ci.scope("b", { attrs: JSON.parse('{"__proto__":{"toJSON":1}}') }).end()],
];

for (const [what, record] of ODD) {
  test(`JSON.stringify() takes a dict with ${what}`, () => {
    const ci = new TestEngine();
    ci.scope("a", () => record(ci));
    const dict = JSON.parse(JSON.stringify(ci.dict())) as TraceDict;
    assertEquals([dict.roots[0].name, dict.roots.length], ["a", 1]);
  });
}

test("trace() as dict keeps a __proto__ key as a key", () => {
  const { attrs } = onlyNode(ci => ci.scope("b", { attrs: JSON.parse('{"__proto__":{"x":1}}') }).end());
  assertEquals([Object.keys(attrs), Object.getPrototypeOf(attrs) === Object.prototype, "x" in attrs], [
    ["__proto__"],
    true,
    false,
  ]);
});

test("trace() as dict gives 100 000 levels", () => {
  const ci = new TestEngine();
  recordChain(ci, 100_000);
  const dict = ci.dict();
  let depth = 0;
  for (let node: TraceNode | undefined = dict.roots[0]; node !== undefined; node = node.children[0]) depth++;
  assertEquals([dict.span_count, depth], [100_000, 100_000]);
});

test("toDict() gives two chains of a deep tree whose middle is missing", () => {
  const rows = chain(100_000).filter(row => row.id !== 50_000);
  const { roots, span_count } = toDict(buildTree(snapshotOf(rows)));
  assertEquals([roots.map(root => root.id), span_count], [[idOf(1), idOf(50_001)], 99_999]);
});

test("trace() as dict starts anew below parents evicted from a deep tree", () => {
  const ci = new TestEngine(1000);
  const scopes = [ci.scope("x")];
  while (scopes.length < 100_000) scopes.push(scopes.at(-1)!.scope("x"));
  for (const scope of scopes) scope.end();
  const { roots, span_count } = ci.dict();
  assertEquals([span_count, roots.length, roots[0].id], [1000, 1, idOf(99_001)]);
});
