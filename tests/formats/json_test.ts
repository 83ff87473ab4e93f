import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import type { TraceDict } from "../../src/data/values.ts";
import { toJson } from "../../src/formats/json.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, idOf, recordChain, snapshotOf, traceOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";

/** The value of a mark, after a trip through the JSON. */
function jsonMark(record: (ci: TestEngine) => void): unknown {
  const ci = new TestEngine();
  ci.scope("a", () => record(ci));
  return (JSON.parse(ci.json()) as TraceDict).roots[0].marks[0].value;
}

/** Says that the JSON of what was recorded is the dict, serialized. */
function assertSameAsDict(record: (ci: TestEngine) => void, options: { open?: boolean } = {}): void {
  const ci = new TestEngine();
  record(ci);
  assertEquals(ci.json(options), JSON.stringify(ci.dict(options)));
}

test("toJson() of an empty tree has no roots", () => {
  assertEquals(toJson(buildTree(snapshotOf([]))), '{"roots":[],"span_count":0}');
});

test("trace() as json writes a node like the dict's", () => {
  const ci = new TestEngine();
  ci.scope("a", { index: 1 }, () => ci.clock.us(20, 1));
  assertEquals(
    ci.json(),
    `{"roots":[{"id":"${idOf(1)}","parent_id":null,"trace_id":"${traceOf(1)}",`
      + '"name":"a","index":1,'
      + '"start_us":1767323045678901,"end_us":1767323045678921,"wall_us":20,"cpu_ns":20000,'
      + '"gpu_ns":null,"memory_peak_bytes":null,"attrs":{},"marks":[],"children":[]}],"span_count":1}',
  );
});

test("trace() as json is the dict, serialized: nested spans", () => {
  assertSameAsDict(ci => {
    for (const _epoch of ci.epochs(2)) {
      for (const batch of ci.batches(3)) ci.scope("step", () => ci.mark("loss", 1 / (1 + batch)));
    }
  });
});

test("trace() as json is the dict, serialized: an only child, then an uncle", () => {
  assertSameAsDict(ci => {
    ci.scope("a", () => ci.scope("b", () => ci.scope("c", () => {})));
    ci.scope("d", () => {});
  });
});

test("trace() as json is the dict, serialized: children of siblings", () => {
  assertSameAsDict(ci => {
    ci.scope("a", () => {
      ci.scope("b", () => ci.scope("c", () => {}));
      ci.scope("d", () => {});
      ci.scope("e", () => ci.scope("f", () => {}));
    });
  });
});

test("trace() as json is the dict, serialized: open spans", () => {
  assertSameAsDict(ci => {
    ci.mark("x", 1);
    ci.scope("a");
    ci.scope("b");
    ci.scope("c").end();
  }, { open: true });
});

test("trace() as json is the dict, serialized: attrs and marks of every kind", () => {
  assertSameAsDict(ci => {
    ci.scope("a", { attrs: { list: [1, [2, { x: null }]], nan: NaN, date: new Date(0), empty: {} } }, () => {
      ci.mark("number", 0.1, { kind: "summary", attrs: { x: -Infinity } });
      ci.mark("text", 'line\n"quoted" \\ \u2028 \u0000');
      ci.mark("flag", false);
      ci.mark("big", 2n ** 80n);
    });
  });
});

test("trace() as json is the dict, serialized: names that look like the end of a node", () => {
  assertSameAsDict(ci => {
    ci.scope('"children":[]}', { attrs: { "]}": "]}", children: [] } }, () => {
      ci.scope("]}", () => ci.mark("]}", "]}"));
    });
  });
});

test("trace() as json is the dict, serialized: half a surrogate pair", () => {
  assertSameAsDict(ci => ci.scope("\ud83c", () => ci.mark("\udf89", "\ud83c")));
});

test("trace() as json is the dict, serialized: a __proto__ key", () => {
  assertSameAsDict(ci => ci.scope("a", { attrs: JSON.parse('{"__proto__":{"x":1}}') }, () => {}));
});

test("trace() as json is the dict, serialized: -0", () => {
  assertSameAsDict(ci => ci.scope("a", () => ci.mark("x", -0)));
});

for (const value of [NaN, Infinity, -Infinity]) {
  test(`trace() as json writes the mark ${value} as a string`, () => {
    assertStrictEquals(jsonMark(ci => ci.mark("x", value)), String(value));
  });

  test(`trace() as json writes ${value} in attrs as a string`, () => {
    const ci = new TestEngine();
    ci.scope("a", { attrs: { list: [value] } }, () => {});
    assertEquals((JSON.parse(ci.json()) as TraceDict).roots[0].attrs, { list: [String(value)] });
  });

  test(`trace() as dict still has the number ${value} after a trace as json`, () => {
    const ci = new TestEngine();
    ci.scope("a", () => ci.mark("x", value));
    ci.json();
    assertStrictEquals(ci.dict().roots[0].marks[0].value, value);
  });
}

test("trace() as json writes the string mark NaN as the string that it is", () => {
  assertStrictEquals(jsonMark(ci => ci.mark("x", "NaN")), "NaN");
});

test("trace() as json writes a bigint in the exact range as a number", () => {
  assertStrictEquals(jsonMark(ci => ci.mark("x", 12n)), 12);
});

test("trace() as json writes a bigint beyond the exact range as its digits", () => {
  assertStrictEquals(jsonMark(ci => ci.mark("x", -(2n ** 64n))), "-18446744073709551616");
});

test("trace() as json writes the largest numbers so that they read back the same", () => {
  assertStrictEquals(jsonMark(ci => ci.mark("x", Number.MAX_VALUE)), Number.MAX_VALUE);
});

test("trace() as json writes Unix times exactly", () => {
  const ci = new TestEngine();
  ci.clock.us(1e12);
  ci.scope("a").end();
  assertEquals((JSON.parse(ci.json()) as TraceDict).roots[0].start_us, 1_767_323_045_678_901 + 1e12);
});

test("toJson() writes 100 000 levels", () => {
  const json = toJson(buildTree(snapshotOf(chain(100_000))));
  const ids = json.match(/"id":"[0-9a-f]{32}"/g)!;
  assertEquals([ids.length, ids[0], ids.at(-1)], [100_000, `"id":"${idOf(1)}"`, `"id":"${idOf(100_000)}"`]);
});

test("toJson() closes 100 000 levels as often as it opens them", () => {
  // Nothing in these rows has brackets in a string.
  const json = toJson(buildTree(snapshotOf(chain(100_000))));
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < json.length; i++) {
    if (json[i] === "{" || json[i] === "[") deepest = Math.max(deepest, ++depth);
    else if (json[i] === "}" || json[i] === "]") depth--;
  }
  // Two for each level (node and children), two for the trace and its roots, one for the deepest node's own lists.
  assertEquals([depth, deepest], [0, 200_002]);
});

test("toJson() writes 1000 levels that JSON.parse() reads", () => {
  const tree = buildTree(snapshotOf(chain(1000)));
  let levels = 0;
  for (
    let nodes = (JSON.parse(toJson(tree)) as TraceDict).roots;
    nodes.length > 0;
    nodes = nodes[0].children
  ) levels++;
  assertEquals(levels, 1000);
});

test("trace() as json writes 100 000 recorded levels", () => {
  const ci = new TestEngine();
  recordChain(ci, 100_000);
  const json = ci.json();
  assert(json.endsWith("]}".repeat(100_000) + '],"span_count":100000}'), json.slice(-100));
});

test("toJson() writes two chains of a deep tree whose middle is missing", () => {
  const json = toJson(buildTree(snapshotOf(chain(100_000).filter(row => row.id !== 50_000))));
  assertEquals(json.split("]},{").length, 2);
});
