import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Scope } from "../../src/record/scope.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";
import { collectGarbage, nextTask } from "../support/recording.ts";

const largeTest = testUnless(LARGE, import.meta.url);

// Functions that give a stream: the scope closes with it, and is the flow of its body.

const openCount = (ci: TestEngine): number => ci.engine.health().open_count;

function* count(ci: TestEngine, to: number): Generator<number, string> {
  for (let i = 0; i < to; i++) {
    ci.scope("make", { index: i }, () => ci.clock.us(10));
    yield i;
  }
  return "end";
}

async function* countLater(ci: TestEngine, to: number): AsyncGenerator<number, string> {
  for (let i = 0; i < to; i++) {
    await nextTask();
    ci.scope("make", { index: i }, () => ci.clock.us(10));
    await null;
    yield i;
  }
  return "end";
}

/** A stream of each kind that yields 0, 1 and 2. */
const STREAMS: Readonly<Record<string, (ci: TestEngine) => Iterable<unknown> | AsyncIterable<unknown>>> = {
  "a generator object": ci => count(ci, 3),
  "an async generator object": ci => countLater(ci, 3),
  "an iterator helper": ci => count(ci, 3).map(i => i),
  "an iterator written by hand": ci => {
    let i = 0;
    return {
      next: () => {
        if (i < 3) ci.scope("make", { index: i }, () => ci.clock.us(10));
        return i < 3 ? { done: false, value: i++ } : { done: true, value: undefined };
      },
      [Symbol.iterator]() {
        return this;
      },
    } as unknown as Iterable<number>;
  },
  "an async iterable": ci => ({ [Symbol.asyncIterator]: () => countLater(ci, 3) }),
  "an async iterator of results that are no promises": ci => {
    const numbers = count(ci, 3);
    return {
      next: () => numbers.next(),
      [Symbol.asyncIterator]() {
        return this;
      },
    } as unknown as AsyncIterable<number>;
  },
  "a ReadableStream": ci => {
    let i = 0;
    return new ReadableStream({
      pull: controller => {
        if (i === 3) return controller.close();
        ci.scope("make", { index: i }, () => ci.clock.us(10));
        controller.enqueue(i++);
      },
    }, { highWaterMark: 0 });
  },
};

const FULL = `
  generate
    make[0]
    make[1]
    make[2]`;

for (const [kind, make] of Object.entries(STREAMS)) {
  test(`scope() closes when ${kind} is exhausted, and what its body opens hangs on it`, async () => {
    const ci = new TestEngine();
    const items: unknown[] = [];
    const stream = ci.scope("generate", () => make(ci));
    assertEquals(openCount(ci), 1);
    await ci.scope("consumer", async () => {
      for await (const item of stream) {
        items.push(item);
        ci.scope("use", () => ci.clock.us(1));
      }
      assertEquals(openCount(ci), 1);
    });
    assertEquals(items, [0, 1, 2]);
    assertEquals(
      ci.shape(),
      literal(`${FULL}
  consumer
    use
    use
    use`),
    );
    assertEquals(ci.dict().roots[0].wall_us, 33);
    assertEquals(ci.engine.health().misnested_count, 0);
  });

  test(`scope() closes when a loop over ${kind} breaks`, async () => {
    const ci = new TestEngine();
    for await (const _ of ci.scope("generate", () => make(ci))) break;
    assertEquals(openCount(ci), 0);
    assertEquals(ci.shape(), "generate\n  make[0]");
  });

  test(`scope() closes with the promise of ${kind}`, async () => {
    const ci = new TestEngine();
    const stream = await ci.scope("generate", () => Promise.resolve(make(ci)));
    assertEquals(openCount(ci), 1);
    for await (const _ of stream);
    assertEquals(ci.shape(), literal(FULL));
  });

  test(`scope() of ${kind} is closed at the session's end, abandoned`, async () => {
    const ci = new TestEngine();
    ci.profile();
    const reader = readerOf(ci.scope("generate", () => make(ci)));
    await reader.next();
    ci.engine.shutdown();
    const [{ children: [generate] }] = ci.dict().roots;
    assertEquals(generate.attrs, { abandoned: true });
    assertEquals(generate.children.length, 1);
    assertEquals((await reader.next()).value, 1); // and the stream goes on
  });

  largeTest(`scope() of ${kind} that is abandoned closes when it is collected`, async () => {
    const ci = new TestEngine();
    for (let i = 0; i < ABANDONED; i++) await firstOf(ci.scope("generate", () => make(ci)));
    for (let i = 0; i < 20 && openCount(ci) > 0; i++) await collectGarbage();
    assert(openCount(ci) < ABANDONED / 2); // Bun takes what lies on the stack for references
    assertEquals(ci.dict({ name: "generate" }).roots[0].attrs, { abandoned: true });
  });

  test(`scope() gives ${kind} as it is where nothing is recorded`, () => {
    const ci = new TestEngine();
    const stream = make(ci);
    ci.profile({ enabled: false });
    assertStrictEquals(ci.scope("generate", () => stream), stream);
    assertEquals(Reflect.ownKeys(stream).filter(key => key === "throw"), []);
  });

  test(`scope() of ${kind} can lie in another that gives it on`, async () => {
    const ci = new TestEngine();
    const stream = ci.scope("outer", () => ci.scope("inner", () => make(ci)));
    assertEquals(openCount(ci), 2);
    for await (const _ of stream);
    assertEquals(
      ci.shape(),
      literal(`
        outer
          inner
            make[0]
            make[1]
            make[2]`),
    );
    assertEquals(ci.engine.health().misnested_count, 0);
  });
}

const ABANDONED = 10;

type Reader = Iterator<unknown, unknown, undefined> | AsyncIterator<unknown, unknown, undefined>;

function readerOf(stream: Iterable<unknown> | AsyncIterable<unknown>): Reader {
  return Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
}

/** Asks for one item and lets go, as a loop does not. */
async function firstOf(stream: Iterable<unknown> | AsyncIterable<unknown>): Promise<unknown> {
  return (await readerOf(stream).next()).value;
}

const VALUES: Readonly<Record<string, unknown>> = {
  "an array": [1, 2],
  "a string": "text",
  "a Map": new Map([[1, 2]]),
  "a Set": new Set([1]),
  "a typed array": new Uint8Array(3),
  "an ArrayBuffer": new ArrayBuffer(3),
  "a Blob": new Blob(["x"]),
  "Headers": new Headers({ a: "b" }),
  "the iterator of an array": [1].values(),
  "the iterator of a Map": new Map([[1, 2]]).entries(),
  "the matches of a pattern": "aa".matchAll(/a/g),
  "the iterator of Headers": new Headers().keys(),
  "an iterable that can be iterated again": { *[Symbol.iterator]() {} },
  "an object with a next() that is no iterator": { next: () => 1 },
  "a generator function": function*() {},
  "an object whose getters throw": {
    get [Symbol.asyncIterator](): never {
      throw new Error("no");
    },
  },
  "a frozen generator object": Object.freeze(function*() {}()),
};

for (const [kind, value] of Object.entries(VALUES)) {
  test(`scope() gives ${kind} as it is and has closed`, () => {
    const ci = new TestEngine();
    const keys = typeof value === "object" ? Reflect.ownKeys(value!) : [];
    assertStrictEquals(ci.scope("x", () => value), value);
    assertEquals(ci.shape(), "x");
    assertEquals(typeof value === "object" ? Reflect.ownKeys(value!) : [], keys);
  });
}

test("scope() gives the very generator object of its function, and what it gives at its end", () => {
  const ci = new TestEngine();
  const numbers = count(ci, 2);
  const given = ci.scope("generate", () => numbers);
  assertStrictEquals(given, numbers);
  assertEquals(Object.prototype.toString.call(given), "[object Generator]");
  assertEquals(Object.keys(given), []);
  assertStrictEquals(given[Symbol.iterator](), given);
  assertEquals(given.next(), { done: false, value: 0 });
  assertEquals(given.return("early"), { done: true, value: "early" });
  assertEquals(given.next(), { done: true, value: undefined as unknown as string });
  assertEquals(openCount(ci), 0);
});

test("scope() hands on what next(), return() and throw() of a generator are given", async () => {
  const ci = new TestEngine();
  const seen: unknown[] = [];
  const sync = ci.scope("sync", () =>
    (function*(): Generator<number, void, string> {
      try {
        seen.push(yield 1);
        seen.push(yield 2);
      } catch (error) {
        seen.push((error as Error).message);
        yield 3;
      }
    })());
  sync.next();
  sync.next("a");
  assertEquals(sync.throw(new Error("b")).value, 3);
  assertEquals(openCount(ci), 1); // it caught the error and goes on
  sync.next();
  assertEquals([seen, ci.shape()], [["a", "b"], "sync"]);
  const later = ci.scope("async", () => {
    return (async function*(): AsyncGenerator<number, void, string> {
      seen.push(yield 1);
    })();
  });
  await later.next();
  await later.next("c");
  assertEquals([seen, ci.shape()], [["a", "b", "c"], "sync\nasync"]);
});

test("scope() keeps the error that a stream throws, and the one thrown into it", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const thrown = ci.scope("sync", () =>
    (function*() {
      yield 1;
      throw error;
    })());
  thrown.next();
  assertStrictEquals(assertThrows(() => thrown.next()), error);
  const rejected = ci.scope("async", () =>
    (async function*() {
      yield 1;
      throw error;
    })());
  await rejected.next();
  assertStrictEquals(await assertRejects(() => rejected.next()), error);
  const into = ci.scope("into", () => count(ci, 0));
  assertStrictEquals(assertThrows(() => into.throw(error)), error);
  assertEquals(ci.shape(), "sync !Error: boom\nasync !Error: boom\ninto !Error: boom");
});

test("scope() stays open while a body goes on in its finally", async () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () =>
    (async function*() {
      try {
        yield 1;
      } finally {
        yield 2;
        ci.scope("tidy", () => {});
      }
    })());
  await stream.next();
  assertEquals(await stream.return(undefined), { done: false, value: 2 } as never);
  assertEquals(openCount(ci), 1);
  await stream.next();
  assertEquals(ci.shape(), "generate\n  tidy");
});

test("scope() leaves a rejection that nobody looks at to the runtime", async () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () =>
    (async function*() {
      yield await Promise.reject(new Error("boom"));
    })());
  const result = stream.next();
  assertEquals(result instanceof Promise, true);
  await assertRejects(() => result, Error, "boom");
});

test("Calls of an async generator that have to wait run in its scope's flow, in order", async () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () => countLater(ci, 3));
  const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
  assertEquals(results.map(({ value }) => value), [0, 1, 2, "end"]);
  assertEquals(await stream.next(), { done: true, value: undefined as never });
  assertEquals(ci.shape(), literal(FULL));
});

test("A scope that a body keeps open over its yield is no parent of the consumer's", () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () =>
    (function*() {
      using _chunk = ci.scope("chunk");
      yield 1;
      ci.scope("rest", () => {});
    })());
  for (const _ of stream) ci.scope("use", () => {});
  assertEquals(ci.shape(), "generate\n  chunk\n    rest\nuse");
  assertEquals(ci.engine.health().misnested_count, 0);
});

largeTest("What the body of an abandoned stream had left open is closed with it", async () => {
  const ci = new TestEngine();
  for (let i = 0; i < ABANDONED; i++) {
    await firstOf(ci.scope("generate", () =>
      (function*() {
        using _chunk = ci.scope("chunk");
        yield 1;
      })()));
  }
  for (let i = 0; i < 20 && openCount(ci) > 0; i++) await collectGarbage();
  assertEquals(ci.dict().roots[0].children[0].attrs, { abandoned: true });
  assertEquals(ci.engine.health().misnested_count, 0);
});

test("Streams that take turns do not mix", async () => {
  const ci = new TestEngine();
  const streams = ["a", "b", "c"].map(name => ci.scope(name, () => countLater(ci, 2)));
  for (let i = 0; i < 3; i++) {
    await ci.scope("turn", { index: i }, () => Promise.all(streams.map(stream => stream.next())));
  }
  assertEquals(
    ci.shape(),
    literal(`
      a
        make[0]
        make[1]
      b
        make[0]
        make[1]
      c
        make[0]
        make[1]
      turn[0]
      turn[1]
      turn[2]`),
  );
});

test("A thousand streams at once do not mix", async () => {
  const ci = new TestEngine();
  await Promise.all(Array.from({ length: 1000 }, (_, index) =>
    ci.scope("request", { index }, async () => {
      let sum = 0;
      for await (const item of ci.scope("generate", () => countLater(ci, 3))) sum += item;
      ci.mark("sum", sum);
    })));
  const { roots } = ci.dict();
  assertEquals(roots.length, 1000);
  const shapes = new Set(
    roots.map(({ children }) =>
      children.map(child =>
        [child.name, ...child.children.map(({ name, index }) => `${name}${index}`)].join()
      )
        .join(" ")
    ),
  );
  assertEquals([...shapes], ["generate,make0,make1,make2"]);
});

test("A class that is a stream and more stays what it is", async () => {
  class Completion {
    readonly #text = "done";
    #open = true;
    static of(ci: TestEngine): Completion {
      return Object.assign(new Completion(), { ci });
    }
    get text(): string {
      return this.#text;
    }
    close(): boolean {
      return this.#open && !(this.#open = false);
    }
    async *[Symbol.asyncIterator](): AsyncGenerator<number> {
      yield* countLater((this as unknown as { ci: TestEngine }).ci, 3);
    }
  }
  const ci = new TestEngine();
  const completion = Completion.of(ci);
  const given = ci.scope("generate", () => completion);
  assertStrictEquals(given, completion);
  for await (const _ of given);
  assertEquals([given.text, given.close()], ["done", true]);
  assertEquals(ci.shape(), literal(FULL));
  for await (const _ of given); // again: outside any scope
  assertEquals(ci.dict().roots.length, 4);
});

/** A page as client libraries give it: to be awaited, or looped over, which asks for the next ones. */
class Page extends Promise<number[]> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
  static of(ci: TestEngine, numbers: number[] | Error): Page {
    return Object.assign(
      new Page((resolve, reject) => numbers instanceof Error ? reject(numbers) : resolve(numbers)),
      { ci },
    );
  }
  get next(): string {
    return "page 2";
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    for (const index of await this) {
      await nextTask();
      (this as unknown as { ci: TestEngine }).ci.scope("make", { index }, () => {});
      yield index;
    }
  }
}

test("What is a promise and a stream stays what it is, and its scope closes with either", async () => {
  const ci = new TestEngine();
  const page = Page.of(ci, [0, 1]);
  const given = ci.scope("list", () => page);
  assertStrictEquals(given, page);
  assertEquals([given.next, openCount(ci)], ["page 2", 1]);
  for await (const index of given) ci.scope("use", { index }, () => {});
  assertEquals(openCount(ci), 0);
  assertEquals(ci.shape(), "list\n  make[0]\n  make[1]\nuse[0]\nuse[1]");

  const awaited = ci.scope("await", () => Page.of(ci, [2]));
  assertEquals(await ci.scope("reader", () => awaited.then(() => ci.scope("then", () => 5))), 5);
  assertEquals(openCount(ci), 0);
  assertEquals(await awaited, [2]); // again
  assertEquals(
    ci.dict({ name: ["await", "reader"] }).roots.map(({ name, children }) => [name, children.length]),
    [
      ["await", 0],
      ["reader", 1],
    ],
  );

  const failed = ci.scope("fail", () => Page.of(ci, new Error("no page")));
  await assertRejects(async () => await failed, Error, "no page");
  assertEquals(ci.dict({ name: "fail" }).roots[0].attrs, { error: "Error: no page" });
});

/** A database's: its `next` gives rows and null, and a loop over it calls that. */
class Cursor {
  isClosed = false;
  readonly #ci: TestEngine;
  #left = 3;
  constructor(ci: TestEngine) {
    this.#ci = ci;
  }
  async next(): Promise<{ row: number } | null> {
    await nextTask();
    this.#ci.scope("fetch", () => {});
    return this.#left > 0 ? { row: this.#left-- } : null;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<{ row: number }> {
    try {
      for (let row = await this.next(); row !== null; row = await this.next()) yield row;
    } finally {
      this.isClosed = true;
    }
  }
}

const CURSOR_READERS: Readonly<Record<string, (cursor: Cursor) => Promise<number>>> = {
  "a loop over it": async cursor => {
    for await (const _ of cursor);
    return 4;
  },
  "a loop that breaks": async cursor => {
    for await (const _ of cursor) break;
    return 1;
  },
  "calls of its next() until there is none": async cursor => {
    while (await cursor.next() !== null);
    return 4;
  },
};

for (const [what, read] of Object.entries(CURSOR_READERS)) {
  test(`The scope of a cursor whose next() is no iterator's closes with ${what}`, async () => {
    const ci = new TestEngine();
    const cursor = ci.scope("find", () => new Cursor(ci));
    const fetched = await ci.scope("reader", () => read(cursor));
    assertEquals(openCount(ci), 0);
    const [find] = ci.dict({ name: "find" }).roots;
    assertEquals([find.children.length, find.attrs], [fetched, {}]);
  });
}

test("A query that is a stream as well runs when it is awaited, in its scope, and once for each time", async () => {
  const ci = new TestEngine();
  let runs = 0;
  const query = {
    sql: "select 1",
    then(resolve: (rows: number[]) => void): void {
      runs++;
      ci.scope("send", () => {});
      queueMicrotask(() => resolve([runs]));
    },
    async *[Symbol.asyncIterator]() {
      yield* await this;
    },
  };
  const given = ci.scope("query", () => query);
  assertEquals([given.sql, runs, openCount(ci)], ["select 1", 0, 1]);
  assertEquals(await given, [1]);
  assertEquals(ci.shape(), "query\n  send");
  for await (const row of given) assertEquals(row, 2);
  const frozen = Object.freeze({ ...query, [Symbol.asyncIterator]: query[Symbol.asyncIterator] });
  assertStrictEquals(ci.scope("frozen", () => frozen), frozen);
  assertEquals(openCount(ci), 0);
});

test("Scopes whose functions give the same stream close with it, however many there are", async () => {
  const ci = new TestEngine();
  const numbers = count(ci, 2);
  const later = Object.assign(countLater(ci, 3), { isOpen: true });
  const readable = new Readable({ read: () => {} });
  for (let i = 0; i < 20_000; i++) {
    ci.scope("get", () => numbers);
    ci.scope("later", () => later);
  }
  for (let i = 0; i < 20; i++) ci.scope("readable", () => readable);
  assertEquals(ci.scope("outer", () => ci.scope("inner", () => numbers)), numbers);
  assertEquals([...numbers], [0, 1]);
  assertEquals(await later.next(), { done: false, value: 0 });
  await assertRejects(async () => await later.throw(new Error("boom")), Error, "boom");
  readable.destroy();
  await nextTask();
  await nextTask();
  assertEquals(openCount(ci), 0);
  const errors = ci.dict({ name: "later" }).roots.map(({ attrs }) => attrs.error);
  assertEquals([errors.length, new Set(errors)], [20_000, new Set(["Error: boom"])]);
  assertEquals(ci.dict({ name: "outer" }).roots[0].children.map(({ name }) => name), ["inner"]);
  assertEquals([readable.listenerCount("close"), readable.listenerCount("end")], [1, 1]);
});

test("A call of an async generator that throws at once does not keep the next one waiting", async () => {
  const ci = new TestEngine();
  const numbers = Object.assign(countLater(ci, 2), {
    next: () => {
      throw new RangeError("out of stack");
    },
  });
  ci.scope("get", () => numbers);
  assertThrows(() => numbers.next(), RangeError, "out of stack");
  assertEquals(await numbers.return("end"), { done: true, value: "end" });
});

test("A stream whose first scope's handle was ended still closes the others, with its error", () => {
  const ci = new TestEngine();
  const failing = (function*() {
    yield 1;
    ci.scope("body", () => {});
    throw new Error("boom");
  })();
  let inner: Scope | undefined;
  ci.scope("outer", () =>
    ci.scope("inner", scope => {
      inner = scope;
      return failing;
    }));
  failing.next();
  inner?.end();
  assertThrows(() => failing.next(), Error, "boom");
  assertEquals(ci.shape(), "outer !Error: boom\n  inner\n  body");
});

test("A stream that is read by two at once is over when both are through", async () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () => ({ [Symbol.asyncIterator]: () => countLater(ci, 1) }));
  const [one, two] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()];
  await one.next();
  await one.next();
  assertEquals(openCount(ci), 1);
  await two.next();
  await two.return!("");
  assertEquals(ci.shape(), "generate\n  make[0]\n  make[0]");
});

largeTest("A loop holds the stream that it loops over", async () => {
  const ci = new TestEngine();
  const { promise, resolve } = Promise.withResolvers<void>();
  const loop = (async () => {
    const stream = ci.scope("generate", () => ({
      async *[Symbol.asyncIterator]() {
        yield 1;
        await promise;
        yield 2;
      },
    }));
    for await (const _ of stream);
  })();
  for (let i = 0; i < 3; i++) await collectGarbage();
  assertEquals(openCount(ci), 1);
  resolve();
  await loop;
  assertEquals(ci.dict().roots[0].attrs, {});
});

test("The scope of a stream can be changed while it is read", () => {
  const ci = new TestEngine();
  let handle: Scope | null = null;
  const stream = ci.scope("generate", scope => {
    handle = scope;
    return count(ci, 2);
  });
  stream.next();
  handle!.set({ model: "m" });
  handle!.rename("chat");
  handle!.run(() => ci.scope("tool", () => {}));
  for (const _ of stream);
  assertEquals(ci.shape(), "chat\n  make[0]\n  tool\n  make[1]");
  assertEquals(ci.dict().roots[0].attrs, { model: "m" });
});

test("A scope whose handle was ended lets the stream go on without it", () => {
  const ci = new TestEngine();
  let handle: Scope | null = null;
  const stream = ci.scope("generate", scope => {
    handle = scope;
    return count(ci, 3);
  });
  stream.next();
  handle!.end();
  assertEquals([...stream], [1, 2]);
  assertEquals(ci.shape(), "generate\n  make[0]\nmake[1]\nmake[2]");
  assertEquals(ci.engine.recording.streamRecorder!()!.streams.size, 0);
  const ended = ci.scope("ended", scope => {
    scope.end();
    return count(ci, 1);
  });
  assertEquals(Object.hasOwn(ended, "next"), false);
});

test("scope() closes when a readable stream of Node's has closed", async () => {
  const ci = new TestEngine();
  const stream = Readable.from(["a", "b"]);
  assertStrictEquals(ci.scope("read", () => stream), stream);
  assertEquals(openCount(ci), 1);
  for await (const _ of stream);
  await nextTask();
  const broken = ci.scope("break", () => Readable.from(["a", "b"]));
  for await (const _ of broken) break;
  await nextTask();
  const failing = ci.scope("fail", () => Readable.from(["a", "b"]));
  failing.on("error", () => {});
  failing.destroy(new Error("boom"));
  await nextTask();
  assertEquals(ci.shape(), "read\nbreak\nfail !Error: boom");
  ci.scope("over", () => stream);
  assertEquals(openCount(ci), 0);
});

test("A readable stream of Node's that fails and has no listener still ends the program", () => {
  const ci = new TestEngine();
  const stream = ci.scope("read", () => new Readable({ read() {} }));
  assertEquals(stream.listenerCount("error"), 0);
  assert(stream.listenerCount("data") === 0 && stream.readableFlowing === null);
});
