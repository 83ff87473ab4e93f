import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { printable } from "../../src/data/printable.ts";
import type { Snapshot } from "../../src/data/snapshot.ts";
import type { MarkValue } from "../../src/data/values.ts";
import { toText } from "../../src/formats/text.ts";
import { formatDuration, formatValue } from "../../src/formats/units.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, counting, type HandMark, recordChain, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function textOf(snapshot: Snapshot): string {
  return toText(buildTree(snapshot));
}

/** The line of a span of 142 us with these marks. */
function lineOf(...marks: HandMark[]): string {
  return textOf(snapshotOf([{ id: 1, name: "a", endNs: 142_000, marks }]));
}

const DURATIONS: readonly (readonly [us: number, text: string])[] = [
  [0, "0.00us"],
  [0.001, "0.00us"],
  [0.04, "0.04us"],
  [0.42, "0.42us"],
  [0.994, "0.99us"],
  [0.995, "1.0us"],
  [1, "1.0us"],
  [8.1, "8.1us"],
  [9.94, "9.9us"],
  [9.949, "9.9us"],
  [9.95, "10us"],
  [10, "10us"],
  [11.5, "12us"],
  [142, "142us"],
  [999, "999us"],
  [999.4, "999us"],
  [999.5, "1.0ms"],
  [1000, "1.0ms"],
  [8100, "8.1ms"],
  [123_456, "123.5ms"],
  [999_949, "999.9ms"],
  [999_950, "1.00s"],
  [1_000_000, "1.00s"],
  [2_350_000, "2.35s"],
  [60_000_000, "60.00s"],
  [3_600_000_000, "3600.00s"],
  [8_985_600_000_000, "8985600.00s"],
];

for (const [us, text] of DURATIONS) {
  test(`formatDuration() writes ${us} us as ${text}`, () => assertEquals(formatDuration(us), text));
}

test("formatDuration() never falls while the duration grows", () => {
  const units: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 };
  let before = 0;
  for (let us = 0.001; us < 1e10; us *= 1.003) {
    const [, number, unit] = /^([\d.]+)([um]?s)$/.exec(formatDuration(us))!;
    const now = Number(number) * units[unit];
    if (now < before) throw new Error(`${us} us reads as less than what came before it: ${now} < ${before}`);
    before = now;
  }
});

test("formatDuration() is within 6 % of the duration from 0.1 us on", () => {
  const units: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 };
  for (let us = 0.1; us < 1e10; us *= 1.003) {
    const [, number, unit] = /^([\d.]+)([um]?s)$/.exec(formatDuration(us))!;
    const off = Math.abs(Number(number) * units[unit] / us - 1);
    if (off > 0.06) throw new Error(`${us} us reads as ${number}${unit}`);
  }
});

const VALUES: readonly (readonly [value: MarkValue, text: string])[] = [
  [0, "0"],
  [-0, "0"],
  [1, "1"],
  [-17, "-17"],
  [123456789, "123456789"],
  [0.5234, "0.5234"],
  [0.6, "0.6000"],
  [-0.5, "-0.5000"],
  [1 / 3, "0.3333"],
  [1.23456789, "1.2346"],
  [0.001, "0.0010"],
  [0.00099, "9.90e-4"],
  [1.00e-5, "1.00e-5"],
  [-1.5e-7, "-1.50e-7"],
  [5e-324, "4.94e-324"],
  [123456.789, "123456.7890"],
  [999999.5, "999999.5000"],
  [1e6, "1000000"],
  [1e6 + 0.5, "1.00e+6"],
  [-1234567.5, "-1.23e+6"],
  [999_999_999_999_999, "999999999999999"],
  [-999_999_999_999_999, "-999999999999999"],
  [1e15, "1.00e+15"],
  [-1e15, "-1.00e+15"],
  [5_322_181_215_202_766_000, "5.32e+18"],
  [1e20, "1.00e+20"],
  [1e21, "1.00e+21"],
  [Number.MAX_SAFE_INTEGER, "9.01e+15"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [0n, "0"],
  [-5n, "-5"],
  [2n ** 70n, "1180591620717411303424"],
  [true, "true"],
  [false, "false"],
  ["relu", "relu"],
  ["v1.2_rc-3", "v1.2_rc-3"],
  ["/data/train.csv", "/data/train.csv"],
  ["cuda:0", "cuda:0"],
  ["", '""'],
  [" ", '" "'],
  ["a b", '"a b"'],
  ["a,b", '"a,b"'],
  ["a=b", '"a=b"'],
  ["a}", '"a}"'],
  ['say "x"', '"say \\"x\\""'],
  ["two\nlines", '"two\\nlines"'],
  ["plain\n", '"plain\\n"'],
  ["größe", "größe"],
  ["naïve", "naïve"],
  ["日本語", "日本語"],
  ["हिन्दी", "हिन्दी"],
  ["🚀", "🚀"],
  ["50%", "50%"],
  ["#1", "#1"],
  ["a*b", "a*b"],
  ["a[1]", "a[1]"],
  ["!", "!"],
  ["-", "-"],
  ["1.2.3", "1.2.3"],
  ["2026-11-25", "2026-11-25"],
  ["16x", "16x"],
  ["trueish", "trueish"],
  ["a\\b", '"a\\\\b"'],
  ["a\u00a0b", '"a\u00a0b"'],
  ["日\u3000本", '"日\u3000本"'],
  ["1\u200b", '"1\u200b"'],
  ["true", '"true"'],
  ["False", '"False"'],
  ["null", '"null"'],
  ["None", '"None"'],
  ["undefined", '"undefined"'],
  ["NaN", '"NaN"'],
  ["nan", '"nan"'],
  ["Infinity", '"Infinity"'],
  ["-Infinity", '"-Infinity"'],
  ["3", '"3"'],
  ["-0.5", '"-0.5"'],
  ["+1", '"+1"'],
  [".5", '".5"'],
  ["1e5", '"1e5"'],
  ["0x10", '"0x10"'],
  ["\u001b[31m", '"\\u001b[31m"'],
  ["\u202e", '"\\u202e"'],
];

for (const [value, text] of VALUES) {
  const shown = typeof value === "string"
    ? JSON.stringify(value)
    : Object.is(value, -0)
    ? "-0"
    : String(value);
  test(`formatValue() writes the ${typeof value} ${printable(shown)} as ${text}`, () => {
    assertEquals(formatValue(value), text);
  });
}

test("toText() of an empty tree says that there are no spans", () => {
  assertEquals(textOf(snapshotOf([])), "(no spans)");
});

test("toText() ends without a newline", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "a" }, { id: 2, name: "b" }])), "a - 0.00us\nb - 0.00us");
});

test("toText() indents two spaces per level", () => {
  assertEquals(
    textOf(snapshotOf([...chain(3), { id: 4, name: "y" }])),
    "x - 0.00us\n  x - 0.00us\n    x - 0.00us\ny - 0.00us",
  );
});

test("toText() writes the line of the page", () => {
  const snapshot = snapshotOf([{
    id: 1,
    name: "name",
    index: 3,
    endNs: 142_000,
    marks: [{ name: "loss", value: 0.5234 }, { name: "lr", value: 1e-5 }],
  }]);
  assertEquals(textOf(snapshot), "name[3] - 142us {loss=0.5234, lr=1.00e-5}");
});

test("toText() writes index 0", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "a", index: 0 }])), "a[0] - 0.00us");
});

test("toText() writes a negative index", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "a", index: -1 }])), "a[-1] - 0.00us");
});

test("toText() writes an empty name as nothing", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "", index: 1 }])), "[1] - 0.00us");
});

test("toText() says open after the time, before the marks", () => {
  const open = [{ id: 1, name: "a", index: 2, endNs: 8_100_000, marks: [{ name: "x", value: 1 }] }];
  assertEquals(textOf(snapshotOf([], open)), "a[2] - 8.1ms open {x=1}");
});

test("toText() does not say open after closed spans", () => {
  assertEquals(
    textOf(snapshotOf([{ id: 1, name: "a" }], [{ id: 2, name: "b" }])),
    "a - 0.00us\nb - 0.00us open",
  );
});

test("toText() writes the peak of memory where it was measured, before the marks", () => {
  const rows = [{ id: 1, name: "a", marks: [{ name: "x", value: 1 }] }, { id: 2, name: "b" }];
  const snapshot = counting(snapshotOf(rows), { memory_peak_bytes: Float64Array.of(12.25 * 1024 ** 2, NaN) });
  assertEquals(textOf(snapshot), "a - 0.00us mem 12.3MiB {x=1}\nb - 0.00us");
});

const LOADS: readonly (readonly [loadUs: number, wallUs: number, text: string])[] = [
  [0, 0, ""],
  [999, 1, ""],
  [1000, 1, " load 1.0ms"],
  [1400, 14_200, ""],
  [1420, 14_200, " load 1.4ms"],
  [3_000_000, 100, " load 3.00s"],
];

for (const [loadUs, wallUs, text] of LOADS) {
  test(`toText() of a batch of ${wallUs} us that took ${loadUs} us to load says "${text}"`, () => {
    const row = { id: 1, name: "batch", endNs: wallUs * 1000, dataLoadNs: loadUs * 1000 };
    assertEquals(textOf(snapshotOf([row])), `batch - ${formatDuration(wallUs)}${text}`);
  });
}

test("trace() prints the loading of batches that waited for it, on a terminal too", () => {
  const ci = new TestEngine();
  function* loader(): Generator<number> {
    ci.clock.us(3);
    yield 1;
    ci.clock.us(3000);
    yield 2;
  }
  for (const _ of ci.batches(loader())) ci.clock.us(1000);
  assertEquals(ci.text(), "batch[0] - 1.0ms\nbatch[1] - 1.0ms load 3.0ms");
  ci.terminal = { colors: false };
  assertEquals(ci.text(), "batch[0] - 1.0ms cpu 0.00us\nbatch[1] - 1.0ms cpu 0.00us load 3.0ms");
});

test("toText() writes no braces without marks", () => {
  assertEquals(lineOf(), "a - 142us");
});

test("toText() writes marks in the order they were made, repeated names too", () => {
  assertEquals(
    lineOf({ name: "b", value: 1 }, { name: "a", value: 2 }, { name: "b", value: 3 }),
    "a - 142us {b=1, a=2, b=3}",
  );
});

test("toText() writes summary marks as it does point marks", () => {
  assertEquals(lineOf({ name: "acc", value: 0.97, kind: "summary" }), "a - 142us {acc=0.9700}");
});

test("toText() writes 16 marks one by one", () => {
  const marks = Array.from({ length: 16 }, (_, value) => ({ name: "m", value }));
  assertEquals(lineOf(...marks), `a - 142us {${marks.map(mark => `m=${mark.value}`).join(", ")}}`);
});

test("toText() writes 17 marks of one name as the last value and their number", () => {
  const marks = Array.from({ length: 17 }, (_, value) => ({ name: "m", value }));
  assertEquals(lineOf(...marks), "a - 142us {m=16 x17}");
});

test("toText() groups 17 marks by name, in the order the names came", () => {
  const marks = Array.from({ length: 17 }, (_, value) => ({ name: value % 2 === 0 ? "even" : "odd", value }));
  assertEquals(lineOf(...marks), "a - 142us {even=16 x9, odd=15 x8}");
});

test("toText() writes no number after a name that came once among 17", () => {
  const marks: HandMark[] = Array.from({ length: 16 }, (_, value) => ({ name: "m", value }));
  assertEquals(lineOf({ name: "once", value: "x" }, ...marks), "a - 142us {once=x, m=15 x16}");
});

test("toText() writes 17 marks of 17 names without numbers", () => {
  const marks = Array.from({ length: 17 }, (_, value) => ({ name: `m${value}`, value }));
  assertEquals(
    lineOf(...marks),
    `a - 142us {${marks.map(({ name, value }) => `${name}=${value}`).join(", ")}}`,
  );
});

test("toText() groups the marks of each span for itself", () => {
  const many = Array.from({ length: 17 }, (_, value) => ({ name: "m", value }));
  const rows = [{ id: 1, name: "a", marks: many }, { id: 2, name: "b", marks: many.slice(0, 2) }];
  assertEquals(textOf(snapshotOf(rows)), "a - 0.00us {m=16 x17}\nb - 0.00us {m=0, m=1}");
});

test("toText() groups marks named like parts of an object's prototype", () => {
  const marks = Array.from(
    { length: 17 },
    (_, i) => ({ name: i === 3 ? "constructor" : "__proto__", value: i }),
  );
  assertEquals(lineOf(...marks), "a - 142us {__proto__=16 x16, constructor=3}");
});

test("toText() lets no name start a line of its own", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "a\nfake - 1us" }])), "a\\nfake - 1us - 0.00us");
});

test("toText() lets no mark's name start a line of its own", () => {
  assertEquals(lineOf({ name: "a\nb", value: 1 }), "a - 142us {a\\nb=1}");
});

test("toText() lets no grouped mark's name start a line of its own", () => {
  const marks = Array.from({ length: 17 }, (_, value) => ({ name: "a\nb", value }));
  assertEquals(lineOf(...marks), "a - 142us {a\\nb=16 x17}");
});

test("toText() writes the error of a failed span at the end of its line", () => {
  const row = { id: 1, name: "a", marks: [{ name: "x", value: 1 }], attrs: { error: "RangeError: boom" } };
  assertEquals(textOf(snapshotOf([row])), "a - 0.00us {x=1} !RangeError: boom");
});

test("toText() lets no error start a line of its own", () => {
  const row = { id: 1, name: "a", attrs: { error: "Error: two\nlines" } };
  assertEquals(textOf(snapshotOf([row])), "a - 0.00us !Error: two\\nlines");
});

test("toText() writes no other attributes", () => {
  assertEquals(textOf(snapshotOf([{ id: 1, name: "a", attrs: { device: "cpu" } }])), "a - 0.00us");
});

test("toText() indents 100 levels and writes the depth of deeper ones", () => {
  const lines = textOf(snapshotOf(chain(103))).split("\n");
  const indent = " ".repeat(200);
  assertEquals(lines.slice(99), [
    `${" ".repeat(198)}x - 0.00us`,
    `${indent}x - 0.00us`,
    `${indent}(101) x - 0.00us`,
    `${indent}(102) x - 0.00us`,
  ]);
});

largeTest("trace() prints 100 000 levels", () => {
  const ci = new TestEngine();
  recordChain(ci, 100_000);
  const lines = ci.text().split("\n");
  assertEquals([lines.length, lines[0], lines.at(-1)!.trim()], [100_000, "x - 0.00us", "(99999) x - 0.00us"]);
});

test("trace() prints epochs of batches as the page does", () => {
  const ci = new TestEngine();
  const losses = [0.6124, 0.541];
  for (const _epoch of ci.epochs(1)) {
    ci.clock.us(119);
    for (const batch of ci.batches(2)) {
      ci.clock.us(12 - batch);
      ci.mark("loss", losses[batch]);
    }
    ci.mark("epoch_loss", 0.5234);
  }
  assertEquals(
    ci.text(),
    literal(`
      epoch[0] - 142us {epoch_loss=0.5234}
        batch[0] - 12us {loss=0.6124}
        batch[1] - 11us {loss=0.5410}
    `),
  );
});

test("trace() prints the time so far of an open span, and more of it later", () => {
  const ci = new TestEngine();
  ci.scope("a");
  ci.clock.us(20);
  const before = ci.text({ open: true });
  ci.clock.us(30);
  assertEquals([before, ci.text({ open: true })], ["a - 20us open", "a - 50us open"]);
});

test("trace() prints the newest 1024 points of a span as one entry", () => {
  const ci = new TestEngine();
  ci.scope("a", () => {
    for (let i = 0; i < 2000; i++) ci.mark("loss", i);
  });
  assertEquals(ci.text(), "a - 0.00us {loss=1999 x1024}");
});
