import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { findEvicted } from "../../src/tree/evicted.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { type HandRow, snapshotOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";

/** The spans of an engine that may have lost children, by name and index. */
function suspects(ci: TestEngine): string[] {
  const snapshot = ci.engine.read(Infinity, true);
  const tree = buildTree(snapshot);
  const found = findEvicted(tree);
  return found === null
    ? []
    : [...tree.rows].filter((_, i) => found[i] === 1).map(row =>
      `${snapshot.name[row]}${snapshot.index[row]}`
    );
}

/** A chain of a span per name, with a moment before and after each start and end. */
function nest(ci: TestEngine, ...names: readonly string[]): void {
  ci.clock.us(1);
  if (names.length > 0) ci.scope(names[0], { index: 0 }, () => nest(ci, ...names.slice(1)));
  ci.clock.us(1);
}

test("findEvicted() finds nothing where nothing was evicted", () => {
  const ci = new TestEngine(3);
  nest(ci, "a", "b", "c");
  assertEquals(suspects(ci), []);
});

test("findEvicted() finds what was open when a span was evicted, and nothing that was opened later", () => {
  const ci = new TestEngine(3);
  nest(ci, "a", "b", "c", "d");
  assertEquals(suspects(ci), ["a0", "b0", "c0"]);
  nest(ci, "e");
  assertEquals(suspects(ci), ["a0", "b0"]);
});

test("findEvicted() finds nothing among spans one after the other", () => {
  const ci = new TestEngine(3);
  for (let i = 0; i < 10; i++) nest(ci, "a");
  assertEquals(suspects(ci), []);
});

test("findEvicted() finds an open span that has been open for longer than the buffer reaches back", () => {
  const ci = new TestEngine(3);
  ci.scope("server", { index: 0 });
  for (let i = 0; i < 10; i++) nest(ci, "a");
  assertEquals(suspects(ci), ["server0"]);
});

test("findEvicted() finds nothing after profile(), which empties the buffer", () => {
  const ci = new TestEngine(3);
  nest(ci, "a", "b", "c", "d");
  ci.profile({ traceBufferMaxSpans: 3 });
  nest(ci, "a", "b");
  assertEquals(suspects(ci), []);
});

test("findEvicted() finds what a smaller buffer may have let go of", () => {
  const ci = new TestEngine();
  nest(ci, "a", "b", "c");
  ci.engine.setMaxSpans(2);
  assertEquals(suspects(ci), ["a0", "b0"]);
});

test("findEvicted() does not name the pseudo-span of marks outside any scope", () => {
  const ci = new TestEngine(1);
  ci.mark("lost", 1);
  for (let i = 0; i < 3; i++) nest(ci, "a");
  assertEquals(suspects(ci), []);
});

test("findEvicted() says nothing of a snapshot that does not", () => {
  const rows: HandRow[] = [{ id: 5, parent: 1, startNs: 2, endNs: 3 }, { id: 1, endNs: 9 }];
  assertEquals(findEvicted(buildTree(snapshotOf(rows))), null);
  assertEquals([...findEvicted(buildTree({ ...snapshotOf(rows), eviction: { untilNs: 3, lastId: 5 } }))!], [
    1,
    0,
  ]);
});
