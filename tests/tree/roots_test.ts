import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { buildTree, type Filter } from "../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";

/** The ids that a filter keeps. */
function idsOf(snapshot: Snapshot, filter: Filter): number[] {
  return Array.from(buildTree(snapshot, filter).rows, row => snapshot.id[row]);
}

/** A server with its session, after requests of 5, 9, 1 and 9 us; with one on its way, or with its session ended. */
function server(hasEnded = false): TestEngine {
  const ci = new TestEngine();
  ci.profile();
  for (const [index, us] of [5, 9, 1, 9].entries()) {
    const path = index % 2 === 0 ? "/" : "/users";
    ci.scope("request", { index, attrs: { path } }, () => ci.scope("query", () => ci.clock.us(us)));
  }
  if (hasEnded) ci.engine.shutdown();
  else {
    ci.scope("request", { index: 4 });
    ci.scope("query").end();
    ci.clock.us(100);
  }
  return ci;
}

/** What a server's requests look like, by their index. */
function requests(...indexes: readonly number[]): string {
  return indexes.map(index => `request[${index}]\n  query`).join("\n");
}

const KEPT:
  readonly (readonly [options: Omit<Parameters<TestEngine["dict"]>[0] & object, "format">, string])[] = [
    [{ roots: 0 }, ""],
    [{ roots: 1 }, requests(3)],
    [{ roots: 2 }, requests(2, 3)],
    [{ roots: 99 }, requests(0, 1, 2, 3)],
    [{ slowest: 0 }, ""],
    [{ slowest: 1 }, requests(3)],
    [{ slowest: 2 }, requests(1, 3)],
    [{ slowest: 3 }, requests(0, 1, 3)],
    [{ roots: 2, slowest: 1 }, requests(3)],
    [{ roots: 3, slowest: 2 }, requests(1, 3)],
    [{ where: { path: "/" } }, requests(0, 2)],
    [{ where: { path: "/" }, roots: 1 }, requests(2)],
    [{ where: { path: "/users" }, slowest: 1 }, requests(3)],
    [{ where: { path: "/" }, last: 1 }, "request[2]"],
    [{ where: {} }, requests(0, 1, 2, 3)],
    [{ name: "request", roots: 1 }, requests(3)],
    [{ name: "query", roots: 2 }, "query\nquery"],
    [{ name: "query", slowest: 1 }, "query"],
    [{ roots: 1, depth: 0 }, "request[3]"],
    [{ roots: 3, minWallUs: 5 }, requests(1, 3)],
  ];

for (const [options, shape] of KEPT) {
  test(`trace() keeps whole requests of a server whose session runs, by ${JSON.stringify(options)}`, () => {
    assertEquals(server().shape(options), shape);
  });

  test(`trace() keeps whole requests of a server whose session has ended, by ${JSON.stringify(options)}`, () => {
    assertEquals(server(true).shape(options), shape);
  });
}

test("trace() keeps open roots beside the most recently closed ones, if asked for open spans", () => {
  assertEquals(server().shape({ roots: 1, open: true }), `${requests(3)}\nrequest[4] open\n  query`);
});

test("trace() counts open roots among the slowest, with their time so far", () => {
  assertEquals(server().shape({ slowest: 2, open: true }), `${requests(3)}\nrequest[4] open\n  query`);
});

test("trace() by roots has no session and no marks outside any scope, but for open ones that are asked for", () => {
  const ci = new TestEngine();
  ci.mark("lost", 1);
  ci.scope("a").end();
  assertEquals(ci.shape({ roots: 1 }), "a");
  assertEquals(ci.shape({ roots: 1, open: true }), "root open {lost=1}\na");
});

test("trace() by roots takes a session for what is around, not a span that is called so", () => {
  const ci = new TestEngine();
  ci.scope("a", () => ci.scope("cirron.session", () => ci.scope("b").end()));
  assertEquals(ci.shape({ roots: 1 }), "a\n  cirron.session\n    b");
});

test("trace() by name may keep sessions whole", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("a").end();
  ci.engine.shutdown();
  assertEquals(ci.shape({ name: "cirron.session", roots: 1 }), "cirron.session\n  a");
});

test("trace() by roots of a name takes the outermost of it, also where that one is open", () => {
  const ci = new TestEngine();
  ci.scope("visit", { index: 0 }, () => ci.scope("visit", { index: 1 }, () => {}));
  ci.scope("visit", { index: 2 });
  ci.scope("visit", { index: 3 }).end();
  assertEquals(ci.shape({ name: "visit", roots: 2 }), "visit[0]\n  visit[1]");
  assertEquals(ci.shape({ name: "visit", roots: 0, open: true }), "visit[2] open\n  visit[3]");
});

test("trace() by roots leaves out pieces: spans whose parent was evicted", () => {
  const ci = new TestEngine(3);
  const late = ci.scope("parent", parent => parent.scope("late"));
  for (const name of ["a", "b"]) ci.scope(name).end();
  late.end();
  assertEquals([ci.shape(), ci.shape({ roots: 5 })], ["late\na\nb", "a\nb"]);
});

test("trace() by roots keeps what was opened in a root and closed after it", () => {
  const ci = new TestEngine();
  const late = ci.scope("parent", parent => parent.scope("late"));
  ci.scope("other").end();
  late.end();
  assertEquals(ci.shape({ name: "parent", roots: 1 }), "parent\n  late");
  assertEquals(ci.shape({ roots: 1 }), "other");
});

test("buildTree() takes a foreign parent's span for a root", () => {
  const rows: HandRow[] = [{ id: 2, parent: 1 }, { id: 1, parent: -3 }, { id: 4, parent: 3 }];
  assertEquals(idsOf(snapshotOf(rows), { roots: 5 }), [1, 2]);
});

test("buildTree() keeps the slowest of equal roots that closed last", () => {
  const rows = [3, 1, 2].map((id): HandRow => ({ id, endNs: 10 }));
  assertEquals(idsOf(snapshotOf([...rows, { id: 4, endNs: 9 }]), { slowest: 2 }), [1, 2]);
});

test("buildTree() keeps a root of 100 000 levels whole", () => {
  const snapshot = snapshotOf([...chain(100_000), { id: 100_001 }]);
  assertEquals(idsOf(snapshot, { slowest: 2 }).length, 100_001);
  assertEquals(idsOf(snapshot, { roots: 1 }), [100_001]);
});

/** Spans in any order of close, some in an earlier one, some named, some open. */
const ROWS = fc.array(
  fc.record({
    up: fc.nat(5),
    name: fc.constantFrom("a", "b", "cirron.session"),
    us: fc.nat(9),
    order: fc.nat(),
  }),
  { maxLength: 40, size: "max" },
).chain(list => fc.record({ list: fc.constant(list), openFrom: fc.nat(list.length) })).map(
  ({ list, openFrom }) => {
    const rows = list.map(({ up, name, us }, i): HandRow => ({
      id: i + 1,
      parent: Math.max(0, i - up),
      name,
      endNs: us * 1000,
    }));
    const order = [...rows.keys()].sort((a, b) => list[a].order - list[b].order);
    const sorted = order.map(i => rows[i]);
    return snapshotOf(sorted.slice(0, openFrom), sorted.slice(openFrom).sort((a, b) => a.id - b.id));
  },
);

for (const name of [undefined, "a", /[ab]/]) {
  test(`buildTree() keeps roots with all below them and nothing else, of ${name ?? "any name"}`, () => {
    fc.assert(fc.property(ROWS, fc.nat(5), fc.boolean(), (snapshot, count, open) => {
      const all = buildTree(snapshot, { name });
      const isAround = (i: number) =>
        name === undefined && all.parent[i] < 0 && snapshot.name[all.rows[i]] === "cirron.session";
      const rootOf = (i: number): number =>
        all.parent[i] < 0 || isAround(all.parent[i]) ? (isAround(i) ? -1 : i) : rootOf(all.parent[i]);
      const isOpen = (i: number) => all.rows[i] >= snapshot.closedLength;
      const roots = [...all.rows.keys()].filter(i => rootOf(i) === i);
      const shown = roots.filter(i => open || !isOpen(i));
      const closed = roots.filter(i => !isOpen(i)).sort((a, b) => all.rows[b] - all.rows[a]);
      const below = (kept: readonly number[]) =>
        [...all.rows.keys()]
          .filter(i => kept.includes(rootOf(i)) && (open || !isOpen(i)))
          .map(i => snapshot.id[all.rows[i]]);
      const recent = [...closed.slice(0, count), ...shown.filter(isOpen)];
      assertEquals(idsOf(snapshot, { name, roots: count, open }), below(recent));
      // The slowest: as many as asked for, and none left out that took longer.
      const slowest = new Set(idsOf(snapshot, { name, slowest: count, open }));
      const [kept, left] = [true, false].map(has =>
        shown.filter(i => slowest.has(snapshot.id[all.rows[i]]) === has).map(i => snapshot.endNs[all.rows[i]])
      );
      assertEquals(kept.length, Math.min(count, shown.length));
      assert(Math.max(...left) <= Math.min(...kept) || left.length === 0 || kept.length === 0);
      // All of them together are the whole.
      assertEquals(idsOf(snapshot, { name, roots: roots.length, open }), below(shown));
      assertEquals(idsOf(snapshot, { name, slowest: roots.length, open }), below(shown));
    }));
  });
}
