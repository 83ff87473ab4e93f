import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Anchor, Flows, Frame, type FrameScope } from "../../src/record/flows.ts";
import type { Scope } from "../../src/record/scope.ts";
import { GARBAGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { allNodes, collectGarbage, nextTask, nodeNamed } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

/** A promise for each name, settled by hand. */
function gates<K extends string>(...names: K[]): Record<K, PromiseWithResolvers<void>> {
  return Object.fromEntries(names.map(name => [name, Promise.withResolvers<void>()])) as never;
}

/** Whether every span began while its parent was still open. */
function parentsWereOpen(ci: TestEngine): boolean {
  return allNodes(ci.dict({ open: true })).every(node =>
    node.children.every(child => node.end_us === null || child.start_us < node.end_us)
  );
}

// Concurrent flows.

test("scope() with async functions at once gives siblings", async () => {
  const ci = new TestEngine();
  await ci.scope("all", () =>
    Promise.all([0, 1, 2].map(index =>
      ci.scope("job", { index }, async () => {
        await null;
        await ci.scope("load", async () => await null);
        ci.mark("index", index);
      })
    )));
  assertEquals(
    ci.shape(),
    literal(`
      all
        job[0] {index=0}
          load
        job[1] {index=1}
          load
        job[2] {index=2}
          load
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() with async functions that interleave gives siblings, and keeps their times", async () => {
  const ci = new TestEngine();
  const gate = gates("a", "b");
  const a = ci.scope("a", async () => {
    await gate.a.promise;
    ci.mark("in", "a");
  });
  ci.clock.us(1);
  const b = ci.scope("b", async () => {
    await gate.b.promise;
    ci.mark("in", "b");
  });
  ci.clock.us(10);
  gate.a.resolve();
  await a;
  ci.clock.us(100);
  gate.b.resolve();
  await b;
  assertEquals(
    ci.shape(),
    literal(`
      a {in=a}
      b {in=b}
    `),
  );
  assertEquals(ci.dict().roots.map(root => root.wall_us), [11, 110]);
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("`using` inside concurrent functions stays in its flow", async () => {
  const ci = new TestEngine();
  const gate = gates("a", "b");
  const run = (name: "a" | "b") =>
    ci.scope(name, async () => {
      using _first = ci.scope("first");
      await gate[name].promise;
      using _second = ci.scope("second");
      await null;
      ci.mark("in", name);
    });
  const both = Promise.all([run("a"), run("b")]);
  gate.b.resolve();
  await nextTask();
  gate.a.resolve();
  await both;
  assertEquals(
    ci.shape(),
    literal(`
      a
        first
          second {in=a}
      b
        first
          second {in=b}
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() with a pending function is not innermost outside it", async () => {
  const ci = new TestEngine();
  const gate = gates("x");
  const x = ci.scope("x", () => gate.x.promise);
  ci.scope("y").end();
  ci.mark("m", 1);
  gate.x.resolve();
  await x;
  assertEquals(
    ci.shape({ open: true }),
    literal(`
      root open {m=1}
      x
      y
    `),
  );
});

test("scope() with nested concurrent functions gives a tree", async () => {
  const ci = new TestEngine();
  const twice = (name: string, fn: () => Promise<unknown>) =>
    Promise.all([0, 1].map(index => ci.scope(name, { index }, fn)));
  await twice("outer", async () => {
    await null;
    await twice("inner", async () => {
      await nextTask();
      ci.scope("leaf").end();
    });
  });
  assertEquals(
    ci.shape(),
    literal(`
      outer[0]
        inner[0]
          leaf
        inner[1]
          leaf
      outer[1]
        inner[0]
          leaf
        inner[1]
          leaf
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() in 1000 flows at once keeps them apart", async () => {
  const ci = new TestEngine();
  const gate = Promise.withResolvers<void>();
  const all = Array.from({ length: 1000 }, (_, index) =>
    ci.scope("job", { index }, async () => {
      using _step = ci.scope("step", { index });
      await (index % 2 === 0 ? gate.promise : nextTask());
      ci.mark("index", index);
    }));
  await nextTask();
  gate.resolve();
  await Promise.all(all);
  const { roots } = ci.dict();
  const wrong = roots.filter(({ index, children: [step] }) => step.marks[0].value !== index);
  assertEquals([roots.length, wrong.length, ci.engine.health().misnested_count], [1000, 0, 0]);
});

test("scope() in flows interleaved in any order gives what it gives one after the other", async () => {
  await fc.assert(fc.asyncProperty(
    fc.scheduler(),
    fc.array(fc.array(fc.constantFrom("using", "callback", "loop", "mark"), { maxLength: 4 }), {
      maxLength: 4,
    }),
    async (scheduler, jobs) => {
      const expected = new TestEngine();
      for (const [index, steps] of jobs.entries()) await job(expected, index, steps, () => Promise.resolve());
      const ci = new TestEngine();
      const all = jobs.map((steps, index) =>
        job(ci, index, steps, () => scheduler.schedule(Promise.resolve()))
      );
      await scheduler.waitFor(Promise.all(all));
      assertEquals(ci.shape(), expected.shape());
      assertEquals(ci.engine.health().misnested_count, 0);
    },
  ));

  function job(ci: TestEngine, index: number, steps: string[], pause: () => Promise<unknown>): Promise<void> {
    return ci.scope("job", { index }, async () => {
      using stack = new DisposableStack();
      for (const step of steps) {
        await pause();
        if (step === "using") {
          stack.use(ci.scope("using"));
        } else if (step === "callback") {
          await ci.scope("callback", async () => {
            await pause();
            ci.mark("index", index);
          });
        } else if (step === "loop") {
          for await (const _ of ci.batches([pause(), pause()])) ci.mark("index", index);
        } else {
          ci.mark("index", index);
        }
      }
    });
  }
});

test("scope() in a flow whose sibling rejects is not touched by it", async () => {
  const ci = new TestEngine();
  const gate = gates("good");
  const bad = ci.scope("bad", async () => {
    await null;
    throw new Error("boom");
  });
  const good = ci.scope("good", async () => {
    using _step = ci.scope("step");
    await gate.good.promise;
    ci.mark("in", "good");
  });
  await assertRejects(() => bad, Error, "boom");
  gate.good.resolve();
  await good;
  assertEquals(
    ci.shape(),
    literal(`
      bad !Error: boom
      good
        step {in=good}
    `),
  );
});

// What carries a flow.

const CARRIERS: [what: string, run: (fn: () => void) => void][] = [
  ["queueMicrotask()", fn => queueMicrotask(fn)],
  ["setTimeout()", fn => void setTimeout(fn, 0)],
  ["a promise's then()", fn => void Promise.resolve().then(fn)],
  ["a promise's finally()", fn => void Promise.resolve().finally(fn)],
  ["an await", fn => void (async () => (await null, fn()))()],
  ["an await of a timer", fn => void (async () => (await nextTask(), fn()))()],
];
for (const [what, run] of CARRIERS) {
  test(`scope() with a function is innermost across ${what}`, async () => {
    const ci = new TestEngine();
    const flow = (name: string) =>
      ci.scope(name, () =>
        new Promise<void>(resolve =>
          run(() => {
            ci.scope(`in ${name}`).end();
            resolve();
          })
        ));
    await Promise.all([flow("a"), flow("b")]);
    assertEquals(
      ci.shape(),
      literal(`
        a
          in a
        b
          in b
      `),
    );
  });
}

test("scope() with a function is innermost across an await of a promise of another flow", async () => {
  const ci = new TestEngine();
  const gate = gates("shared");
  const a = ci.scope("a", async () => {
    await gate.shared.promise;
    ci.mark("in", "a");
  });
  await ci.scope("b", async () => {
    await null;
    gate.shared.resolve();
    await a;
    ci.mark("in", "b");
  });
  assertEquals(
    ci.shape(),
    literal(`
      a {in=a}
      b {in=b}
    `),
  );
});

test("batches() in concurrent flows hang on the flow that iterates", async () => {
  const ci = new TestEngine();
  async function* source(count: number) {
    for (let i = 0; i < count; i++) {
      await nextTask();
      yield i;
    }
  }
  await Promise.all([2, 3].map(count =>
    ci.scope("job", { index: count }, async () => {
      for await (const batch of ci.batches(source(count))) {
        await null;
        ci.mark("batch", batch);
      }
    })
  ));
  assertEquals(
    ci.shape(),
    literal(`
      job[2]
        batch[0] {batch=0}
        batch[1] {batch=1}
      job[3]
        batch[0] {batch=0}
        batch[1] {batch=1}
        batch[2] {batch=2}
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() inside an async source that no scope gave hangs on the flow that iterates", async () => {
  const ci = new TestEngine();
  async function* source() {
    await null;
    ci.scope("load").end();
    yield 1;
  }
  const [made] = ci.scope("maker", () => [source()]);
  await ci.scope("user", async () => {
    for await (const _ of ci.batches(made));
  });
  assertEquals(
    ci.shape(),
    literal(`
      maker
      user
        load
        batch[0]
    `),
  );
});

test("batches() over an async source keep their parent, though another scope was opened meanwhile", async () => {
  const ci = new TestEngine();
  const gate = gates("first");
  async function* source() {
    await gate.first.promise;
    yield 1;
  }
  const outer = ci.scope("outer");
  const loop = (async () => {
    for await (const _ of ci.batches(source()));
  })();
  const other = ci.scope("other");
  gate.first.resolve();
  await loop;
  other.end();
  outer.end();
  assertEquals(
    ci.shape(),
    literal(`
      outer
        other
        batch[0]
    `),
  );
});

test("batches() over an async source hang on nothing that closed while the source worked", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("first");
  async function* source() {
    await gate.first.promise;
    yield 1;
  }
  const outer = ci.scope("outer");
  const loop = (async () => {
    for await (const _ of ci.batches(source()));
  })();
  ci.clock.us(1);
  outer.end();
  ci.clock.us(1);
  gate.first.resolve();
  await loop;
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        outer
        batch[0]
    `),
  );
});

// One frame, two flows: what `using` cannot tell apart.

test("`using` in two async functions that interleave in one flow is counted and warned of once", async () => {
  const ci = new TestEngine();
  const gate = gates("a", "b");
  const work = async (name: "a" | "b") => {
    using _x = ci.scope(name);
    await gate[name].promise;
  };
  const a = work("a");
  ci.clock.us(1);
  const b = work("b");
  ci.clock.us(10);
  gate.a.resolve();
  await a;
  ci.clock.us(100);
  gate.b.resolve();
  await b;
  const dict = ci.dict();
  assertEquals([nodeNamed(dict, "a").wall_us, nodeNamed(dict, "b").wall_us], [11, 110]);
  assertEquals([ci.engine.health().misnested_count, ci.warnings.length], [1, 1]);
  ci.scope("after").end();
  assertEquals(ci.dict().roots.at(-1)!.name, "after");
});

// Work that outlives its scope.

/** Opens a scope and makes a mark in the context of `flow`'s scope, after that has closed. */
function detached(ci: TestEngine, gate: Promise<void>): Promise<void> {
  let work!: Promise<void>;
  ci.scope("flow", () => {
    work = (async () => {
      await gate;
      ci.clock.us(1);
      ci.scope("late").end();
      ci.mark("late", 1);
    })();
  });
  return work;
}

test("scope() in work that outlives its scope hangs on the outer scope that is still open", async () => {
  const ci = new TestEngine();
  const gate = gates("late");
  const outer = ci.scope("outer");
  const work = detached(ci, gate.late.promise);
  gate.late.resolve();
  await work;
  outer.end();
  assertEquals(
    ci.shape(),
    literal(`
      outer {late=1}
        flow
        late
    `),
  );
});

test("scope() in work that outlives all its scopes hangs on the session", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  const outer = ci.scope("outer");
  const work = detached(ci, gate.late.promise);
  outer.end();
  gate.late.resolve();
  await work;
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session {late=1}
        outer
          flow
        late
    `),
  );
});

test("scope() in work that outlives all its scopes is a root without a session", async () => {
  const ci = new TestEngine();
  const gate = gates("late");
  const outer = ci.scope("outer");
  const work = detached(ci, gate.late.promise);
  outer.end();
  gate.late.resolve();
  await work;
  assertEquals(
    ci.shape({ open: true }),
    literal(`
      root open {late=1}
      outer
        flow
      late
    `),
  );
});

test("scope() in work that outlives its session is a root", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  const work = detached(ci, gate.late.promise);
  ci.clock.us(1);
  ci.engine.shutdown();
  gate.late.resolve();
  await work;
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        flow
      late
    `),
  );
});

test("scope() in work of an earlier session hangs on the session that runs now", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  const work = detached(ci, gate.late.promise);
  ci.engine.shutdown();
  ci.profile();
  gate.late.resolve();
  await work;
  assertEquals(
    ci.shape({ open: true }),
    literal(`
      cirron.session open {late=1}
        late
    `),
  );
});

test("scope() in work that outlives its scope and the next one out never hangs on a closed one", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  const outermost = ci.scope("outermost");
  const outer = ci.scope("outer");
  const work = detached(ci, gate.late.promise);
  ci.clock.us(1);
  outer.end();
  gate.late.resolve();
  await work;
  const dict = ci.dict({ open: true });
  const late = nodeNamed(dict, "late");
  const open = [nodeNamed(dict, "cirron.session").id, nodeNamed(dict, "outermost").id];
  assertEquals(open.includes(late.parent_id!), true);
  outermost.end();
});

test("scope() in an open flow whose outer scope has closed hangs on the flow's own scope", async () => {
  const ci = new TestEngine();
  const gate = gates("flow");
  const outer = ci.scope("outer");
  const flow = ci.scope("flow", async () => {
    await gate.flow.promise;
    ci.scope("inner").end();
  });
  outer.end();
  gate.flow.resolve();
  await flow;
  assertEquals(
    ci.shape(),
    literal(`
      outer
        flow
          inner
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("scope() with a function in late work is a flow of its own there too", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  let work!: Promise<unknown>;
  ci.scope("flow", () => {
    work = (async () => {
      await gate.late.promise;
      ci.clock.us(1);
      await Promise.all(["a", "b"].map(name =>
        ci.scope(name, async () => {
          await null;
          ci.mark("in", name);
        })
      ));
    })();
  });
  gate.late.resolve();
  await work;
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        flow
        a {in=a}
        b {in=b}
    `),
  );
});

test("scope() handle of an ended flow used by late work does not hang on the ended scope", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("late");
  let work!: Promise<unknown>;
  ci.scope("flow", flow => {
    work = (async () => {
      await gate.late.promise;
      flow.scope("late", () => {});
    })();
  });
  ci.clock.us(1);
  gate.late.resolve();
  await work;
  assertEquals(parentsWereOpen(ci), true);
});

test("health().scope_depth counts outwards from the calling flow", async () => {
  const ci = new TestEngine();
  ci.profile();
  const gate = gates("x");
  const depths: number[] = [];
  const x = ci.scope("x", async () => {
    using _y = ci.scope("y");
    depths.push(ci.engine.health().scope_depth);
    await gate.x.promise;
    depths.push(ci.engine.health().scope_depth);
  });
  depths.push(ci.engine.health().scope_depth);
  gate.x.resolve();
  await x;
  depths.push(ci.engine.health().scope_depth);
  assertEquals(depths, [3, 1, 3, 1]);
});

test("Two engines do not see each other's flows", () => {
  const one = new TestEngine();
  const other = new TestEngine();
  one.scope("a", () => other.scope("b", () => one.scope("c", () => {})));
  assertEquals(
    one.shape(),
    literal(`
      a
        c
    `),
  );
  assertEquals(other.shape(), "b");
});

// What a context keeps alive.

collectingTest("A context that outlives its scope keeps that scope's handle not alive", async () => {
  const ci = new TestEngine();
  const gate = gates("never");
  const ended = start();
  await collectGarbage();
  assertEquals(ended.map(scope => scope.deref()), [undefined, undefined]);
  gate.never.resolve();

  function start(): WeakRef<Scope>[] {
    const ended: WeakRef<Scope>[] = [];
    ci.scope("flow", flow => {
      ended.push(new WeakRef(flow));
      const inner = ci.scope("inner");
      ended.push(new WeakRef(inner));
      inner.end();
      void wait(gate.never.promise);
    });
    return ended;
  }
});

collectingTest(
  "A context that outlives its scope keeps no outer scope alive that has closed since",
  async () => {
    const ci = new TestEngine();
    const gate = gates("never");
    const ended = start();
    await collectGarbage();
    assertEquals(ended.map(scope => scope.deref()), [undefined, undefined]);
    gate.never.resolve();

    function start(): WeakRef<Scope>[] {
      const outermost = ci.scope("outermost");
      const outer = ci.scope("outer");
      ci.scope("flow", () => void wait(gate.never.promise));
      outer.end();
      outermost.end();
      return [new WeakRef(outermost), new WeakRef(outer)];
    }
  },
);

collectingTest("A context that outlives its scopes keeps none of their attrs alive", async () => {
  const ci = new TestEngine(1);
  const gate = gates("never");
  const attrs = start();
  ci.scope("evicts them from the buffer").end();
  await collectGarbage();
  assertEquals(attrs.deref(), undefined);
  gate.never.resolve();

  function start(): WeakRef<object> {
    const outer = ci.scope("outer", { attrs: { k: 1 } });
    ci.scope("flow", () => void wait(gate.never.promise));
    const attrs = new WeakRef((outer as unknown as { attrs: object }).attrs);
    outer.end();
    return attrs;
  }
});

async function wait(promise: Promise<void>): Promise<void> {
  await promise;
}

// The frames themselves.

class FakeScope implements FrameScope<FakeScope> {
  below: FakeScope | null = null;
  above: FakeScope | null = null;
  anchor: Anchor<FakeScope> | null = null;
  readonly isOpen = true;
  readonly frame: Frame<FakeScope>;
  /** Opens a scope on top of `frame`. */
  constructor(frame: Frame<FakeScope>) {
    this.frame = frame;
    frame.push(this);
  }
  close(): boolean {
    return this.frame.remove(this);
  }
}

/** Three scopes of one frame, innermost last. */
function pushed(): { frame: Frame<FakeScope>; scopes: FakeScope[] } {
  const frame = new Frame<FakeScope>(null);
  return { frame, scopes: [0, 1, 2].map(() => new FakeScope(frame)) };
}

test("Frame.innermost() is null at first", () => {
  assertEquals(new Frame<FakeScope>(null).innermost(), null);
});

for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
  test(`Frame.remove() in the order ${order} leaves the innermost open scope and no links`, () => {
    const { frame, scopes } = pushed();
    const open = new Set([0, 1, 2]);
    for (const i of order) {
      const wasInnermost = i === Math.max(...open);
      assertEquals(scopes[i].close(), wasInnermost);
      open.delete(i);
      const innermost = open.size === 0 ? null : scopes[Math.max(...open)];
      assertEquals(frame.innermost() === innermost, true);
      assertEquals([scopes[i].below, scopes[i].above], [null, null]);
      const chain: FakeScope[] = [];
      for (let scope = frame.innermost(); scope !== null; scope = scope.below) chain.push(scope);
      assertEquals(chain.map(scope => scopes.indexOf(scope)), [...open].toSorted((a, b) => b - a));
    }
  });
}

test("Frame.innermost() of a new flow is the outer scope, before its own opens and after it has closed", () => {
  const outer = new FakeScope(new Frame<FakeScope>(null));
  const frame = new Frame<FakeScope>(outer);
  assertEquals(frame.innermost() === outer, true);
  const inner = new FakeScope(frame);
  assertEquals(frame.innermost() === inner, true);
  inner.close();
  assertEquals(frame.innermost() === outer, true);
});

test("Frame.innermost() is null once its own scope and the outer one have closed", () => {
  const outer = new FakeScope(new Frame<FakeScope>(null));
  const frame = new Frame<FakeScope>(outer);
  new FakeScope(frame).close();
  outer.close();
  assertEquals(frame.innermost(), null);
});

for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
  test(`Frame.innermost() of a flow in three nested ones, closed in the order ${order}, is the nearest open`, () => {
    const scopes: FakeScope[] = [];
    let frame = new Frame<FakeScope>(null);
    for (let i = 0; i < 3; i++) {
      scopes.push(new FakeScope(frame));
      frame = new Frame<FakeScope>(scopes[i]);
    }
    const open = new Set([0, 1, 2]);
    for (const i of order) {
      scopes[i].close();
      open.delete(i);
      assertEquals(scopes.indexOf(frame.innermost()!), open.size === 0 ? -1 : Math.max(...open));
    }
  });
}

test("Frame.innermost() of a flow in a closed scope is the scope below that one", () => {
  const outerFrame = new Frame<FakeScope>(null);
  const lowest = new FakeScope(outerFrame);
  const outer = new FakeScope(outerFrame);
  const frame = new Frame<FakeScope>(outer);
  outer.close();
  assertEquals(frame.innermost() === lowest, true);
});

test("Anchor lets go of its scope when that closes", () => {
  const outer = new FakeScope(new Frame<FakeScope>(null));
  const anchor = Anchor.of(outer);
  outer.close();
  assertEquals([anchor.scope, anchor.outer], [null, null]);
});

test("Anchor.of() is one for all flows of a scope", () => {
  const outer = new FakeScope(new Frame<FakeScope>(null));
  assertEquals(Anchor.of(outer) === Anchor.of(outer), true);
});

test("Frame.push() in a scope of another frame leaves no link in that scope", () => {
  const outer = new FakeScope(new Frame<FakeScope>(null));
  const inner = new FakeScope(new Frame<FakeScope>(outer));
  assertEquals([outer.above, inner.below], [null, null]);
});

test("scope() in a context that outlived two of three flows hangs on the one still open", async () => {
  const ci = new TestEngine();
  const later = Promise.withResolvers<void>();
  let late: Promise<void> | null = null;
  const server = ci.scope("server");
  ci.scope("request", () => {
    ci.scope("handler", () => {
      late = later.promise.then(() => ci.scope("late", () => {}));
    });
  });
  later.resolve();
  await late;
  server.end();
  assertEquals(
    ci.shape(),
    literal(`
      server
        request
          handler
        late
    `),
  );
});

test("Flows.current() is one frame as long as no flow was made", () => {
  const flows = new Flows<FakeScope>();
  assertEquals(flows.current() === flows.current(), true);
});

test("Flows.run() makes its frame the current one, and no longer", () => {
  const flows = new Flows<FakeScope>();
  flows.open();
  const main = flows.current();
  const frame = new Frame<FakeScope>(null);
  const inside = flows.run(frame, argument => [argument, flows.current() === frame], "argument");
  assertEquals(inside, ["argument", true]);
  assertEquals(flows.current() === main, true);
});

test("Flows.run() that throws leaves the current frame as it was", () => {
  const flows = new Flows<FakeScope>();
  flows.open();
  const main = flows.current();
  try {
    flows.run(new Frame<FakeScope>(null), () => {
      throw new Error("boom");
    }, undefined);
  } catch {
    // The test's point.
  }
  assertEquals(flows.current() === main, true);
});
