import { assert, assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { toPage } from "../../src/formats/page/page.ts";
import { foldSiblings } from "../../src/tree/fold.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { type HandRow, snapshotOf } from "../support/cases.ts";
import { NO_CHROMIUM, type Page, sharedChromium } from "../support/chromium.ts";
import { testUnless } from "../support/conditions.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The page as a reader has it: in a browser, by mouse and by keyboard.

const chromiumTest = testUnless(NO_CHROMIUM, import.meta.url);
const chromium = NO_CHROMIUM === null ? sharedChromium() : null;

/** Opens the page of some rows; fails if anything in it went wrong or reached out. */
async function look(
  rows: readonly HandRow[],
  see: (page: Page) => Promise<void>,
  open: readonly HandRow[] = [],
): Promise<void> {
  const tree = buildTree(snapshotOf(rows, open));
  using folder = new TempDirectory();
  const path = folder.write("trace.html", toPage(tree, foldSiblings(tree)));
  await using page = await (await chromium!()).open(pathToFileURL(join(path)).href);
  await page.until('document.documentElement.dataset.ready === "true"');
  // Drawn again once its parts have their sizes.
  await page.evaluate(
    "new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null))))",
  );
  await see(page);
  assertEquals(page.errors, []);
  assertEquals(page.requests, [pathToFileURL(path).href]);
}

const ms = (value: number) => value * 1e6;

const TRAINING: readonly HandRow[] = [
  {
    id: 3,
    parent: 2,
    name: "forward",
    startNs: ms(1),
    endNs: ms(5),
    cpuNs: ms(4),
    marks: [{ name: "loss", value: 0.5, tsNs: ms(2) }],
  },
  { id: 2, parent: 1, name: "batch", index: 0, startNs: 0, endNs: ms(10), attrs: { data_load: 7 } },
  {
    id: 5,
    parent: 4,
    name: "forward",
    startNs: ms(11),
    endNs: ms(19),
    marks: [{ name: "loss", value: 0.25, tsNs: ms(12) }],
  },
  { id: 4, parent: 1, name: "batch", index: 1, startNs: ms(10), endNs: ms(20) },
  { id: 6, parent: 1, name: "evaluate", startNs: ms(15), endNs: ms(30), attrs: { error: "TypeError: no" } },
  { id: 1, name: "epoch", index: 0, startNs: 0, endNs: ms(40) },
];

const lines = (page: Page) =>
  page.evaluate<string[]>(
    '[...document.querySelectorAll("#tree .row")].map(row => row.innerText.replace(/\\s+/g, " ").trim())',
  );
const details = (page: Page) =>
  page.evaluate<string>('document.getElementById("details").innerText.replace(/\\s+/g, " ").trim()');
const text = (page: Page, id: string) =>
  page.evaluate<string>(`document.getElementById("${id}").innerText.trim()`);

chromiumTest(
  "The page shows the tree with times and shares, and says in words what failed and what is open",
  async () => {
    await look(TRAINING, async page => {
      assertEquals(await text(page, "title"), "epoch");
      assertEquals(await text(page, "facts"), "40.0ms \u00b7 7 spans \u00b7 2026-01-02 03:04:05 UTC");
      assertEquals(
        await lines(page),
        [
          "\u25beepoch[0] 40.0ms",
          "\u25bebatch[0] 10.0ms 25.0%",
          "forward 4.0ms 40.0%",
          "\u25bebatch[1] 10.0ms ~25.0%",
          "forward 8.0ms 80.0%",
          "evaluate failed 15.0ms ~37.5%",
          "deploy open 1.0ms 2.5%",
        ],
      );
    }, [{ id: 7, parent: 1, name: "deploy", startNs: ms(39), endNs: ms(40) }]);
  },
);

chromiumTest("The page of nothing says so", async () => {
  await look([], async page => {
    assertEquals(await text(page, "title"), "(no spans)");
    assertEquals(await page.evaluate('document.getElementById("view").hidden'), true);
  });
});

chromiumTest(
  "Details show times, counters that were measured, marks and attributes, and no counter that was not",
  async () => {
    await look(TRAINING, async page => {
      await page.click("#node-2");
      const shown = await details(page);
      assertEquals(
        shown,
        "forward time 4.0ms starts at 1.0ms of its parent 40.0% cpu 4.0ms Marks loss 0.5000",
      );
      await page.click("#node-5");
      assertEquals(
        await details(page),
        "evaluate state failed time 15.0ms starts at 15.0ms of its parent ~37.5% Attributes error TypeError: no",
      );
    });
  },
);

chromiumTest("The icicle zooms by click, and out by the button and by Escape", async () => {
  await look(TRAINING, async page => {
    const range = () => text(page, "range");
    assertEquals(await range(), "0us to 40.0ms");
    // The second row has batch[0] in its first quarter.
    const box = await page.evaluate<{ x: number; y: number; width: number }>(
      '(() => { const { x, y, width } = document.querySelector("#icicle canvas").getBoundingClientRect(); return { x, y, width }; })()',
    );
    const click = async (share: number, row: number) => {
      const at = { x: box.x + box.width * share, y: box.y + row * 19 + 9, button: "left", clickCount: 1 };
      for (const type of ["mousePressed", "mouseReleased"]) {
        await page.send("Input.dispatchMouseEvent", { type, ...at });
      }
    };
    await click(0.1, 1);
    assertEquals([await range(), (await details(page)).slice(0, 8)], ["0us to 10.0ms", "batch[0]"]);
    await page.click("#reset");
    assertEquals(await range(), "0us to 40.0ms");
    await click(0.3, 2); // forward in batch[1]
    assertEquals(await range(), "11.0ms to 19.0ms");
    await page.evaluate('document.getElementById("icicle").focus()');
    await page.press("Escape");
    assertEquals(await range(), "0us to 40.0ms");
    // evaluate overlaps batch[1], and has a row of its own below everything that hangs on that one.
    await click(0.6, 3);
    assertEquals((await details(page)).slice(0, 8), "evaluate");
  });
});

chromiumTest("The axis has round times, counted from the left edge of what is shown", async () => {
  await look(TRAINING, async page => {
    const ticks = () =>
      page.evaluate<{ text: string; left: number }[]>(
        '[...document.querySelectorAll("#axis span")].map(tick => ({ text: tick.textContent, left: tick.offsetLeft }))',
      );
    const whole = await ticks();
    assert(whole.length >= 3 && whole.length <= 20, `${whole.length} ticks`);
    assertEquals([whole[0], whole[1].text], [{ text: "0us", left: 0 }, "5.0ms"]);
    for (const [i, { left }] of whole.slice(1).entries()) assert(left - whole[i].left >= 60, `${left}`);
    await page.evaluate('document.getElementById("icicle").focus()');
    await page.press("ArrowDown", "ArrowRight", "Enter");
    const closer = await ticks();
    assertEquals([closer[0], closer[1].text], [{ text: "+0us", left: 0 }, "+1.0ms"]);
  });
});

chromiumTest(
  "A name that does not fit into its box is cut with an ellipsis, and loses its time first",
  async () => {
    const long = "a name that is much longer than any box of a page can be wide, ".repeat(8);
    const rows = [
      { id: 2, parent: 1, name: long, startNs: 0, endNs: ms(2) },
      { id: 3, parent: 1, name: "evaluate", startNs: ms(10), endNs: ms(11.2) },
      { id: 4, parent: 1, name: "evaluate", startNs: ms(12), endNs: ms(20) },
      { id: 1, name: "epoch", startNs: 0, endNs: ms(20) },
    ];
    await look(rows, async page => {
      await page.evaluate(`(() => {
      window.drawn = [];
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.drawn.push({ text, width: this.measureText(text).width });
        return fillText.call(this, text, ...rest);
      };
      document.getElementById("icicle").dispatchEvent(new Event("scroll"));
    })()`);
      const drawn = await page.evaluate<{ text: string; width: number }[]>("window.drawn");
      const width = await page.evaluate<number>('document.getElementById("icicle").clientWidth');
      assertEquals(drawn.map(({ text }) => text.slice(0, 8)), [
        "epoch  2",
        "a name t",
        "evaluate",
        "evaluate",
      ]);
      const [, cut, narrow, wide] = drawn;
      assert(cut.text.endsWith("\u2026") && cut.width < width / 10, JSON.stringify(cut));
      assert(cut.width > width / 10 - 30, JSON.stringify(cut));
      assertEquals([narrow.text, wide.text], ["evaluate", "evaluate  8.0ms"]);
    });
  },
);

chromiumTest("The icicle goes by keyboard: down, right, up, and closer", async () => {
  await look(TRAINING, async page => {
    await page.evaluate('document.getElementById("icicle").focus()');
    await page.press("ArrowDown", "ArrowRight");
    assertEquals((await details(page)).slice(0, 8), "batch[1]");
    await page.press("Enter");
    assertEquals(await text(page, "range"), "10.0ms to 20.0ms");
    await page.press("ArrowUp", "Escape");
    assertEquals([(await details(page)).slice(0, 8), await text(page, "range")], [
      "epoch[0]",
      "0us to 40.0ms",
    ]);
  });
});

chromiumTest("The tree goes by keyboard: it moves, folds and unfolds, and tells where it is", async () => {
  await look(TRAINING, async page => {
    await page.evaluate('document.getElementById("tree").focus()');
    await page.press("ArrowDown");
    const active = () =>
      page.evaluate(
        'document.getElementById(document.getElementById("tree").getAttribute("aria-activedescendant")).innerText.split("\\n")[0]',
      );
    assert(String(await active()).includes("batch[0]"));
    await page.press("ArrowLeft");
    assertEquals((await lines(page)).length, 5);
    assertEquals(
      await page.evaluate('document.querySelector("#node-1").getAttribute("aria-expanded")'),
      "false",
    );
    await page.press("ArrowRight", "ArrowRight");
    assertEquals(
      await page.evaluate('document.querySelector("#node-2").getAttribute("aria-selected")'),
      "true",
    );
    await page.press("End");
    assert((await details(page)).startsWith("evaluate"));
    await page.press("Home");
    assert((await details(page)).startsWith("epoch[0]"));
    const roles = await page.accessible();
    assert(roles.some(role => role.startsWith('treeitem "')), roles.join("\n"));
    assert(roles.includes('tree "Spans"'), roles.join("\n"));
  });
});

chromiumTest(
  "The filter shows the names that hold the word, with what they are in, and says how many",
  async () => {
    await look(TRAINING, async page => {
      await page.click("#filter");
      await page.type("EVAL");
      assertEquals(await text(page, "found"), "1 found");
      assertEquals((await lines(page)).map(line => line.split(" ")[0]), ["\u25beepoch[0]", "evaluate"]);
      await page.evaluate(
        '(() => { const filter = document.getElementById("filter"); filter.value = "nowhere"; filter.dispatchEvent(new Event("input")); })()',
      );
      assertEquals([await text(page, "found"), await lines(page)], ["0 found", []]);
      await page.evaluate(
        '(() => { const filter = document.getElementById("filter"); filter.value = ""; filter.dispatchEvent(new Event("input")); })()',
      );
      assertEquals((await lines(page)).length, 6);
    });
  },
);

chromiumTest("The filter leaves what is below a match folded until it is unfolded", async () => {
  await look(TRAINING, async page => {
    await page.evaluate('document.getElementById("tree").focus()');
    await page.press("ArrowDown", "ArrowLeft"); // folds batch[0]
    await page.click("#filter");
    await page.type("batch");
    assertEquals((await lines(page)).map(line => line.split(" ")[0]), [
      "\u25beepoch[0]",
      "\u25b8batch[0]",
      "\u25bebatch[1]",
      "forward",
    ]);
    await page.evaluate('document.getElementById("tree").focus()');
    await page.press("Home", "ArrowLeft"); // stays open: it holds what was found
    assertEquals((await lines(page)).length, 4);
    await page.press("ArrowDown", "ArrowRight");
    assertEquals((await lines(page)).length, 5);
  });
});

chromiumTest("Details follow the mouse over the tree, and go back to what is selected", async () => {
  await look(TRAINING, async page => {
    await page.hover("#node-3");
    assertEquals((await details(page)).slice(0, 8), "batch[1]");
    await page.hover("#title");
    assertEquals((await details(page)).slice(0, 8), "epoch[0]");
  });
});

chromiumTest(
  "The icicle brings what the keyboard selects into sight: by scrolling, and out of a closer look",
  async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i): HandRow => ({ id: i + 1, name: `n${i}`, startNs: ms(i), endNs: ms(100 + i) }),
    );
    await look([...rows, { id: 61, name: "late", startNs: ms(300), endNs: ms(400) }], async page => {
      const top = () => page.evaluate<number>('document.getElementById("icicle").scrollTop');
      await page.evaluate('document.getElementById("icicle").focus()');
      await page.press("Enter", ...Array<string>(59).fill("ArrowRight"));
      assertEquals([(await details(page)).slice(0, 3), await text(page, "range")], ["n59", "0us to 100.0ms"]);
      assert(await top() >= 60 * 19 - 382, `${await top()}`); // at most as high as the icicle, and its border
      await page.press("End");
      assertEquals([(await details(page)).slice(0, 4), await text(page, "range")], [
        "late",
        "0us to 400.0ms",
      ]);
      assertEquals(await top(), 0);
      await page.press("Home");
      assertEquals((await details(page)).slice(0, 2), "n0");
    });
  },
);

// In a notebook's cell the browser may give the frame its size after the page has run, and tells no window of it: 5 of 24
// frames were blank or too narrow in Chromium while they listened for the window's resizing.
chromiumTest("The page draws again when its parts get another size, also if the window has not", async () => {
  await look(TRAINING, async page => {
    const isRight =
      'document.querySelector("#icicle canvas").width === document.getElementById("icicle").clientWidth';
    await page.until(isRight, 5000);
    await page.evaluate('document.body.style.width = "600px"');
    await page.until(isRight, 5000);
    assertLess(await page.evaluate<number>('document.querySelector("#icicle canvas").width'), 600);
  });
});

chromiumTest("The header says what the session's span says of the process", async () => {
  const session = {
    id: 1,
    name: "cirron.session",
    endNs: ms(1),
    attrs: { pid: 7, device: null, runtime: "deno" },
  };
  await look([session], async page => {
    assertEquals((await text(page, "facts")).split(" \u00b7 ").slice(3), ["pid 7", "runtime deno"]);
  });
});

chromiumTest("A curve without a finite value has no figures", async () => {
  const marks = [{ name: "loss", value: NaN, tsNs: 1 }, { name: "loss", value: -Infinity, tsNs: 2 }];
  await look([{ id: 1, name: "a", endNs: ms(1), marks }], async page => {
    assertEquals((await text(page, "curves")).split("\n").filter(line => line !== ""), [
      "loss in a",
      "2 values",
      "2 not finite",
    ]);
  });
});

chromiumTest(
  "The summary in the page has loading, marks what ran at once and says so; no share is above 100 %",
  async () => {
    const rows = [2, 3, 4].map(id => ({
      id,
      parent: 1,
      name: "batch",
      endNs: ms(10),
      cpuNs: ms(9),
      dataLoadNs: ms(1),
    }));
    await look([...rows, { id: 1, name: "epoch", endNs: ms(10), cpuNs: ms(9) }], async page => {
      assertEquals(
        await page.evaluate(
          '[...document.querySelectorAll("#summary tr")].map(row => [0, 2, 3, 10, 11].map(i => row.cells[i].textContent))',
        ),
        [
          ["path", "share", "total", "cpu", "load"],
          ["epoch", "100%", "10.0ms", "9.0ms", ""],
          ["epoch > batch", "~100%", "30.0ms", "~27.0ms", "3.0ms"],
        ],
      );
      assert((await text(page, "summary-note"))!.startsWith("~ of spans that ran at once"));
    });
  },
);

chromiumTest("The page has curves of marks and the summary", async () => {
  await look(TRAINING, async page => {
    assertEquals((await text(page, "curves")).split("\n")[0], "loss in forward");
    const rows = await page.evaluate<string[]>(
      '[...document.querySelectorAll("#summary tbody tr")].map(row => row.cells[0].textContent + " " + row.cells[1].textContent)',
    );
    assertEquals(rows, ["epoch 1", "epoch > batch 2", "epoch > batch > forward 2", "epoch > evaluate 1"]);
  });
});

const HOSTILE = [
  "</script><script>globalThis.pwned = 1</script>",
  "<img src=x onerror='globalThis.pwned = 1'>",
  "--><!--<script>",
  "\u2028\u2029\x1b[2J\0",
  "__proto__",
  "\ud800 lone",
  "javascript:globalThis.pwned=1",
];

chromiumTest("Names, attributes and marks never run, load or break anything", async () => {
  const rows = HOSTILE.map((name, i): HandRow => ({
    id: i + 1,
    name,
    startNs: i * 10,
    endNs: i * 10 + 9,
    attrs: { [name]: name, error: name },
    marks: [{ name, value: name }, { name, value: i }, { name, value: i + 1 }],
  }));
  await look(rows, async page => {
    for (let i = 0; i < rows.length; i++) await page.click(`#node-${i}`);
    assertEquals(await page.evaluate("globalThis.pwned ?? null"), null);
    assertEquals(await page.evaluate('document.querySelectorAll("img, a, iframe, object, embed").length'), 0);
    assertEquals(await page.evaluate('document.querySelectorAll("script").length'), 2);
    const shown = (await lines(page)).join("\n");
    assert(shown.includes("<img src=x onerror="), shown);
  });
});

chromiumTest("The page follows the reader's system into the dark", async () => {
  await look(TRAINING, async page => {
    const paper = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.prefer("light");
    const light = await paper();
    await page.prefer("dark");
    assert(await paper() !== light);
    await page.prefer("light");
  });
});

for (
  const [shape, rows] of [
    ["in a loop", [
      ...Array.from(
        { length: 99_999 },
        (_, i): HandRow => ({
          id: i + 2,
          parent: 1,
          name: "batch",
          index: i,
          startNs: i * 10,
          endNs: i * 10 + 9,
        }),
      ),
      { id: 1, name: "epoch", startNs: 0, endNs: 1e6 },
    ]],
    [
      "in a chain",
      Array.from(
        { length: 100_000 },
        (_, i): HandRow => ({ id: i + 1, parent: i, name: "x", startNs: i, endNs: 2e5 - i }),
      ).reverse(),
    ],
    [
      "with a name each",
      Array.from(
        { length: 100_000 },
        (_, i): HandRow => ({ id: i + 1, name: `name ${i}`, startNs: i, endNs: i + 9 }),
      ),
    ],
  ] as const
) {
  chromiumTest(
    `The page draws 100 000 spans ${shape} within seconds, scrolls to the last, and says what it folds or leaves out`,
    async () => {
      await look(rows, async page => {
        const drawn = await page.evaluate<number>(
          "performance.getEntriesByType('navigation')[0].loadEventEnd",
        );
        assertLess(drawn, 10_000); // a second on a machine that does nothing else
        const notes = await text(page, "notes");
        assert(/folded|not shown/.test(notes), notes);
        await page.evaluate('document.getElementById("tree").focus()');
        await page.press("End", "End");
        assertLess(await page.evaluate<number>('document.querySelectorAll("#tree .row").length'), 100);
      });
    },
  );
}
