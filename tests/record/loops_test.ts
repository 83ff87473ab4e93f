import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { TraceNode } from "../../src/data/values.ts";
import { literal, TestEngine } from "../support/engine.ts";

/** `data_load_ns` and wall time of each root, in nanoseconds. */
function loads(ci: TestEngine): unknown[] {
  return ci.dict().roots.map(root => [root.attrs.data_load_ns, root.wall_us * 1000]);
}

/** An iterable of `count` numbers that takes `ns` for each, and for the end. */
function slow(ci: TestEngine, count: number, ns: number): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) {
        ci.clock.advance(ns);
        yield i;
      }
      ci.clock.advance(ns);
    },
  };
}

// Sources.

const SOURCES: [what: string, source: () => Iterable<unknown>, values: unknown[]][] = [
  ["an array", () => ["a", "b"], ["a", "b"]],
  ["an empty array", () => [], []],
  ["a Set", () => new Set([1, 2, 2, 3]), [1, 2, 3]],
  ["a Map", () => new Map([["k", "v"]]), [["k", "v"]]],
  ["a string", () => "a\u{1F600}", ["a", "\u{1F600}"]],
  ["a typed array", () => Uint8Array.of(7, 8), [7, 8]],
  [
    "a generator",
    function*() {
      yield 1;
      yield undefined;
    },
    [1, undefined],
  ],
  ["an object with an iterator", () => ({ [Symbol.iterator]: () => [5, 6].values() }), [5, 6]],
];
for (const name of ["epochs", "batches"] as const) {
  const span = name === "epochs" ? "epoch" : "batch";
  for (const [what, source, values] of SOURCES) {
    test(`${name}() over ${what} gives its values, each in a scope with its index`, () => {
      const ci = new TestEngine();
      const got: unknown[] = [];
      for (const value of ci[name](source())) {
        ci.mark("turn", got.length);
        got.push(value);
      }
      assertEquals(got, values);
      assertEquals(ci.shape(), values.map((_, i) => `${span}[${i}] {turn=${i}}`).join("\n"));
      assertEquals(ci.engine.health().open_count, 0);
    });
  }

  for (const count of [0, 1, 3]) {
    test(`${name}() over the number ${count} gives the numbers below it`, () => {
      const ci = new TestEngine();
      assertEquals([...ci[name](count)], Array.from({ length: count }, (_, i) => i));
      assertEquals(ci.dict().roots.map(root => root.index), Array.from({ length: count }, (_, i) => i));
    });
  }

  test(`${name}() over -0 gives nothing`, () => {
    assertEquals([...new TestEngine()[name](-0)], []);
  });

  for (const bad of [-1, 1.5, NaN, Infinity, -Infinity, 2 ** 53]) {
    test(`${name}() throws RangeError for the number ${bad}`, () => {
      const ci = new TestEngine();
      assertThrows(() => ci[name](bad), RangeError, `Cannot loop over ${name}: expected a whole number`);
    });
  }

  const bads: [what: string, value: unknown][] = [
    ["null", null],
    ["undefined", undefined],
    ["an object", {}],
    ["an array-like", { length: 1, 0: "x" }],
    ["a boolean", true],
    ["a bigint", 3n],
    ["a function", () => [1]],
    ["a promise of an array", Promise.resolve([1])],
    ["an object whose iterator is no function", { [Symbol.iterator]: 1 }],
  ];
  for (const [what, bad] of bads) {
    test(`${name}() throws TypeError for ${what}`, () => {
      const ci = new TestEngine();
      assertThrows(() => ci[name](bad as number[]), TypeError, `Cannot loop over ${name}`);
    });
  }

  test(`${name}() opens nothing and asks its source for nothing until it is iterated`, () => {
    const ci = new TestEngine();
    let asked = false;
    ci[name]({
      [Symbol.iterator]: () => {
        asked = true;
        return [1].values();
      },
    });
    assertEquals([asked, ci.engine.health().open_count], [false, 0]);
  });

  test(`${name}() over an async generator gives its values, each in a scope with its index`, async () => {
    const ci = new TestEngine();
    async function* source() {
      yield "a";
      await null;
      yield "b";
    }
    const got: string[] = [];
    for await (const value of ci[name](source())) {
      ci.mark("turn", got.length);
      await null;
      got.push(value);
    }
    assertEquals(got, ["a", "b"]);
    assertEquals(
      ci.shape(),
      literal(`
        ${span}[0] {turn=0}
        ${span}[1] {turn=1}
      `),
    );
    assertEquals(ci.engine.health().open_count, 0);
  });

  test(`${name}() over a ReadableStream gives its chunks, each in a scope with its index`, async () => {
    const ci = new TestEngine();
    const stream = new ReadableStream<number>({
      start(controller) {
        [10, 20].forEach(chunk => controller.enqueue(chunk));
        controller.close();
      },
    });
    const got: number[] = [];
    for await (const chunk of ci[name](stream)) got.push(chunk);
    assertEquals(got, [10, 20]);
    assertEquals(
      ci.shape(),
      literal(`
        ${span}[0]
        ${span}[1]
      `),
    );
  });
}

test("batches() over a synchronous source in for await gives the values of its promises", async () => {
  const ci = new TestEngine();
  const got: number[] = [];
  for await (const value of ci.batches([Promise.resolve(1), Promise.resolve(2)])) {
    ci.mark("value", value);
    got.push(value);
  }
  assertEquals(got, [1, 2]);
  assertEquals(
    ci.shape(),
    literal(`
      batch[0] {value=1}
      batch[1] {value=2}
    `),
  );
});

test("batches() over a source of both kinds gives both", async () => {
  const ci = new TestEngine();
  const source = {
    [Symbol.iterator]: () => ["sync"].values(),
    async *[Symbol.asyncIterator]() {
      yield "async";
    },
  };
  const turns = ci.batches<string>(source) as Iterable<string> & AsyncIterable<string>;
  assertEquals([...turns], ["sync"]);
  const got: string[] = [];
  for await (const value of turns) got.push(value);
  assertEquals(got, ["async"]);
});

test("batches() over a synchronous source offers no asynchronous iterator", () => {
  const ci = new TestEngine();
  assertEquals(Symbol.asyncIterator in ci.batches([1]), false);
});

test("epochs() over a source of values nested gives a tree", () => {
  const ci = new TestEngine();
  for (const _epoch of ci.epochs(2)) {
    for (const batch of ci.batches(["a", "b"])) ci.scope("step", () => ci.mark("batch", batch));
    ci.mark("loss", 0.5);
  }
  assertEquals(
    ci.shape(),
    literal(`
      epoch[0] {loss=0.5}
        batch[0]
          step {batch=a}
        batch[1]
          step {batch=b}
      epoch[1] {loss=0.5}
        batch[0]
          step {batch=a}
        batch[1]
          step {batch=b}
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("epochs() inside a scope hangs on it", () => {
  const ci = new TestEngine();
  ci.scope("fit", () => {
    for (const _ of ci.epochs(1)) ci.scope("x").end();
    ci.scope("after").end();
  });
  assertEquals(
    ci.shape(),
    literal(`
      fit
        epoch[0]
          x
        after
    `),
  );
});

test("epochs() closes each turn when the next one is asked for", () => {
  const ci = new TestEngine();
  for (const _ of ci.epochs(2)) ci.clock.us(10);
  assertEquals(ci.dict().roots.map(root => root.wall_us), [10, 10]);
});

test("epochs() leaves the source's own time out of its scopes", () => {
  const ci = new TestEngine();
  for (const _ of ci.epochs(slow(ci, 2, 7000))) ci.clock.us(1);
  const { roots } = ci.dict();
  assertEquals(roots.map(root => root.wall_us), [1, 1]);
  assertEquals(roots[1].start_us - roots[0].start_us, 8);
});

test("epochs() iterated twice starts at index 0 again", () => {
  const ci = new TestEngine();
  const loop = ci.epochs([1, 2]);
  assertEquals([...loop], [1, 2]);
  assertEquals([...loop], [1, 2]);
  assertEquals(ci.dict().roots.map(root => root.index), [0, 1, 0, 1]);
});

test("epochs() over a number iterated twice counts from 0 again", () => {
  const ci = new TestEngine();
  const loop = ci.epochs(2);
  assertEquals([...loop, ...loop], [0, 1, 0, 1]);
});

test("epochs() over a spent generator iterated again gives nothing", () => {
  const ci = new TestEngine();
  const loop = ci.epochs(function*() {
    yield 1;
  }());
  assertEquals([[...loop], [...loop]], [[1], []]);
  assertEquals(ci.dict().span_count, 1);
});

test("batches() iterated twice at once gives each iteration its own turns", () => {
  const ci = new TestEngine();
  const loop = ci.batches(["a", "b"]);
  const first = loop[Symbol.iterator]();
  const second = loop[Symbol.iterator]();
  const got = [first.next(), second.next(), first.next(), second.next(), first.next(), second.next()];
  assertEquals(got.map(({ done, value }) => done ? "done" : value), ["a", "a", "b", "b", "done", "done"]);
  assertEquals(nodesByIndex(ci), [0, 0, 1, 1]);
  assertEquals(ci.engine.health().open_count, 0);
});

// Ends.

test("epochs() left by break closes the turn and the source", () => {
  const ci = new TestEngine();
  let closed = 0;
  function* source() {
    try {
      yield 1;
      yield 2;
    } finally {
      closed++;
    }
  }
  for (const _ of ci.epochs(source())) {
    ci.clock.us(3);
    break;
  }
  assertEquals([closed, ci.engine.health().open_count], [1, 0]);
  assertEquals(ci.dict().roots.map(root => root.wall_us), [3]);
});

test("epochs() left by break closes the turn before the source works on", () => {
  const ci = new TestEngine();
  function* source() {
    try {
      yield 1;
    } finally {
      ci.clock.us(50);
    }
  }
  for (const _ of ci.epochs(source())) break;
  assertEquals(ci.dict().roots[0].wall_us, 0);
});

test("epochs() left by break over a source that cannot be closed closes the turn", () => {
  const ci = new TestEngine();
  for (const _ of ci.epochs([1, 2])) break;
  assertEquals([ci.shape(), ci.engine.health().open_count], ["epoch[0]", 0]);
});

test("epochs() left by return or by destructuring closes the turn", () => {
  const ci = new TestEngine();
  const [first] = ci.epochs([1, 2]);
  assertEquals([first, ci.engine.health().open_count, ci.shape()], [1, 0, "epoch[0]"]);
});

test("epochs() run to the end does not call the source's return()", () => {
  const ci = new TestEngine();
  let returned = false;
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: true as const, value: undefined }),
      return: () => {
        returned = true;
        return { done: true as const, value: undefined };
      },
    }),
  };
  assertEquals([...ci.epochs(source)], []);
  assertEquals(returned, false);
});

test("epochs() whose body throws closes the turn and the source, and lets the error through", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  let closed = false;
  function* source() {
    try {
      yield 1;
    } finally {
      closed = true;
    }
  }
  const thrown = assertThrows(() => {
    for (const _ of ci.epochs(source())) throw error;
  });
  assertStrictEquals(thrown, error);
  assertEquals([closed, ci.engine.health().open_count, ci.dict().span_count], [true, 0, 1]);
});

test("epochs() over a source that throws at once opens nothing and lets the error through", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const source = {
    [Symbol.iterator]: () => ({
      next(): IteratorResult<number> {
        throw error;
      },
    }),
  };
  assertStrictEquals(assertThrows(() => [...ci.epochs(source)]), error);
  assertEquals([ci.dict().span_count, ci.engine.health().open_count], [0, 0]);
});

test("epochs() over a source that throws later has closed the turns before", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  function* source() {
    yield 1;
    yield 2;
    throw error;
  }
  assertStrictEquals(assertThrows(() => [...ci.epochs(source())]), error);
  assertEquals(
    ci.shape(),
    literal(`
      epoch[0]
      epoch[1]
    `),
  );
  assertEquals(ci.engine.health().open_count, 0);
});

test("epochs() over a source whose iterator cannot be had lets the error through", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const source = {
    [Symbol.iterator](): Iterator<number> {
      throw error;
    },
  };
  assertStrictEquals(assertThrows(() => [...ci.epochs(source)]), error);
});

test("epochs() over a source whose return() throws closes the turn and lets the error through", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false as const, value: 1 }),
      return(): IteratorResult<number> {
        throw error;
      },
    }),
  };
  assertStrictEquals(
    assertThrows(() => {
      for (const _ of ci.epochs(source)) break;
    }),
    error,
  );
  assertEquals(ci.engine.health().open_count, 0);
});

// By hand.

function* echo(): Generator<unknown, string, unknown> {
  let said: unknown = "start";
  for (;;) {
    try {
      said = yield said;
    } catch (error) {
      return `caught ${String(error)}`;
    }
  }
}

test("epochs() passes what next() is given on to the source", () => {
  const turns = iterator(new TestEngine().epochs(echo()));
  assertEquals([turns.next().value, turns.next("word").value], ["start", "word"]);
});

test("epochs() gives what the source returns at its end", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs(function*() {
    yield 1;
    return "end";
  }()));
  turns.next();
  assertEquals(turns.next(), { done: true, value: "end" });
  assertEquals(turns.next(), { done: true, value: undefined });
  assertEquals([ci.dict().span_count, ci.engine.health().open_count], [1, 0]);
});

test("epochs() ended by return() closes the turn and gives the value back", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs(echo()));
  turns.next();
  assertEquals(turns.return!("bye"), { done: true, value: "bye" });
  assertEquals(turns.next(), { done: true, value: undefined });
  assertEquals([ci.shape(), ci.engine.health().open_count], ["epoch[0]", 0]);
});

test("epochs() ended by return() over a source without one gives the value back", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs([1, 2] as unknown[]));
  turns.next();
  assertEquals(turns.return!("bye"), { done: true, value: "bye" });
  assertEquals(ci.engine.health().open_count, 0);
});

test("epochs() ended by return() before the first next() opens nothing", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs(echo()));
  assertEquals(turns.return!("bye"), { done: true, value: "bye" });
  assertEquals(ci.dict().span_count, 0);
});

test("epochs() given throw() marks the turn, closes it and throws into the source", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs(echo()));
  turns.next();
  assertEquals(turns.throw!(new Error("boom")), { done: true, value: "caught Error: boom" });
  assertEquals([ci.shape(), ci.engine.health().open_count], ["epoch[0] !Error: boom", 0]);
});

test("epochs() given throw() over a source without one closes it and throws the very error", () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  let closed = false;
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false as const, value: 1 }),
      return: () => {
        closed = true;
        return { done: true as const, value: undefined };
      },
    }),
  };
  const turns = iterator(ci.epochs<unknown>(source));
  turns.next();
  assertStrictEquals(assertThrows(() => turns.throw!(error)), error);
  assertEquals([closed, ci.shape()], [true, "epoch[0] !Error: boom"]);
});

test("epochs() gives an iterator that can be iterated itself", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.epochs([1, 2, 3] as unknown[])) as IterableIterator<unknown>;
  turns.next();
  assertEquals([...turns], [2, 3]);
  assertEquals(ci.dict().roots.map(root => root.index), [0, 1, 2]);
});

// Sources that record themselves.

test("batches() over a generator that holds a scope over all yields nests in that scope", () => {
  const ci = new TestEngine();
  function* source() {
    using _file = ci.scope("file");
    yield 1;
    yield 2;
  }
  for (const _ of ci.batches(source())) ci.scope("step").end();
  ci.scope("after").end();
  assertEquals(
    ci.shape(),
    literal(`
      file
        batch[0]
          step
        batch[1]
          step
      after
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("batches() over a generator that holds a scope for each yield nests in each", () => {
  const ci = new TestEngine();
  function* source() {
    for (let i = 0; i < 2; i++) {
      using _row = ci.scope("row", { index: i });
      yield i;
    }
  }
  for (const _ of ci.batches(source()));
  assertEquals(
    ci.shape(),
    literal(`
      row[0]
        batch[0]
      row[1]
        batch[1]
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("batches() left by break over a generator that holds a scope closes both in order", () => {
  const ci = new TestEngine();
  function* source() {
    using _file = ci.scope("file");
    yield 1;
    yield 2;
  }
  for (const _ of ci.batches(source())) break;
  ci.scope("after").end();
  assertEquals(
    ci.shape(),
    literal(`
      file
        batch[0]
      after
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("batches() over a source that records while it loads hangs that beside the batches", () => {
  const ci = new TestEngine();
  function* source() {
    for (let i = 0; i < 2; i++) {
      ci.scope("load").end();
      yield i;
    }
  }
  ci.scope("fit", () => {
    for (const _ of ci.batches(source()));
  });
  assertEquals(
    ci.shape(),
    literal(`
      fit
        load
        batch[0]
        load
        batch[1]
    `),
  );
});

test("batches() over batches() of a wrapped source nests both, inner outside", () => {
  const ci = new TestEngine();
  for (const _ of ci.epochs(ci.batches(2)));
  assertEquals(
    ci.shape(),
    literal(`
      batch[0]
        epoch[0]
      batch[1]
        epoch[1]
    `),
  );
  assertEquals(ci.engine.health().misnested_count, 0);
});

// Time in the source.

test("batches() notes the nanoseconds its source took for each batch", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(slow(ci, 3, 1234))) ci.clock.advance(500);
  assertEquals(loads(ci), [[1234, 500], [1234, 500], [1234, 500]]);
});

test("batches() notes 0 for a source that takes no time", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(["a"])) ci.clock.advance(500);
  assertEquals(loads(ci), [[0, 500]]);
});

test("batches() over a number notes 0", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(2)) ci.clock.advance(500);
  assertEquals(loads(ci), [[0, 500], [0, 500]]);
});

test("batches() over a Set notes 0", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(new Set("ab"))) ci.clock.advance(500);
  assertEquals(loads(ci), [[0, 500], [0, 500]]);
});

test("batches() over an async generator notes the time until the batch is there", async () => {
  const ci = new TestEngine();
  async function* source() {
    for (let i = 0; i < 2; i++) {
      ci.clock.advance(100);
      await null;
      ci.clock.advance(11);
      yield i;
    }
  }
  for await (const _ of ci.batches(source())) {
    ci.clock.advance(500);
    await null;
    ci.clock.advance(5);
  }
  assertEquals(loads(ci), [[111, 505], [111, 505]]);
});

test("batches() over a ReadableStream notes the time until the chunk is there", async () => {
  const ci = new TestEngine();
  let left = 2;
  const stream = new ReadableStream<number>({
    async pull(controller) {
      await null;
      ci.clock.advance(4321);
      if (left-- > 0) controller.enqueue(left);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  for await (const _ of ci.batches(stream)) ci.clock.advance(500);
  assertEquals(loads(ci), [[4321, 500], [4321, 500]]);
});

test("batches() over a synchronous source in for await notes the time inside next()", async () => {
  const ci = new TestEngine();
  for await (const _ of ci.batches(slow(ci, 2, 77))) ci.clock.advance(500);
  assertEquals(loads(ci), [[77, 500], [77, 500]]);
});

test("batches() does not count the time before the loop starts", () => {
  const ci = new TestEngine();
  const loop = ci.batches(slow(ci, 1, 100));
  ci.clock.advance(9999);
  const turns = iterator(loop);
  ci.clock.advance(9999);
  turns.next();
  turns.next();
  assertEquals(loads(ci), [[100, 0]]);
});

test("batches() keeps data_load_ns of an open batch", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.batches(slow(ci, 1, 100)));
  turns.next();
  assertEquals(ci.dict({ open: true }).roots[0].attrs, { data_load_ns: 100 });
  turns.return!();
});

test("batches() given throw() keeps data_load_ns beside the error", () => {
  const ci = new TestEngine();
  const turns = iterator(ci.batches(slow(ci, 1, 100)));
  turns.next();
  assertThrows(() => turns.throw!(new Error("boom")));
  assertEquals(ci.dict().roots[0].attrs, { data_load_ns: 100, error: "Error: boom" });
});

test("epochs() notes no data_load_ns", () => {
  const ci = new TestEngine();
  for (const _ of ci.epochs(slow(ci, 1, 100)));
  assertEquals(ci.dict().roots[0].attrs, {});
});

test("scope() after a batch notes no data_load_ns", () => {
  const ci = new TestEngine();
  for (const _ of ci.batches(slow(ci, 1, 100)));
  ci.scope("x").end(); // in the slot of the open table that the batch had
  assertEquals(ci.dict({ last: 1 }).roots[0].attrs, {});
});

// Asynchronous ends.

test("batches() left by break over an async generator closes the turn, then the source", async () => {
  const ci = new TestEngine();
  const order: string[] = [];
  async function* source() {
    try {
      yield 1;
      yield 2;
    } finally {
      order.push(`source closes with ${ci.engine.health().open_count} open`);
      await null;
      order.push("source closed");
    }
  }
  for await (const _ of ci.batches(source())) break;
  order.push("after the loop");
  assertEquals(order, ["source closes with 0 open", "source closed", "after the loop"]);
  assertEquals(ci.shape(), "batch[0]");
});

test("batches() left by break over a ReadableStream cancels it", async () => {
  const ci = new TestEngine();
  let cancelled = false;
  const stream = new ReadableStream<number>({
    pull: controller => controller.enqueue(1),
    cancel: () => void (cancelled = true),
  });
  for await (const _ of ci.batches(stream)) break;
  assertEquals([cancelled, ci.engine.health().open_count, ci.shape()], [true, 0, "batch[0]"]);
});

test("batches() over an async source whose body throws closes both and lets the error through", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  let closed = false;
  async function* source() {
    try {
      yield 1;
    } finally {
      closed = true;
    }
  }
  const rejected = await assertRejects(async () => {
    for await (const _ of ci.batches(source())) throw error;
  });
  assertStrictEquals(rejected, error);
  assertEquals([closed, ci.engine.health().open_count, ci.dict().span_count], [true, 0, 1]);
});

test("batches() over an async source that rejects at once opens nothing and lets the error through", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
  const rejected = await assertRejects(async () => {
    for await (const _ of ci.batches(source));
  });
  assertStrictEquals(rejected, error);
  assertEquals([ci.dict().span_count, ci.engine.health().open_count], [0, 0]);
});

test("batches() over an async source that rejects later has closed the turns before", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  async function* source() {
    yield 1;
    await null;
    throw error;
  }
  const rejected = await assertRejects(async () => {
    for await (const _ of ci.batches(source()));
  });
  assertStrictEquals(rejected, error);
  assertEquals([ci.shape(), ci.engine.health().open_count], ["batch[0]", 0]);
});

test("batches() over an async source ended by return() gives the value back", async () => {
  const ci = new TestEngine();
  const turns = asyncIterator(ci.batches(async function*(): AsyncGenerator<unknown> {
    yield 1;
  }()));
  await turns.next();
  assertEquals(await turns.return!("bye"), { done: true, value: "bye" });
  assertEquals([ci.shape(), ci.engine.health().open_count], ["batch[0]", 0]);
});

test("batches() over an async source without return() gives the value back", async () => {
  const ci = new TestEngine();
  const turns = asyncIterator(ci.batches<unknown>({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 1 }) }),
  }));
  await turns.next();
  assertEquals(await turns.return!("bye"), { done: true, value: "bye" });
  assertEquals(ci.engine.health().open_count, 0);
});

test("batches() over an async source given throw() marks the turn and throws into the source", async () => {
  const ci = new TestEngine();
  const turns = asyncIterator(ci.batches(async function*(): AsyncGenerator<unknown> {
    try {
      yield 1;
    } catch (error) {
      return `caught ${String(error)}`;
    }
  }()));
  await turns.next();
  assertEquals(await turns.throw!(new Error("boom")), { done: true, value: "caught Error: boom" });
  assertEquals([ci.shape(), ci.engine.health().open_count], ["batch[0] !Error: boom", 0]);
});

test("batches() over an async source without throw() closes it and rejects with the very error", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  let closed = false;
  const turns = asyncIterator(ci.batches<unknown>({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: 1 }),
      return: () => {
        closed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  }));
  await turns.next();
  assertStrictEquals(await assertRejects(() => turns.throw!(error)), error);
  assertEquals([closed, ci.shape()], [true, "batch[0] !Error: boom"]);
});

test("batches() ended by return() while the source works opens no turn for what comes late", async () => {
  const ci = new TestEngine();
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const turns = asyncIterator(
    ci.batches<unknown>({ [Symbol.asyncIterator]: () => ({ next: () => promise }) }),
  );
  const late = turns.next();
  await turns.return!();
  resolve({ done: false, value: 1 });
  assertEquals(await late, { done: false, value: 1 });
  assertEquals([ci.engine.health().open_count, ci.dict().span_count], [0, 0]);
});

test("batches() asked for two at once leaves no turn open", async () => {
  const ci = new TestEngine();
  const turns = asyncIterator(ci.batches(async function*(): AsyncGenerator<unknown> {
    yield "a";
    yield "b";
  }()));
  const both = await Promise.all([turns.next(), turns.next()]);
  assertEquals(both.map(result => result.value), ["a", "b"]);
  await turns.return!();
  assertEquals([nodesByIndex(ci), ci.engine.health().open_count], [[0, 1], 0]);
});

test("batches() over an async generator that holds a scope closes all in order", async () => {
  const ci = new TestEngine();
  async function* source() {
    using _file = ci.scope("file");
    yield 1;
    await null;
    yield 2;
  }
  for await (const _ of ci.batches(source())) ci.scope("step").end();
  ci.scope("after").end();
  const { misnested_count, open_count } = ci.engine.health();
  assertEquals([misnested_count, open_count], [0, 0]);
  assertEquals(ci.dict().roots.at(-1)!.name, "after");
});

function nodesByIndex(ci: TestEngine): (number | null)[] {
  const indices: (number | null)[] = [];
  const stack: TraceNode[] = [...ci.dict().roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    indices.push(node.index);
    stack.push(...node.children);
  }
  return indices.sort();
}

function iterator<T>(loop: Iterable<T>): Iterator<T, unknown, unknown> {
  return loop[Symbol.iterator]();
}

function asyncIterator<T>(loop: AsyncIterable<T>): AsyncIterator<T, unknown, unknown> {
  return loop[Symbol.asyncIterator]();
}
