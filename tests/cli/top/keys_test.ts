import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { keysOf } from "../../../src/cli/top/keys.ts";
import { Painter } from "../../../src/cli/top/paint.ts";
import type { PictureRow } from "../../../src/cli/top/picture.ts";
import type { Line } from "../../../src/cli/top/screen.ts";
import { FIRST_VIEW, press, shownRows, SORT_KEYS, type View } from "../../../src/cli/top/view.ts";

const words = (text: string) =>
  keysOf(text).map(key => key.kind === "named" ? `<${key.name}>` : key.text).join("");

test("Bytes of a keyboard are keys, and sequences that nobody knows are none", () => {
  assertEquals(words("q"), "q");
  assertEquals(words("\x1b[A\x1b[B\x1bOA\x1b[5~x"), "<up><down><up><page up>x");
  assertEquals(words("\x1b"), "<escape>");
  assertEquals(words("\x03\r\x7fé😀"), "<interrupt><enter><backspace>é😀");
  assertEquals(words("\x1b[1;5C\x1b[200~a\x00\x07"), "a");
});

function row(name: string, share: number, rate = 0): PictureRow {
  return {
    name,
    count: 1,
    rate_per_s: rate,
    p50_us: share,
    p95_us: share,
    max_us: share,
    wall_share: share,
    cpu_share: null,
    memory_peak_bytes: null,
    per_second: new Array(60).fill(0),
  };
}

const ROWS = [row("a", 3, 1), row("b", 2, 5), row("c", 1, 2)];

/** The view after keys, and what the last asked for. */
function after(text: string, view: View = FIRST_VIEW) {
  let demand: ReturnType<typeof press>["demand"] = null;
  for (const key of keysOf(text)) ({ view, demand } = press(view, key, shownRows(ROWS, view)));
  return { view, demand };
}

test("Rows come in the order of the column, the most first; names from A to Z", () => {
  const order = (changes: Partial<View>) =>
    shownRows(ROWS, { ...FIRST_VIEW, ...changes }).map(({ name }) => name).join("");
  assertEquals(order({}), "abc");
  assertEquals(order({ sort: "rate" }), "bca");
  assertEquals(order({ sort: "rate", isReversed: true }), "acb");
  assertEquals(order({ sort: "name", isReversed: true }), "cba");
  assertEquals(order({ filter: "b" }), "b");
});

test("Keys go through the columns and back, choose, look into and come out", () => {
  assertEquals(after("s").view.sort, SORT_KEYS[1]);
  assertEquals(after("S").view.sort, SORT_KEYS.at(-1));
  assertEquals(after("s".repeat(SORT_KEYS.length)).view.sort, "time");
  assertEquals(after("r").view.isReversed, true);
  assertEquals(after("jj").view.selected, "b");
  assertEquals(after("\x1b[A").view.selected, "c");
  assertEquals(after("jjjjjk").view.selected, "b");
  assertEquals(after("\r").view.within, []);
  const into = after("jj\r");
  assertEquals([into.view.within, into.view.selected], [["b"], null]);
  const out = after("\x1b", into.view);
  assertEquals([out.view.within, out.view.selected], [[], "b"]);
  assertEquals([after("p").view.isPaused, after("p ").view.isPaused], [true, false]);
});

test("A filter is typed, kept or taken away; its letters are no commands", () => {
  assertEquals(after("/qB").view, { ...FIRST_VIEW, filter: "qb", isTyping: true });
  assertEquals(after("/ab\x7f\r").view, { ...FIRST_VIEW, filter: "a" });
  assertEquals(after("/ab\r\x1b").view.filter, "");
  assertEquals(after("/ab\x1b").view, FIRST_VIEW);
  assertEquals(after("/\x03").demand, "quit");
});

test("Some keys ask for more than another view", () => {
  for (
    const [text, demand] of [["q", "quit"], ["\x03", "quit"], ["w", "save"], ["n", "next run"], ["x", null]]
  ) {
    assertEquals(after(text!).demand, demand);
  }
  assertEquals([after("?").view.isHelp, after("?x").view.isHelp, after("?q").demand], [true, false, "quit"]);
});

test("A screen is painted once, and then only the lines that changed", () => {
  const plain = (text: string): Line => [{ text, look: "plain" }];
  const painter = new Painter(true);
  const size = { columns: 9, lines: 2 };
  assertEquals(painter.paint([plain("a"), plain("b")], size), "\x1b[2J\x1b[1;1H\x1b[2Ka\x1b[2;1H\x1b[2Kb");
  assertEquals(painter.paint([plain("a"), plain("b")], size), "");
  assertEquals(
    painter.paint([plain("a"), [{ text: "c", look: "bold" }]], size),
    "\x1b[2;1H\x1b[2K\x1b[1mc\x1b[0m",
  );
  assertEquals(painter.paint([plain("a"), []], size), "\x1b[2;1H\x1b[2K");
  // What a terminal shows after a change of its size nobody knows.
  assertEquals(painter.paint([plain("a")], { ...size, lines: 1 }), "\x1b[2J\x1b[1;1H\x1b[2Ka");
});

test("Without colours a line is bold, dim or reversed, and no more", () => {
  const looks = (["good", "warning", "chosen"] as const).map(look => [{ text: "x", look }]);
  const text = new Painter(false).paint(looks, { columns: 5, lines: 3 });
  assertEquals(text, "\x1b[2J\x1b[1;1H\x1b[2Kx\x1b[2;1H\x1b[2Kx\x1b[3;1H\x1b[2K\x1b[7mx\x1b[0m");
});
