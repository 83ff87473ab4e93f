import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { toTerminalText } from "../../src/formats/terminal.ts";
import { formatBytes } from "../../src/formats/units.ts";
import { foldSiblings } from "../../src/tree/fold.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { CASES, chain, counting, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { literal, TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

function textOf(snapshot: Snapshot, colors = false): string {
  return toTerminalText(buildTree(snapshot), colors);
}

/** An engine before a terminal. */
function atTerminal(colors = false): TestEngine {
  const ci = new TestEngine();
  ci.terminal = { colors };
  return ci;
}

/** What a program printed to a terminal, escapes written as `<31>`. */
function escapes(text: string): string {
  // deno-lint-ignore no-control-regex -- that is what colours are
  return text.replace(/\x1b\[([\d;]*)m/g, "<$1>");
}

/** A parent of 100 us and a child of `us`. */
function pair(us: number): Snapshot {
  return snapshotOf([
    { id: 1, name: "a", endNs: 100_000 },
    { id: 2, parent: 1, name: "b", endNs: us * 1000 },
  ]);
}

test("toTerminalText() of an empty tree says that there are no spans", () => {
  assertStrictEquals(textOf(snapshotOf([]), true), "(no spans)");
});

test("trace() on a terminal draws guides, shares and counters", () => {
  const ci = atTerminal();
  for (const _epoch of ci.epochs(2)) {
    for (const batch of ci.batches(2)) {
      ci.scope("forward", () => ci.clock.us(600, 1));
      ci.scope("backward", () => ci.clock.us(390, 0.5));
      ci.scope("update", () => ci.clock.us(8));
      ci.mark("loss", 0.5 / (1 + batch));
    }
    ci.scope("validate", () => ci.clock.us(18));
  }
  assertStrictEquals(
    ci.text({ name: "epoch", last: 10 }),
    literal(`
      epoch[1] - 2.0ms cpu 1.6ms
      ├─ batch[0] - 998us 50% cpu 795us {loss=0.5000}
      │  ├─ forward - 600us 60% cpu 600us
      │  ├─ backward - 390us 39% cpu 195us
      │  └─ update - 8.0us <1% cpu 0.00us
      ├─ batch[1] - 998us 50% cpu 795us {loss=0.2500}
      │  ├─ forward - 600us 60% cpu 600us
      │  ├─ backward - 390us 39% cpu 195us
      │  └─ update - 8.0us <1% cpu 0.00us
      └─ validate - 18us <1% cpu 0.00us
    `),
  );
});

test("trace() on a terminal folds 10 000 batches, draws guides round what it folds, and colours failures", () => {
  const ci = atTerminal(true);
  for (const _epoch of ci.epochs(1)) {
    for (const batch of ci.batches(10_000)) {
      try {
        ci.scope("step", () => {
          ci.clock.us(batch % 100 === 99 ? 300 : 100, 1);
          if (batch % 3000 === 77) throw new RangeError("NaN");
        });
      } catch {
        // on with the next one
      }
    }
  }
  assertStrictEquals(
    escapes(ci.text()),
    [
      "epoch[0] - 1.02s<2> cpu 1.02s<0>",
      "<2>├─ <0><2>batch x9994<0> - <31>1.02s total 100%<0><2>, p50 100us, p95 100us, max 300us<0><1;31>, 1 failed<0>",
      "<2>├─ <0>batch[77] - <2>100us <1%<0><2> cpu 100us<0>",
      "<2>│  └─ <0>step - <31>100us 100%<0><2> cpu 100us<0><1;31> !RangeError: NaN<0>",
      "<2>├─ <0>batch[99] - <2>300us <1%<0><2> cpu 300us<0>",
      "<2>│  └─ <0>step - <31>300us 100%<0><2> cpu 300us<0>",
      "<2>├─ <0>batch[199] - <2>300us <1%<0><2> cpu 300us<0>",
      "<2>│  └─ <0>step - <31>300us 100%<0><2> cpu 300us<0>",
      "<2>├─ <0>batch[299] - <2>300us <1%<0><2> cpu 300us<0>",
      "<2>│  └─ <0>step - <31>300us 100%<0><2> cpu 300us<0>",
      "<2>├─ <0>batch[3077] - <2>100us <1%<0><2> cpu 100us<0>",
      "<2>│  └─ <0>step - <31>100us 100%<0><2> cpu 100us<0><1;31> !RangeError: NaN<0>",
      "<2>└─ <0>batch[6077] - <2>100us <1%<0><2> cpu 100us<0>",
      "<2>   └─ <0>step - <31>100us 100%<0><2> cpu 100us<0><1;31> !RangeError: NaN<0>",
    ].join("\n"),
  );
});

test("toTerminalText() ends the guides at a fold that comes last", () => {
  const rows = Array.from({ length: 4 }, (_, i) => ({ id: i + 2, parent: 1, name: "b" }));
  const tree = foldSiblings(buildTree(snapshotOf([{ id: 1, name: "a" }, ...rows])), 0);
  assertStrictEquals(
    toTerminalText(tree, false),
    "a - 0.00us\n└─ b x4 - 0.00us total, p50 0.00us, p95 0.00us, max 0.00us",
  );
});

const HEAT: readonly (readonly [us: number, share: string, color: string])[] = [
  [0, "0%", "2"],
  [0.4, "<1%", "2"],
  [0.99, "<1%", "2"],
  [1, "1%", "2"],
  [4.9, "5%", "2"],
  [5, "5%", "32"],
  [19.9, "20%", "32"],
  [20, "20%", "33"],
  [50, "50%", "31"],
  [100, "100%", "31"],
  [250, "100%", "31"],
];

for (const [us, share, color] of HEAT) {
  test(`toTerminalText() shows ${us} of the parent's 100 us as ${share}, in colour ${color}`, () => {
    const line = escapes(textOf(pair(us), true)).split("\n")[1];
    assert(line.endsWith(` ${share}<0>`), line);
    assert(line.startsWith(`<2>└─ <0>b - <${color}>`), line);
  });
}

test("toTerminalText() shows no share of a parent that took no time", () => {
  const rows = [{ id: 1, name: "a" }, { id: 2, parent: 1, name: "b", endNs: 1000 }];
  assertStrictEquals(textOf(snapshotOf(rows), true).split("\n")[1], "\x1b[2m└─ \x1b[0mb - 1.0us");
});

test("toTerminalText() marks what ran at once: each span's share and CPU time, and what lies below it", () => {
  const us = (from: number, to: number) => ({
    startNs: from * 1000,
    endNs: to * 1000,
    cpuNs: (to - from) * 1000,
  });
  const snapshot = snapshotOf([
    { id: 1, name: "a", ...us(0, 100) },
    { id: 2, parent: 1, name: "b", ...us(0, 98) },
    { id: 3, parent: 1, name: "c", ...us(1, 50) },
    { id: 4, parent: 3, name: "d", ...us(1, 50) },
    { id: 5, parent: 1, name: "e", ...us(98, 100) },
  ]);
  assertEquals(textOf(snapshot).split("\n"), [
    "a - 100us cpu 100us",
    "├─ b - 98us ~98% cpu ~98us",
    "├─ c - 49us ~49% cpu ~49us",
    "│  └─ d - 49us 100% cpu ~49us",
    "└─ e - 2.0us 2% cpu 2.0us",
  ]);
});

test("toTerminalText() folds what ran at once with the part of the parent's time that any of it took", () => {
  const rows = Array.from(
    { length: 6 },
    (_, i): HandRow => ({ id: i + 2, parent: 1, name: "b", endNs: 98_000 }),
  );
  const tree = foldSiblings(buildTree(snapshotOf([{ id: 1, name: "a", endNs: 100_000 }, ...rows])), 0);
  assertStrictEquals(
    toTerminalText(tree, false),
    "a - 100us\n└─ b x6 - 588us total ~98%, p50 98us, p95 98us, max 98us",
  );
});

test("toTerminalText() shows GPU time and memory where they were measured", () => {
  const rows = [{ id: 1, name: "a", cpuNs: 0 }, { id: 2, name: "b" }, { id: 3, name: "c" }];
  const snapshot = counting(snapshotOf(rows), {
    gpu_ns: Float64Array.of(2_500_000, NaN, 0),
    memory_peak_bytes: Float64Array.of(NaN, 3 * 1024 ** 3, 0),
  });
  assertEquals(textOf(snapshot).split("\n"), [
    "a - 0.00us cpu 0.00us gpu 2.5ms",
    "b - 0.00us mem 3.0GiB",
    "c - 0.00us gpu 0.00us mem 0B",
  ]);
});

test("toTerminalText() says open after the time, in colour", () => {
  const snapshot = snapshotOf([], [{ id: 1, name: "a", endNs: 8_100_000 }]);
  assertEquals([textOf(snapshot), escapes(textOf(snapshot, true))], [
    "a - 8.1ms open",
    "a - 8.1ms<36> open<0>",
  ]);
});

test("toTerminalText() guides 30 levels and writes the depth of deeper ones", () => {
  const lines = textOf(snapshotOf([...chain(33), { id: 40, parent: 30, name: "y" }])).split("\n");
  const indent = "   ".repeat(29);
  assertEquals(lines.slice(29), [
    `${"   ".repeat(28)}└─ x - 0.00us`,
    `${indent}├─ x - 0.00us`,
    `${indent}│  (31) x - 0.00us`,
    `${indent}│  (32) x - 0.00us`,
    `${indent}└─ y - 0.00us`,
  ]);
});

largeTest("trace() on a terminal prints 100 000 levels, each line of bounded length", () => {
  const lines = textOf(snapshotOf(chain(100_000)), true).split("\n");
  assertStrictEquals(lines.length, 100_000);
  assert(lines.every(line => line.length < 150));
});

for (const colors of [false, true]) {
  test(`toTerminalText() ${colors ? "with" : "without"} colours lets nothing of the program's through`, () => {
    const evil = "a\nb\x1b[31m\x1b[2J\u009b0m\u202e\r";
    const rows: HandRow[] = [
      { id: 1, name: evil, marks: [{ name: evil, value: evil }], attrs: { error: evil } },
      ...Array.from({ length: 3 }, (_, i) => ({ id: i + 2, parent: 1, name: evil })),
    ];
    const text = toTerminalText(foldSiblings(buildTree(snapshotOf(rows)), 0), colors);
    const own = stripVTControlCharacters(text);
    assertStrictEquals(own.split("\n").length, 2);
    // deno-lint-ignore no-control-regex -- that is what must not be there
    assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(own), JSON.stringify(own));
  });
}

for (const { title, record, options = {}, maxSpans } of CASES) {
  test(`trace() on a terminal says the same with colours as without, of ${title}`, () => {
    const texts = [false, true].map(colors => {
      const ci = new TestEngine(maxSpans);
      ci.terminal = { colors };
      record(ci);
      return ci.text(options);
    });
    assertStrictEquals(stripVTControlCharacters(texts[1]), texts[0]);
  });
}

for (const { title, record, options = {}, maxSpans } of CASES) {
  test(`trace() as text is what a terminal without colours shows, of ${title}`, () => {
    const ci = new TestEngine(maxSpans);
    ci.terminal = { colors: false };
    record(ci);
    const text = ci.host.trace({ ...options, format: "text" });
    assertEquals(ci.printed, []);
    assertStrictEquals(text, ci.text(options));
  });
}

test("trace() as text folds as a terminal does, or as it is told, whatever stdout is", () => {
  const ci = new TestEngine();
  for (let i = 0; i < 12; i++) ci.scope("a", { index: i }).end();
  const lines = (fold?: boolean | number) =>
    (ci.host.trace({ format: "text", fold }) as string).split("\n").length;
  assertEquals([lines(), lines(false), lines(0), lines(20)], [4, 12, 1, 12]);
});

test("trace() as text says how many children last cuts off, and where some may be evicted", () => {
  const ci = atTerminal(true);
  ci.engine.setMaxSpans(4);
  ci.scope("epoch", () => {
    for (let i = 0; i < 5; i++) ci.scope("batch", { index: i }, () => ci.clock.us(25));
    ci.mark("loss", 1);
  });
  assertEquals(
    escapes(ci.text({ last: 2 })).split("\n")[0],
    "epoch - 125us<2> cpu 0.00us<0><36> (2 children cut off, others may be evicted)<0> {loss=1}",
  );
  assertEquals(
    ci.host.trace({ format: "text" }),
    [
      "epoch - 125us cpu 0.00us (children may be evicted) {loss=1}",
      ...[2, 3, 4].map(i => `${i < 4 ? "├" : "└"}─ batch[${i}] - 25us 20% cpu 0.00us`),
    ].join("\n"),
  );
  assertEquals(ci.host.trace({ format: "text", name: "batch", last: 1 }), "batch[4] - 25us cpu 0.00us");
});

test("trace() asks what stdout is each time it prints", () => {
  const ci = new TestEngine();
  ci.scope("a", () => ci.scope("b").end());
  const before = ci.text();
  ci.terminal = { colors: false };
  assertEquals([before, ci.text()], [
    "a - 0.00us\n  b - 0.00us",
    "a - 0.00us cpu 0.00us\n└─ b - 0.00us cpu 0.00us",
  ]);
});

const SIZES: readonly (readonly [bytes: number, text: string])[] = [
  [0, "0B"],
  [1023, "1023B"],
  [1024, "1.0KiB"],
  [1536, "1.5KiB"],
  [1023.9 * 1024, "1023.9KiB"],
  [1023.99 * 1024, "1.0MiB"],
  [640.25 * 1024 ** 2, "640.3MiB"],
  [3 * 1024 ** 3, "3.0GiB"],
  [5000 * 1024 ** 4, "5000.0TiB"],
];

for (const [bytes, text] of SIZES) {
  test(`formatBytes() writes ${bytes} as ${text}`, () => assertStrictEquals(formatBytes(bytes), text));
}
