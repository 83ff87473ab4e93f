import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { MarkValue, TraceMark } from "../../src/data/values.ts";
import type { MarkOptions } from "../../src/record/scope.ts";
import { FAKE_UNIX_NS, literal, TestEngine } from "../support/engine.ts";

/** The marks of the only span, after `act` made them. */
function marksOf(act: (ci: TestEngine) => void): TraceMark[] {
  const ci = new TestEngine();
  ci.scope("x", () => act(ci));
  return ci.dict().roots[0].marks;
}

test("mark() goes to the innermost scope", () => {
  const ci = new TestEngine();
  {
    using _outer = ci.scope("outer");
    ci.mark("a", 1);
    {
      using _inner = ci.scope("inner");
      ci.mark("b", 2);
    }
    ci.mark("c", 3);
  }
  assertEquals(
    ci.shape(),
    literal(`
      outer {a=1, c=3}
        inner {b=2}
    `),
  );
});

test("mark() keeps name, value, kind, moment and attrs", () => {
  const ci = new TestEngine();
  ci.scope("x", () => {
    ci.clock.us(12);
    ci.mark("loss", 0.25, { kind: "summary", attrs: { split: "test" } });
  });
  const [x] = ci.dict().roots;
  assertEquals(x.marks, [{
    name: "loss",
    value: 0.25,
    kind: "summary",
    ts_us: x.start_us + 12,
    attrs: { split: "test" },
  }]);
});

test("mark() has whole microseconds since 1970, from the system's clock", () => {
  const [mark] = marksOf(ci => {
    ci.clock.advance(999_999);
    ci.mark("m", 1);
  });
  assertEquals(mark.ts_us, Number((FAKE_UNIX_NS + 999_999n) / 1000n));
});

test("mark() is a point without options", () => {
  assertEquals(marksOf(ci => ci.mark("m", 1)).map(mark => [mark.kind, mark.attrs]), [["point", {}]]);
});

for (const kind of ["point", "summary"] as const) {
  test(`mark() has the kind "${kind}"`, () => {
    assertEquals(marksOf(ci => ci.mark("m", 1, { kind })).map(mark => mark.kind), [kind]);
  });
}

test("mark() with empty or undefined options is a point", () => {
  const marks = marksOf(ci => {
    ci.mark("a", 1, {});
    ci.mark("b", 1, undefined);
    ci.mark("c", 1, { kind: undefined, attrs: undefined });
  });
  assertEquals(marks.map(mark => [mark.name, mark.kind, mark.attrs]), [
    ["a", "point", {}],
    ["b", "point", {}],
    ["c", "point", {}],
  ]);
});

const VALUES: [value: MarkValue, inDict: number | string | boolean][] = [
  [0, 0],
  [-1.5, -1.5],
  [1e300, 1e300],
  [5e-324, 5e-324],
  [NaN, NaN],
  [Infinity, Infinity],
  [-Infinity, -Infinity],
  [true, true],
  [false, false],
  ["", ""],
  ["text", "text"],
  [0n, 0],
  [-7n, -7],
  [BigInt(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  [2n ** 53n, "9007199254740992"],
  [-(2n ** 64n), "-18446744073709551616"],
];
for (const [value, inDict] of VALUES) {
  test(`mark() keeps the ${typeof value} ${JSON.stringify(String(value))}`, () => {
    assertEquals(marksOf(ci => ci.mark("m", value)).map(mark => mark.value), [inDict]);
  });
}

test("mark() keeps NaN and infinities as their names in json", () => {
  const ci = new TestEngine();
  ci.scope("x", () => [NaN, Infinity, -Infinity].forEach(value => ci.mark("m", value)));
  const values = JSON.parse(ci.json()).roots[0].marks.map((mark: TraceMark) => mark.value);
  assertEquals(values, ["NaN", "Infinity", "-Infinity"]);
});

test("mark() keeps one value of each type next to the others", () => {
  const values: MarkValue[] = [1, "two", true, 4n, false, 6.5, ""];
  const marks = marksOf(ci => values.forEach((value, i) => ci.mark(`m${i}`, value)));
  assertEquals(marks.map(mark => mark.value), [1, "two", true, 4, false, 6.5, ""]);
});

test("mark() keeps a bigint of 4096 bits", () => {
  const value = 2n ** 4096n - 1n;
  assertEquals(marksOf(ci => ci.mark("m", value)).map(mark => mark.value), [String(value)]);
});

test("mark() keeps a negative bigint of 4096 bits", () => {
  const value = -(2n ** 4096n - 1n);
  assertEquals(marksOf(ci => ci.mark("m", value)).map(mark => mark.value), [String(value)]);
});

for (const sign of [1n, -1n]) {
  test(`mark() throws RangeError for a ${sign < 0n ? "negative " : ""}bigint of over 4096 bits`, () => {
    const marks = marksOf(ci => {
      assertThrows(() => ci.mark("m", sign * 2n ** 4096n), RangeError, "at most 4096 bits");
    });
    assertEquals(marks, []);
  });
}

const OTHERS: [what: string, value: unknown][] = [
  ["null", null],
  ["undefined", undefined],
  ["an object", {}],
  ["an array", [1]],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a Date", new Date(0)],
  ["a boxed number", Object(1)],
];
for (const [what, value] of OTHERS) {
  test(`mark() throws TypeError for ${what}, and keeps nothing`, () => {
    const marks = marksOf(ci => {
      assertThrows(() => ci.mark("m", value as MarkValue), TypeError, "value must be a number");
    });
    assertEquals(marks, []);
  });
}

for (const name of [1, null, undefined, {}]) {
  test(`mark() throws TypeError for the name ${String(name)}`, () => {
    const marks = marksOf(ci => {
      assertThrows(() => ci.mark(name as string, 1), TypeError, "name must be a string");
    });
    assertEquals(marks, []);
  });
}

test("mark() takes null for an option as it takes one that is left out", () => {
  const marks = marksOf(ci => ci.mark("m", 1, { kind: null, attrs: null }));
  assertEquals(marks.map(mark => [mark.kind, mark.attrs]), [["point", {}]]);
});

for (const kind of ["other", "", "Point", 1]) {
  test(`mark() throws TypeError for the kind ${JSON.stringify(kind)}`, () => {
    const marks = marksOf(ci => {
      assertThrows(
        () => ci.mark("m", 1, { kind } as unknown as MarkOptions),
        TypeError,
        'kind must be "point" or "summary"',
      );
    });
    assertEquals(marks, []);
  });
}

for (const options of [null, "summary", 1]) {
  test(`mark() throws TypeError for the options ${JSON.stringify(options)}`, () => {
    const marks = marksOf(ci => {
      assertThrows(() => ci.mark("m", 1, options as unknown as MarkOptions), TypeError, "expected options");
    });
    assertEquals(marks, []);
  });
}

for (const attrs of [1, "x", []]) {
  test(`mark() throws TypeError for the attrs ${JSON.stringify(attrs)}`, () => {
    const marks = marksOf(ci => {
      assertThrows(
        () => ci.mark("m", 1, { attrs } as unknown as MarkOptions),
        TypeError,
        "attrs must be an object",
      );
    });
    assertEquals(marks, []);
  });
}

test("mark() copies its attrs", () => {
  const attrs = { list: [1], text: "before" };
  const marks = marksOf(ci => {
    ci.mark("m", 1, { attrs });
    attrs.text = "after";
    attrs.list.push(2);
  });
  assertEquals(marks[0].attrs, { list: [1], text: "before" });
});

test("mark() without attrs has none, after one that had", () => {
  const marks = marksOf(ci => {
    ci.mark("a", 1, { attrs: { k: 1 } });
    ci.mark("b", 1);
  });
  assertEquals(marks.map(mark => mark.attrs), [{ k: 1 }, {}]);
});

test("mark() keeps a string of 256 bytes of UTF-8 whole", () => {
  const text = "\u{1F600}".repeat(64);
  assertEquals(marksOf(ci => ci.mark("m", text))[0].value, text);
});

test("mark() cuts a string at 256 bytes of ASCII", () => {
  assertEquals(marksOf(ci => ci.mark("m", "a".repeat(257)))[0].value, "a".repeat(256));
});

for (let lead = 1; lead <= 3; lead++) {
  test(`mark() cuts a string of 4-byte code points after ${lead} bytes between two of them`, () => {
    const text = "a".repeat(lead) + "\u{1F600}".repeat(64);
    assertEquals(marksOf(ci => ci.mark("m", text))[0].value, "a".repeat(lead) + "\u{1F600}".repeat(63));
  });
}

test("mark() cuts a string of 3-byte code points between two of them", () => {
  assertEquals(marksOf(ci => ci.mark("m", "\u20AC".repeat(86)))[0].value, "\u20AC".repeat(85));
});

test("mark() cuts a string of 2-byte code points at 256 bytes", () => {
  assertEquals(marksOf(ci => ci.mark("m", "\u00E9".repeat(200)))[0].value, "\u00E9".repeat(128));
});

test("mark() counts a lone surrogate as the 3 bytes that encoders make of it", () => {
  assertEquals(marksOf(ci => ci.mark("m", "\uD83D".repeat(100)))[0].value, "\uD83D".repeat(85));
});

test("mark() cuts its name at 256 bytes of UTF-8, between code points", () => {
  assertEquals(marksOf(ci => ci.mark("\u20AC".repeat(100), 1))[0].name, "\u20AC".repeat(85));
});

test("mark() keeps marks of the same name in the order they were made", () => {
  const marks = marksOf(ci => {
    for (let i = 0; i < 5; i++) ci.mark("m", i, { kind: i % 2 === 0 ? "point" : "summary" });
  });
  assertEquals(marks.map(mark => [mark.value, mark.kind]), [
    [0, "point"],
    [1, "summary"],
    [2, "point"],
    [3, "summary"],
    [4, "point"],
  ]);
});

test("mark() keeps the newest 1024 points of a span and counts the rest", () => {
  const ci = new TestEngine();
  ci.scope("x", () => {
    for (let i = 0; i < 1030; i++) ci.mark("m", i);
  });
  const { marks } = ci.dict().roots[0];
  assertEquals([marks.length, marks[0].value, marks.at(-1)!.value], [1024, 6, 1029]);
  assertEquals(ci.engine.health().mark_evict_count, 6);
  assertEquals(ci.engine.health().mark_drop_count, 0);
});

test("mark() keeps every summary of a span", () => {
  const ci = new TestEngine();
  ci.scope("x", () => {
    for (let i = 0; i < 3000; i++) ci.mark("m", i, { kind: "summary" });
  });
  const { marks } = ci.dict().roots[0];
  assertEquals([marks.length, marks[0].value, marks.at(-1)!.value], [3000, 0, 2999]);
  assertEquals(ci.engine.health().mark_evict_count, 0);
});

test("mark() in an open span is shown before the span closes", () => {
  const ci = new TestEngine();
  using _x = ci.scope("x");
  ci.mark("a", 1);
  ci.mark("b", 2, { kind: "summary" });
  ci.mark("c", 3);
  assertEquals(ci.shape({ open: true }), "x open {a=1, b=2, c=3}");
});

// Outside any scope.

test("mark() outside any scope goes to the session's root span", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.mark("m", 1);
  ci.engine.shutdown();
  assertEquals(ci.shape(), "cirron.session {m=1}");
});

test("mark() after the last scope has closed goes to the session's root span", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.scope("x").end();
  ci.mark("m", 1);
  ci.scope("y", () => {});
  ci.mark("n", 2);
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session {m=1, n=2}
        x
        y
    `),
  );
});

test("mark() outside any scope and session hangs on the pseudo-span root, shown by open: true", () => {
  const ci = new TestEngine();
  ci.mark("a", 1);
  ci.mark("b", 2, { kind: "summary" });
  const { roots } = ci.dict({ open: true });
  assertEquals(roots.map(({ id, parent_id, name, index }) => ({ id, parent_id, name, index })), [
    { id: "root", parent_id: null, name: "root", index: null },
  ]);
  assertEquals(roots[0].marks.map(({ name, value, kind }) => [name, value, kind]), [
    ["a", 1, "point"],
    ["b", 2, "summary"],
  ]);
});

test("mark() outside any scope and session is not shown without open: true", () => {
  const ci = new TestEngine();
  ci.mark("a", 1);
  assertEquals(ci.dict(), { roots: [], span_count: 0 });
});

test("mark() outside any scope and session starts the pseudo-span at the first mark", () => {
  const ci = new TestEngine();
  ci.clock.us(5);
  ci.mark("a", 1);
  ci.clock.us(70);
  ci.mark("b", 1);
  ci.clock.us(30);
  const [root] = ci.dict({ open: true }).roots;
  assertEquals([root.start_us, root.end_us, root.wall_us, root.cpu_ns], [
    root.marks[0].ts_us,
    null,
    100,
    null,
  ]);
});

test("trace() shows no pseudo-span if no mark was made outside", () => {
  const ci = new TestEngine();
  ci.scope("x", () => ci.mark("m", 1));
  assertEquals(ci.shape({ open: true }), "x {m=1}");
});

test("mark() outside any scope and session is bounded as in a span", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 1025; i++) ci.mark("m", i);
  const [root] = ci.dict({ open: true }).roots;
  assertEquals([root.marks.length, root.marks[0].value], [1024, 1]);
  assertEquals(ci.engine.health().mark_evict_count, 1);
});

test("mark() outside any scope is no parent: scopes do not hang on the pseudo-span", () => {
  const ci = new TestEngine();
  ci.mark("m", 1);
  ci.scope("x").end();
  assertEquals(
    ci.shape({ open: true }),
    literal(`
      root open {m=1}
      x
    `),
  );
});

test("profile() forgets the marks made before it outside any scope", () => {
  const ci = new TestEngine();
  ci.mark("before", 1);
  ci.profile();
  assertEquals(ci.shape({ open: true }), "cirron.session open");
});

test("mark() after shutdown() hangs on the pseudo-span again", () => {
  const ci = new TestEngine();
  ci.profile();
  ci.engine.shutdown();
  ci.mark("after", 1);
  assertEquals(
    ci.shape({ open: true }),
    literal(`
      root open {after=1}
      cirron.session
    `),
  );
});

test("mark() on a handle outside its flow still goes to its scope", () => {
  const ci = new TestEngine();
  ci.profile();
  const x = ci.scope("x");
  ci.scope("y", () => x.mark("m", 1));
  x.end();
  ci.engine.shutdown();
  assertEquals(
    ci.shape(),
    literal(`
      cirron.session
        x {m=1}
          y
    `),
  );
});
