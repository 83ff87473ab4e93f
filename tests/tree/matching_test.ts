import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import type { Attrs } from "../../src/data/values.ts";
import { attrsMatcher, type NameFilter, nameMatcher } from "../../src/tree/matching.ts";
import { snapshotOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";

/** Those of a few names that a filter means, asked for in order and then again. */
function meant(filter: NameFilter): string[] {
  const isMeant = nameMatcher(filter);
  const names = ["GET /", "GET /users", "POST /", "get", ""];
  const found = names.filter(isMeant);
  assertEquals(names.filter(isMeant), found);
  return found;
}

const NAMES: readonly (readonly [what: string, filter: NameFilter, names: string[]])[] = [
  ["a string, whole", "GET /", ["GET /"]],
  ["an empty string", "", [""]],
  ["a pattern", /^GET /, ["GET /", "GET /users"]],
  ["a pattern of any case", /^get/i, ["GET /", "GET /users", "get"]],
  ["a pattern with g, for each name from its beginning", /\//g, ["GET /", "GET /users", "POST /"]],
  ["a pattern with y, for each name at its beginning", /GET/y, ["GET /", "GET /users"]],
  ["a pattern with all flags", /get \//dgimsuy, ["GET /", "GET /users"]],
  ["a pattern that finds nothing everywhere", /(?:)/, ["GET /", "GET /users", "POST /", "get", ""]],
  ["a list of strings", ["get", "GET", ""], ["get", ""]],
  ["a list of both", ["get", /^P/g], ["POST /", "get"]],
  ["an empty list", [], []],
];

for (const [what, filter, names] of NAMES) {
  test(`nameMatcher() means the names of ${what}`, () => assertEquals(meant(filter), names));
}

test("nameMatcher() leaves a pattern as it is, and goes by what it was", () => {
  const pattern = /GET/g;
  pattern.lastIndex = 2;
  const isMeant = nameMatcher(pattern);
  pattern.compile("POST");
  assertEquals([isMeant("GET /"), isMeant("GET /"), isMeant("POST /")], [true, true, false]);
  const other = /a/y;
  other.lastIndex = 7;
  nameMatcher([other])("a");
  assertStrictEquals(other.lastIndex, 7);
});

test("trace() takes the pattern of another realm, and asks no method that somebody gave one", () => {
  const ci = new TestEngine();
  for (const name of ["a", "b"]) ci.scope(name).end();
  assertEquals(ci.shape({ name: runInNewContext("/^A/gi") as RegExp }), "a");
  const pattern = Object.assign(/b/, { test: () => true, exec: () => null });
  assertEquals(ci.shape({ name: pattern }), "b");
});

test("trace() cuts each name of a list as names are cut", () => {
  const ci = new TestEngine();
  const name = "x".repeat(300);
  ci.scope(name).end();
  assertEquals(ci.dict({ name: ["y", name] }).span_count, 1);
});

test("trace() keeps what a pattern finds and all below it, once", () => {
  const ci = new TestEngine();
  ci.scope("a1", () => ci.scope("b", () => ci.scope("a2", () => ci.scope("c").end())));
  assertEquals(ci.shape({ name: /^a/g }), "a1\n  b\n    a2\n      c");
  assertEquals(ci.shape({ name: ["c", "b"] }), "b\n  a2\n    c");
});

const HAS: Attrs = {
  path: "/users",
  status: 200,
  ok: true,
  none: null,
  tags: ["a", { b: [1] }],
  deep: { x: 1, y: { z: [] } },
};

const WANTED: readonly (readonly [what: string, wanted: Attrs, isMeant: boolean])[] = [
  ["one attribute", { path: "/users" }, true],
  ["all of several", { path: "/users", status: 200, ok: true, none: null }, true],
  ["all but one", { path: "/users", status: 404 }, false],
  ["none", {}, true],
  ["a number as text", { status: "200" }, false],
  ["a boolean as a number", { ok: 1 }, false],
  ["null where there is nothing", { nothing: null }, false],
  ["a list", { tags: ["a", { b: [1] }] }, true],
  ["a list in part", { tags: ["a"] }, false],
  ["a list's items as an object", { tags: { 0: "a", 1: { b: [1] } } }, false],
  ["an object, in another order", { deep: { y: { z: [] }, x: 1 } }, true],
  ["an object in part", { deep: { x: 1 } }, false],
  ["an empty object for an empty list", { deep: { x: 1, y: { z: {} } } }, false],
  ["a key of all objects", { toString: null }, false],
];

for (const [what, wanted, isMeant] of WANTED) {
  test(`attrsMatcher() ${isMeant ? "means" : "does not mean"} a span by ${what}`, () => {
    assertEquals(attrsMatcher(wanted)(snapshotOf([{ id: 1, attrs: HAS }]), 0), isMeant);
  });
}

test("attrsMatcher() means a batch by how long it waited, which is kept apart from attributes", () => {
  const snapshot = snapshotOf([{ id: 1, dataLoadNs: 5 }, { id: 2, dataLoadNs: 6, attrs: { a: 1 } }, {
    id: 3,
  }]);
  const isMeant = attrsMatcher({ data_load_ns: 5 });
  assertEquals([0, 1, 2].map(row => isMeant(snapshot, row)), [true, false, false]);
});

test("trace() finds an attribute by the value that was given to the scope, whatever became of it", () => {
  const ci = new TestEngine();
  const at = new Date(0);
  const long = "x".repeat(10_000);
  const attrs = { at, big: 2n ** 70n, whole: 7n, nan: NaN, long, set: [1, 2] };
  ci.scope("a", { attrs }).end();
  ci.scope("b").end();
  for (const [key, value] of Object.entries(attrs)) {
    assertEquals(ci.shape({ where: { [key]: value } }), "a", key);
  }
  assertEquals(ci.shape({ where: { error: "Error: no" } }), "");
});

test("trace() finds failed roots by their error", () => {
  const ci = new TestEngine();
  for (const fails of [true, false]) {
    try {
      ci.scope("request", () => {
        if (fails) throw new RangeError("no");
      });
    } catch {
      // seen below
    }
  }
  assertEquals(ci.shape({ where: { error: "RangeError: no" } }), "request !RangeError: no");
});
