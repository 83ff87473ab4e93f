import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { NO_CONTEXT } from "../../src/data/trace_context.ts";
import type { Scope } from "../../src/record/scope.ts";
import { idOf, traceOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { nextTask, nodeNamed } from "../support/recording.ts";

const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";
const REMOTE_SPAN = "b7ad6b7169203331";
const REMOTE = `00-${REMOTE_TRACE}-${REMOTE_SPAN}-00`;

/** Names of the roots and of all below them, indented. */
function shape(ci: TestEngine): string[] {
  const lines: string[] = [];
  const walk = (nodes: ReturnType<TestEngine["dict"]>["roots"], depth: number): void => {
    for (const node of nodes) {
      lines.push("  ".repeat(depth) + node.name);
      walk(node.children, depth + 1);
    }
  };
  walk(ci.dict({ open: true }).roots, 0);
  return lines;
}

// Ids and contexts.

test("Scope.id is the half with which the span's id begins, before and after the end", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a");
  assertStrictEquals(scope.id, idOf(1).slice(0, 16));
  scope.end();
  assertStrictEquals(scope.id, ci.dict().roots[0].id.slice(0, 16));
});

test("Scope.traceparent names the trace of the outermost scope, and the scope", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  const inner = ci.scope("inner");
  assertEquals(outer.traceparent, `00-${traceOf(1)}-${outer.id}-01`);
  assertEquals(inner.traceparent, `00-${traceOf(1)}-${inner.id}-01`);
  inner.end();
  outer.end();
  assertEquals(inner.traceparent, `00-${traceOf(1)}-${inner.id}-01`);
  assertEquals(nodeNamed(ci.dict(), "inner").trace_id, traceOf(1));
});

test("Scope.traceparent is of zeros once the span has left the buffer", () => {
  const ci = new TestEngine(1);
  const scope = ci.scope("a");
  scope.end();
  assertMatch(scope.traceparent, /-01$/);
  ci.scope("b").end();
  assertStrictEquals(scope.traceparent, NO_CONTEXT);
});

test("A session is a trace of its own, and each scope opened in it begins one", () => {
  const ci = new TestEngine();
  ci.profile(); // the span 1
  ci.scope("a").scope("a1").end();
  ci.scope("b", { parent: null }).end();
  const [session] = ci.dict({ open: true }).roots;
  assertEquals(session.trace_id, traceOf(1));
  assertEquals(session.children.map(node => [node.name, node.trace_id]), [["a", traceOf(2)], [
    "b",
    traceOf(4),
  ]]);
  assertEquals(session.children[0].children.map(node => node.trace_id), [traceOf(2)]);
});

test("current() is the innermost scope of the calling flow, and null outside any", async () => {
  const ci = new TestEngine();
  const { recording } = ci.engine;
  assertStrictEquals(recording.current!(), null);
  ci.profile();
  assertStrictEquals(ci.engine.recording.current!(), null); // the session is not the program's to end
  await Promise.all(["a", "b"].map(name =>
    ci.scope(name, async scope => {
      assertStrictEquals(ci.engine.recording.current!(), scope);
      await nextTask();
      assertStrictEquals(ci.engine.recording.current!(), scope);
    })
  ));
  assertStrictEquals(ci.engine.recording.current!(), null);
});

test("context() is the innermost scope's traceparent, outside any the session's, and else of zeros", () => {
  const ci = new TestEngine();
  assertStrictEquals(ci.engine.recording.context!(), NO_CONTEXT);
  ci.scope("a").end();
  assertStrictEquals(ci.engine.recording.context!(), NO_CONTEXT);
  ci.profile();
  assertStrictEquals(ci.engine.recording.context!(), `00-${traceOf(2)}-${idOf(2).slice(0, 16)}-01`);
  ci.scope("b", scope => assertStrictEquals(ci.engine.recording.context!(), scope.traceparent));
  ci.engine.shutdown();
});

// Changes.

test("Scope.set() adds attributes to those of the opening, and replaces those of the same name", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a", { attrs: { method: "GET", status: 0 } });
  const given = { status: 200, tags: ["x"] };
  scope.set(given);
  given.tags.push("later");
  scope.set({ at: new Date(0) });
  scope.end();
  assertEquals(ci.dict().roots[0].attrs, {
    method: "GET",
    status: 200,
    tags: ["x"],
    at: "1970-01-01T00:00:00.000Z",
  });
});

test("Scope.set() gives a scope without attributes its first", () => {
  const ci = new TestEngine();
  ci.scope("a", scope => scope.set({ status: 200 }));
  assertEquals(ci.dict().roots[0].attrs, { status: 200 });
});

test("Scope.set() keeps the bounds of attributes, however often it is called", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a");
  for (let i = 0; i < 1500; i++) scope.set({ [`k${i}`]: i });
  scope.set({ deep: { deeper: [1, 2, 3] } });
  scope.end();
  const { attrs } = ci.dict().roots[0];
  assertEquals(Object.keys(attrs).length, 1001);
  assertEquals([attrs.k0, attrs.k999, attrs.k1000, attrs["..."]], [0, 999, undefined, "[Truncated]"]);
});

test("Scope.set() counts what lies within values, too", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a", { attrs: { list: Array.from({ length: 900 }, (_, i) => i) } });
  scope.set({ more: Array.from({ length: 200 }, (_, i) => i) });
  scope.end();
  const { attrs } = ci.dict().roots[0];
  assertEquals((attrs.list as unknown[]).length, 900);
  assertEquals((attrs.more as unknown[]).length, 99); // and the word that says so
});

test("Scope.set() does not change a trace that was read before", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a", { attrs: { status: 0 } });
  const snapshot = ci.engine.read(1, true);
  scope.set({ status: 200 });
  assertEquals(snapshot.attrs, [{ status: 0 }]);
});

for (const given of [undefined, null, 5, "x", ["a"], () => {}]) {
  test(`Scope.set() throws TypeError for ${typeof given} ${String(given)}`, () => {
    const scope = new TestEngine().scope("a");
    assertThrows(
      () => scope.set(given as unknown as Record<string, unknown>),
      TypeError,
      'Cannot set "a": attrs must be',
    );
  });
}

test("Scope.set() takes attributes that throw, that end the scope, and that would pollute a prototype", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a", { attrs: { x: 1 } });
  scope.set({
    get bad() {
      throw new Error("no");
    },
  });
  scope.set(JSON.parse('{"__proto__":{"polluted":1}}'));
  assertStrictEquals(({} as { polluted?: number }).polluted, undefined);
  scope.set({
    get last() {
      scope.end();
      return 1;
    },
  });
  const { attrs } = ci.dict().roots[0];
  assertEquals(Object.keys(attrs), ["x", "bad", "__proto__"]);
  assertEquals(attrs.bad, "[Throws: Error: no]");
});

test("Scope.fail() sets the attribute error, and closes nothing", () => {
  const ci = new TestEngine();
  const result = ci.scope("a", { attrs: { x: 1 } }, scope => {
    scope.fail(new RangeError("too much"));
    assertEquals(ci.engine.health().open_count, 1);
    return 7;
  });
  assertEquals([result, ci.dict().roots[0].attrs], [7, { x: 1, error: "RangeError: too much" }]);
});

test("An error that a function throws after Scope.fail() is the one that stays", () => {
  const ci = new TestEngine();
  assertThrows(() =>
    ci.scope("a", scope => {
      scope.fail("first");
      throw new Error("second");
    })
  );
  assertEquals(ci.dict().roots[0].attrs, { error: "Error: second" });
});

test("Scope.rename() gives another name, cut as the first", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a");
  scope.rename("x".repeat(300));
  assertStrictEquals(scope.name, "x".repeat(256));
  scope.rename("GET /users/:id");
  scope.end();
  assertEquals(ci.dict({ name: "GET /users/:id" }).span_count, 1);
  assertThrows(() => ci.scope("b").rename(5 as unknown as string), TypeError, "Cannot rename scope");
});

test("Changes after the end do nothing, are counted, and told of once", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a", { attrs: { x: 1 } });
  scope.end();
  scope.set({ x: 2 });
  scope.fail("no");
  scope.rename("b");
  const [root] = ci.dict().roots;
  assertEquals([root.name, root.attrs, scope.name], ["a", { x: 1 }, "a"]);
  assertEquals(ci.engine.health().change_drop_count, 3);
  assertEquals(ci.warnings, ['[cirron] set() was dropped: scope "a" had already ended']);
  ci.profile();
  assertEquals(ci.engine.health().change_drop_count, 0);
});

// run().

test("Scope.run() hangs what its function opens and marks on the scope, and gives what it gives", () => {
  const ci = new TestEngine();
  const scope = ci.scope("outer");
  ci.scope("innermost");
  const result = scope.run(given => {
    assertStrictEquals(given, scope);
    ci.scope("inner").end();
    ci.mark("loss", 1);
    return 5;
  });
  assertEquals(result, 5);
  assertEquals(shape(ci), ["outer", "  innermost", "  inner"]);
  assertEquals(nodeNamed(ci.dict({ open: true }), "outer").marks.map(mark => mark.name), ["loss"]);
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.run() holds across awaits, of many at once", async () => {
  const ci = new TestEngine();
  const scopes = Array.from({ length: 100 }, (_, i) => ci.scope(`request${i}`, { parent: null }));
  await Promise.all(scopes.map((scope, i) =>
    scope.run(async () => {
      for (let k = 0; k < 3; k++) {
        await nextTask();
        await ci.scope(`work${i}`, nextTask);
      }
      ci.mark("done", i);
    })
  ));
  for (const scope of scopes.toReversed()) scope.end();
  for (const [i, { name, children, marks }] of ci.dict().roots.entries()) {
    assertEquals([name, children.map(child => child.name)], [`request${i}`, new Array(3).fill(`work${i}`)]);
    assertEquals(marks.map(mark => mark.value), [i]);
  }
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Scope.run() leaves errors alone, thrown and rejected, and the scope open", async () => {
  const ci = new TestEngine();
  const scope = ci.scope("a");
  const error = new Error("mine");
  assertStrictEquals(
    assertThrows(() =>
      scope.run(() => {
        throw error;
      })
    ),
    error,
  );
  assertStrictEquals(await scope.run(() => Promise.reject(error)).catch(caught => caught), error);
  assertEquals(ci.engine.health().open_count, 1);
  scope.end();
  assertEquals(ci.dict().roots[0].attrs, {});
});

test("Scope.run() of a scope that ends meanwhile leads on to the next outer one that is open", () => {
  const ci = new TestEngine();
  ci.scope("outer", () => {
    const scope = ci.scope("inner");
    scope.run(() => {
      scope.end();
      ci.scope("after").end();
    });
  });
  assertEquals(shape(ci), ["outer", "  inner", "  after"]);
});

test("Scope.run() after the end is a plain call", () => {
  const ci = new TestEngine();
  const scope = ci.scope("a");
  scope.end();
  const outer = ci.scope("outer");
  assertEquals(scope.run(() => ci.scope("b").name), "b");
  assertEquals(shape(ci), ["a", "outer", "  b"]);
  outer.end();
  assertEquals(ci.engine.health().change_drop_count, 0);
  assertThrows(() => scope.run(5 as unknown as () => void), TypeError, 'Cannot run in scope "a"');
});

// The option parent.

test("parent: a scope hangs the new one there, with a function and without", () => {
  const ci = new TestEngine();
  const a = ci.scope("a");
  const b = ci.scope("b");
  ci.scope("in a", { parent: a }).end();
  ci.scope("in a, too", { parent: a }, () => ci.scope("below").end());
  b.scope("also in a", { parent: a }).end();
  ci.scope("in b").end();
  b.end();
  a.end();
  assertEquals(shape(ci), ["a", "  b", "    in b", "  in a", "  in a, too", "    below", "  also in a"]);
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("parent: a scope that has ended is the same as none", () => {
  const ci = new TestEngine();
  const gone = ci.scope("gone");
  gone.end();
  const outer = ci.scope("outer");
  ci.scope("x", { parent: gone }).end();
  outer.end();
  assertEquals(shape(ci), ["gone", "outer", "  x"]);
});

test("parent: null makes a root of its own, in no flow's stack", () => {
  const ci = new TestEngine();
  ci.scope("outer", () => {
    const first = ci.scope("first", { parent: null });
    const second = ci.scope("second", { parent: null });
    ci.scope("in outer").end();
    first.scope("in first").end();
    first.end();
    second.end();
    ci.scope("third", { parent: null }, () => ci.scope("in third").end());
  });
  assertEquals(shape(ci), ["outer", "  in outer", "first", "  in first", "second", "third", "  in third"]);
  assertEquals(ci.engine.health().misnested_count, 0);
  const { roots } = ci.dict();
  assertEquals(roots.map(root => root.parent_id), [null, null, null, null]);
  assertEquals(new Set(roots.map(root => root.trace_id)).size, 4);
});

test("parent: null in a session hangs on the session, as every root", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("outer", () => ci.scope("own", { parent: null }).end());
  ci.engine.shutdown();
  assertEquals(shape(ci), ["cirron.session", "  outer", "  own"]);
  assertEquals(nodeNamed(ci.dict(), "own").trace_id, traceOf(3));
});

test("parent: a traceparent continues the trace of elsewhere, below the scope too", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("outer", () => {
    ci.scope("server", { parent: REMOTE }, server => {
      const inner = ci.scope("inner");
      assertStrictEquals(server.traceparent, `00-${REMOTE_TRACE}-${server.id}-00`);
      assertStrictEquals(inner.traceparent, `00-${REMOTE_TRACE}-${inner.id}-00`);
      inner.end();
    });
    const detached = ci.scope("detached", { parent: REMOTE });
    ci.scope("in outer").end();
    detached.scope("in detached").end();
    detached.end();
    assertStrictEquals(detached.traceparent, `00-${REMOTE_TRACE}-${detached.id}-00`);
  });
  ci.engine.shutdown();
  assertEquals(shape(ci), [
    "cirron.session",
    "  outer",
    "    in outer",
    "server",
    "  inner",
    "detached",
    "  in detached",
  ]);
  const { roots } = ci.dict();
  assertEquals(roots.map(root => root.parent_id), [null, REMOTE_SPAN, REMOTE_SPAN]);
  for (const name of ["server", "inner", "detached", "in detached"]) {
    assertStrictEquals(nodeNamed(ci.dict(), name).trace_id, REMOTE_TRACE);
  }
  assertEquals(ci.warnings, []);
});

test("parent: a traceparent that is malformed is told of once, and taken for none", () => {
  const ci = new TestEngine();
  const outer = ci.scope("outer");
  for (const parent of ["nonsense", "", REMOTE.toUpperCase()]) ci.scope("x", { parent }).end();
  ci.scope("x", { parent: NO_CONTEXT }, () => {});
  outer.end();
  assertEquals(shape(ci), ["outer", "  x", "  x", "  x", "  x"]);
  assertEquals(ci.warnings, [
    '[cirron] Scope "x": the parent "nonsense" is no traceparent, and is taken for none',
  ]);
});

test("parent: a scope of another engine, as of another copy of the package, is continued by its context", () => {
  const [ci, other] = [new TestEngine(), new TestEngine()];
  const theirs = other.scope("theirs");
  const outer = ci.scope("outer");
  ci.scope("x", { parent: theirs }).end();
  outer.end();
  const x = nodeNamed(ci.dict(), "x");
  assertEquals([x.parent_id, x.trace_id], [theirs.id, theirs.traceparent.slice(3, 35)]);
});

test("parent: a scope that is not recorded is the same as none", () => {
  const [ci, off] = [new TestEngine(), new TestEngine()];
  off.engine.profile({ enabled: false });
  const outer = ci.scope("outer");
  ci.scope("x", { parent: off.scope("theirs") }).end();
  outer.end();
  assertEquals(shape(ci), ["outer", "  x"]);
  assertEquals(ci.warnings, []);
});

for (const parent of [5, true, {}, [], () => {}, Symbol("s")]) {
  test(`parent: ${typeof parent} ${String(parent)} is a TypeError`, () => {
    const ci = new TestEngine();
    for (const fn of [undefined, () => {}]) {
      assertThrows(
        () => ci.engine.recording.scope("x", { parent: parent as unknown as Scope }, fn, null),
        TypeError,
        'Cannot open scope "x": parent must be a scope, a traceparent or null',
      );
    }
    assertEquals(ci.engine.health().open_count, 0);
  });
}

test("A callback scope whose parent is null or foreign leaves no outer flow to its contexts that live on", async () => {
  const ci = new TestEngine();
  let late: Promise<void> = Promise.resolve();
  await ci.scope("outer", async () => {
    ci.scope("request", { parent: null }, () => {
      late = nextTask().then(() => ci.scope("late").end());
    });
    await late;
  });
  assertEquals(shape(ci), ["outer", "request", "late"]);
});

// Off.

test("With enabled: false a scope has constant ids, and its calls do nothing but run functions", async () => {
  const ci = new TestEngine();
  ci.engine.profile({ enabled: false });
  const scope = ci.scope("a", { parent: "nonsense" });
  assertEquals([scope.id, scope.traceparent], ["0000000000000000", NO_CONTEXT]);
  scope.set({ x: 1 });
  scope.fail("x");
  scope.rename("b");
  assertStrictEquals(scope.run(given => given), scope);
  assertEquals(await scope.run(() => Promise.resolve(5)), 5);
  assertStrictEquals(ci.engine.recording.current!(), null);
  assertStrictEquals(ci.engine.recording.context!(), NO_CONTEXT);
  assert(Object.isFrozen(scope));
  assertEquals(ci.warnings, []);
  assertEquals(ci.engine.health().change_drop_count, 0);
});

test("What goes on in a run() whose scope has ended hangs on what that hung on, also where that was on no stack", async () => {
  const ci = new TestEngine();
  const request = ci.scope("request", { parent: null });
  const query = request.scope("query");
  await query.run(async () => {
    ci.scope("send", () => {});
    await null;
    query.end(); // as libraries do it
    ci.scope("parse", () => {});
    await ci.scope("later", async () => {
      await null;
      request.end();
      ci.scope("inner", () => {});
    });
    ci.scope("after", () => {});
  });
  assertEquals(ci.shape(), "request\n  query\n    send\n  parse\n  later\n    inner\nafter");
});
