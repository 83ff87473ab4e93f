import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import * as ci from "../../mod.ts";
import { pl } from "../../polars.ts";
import { type Polars, polarsEngine } from "../../src/api/frames.ts";
import type { TraceNode } from "../../src/data/values.ts";
import { Engine } from "../../src/session/engine.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { FakeClock, TestEngine } from "../support/engine.ts";
import {
  ATTR_VALUES,
  huge,
  isLarge,
  revokedProxy,
  TEXTS,
  throwingProxy,
  THROWN,
} from "../support/hostile.ts";
import { MemorySink } from "../support/sinks.ts";

const largeTest = testUnless(LARGE, import.meta.url);
const encoder = new TextEncoder();
const byteLength = (text: string) => encoder.encode(text).length;

// Controls, separators and what reverses the direction of text, but for the newline.
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

function engine(): TestEngine {
  const test = new TestEngine();
  test.engine.frameEngine = polarsEngine(pl as unknown as Polars);
  return test;
}

/** Lines of what a terminal prints and does not obey. */
function assertPrintable(text: string, lineCount: number): void {
  const lines = text.split("\n");
  assertStrictEquals(lines.length, lineCount);
  for (const line of lines) {
    assert(!UNPRINTABLE.test(line), "a line must hold no control characters");
    assert(line.isWellFormed(), "a line must be well-formed");
  }
}

/** Every format of what was recorded, checked for what holds of any program. */
function assertReadable(ci: TestEngine): TraceNode[] {
  const dict = ci.dict({ open: true });
  assertEquals(JSON.parse(JSON.stringify(dict)).span_count, dict.span_count);

  const parsed = JSON.parse(ci.json({ open: true })) as typeof dict;
  assertStrictEquals(parsed.span_count, dict.span_count);
  assertEquals(parsed.roots.length, dict.roots.length);

  assertPrintable(ci.text({ open: true }), Math.max(1, dict.span_count));
  ci.terminal = { colors: true };
  assertPrintable(
    stripVTControlCharacters(ci.text({ open: true, fold: false })),
    Math.max(1, dict.span_count),
  );
  ci.terminal = null;
  const summary = ci.host.trace({ format: "summary", open: true }) as ci.TraceSummary;
  assertStrictEquals(JSON.parse(JSON.stringify(summary)).length, summary.rows.length);
  assertPrintable(String(summary), summary.rows.length + 1);

  const frame = ci.host.trace({ format: "df", open: true }) as ci.DataFrame;
  assertStrictEquals(frame.height, dict.span_count);
  return dict.roots;
}

for (const [what, text] of Object.entries(TEXTS)) {
  (isLarge(what) ? largeTest : test)(`A span, its marks and their values may be called ${what}`, () => {
    const ci = engine();
    ci.scope(text, { index: 1, attrs: { [text]: text } }, scope => {
      scope.mark(text, text, { attrs: { [text]: text } });
      ci.mark(text, 1, { kind: "summary" });
      scope.scope(text).end();
    });
    const [root] = assertReadable(ci);
    assertStrictEquals(typeof root.marks[0].value, "string");
    for (const name of [root.name, root.marks[0].name, String(root.marks[0].value), root.children[0].name]) {
      assert(text.startsWith(name), "cut, and otherwise as it was given");
      assert(byteLength(name) <= 256);
      assert(byteLength(name) === byteLength(text) || byteLength(name) > 252, "cut no shorter than needed");
    }
  });

  test(`trace() finds by its name a span called ${what}`, () => {
    const ci = engine();
    ci.scope(text).end();
    assertStrictEquals(ci.dict({ name: text }).span_count, 1);
  });

  test(`More than 16 marks may be called ${what}`, () => {
    const ci = engine();
    const scope = ci.scope("x");
    for (let i = 0; i < 20; i++) scope.mark(text, i % 2 === 0 ? text : i);
    scope.end();
    const [root] = assertReadable(ci);
    assertStrictEquals(root.marks.length, 20);
  });

  test(`Warnings about a scope called ${what} are one line without control characters`, () => {
    const ci = engine();
    const outer = ci.scope(text);
    ci.scope(text);
    outer.end(); // out of order
    outer.mark(text, 1); // after its end
    assertStrictEquals(ci.warnings.length, 2);
    for (const warning of ci.warnings) {
      assert(!warning.includes("\n") && !UNPRINTABLE.test(warning), JSON.stringify(warning));
      assert(warning.isWellFormed());
    }
  });
}

test("Marks outside any scope may be called anything", () => {
  const ci = engine();
  for (const text of Object.values(TEXTS)) ci.mark(text, text);
  const [root] = assertReadable(ci);
  assertStrictEquals(root.marks.length, Object.keys(TEXTS).length);
});

test("The tree shows what it escapes", () => {
  const ci = engine();
  const scope = ci.scope("a\nb\x1b[31m\u202e\u009b");
  scope.mark("m\0", "v\ud800");
  scope.end();
  assertStrictEquals(ci.text(), 'a\\nb\\x1b[31m\\u202e\\x9b - 0.00us {m\\x00="v\\ud800"}');
});

for (const [what, make] of Object.entries(ATTR_VALUES)) {
  (isLarge(what) ? largeTest : test)(`Attributes of a scope and of a mark may hold ${what}`, () => {
    const ci = engine();
    ci.scope("x", { attrs: { value: make(), kept: 1 } }, scope => {
      scope.mark("m", 1, { attrs: { value: make(), kept: 1 } });
    });
    const [root] = assertReadable(ci);
    for (const attrs of [root.attrs, root.marks[0].attrs]) {
      assertStrictEquals(Object.getPrototypeOf(attrs), Object.prototype);
      assertStrictEquals(attrs.polluted, undefined);
    }
    assertStrictEquals(({} as { polluted?: unknown }).polluted, undefined);
  });
}

const ODD_ATTRS: Record<string, () => object> = {
  "a proxy that throws from every trap": () => throwingProxy(),
  "a revoked proxy": () => revokedProxy(),
  "a Map": () => new Map([["__proto__", 1]]),
  "an instance": () =>
    new (class {
      #hidden = 1;
      shown = this.#hidden;
    })(),
  "an object without a prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "an own __proto__ key": () => JSON.parse('{"__proto__":{"polluted":1}}'),
};

for (const [what, make] of Object.entries(ODD_ATTRS)) {
  test(`scope() and mark() take attributes that are ${what}`, () => {
    const ci = engine();
    const attrs = make() as Record<string, unknown>;
    ci.scope("x", { attrs }, scope => scope.mark("m", 1, { attrs }));
    const [root] = assertReadable(ci);
    assertStrictEquals(root.marks.length, 1);
  });
}

test("An own __proto__ key comes back as a key, in dict and in json", () => {
  const ci = engine();
  ci.scope("x", { attrs: JSON.parse('{"__proto__":{"a":1}}') }).end();
  assertEquals(Object.keys(ci.dict().roots[0].attrs), ["__proto__"]);
  assertEquals(Object.keys(JSON.parse(ci.json()).roots[0].attrs), ["__proto__"]);
});

test("Attributes that a trace gave are the caller's own", () => {
  const ci = engine();
  ci.scope("x", { attrs: { list: [1] } }, scope => scope.mark("m", 1, { attrs: { list: [1] } }));
  const [root] = ci.dict().roots;
  (root.attrs.list as number[]).push(2);
  (root.marks[0].attrs.list as number[]).push(2);
  const [again] = ci.dict().roots;
  assertEquals([again.attrs, again.marks[0].attrs], [{ list: [1] }, { list: [1] }]);
});

test("Attributes that are read while a scope opens may open scopes and marks of their own", () => {
  const ci = engine();
  const attrs = {
    get a(): string {
      ci.scope("inside", () => ci.mark("m", 1));
      return "a";
    },
  };
  ci.scope("outer", () => ci.scope("x", { attrs }).end());
  assertReadable(ci);
  assertEquals(ci.shape(), "outer\n  inside {m=1}\n  x");
  assertEquals(ci.dict().roots[0].children[1].attrs, { a: "a" });
});

test("A scope that attributes leave open while they are read is the parent", () => {
  const ci = engine();
  const attrs = {
    get a(): string {
      ci.scope("left open");
      return "a";
    },
  };
  ci.scope("x", { attrs }).end();
  assertEquals(ci.shape({ open: true }), "left open open\n  x");
});

test("A mark whose attributes end its scope while they are read is dropped, and counted", () => {
  const ci = engine();
  const scope = ci.scope("x");
  scope.mark("m", 1, {
    attrs: {
      get a(): string {
        scope.end();
        return "a";
      },
    },
  });
  assertEquals(ci.shape(), "x");
  assertStrictEquals(ci.engine.health().mark_drop_count, 1);
});

test("Attributes that read the trace while a scope opens do not see that scope", () => {
  const ci = engine();
  let seen = "";
  ci.scope("x", {
    attrs: {
      get a(): string {
        seen = ci.shape({ open: true });
        return "a";
      },
    },
  }).end();
  assertEquals([seen, ci.shape()], ["", "x"]);
});

// Wrong arguments: a TypeError or RangeError at the call, and nothing recorded.

const NOT_STRINGS: readonly unknown[] = [
  undefined,
  null,
  0,
  1n,
  true,
  Symbol("s"),
  {},
  [],
  () => {},
  new String("x"),
  throwingProxy(),
  throwingProxy(() => {}),
  revokedProxy(),
];
const NOT_OBJECTS: readonly unknown[] = [null, 0, 1n, true, "x", Symbol("s"), ["x"]];
const LISTS: readonly unknown[] = [new Set([1]), new Uint8Array(2)];

interface WrongCall {
  readonly what: string;
  readonly call: (ci: TestEngine) => unknown;
}

function label(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    try {
      return Object.prototype.toString.call(value);
    } catch {
      return "an object that throws";
    }
  }
  if (typeof value === "function") return "a function";
  return typeof value === "bigint" ? `${value}n` : typeof value === "string" ? `"${value}"` : String(value);
}

const never = (): never => {
  throw new Error("must not be called");
};

const scopeForms: Record<string, (ci: TestEngine, name: never, options?: never) => unknown> = {
  "scope(name, options)": (ci, name, options) => ci.scope(name, options),
  "scope(name, options, fn)": (ci, name, options) => ci.scope(name, options as never, never),
  "handle.scope(name, options)": (ci, name, options) => ci.scope("handle").scope(name, options),
};

const WRONG: WrongCall[] = [];
function wrong(
  what: string,
  values: readonly unknown[],
  call: (ci: TestEngine, value: never) => unknown,
): void {
  for (const value of values) {
    WRONG.push({
      what: `${what} that is ${label(value)}`,
      call: ci => call(ci, value as never),
    });
  }
}

for (const [form, call] of Object.entries(scopeForms)) {
  wrong(`${form} with a name`, NOT_STRINGS, (ci, name) => call(ci, name));
  wrong(`${form} with options`, NOT_OBJECTS, (ci, options) => call(ci, "x" as never, options));
  wrong(
    `${form} with an index`,
    ["1", 1n, {}, [], true, Symbol("i"), NaN, Infinity, 0.5, 2 ** 53, -(2 ** 53)],
    (ci, index) => call(ci, "x" as never, { index } as never),
  );
  wrong(
    `${form} with attrs`,
    [...NOT_OBJECTS.filter(value => value !== null), ...LISTS, () => {}],
    (ci, attrs) => call(ci, "x" as never, { attrs } as never),
  );
}
wrong("scope(name, fn) with a name", NOT_STRINGS, (ci, name) => ci.scope(name, never));
wrong(
  "scope(name, options, fn) with a function",
  [null, 0, "x", {}, [], 1n, Symbol("f"), true],
  (ci, fn) => ci.scope("x", {}, fn),
);
wrong(
  "scope(name, fn, more) with more",
  [() => {}, {}, null],
  (ci, more) => ci.scope("x", never as never, more),
);
wrong("mark() with a name", NOT_STRINGS, (ci, name) => ci.mark(name, 1));
wrong(
  "mark() with a value",
  [
    undefined,
    null,
    Symbol("v"),
    {},
    [],
    () => {},
    new Date(0),
    new Number(1),
    revokedProxy(),
    throwingProxy(),
  ],
  (ci, value) => ci.mark("m", value),
);
wrong(
  "mark() with a bigint beyond bounds",
  [1n << 4096n, -(1n << 100_000n)],
  (ci, value) => ci.mark("m", value),
);
wrong("mark() with options", NOT_OBJECTS, (ci, options) => ci.mark("m", 1, options));
wrong(
  "mark() with a kind",
  ["", "Point", "scalar", huge(), 0, 1n, {}, [], true, Symbol("k"), new String("point")],
  (ci, kind) => ci.mark("m", 1, { kind }),
);
wrong(
  "mark() with attrs",
  [...NOT_OBJECTS.filter(value => value !== null), ...LISTS, () => {}],
  (ci, attrs) => ci.mark("m", 1, { attrs }),
);
wrong(
  "epochs() over something",
  [undefined, null, {}, 1n, true, () => {}, Symbol("e"), NaN, Infinity, -1, 0.5, 2 ** 53],
  (ci, source) => ci.epochs(source),
);
wrong(
  "batches() over something",
  [undefined, null, {}, 1n, true, () => {}, Symbol("b"), NaN, Infinity, -1, 0.5, 2 ** 53],
  (ci, source) => ci.batches(source),
);
wrong("trace() with options", NOT_OBJECTS, (ci, options) => ci.host.trace(options));
wrong(
  "trace() with a format",
  ["", "TREE", "csv", huge(), 0, 1n, {}, [], Symbol("f"), "__proto__", "constructor", revokedProxy()],
  (ci, format) => ci.host.trace({ format }),
);
wrong(
  "trace() with a name",
  [
    0,
    1n,
    {},
    [null],
    [[]],
    ["a", 0],
    true,
    Symbol("n"),
    new String("x"),
    { [Symbol.toStringTag]: "RegExp", source: "x", flags: "" },
    revokedProxy(),
  ],
  (ci, name) => ci.host.trace({ name }),
);
wrong(
  "trace() with a where",
  [
    0,
    "x",
    true,
    [],
    new Set(),
    Symbol("w"),
    { x: undefined },
    { [huge()]: undefined },
    () => {},
    revokedProxy(),
  ],
  (ci, where) => ci.host.trace({ where }),
);
for (const option of ["roots", "slowest"]) {
  wrong(
    `trace() with ${option}`,
    ["1", 1n, {}, [], true, Symbol("r"), -1, 0.5, NaN, Infinity, 2 ** 53],
    (ci, value) => ci.host.trace({ [option]: value }),
  );
}
wrong(
  "trace() as summary by something",
  ["", "NAME", 0, [], {}, huge(), Symbol("b")],
  (ci, by) => ci.host.trace({ format: "summary", by }),
);
wrong(
  "trace() with a last",
  ["1", 1n, {}, [], true, Symbol("l"), -1, 0.5, NaN, Infinity, 2 ** 53],
  (ci, last) => ci.host.trace({ last }),
);
wrong("trace() with an open", [0, "true", {}, Symbol("o")], (ci, open) => ci.host.trace({ open }));
wrong("profile() with options", NOT_OBJECTS, (ci, options) => ci.engine.profile(options));
wrong(
  "profile() with an unknown output",
  ["", "SPOOL", "file", huge(), "__proto__", "constructor", ["none", "file"]],
  (ci, output) => ci.engine.profile({ output }),
);
wrong(
  "profile() with traceBufferMaxSpans",
  ["10", 1n, {}, [], Symbol("t"), 0, -1, 0.5, NaN, Infinity, Object.create(null)],
  (ci, traceBufferMaxSpans) => ci.profile({ traceBufferMaxSpans }),
);
wrong(
  "profile() with an enabled",
  [0, "no", {}, Symbol("e")],
  (ci, enabled) => ci.profile({ enabled }),
);
wrong(
  "profile() with counters",
  [0, "cpu", true, Symbol("c")],
  (ci, counters) => ci.profile({ counters }),
);
wrong(
  "profile() with counters.cpu",
  [true, 0, "", "gpu", huge(), {}, Symbol("c")],
  (ci, cpu) => ci.profile({ counters: { cpu } }),
);
wrong(
  "profile() with counters.cpuCoalesceNs",
  ["5", 5n, -1, NaN, {}, Symbol("c")],
  (ci, cpuCoalesceNs) => ci.profile({ counters: { cpuCoalesceNs } }),
);
wrong(
  "profile() with counters.memory",
  [0, "x", Symbol("m")],
  (ci, memory) => ci.profile({ counters: { memory } }),
);
wrong(
  "profile() with counters.gpu",
  [0, "x", Symbol("g")],
  (ci, gpu) => ci.profile({ counters: { gpu } }),
);

wrong(
  "profile() with an option that there is none of",
  [{ flushInterval: 1 }, { [huge()]: 1 }, { "": 1 }, { toString: 1 }, { counters: { disk: true } }, {
    counters: { [huge()]: 1 },
  }],
  (ci, options) => ci.engine.profile(options),
);
wrong(
  "trace() with an option that there is none of",
  [{ limit: 1 }, { [huge()]: 1 }, { ["__proto__"]: 1 }],
  (ci, options) => ci.host.trace(options),
);

for (const [i, { what, call }] of WRONG.entries()) {
  test(`${what} is a TypeError or a RangeError, and records nothing (${i})`, () => {
    const ci = new TestEngine();
    let thrown: unknown;
    try {
      call(ci);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof TypeError || thrown instanceof RangeError)) {
      throw new Error(`threw ${String(thrown)}`);
    }
    assert(thrown.message.length < 1000, "a message must not hold 10 MB");
    const left = ci.shape({ open: true });
    assert(left === "" || left === "handle open", left);
    assertEquals(ci.printed, []);
    assertEquals(ci.engine.health().output, []);
  });
}

for (const make of [() => new ci.Cirron({ output: "none" }), ci.getDefault]) {
  for (const options of NOT_OBJECTS) {
    test(`Cirron.profile() with options that are ${label(options)} is a TypeError (${make.name})`, () => {
      try {
        assertThrows(() => make().profile(options as never), TypeError);
      } finally {
        ci.shutdown();
      }
    });
  }
}

for (const options of NOT_OBJECTS) {
  test(`new Cirron() with options that are ${label(options)} is a TypeError`, () => {
    assertThrows(() => new ci.Cirron(options as never), TypeError);
  });
}

test("A getter of options that starts a session of its own is left with it, and nothing is started twice", () => {
  for (const key of ["output", "traceBufferMaxSpans", "counters", "flushIntervalMs", "outputDir"]) {
    const ci = new TestEngine();
    const sink = new MemorySink();
    let reads = 0;
    const options = {
      output: "none" as const,
      get [key]() {
        reads++;
        ci.profile({ output: sink, traceBufferMaxSpans: 10 });
        for (let i = 0; i < 30; i++) ci.scope("inner").end();
        return undefined;
      },
    };
    ci.engine.profile(options);
    ci.scope("a").end();
    assertEquals([key, reads, ci.engine.health().output], [key, 1, ["custom"]]);
    ci.engine.shutdown();
    assertEquals(sink.names, [...new Array(30).fill("inner"), "a", "cirron.session"]);
  }
});

test("A list of outputs that is sparse or endless is refused at once", () => {
  const ci = new TestEngine();
  const endless = new Proxy([], {
    get: (_, key) => key === "length" ? Infinity : Reflect.get(["none"], key) ?? "none",
  });
  assertThrows(() => ci.engine.profile({ output: ATTR_VALUES["a sparse array"]() as never }), TypeError);
  assertThrows(() => ci.engine.profile({ output: endless as never }), RangeError, "more than 1000");
  assertEquals(ci.engine.health().output, []);
});

test("A list of outputs that changes while it is read is checked as it is used", () => {
  const ci = new TestEngine();
  let reads = 0;
  const outputs = new Proxy(["none"], {
    get(target, property, receiver) {
      return property === "0" && reads++ > 0 ? 5 : Reflect.get(target, property, receiver);
    },
  });
  ci.engine.profile({ output: outputs as never });
  assertEquals(ci.engine.health().output, []);
  ci.engine.shutdown();
});

test("A getter of options that throws leaves nothing behind", () => {
  const ci = new TestEngine();
  const options = {
    get index(): number {
      throw new Error("mine");
    },
  };
  assertThrows(() => ci.scope("x", options), Error, "mine");
  assertThrows(() => ci.scope("x", options, never), Error, "mine");
  assertStrictEquals(ci.shape({ open: true }), "");
});

// Whatever is thrown goes on as it is, and the span closes with a description of it.

for (const [what, make] of Object.entries(THROWN)) {
  test(`scope() lets ${what} through that its function throws`, () => {
    const ci = engine();
    const value = make();
    let thrown: unknown = "nothing was thrown";
    try {
      ci.scope("outer", () => {
        ci.scope("x", { attrs: { a: 1 } }, () => {
          throw value;
        });
      });
    } catch (error) {
      thrown = error;
    }
    assert(Object.is(thrown, value));
    const [root] = assertReadable(ci);
    assertErrorSpan(root.children[0]);
    assertStrictEquals(root.children[0].attrs.a, 1);
    assertStrictEquals(ci.engine.health().open_count, 0);
  });

  test(`scope() lets ${what} through that its promise rejects with`, async () => {
    const ci = engine();
    const value = make();
    let thrown: unknown = "nothing was thrown";
    try {
      await ci.scope("outer", async () => {
        await ci.scope("x", () => Promise.reject(value));
      });
    } catch (error) {
      thrown = error;
    }
    assert(Object.is(thrown, value));
    const [root] = assertReadable(ci);
    assertErrorSpan(root.children[0]);
    assertStrictEquals(ci.engine.health().open_count, 0);
  });

  test(`batches() lets ${what} through that its source throws`, () => {
    const ci = engine();
    const value = make();
    let thrown: unknown = "nothing was thrown";
    try {
      const source: Iterable<number> = {
        [Symbol.iterator]: () => {
          let i = 0;
          return {
            next: () => {
              if (i++ === 0) return { done: false, value: 1 };
              throw value;
            },
          };
        },
      };
      for (const _ of ci.batches(source));
    } catch (error) {
      thrown = error;
    }
    assert(Object.is(thrown, value));
    assertReadable(ci);
    assertEquals(ci.shape(), "batch[0]");
    assertStrictEquals(ci.engine.health().open_count, 0);
  });
}

function assertErrorSpan(node: TraceNode): void {
  const { error } = node.attrs;
  assert(typeof error === "string", "attribute error");
  assert(byteLength(error as string) <= 256);
}

test("An error whose message ends the scope while it is read goes on, and the scope closes once", () => {
  const ci = engine();
  const error = new Error();
  const thrown = assertThrows(() =>
    ci.scope("x", scope => {
      Object.defineProperty(error, "message", {
        get() {
          scope.end();
          return "ended";
        },
      });
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  assertStrictEquals(assertReadable(ci).length, 1);
});

// Whatever a function gives comes back.

const RETURNED: Record<string, () => unknown> = {
  "a proxy that throws from every trap": () => throwingProxy(),
  "a proxy of a function that throws from every trap": () => throwingProxy(() => {}),
  "a revoked proxy": () => revokedProxy(),
  "an object whose then is no function": () => ({ then: 1 }),
  "an object whose then throws when read": () => ({
    get then(): never {
      throw new Error("then");
    },
  }),
  "a symbol": () => Symbol("r"),
  "an iterator of a list": () => [1][Symbol.iterator](),
  "an iterator whose next throws when read": () => ({
    [Symbol.iterator]: () => {},
    get next(): never {
      throw new Error("next");
    },
  }),
  "a proxy of a generator that takes no properties": () =>
    new Proxy(function*() {}(), {
      defineProperty(): never {
        throw new Error("defineProperty");
      },
    }),
};

for (const [what, make] of Object.entries(RETURNED)) {
  test(`scope() gives back ${what}`, () => {
    const ci = engine();
    const value = make();
    assert(Object.is(ci.scope("x", () => value), value));
    assertEquals(ci.shape(), "x");
  });
}

test("scope() awaits a thenable whose then() gives nothing", async () => {
  const ci = engine();
  const value = await ci.scope("x", () => ({
    then(resolve: (value: number) => void): void {
      queueMicrotask(() => resolve(7));
    },
  }));
  assertStrictEquals(value as unknown, 7);
  assertEquals(ci.shape(), "x");
});

test("scope() lets an error through that a thenable throws when it is awaited", async () => {
  const ci = engine();
  const error = new Error("then");
  let thrown: unknown;
  try {
    await ci.scope("x", () => ({
      then(_resolve: (value: number) => void): void {
        throw error;
      },
    }));
  } catch (caught) {
    thrown = caught;
  }
  assertStrictEquals(thrown, error);
  assertEquals(ci.shape(), "x !Error: then");
});

test("scope() closes once for a thenable that settles twice", async () => {
  const ci = engine();
  const value = await ci.scope("x", () => ({
    then(resolve: (value: number) => void, reject: (error: unknown) => void): Promise<number> {
      resolve(1);
      reject(new Error("late"));
      resolve(2);
      return Promise.resolve(1);
    },
  }));
  assertStrictEquals(value as unknown, 1);
  assertEquals(ci.shape(), "x");
});

test("scope() reads the then of what its function gives once, as await does", async () => {
  const ci = engine();
  let reads = 0;
  const thenable = {
    get then(): (resolve: (value: number) => void) => Promise<void> {
      reads++;
      return resolve => Promise.resolve(resolve(1));
    },
  };
  await ci.scope("x", () => thenable);
  assertStrictEquals(reads, 1);
});

test("A source that gives no iterator is a TypeError where it is iterated, and leaves no scope open", () => {
  const ci = engine();
  const source = { [Symbol.iterator]: () => 5 } as unknown as Iterable<number>;
  assertThrows(() => {
    for (const _ of ci.epochs(source));
  }, TypeError);
  assertStrictEquals(ci.engine.health().open_count, 0);
});

const NO_RESULTS: Record<string, unknown> = { "{}": {}, "{ done: 0 }": { done: 0 }, "5": 5, "null": null };

for (const [what, result] of Object.entries(NO_RESULTS)) {
  test(`A source whose next() gives ${what} loops as it would by itself, and leaves no scope open`, () => {
    const source = (): Iterable<unknown> => {
      let i = 0;
      const next = () => (i++ < 1 ? result : { done: true }) as IteratorResult<unknown>;
      return { [Symbol.iterator]: () => ({ next }) };
    };
    const outcome = (items: Iterable<unknown>): string => {
      try {
        return JSON.stringify([...items]);
      } catch (error) {
        return (error as Error).constructor.name;
      }
    };
    const ci = engine();
    assertStrictEquals(outcome(ci.batches(source())), outcome(source()));
    assertStrictEquals(ci.engine.health().open_count, 0);
  });
}

test("A console that throws breaks nothing that warns", () => {
  const engine = new Engine({ clock: new FakeClock() }); // one that warns through the console
  const open = (name: string) => engine.recording.scope(name, undefined, undefined, null) as ci.Scope;
  const own = console.warn;
  let warnings = 0;
  console.warn = () => {
    warnings++;
    throw new Error("console");
  };
  try {
    const outer = open("outer");
    const inner = open("inner");
    outer.end(); // out of order
    inner.end();
    inner.mark("late", 1);
    engine.profile({ output: "none" });
    engine.profile({ output: "none" }); // while one runs
  } finally {
    console.warn = own;
  }
  assertStrictEquals(warnings, 3);
});

test("Numbers that JSON cannot say are kept as marks, and are words in json", () => {
  const ci = engine();
  const scope = ci.scope("x");
  for (const value of [NaN, Infinity, -Infinity, -0, 5e-324, 2n ** 4095n]) scope.mark("m", value);
  scope.end();
  const [root] = assertReadable(ci);
  assertEquals(root.marks.slice(0, 3).map(mark => mark.value), [NaN, Infinity, -Infinity]);
  const parsed = JSON.parse(ci.json()).roots[0].marks.map((mark: { value: unknown }) => mark.value);
  assertEquals(parsed.slice(0, 3), ["NaN", "Infinity", "-Infinity"]);
  assertStrictEquals(parsed[5], String(2n ** 4095n));
});
