import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { toPage } from "../../src/formats/page/page.ts";
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
  const path = folder.write("trace.html", toPage(tree));
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

/** What the address says, by key. */
const address = async (page: Page): Promise<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams((await page.evaluate<string>("location.hash")).slice(1)));

/** Where the address says that the time line is, in milliseconds; all of it where it says nothing. */
const shown = async (page: Page): Promise<number[]> => {
  // The address follows once the time line stands still.
  await page.evaluate("new Promise(resolve => setTimeout(resolve, 300))");
  return ((await address(page)).t ?? "0-40000000").split("-").map(ns => Number(ns) / 1e6);
};

/** Moves the mouse over the time line, from share to share of its width. */
async function drag(page: Page, from: number, until: number, y: number, modifiers = 0): Promise<void> {
  const box = await page.evaluate<{ x: number; y: number; width: number }>(
    '(() => { const { x, y, width } = document.getElementById("chart").getBoundingClientRect(); return { x, y, width: width - 8 }; })()',
  );
  const send = (type: string, share: number) =>
    page.send("Input.dispatchMouseEvent", {
      type,
      x: box.x + box.width * share,
      y: box.y + y,
      button: "left",
      buttons: type === "mouseReleased" ? 0 : 1,
      clickCount: 1,
      modifiers,
    });
  await send("mousePressed", from);
  for (let step = 1; step <= 4 && from !== until; step++) {
    await send("mouseMoved", from + (until - from) * step / 4);
  }
  await send("mouseReleased", until);
}

const ROW = 18;
const AXIS = 28;
/** The middle of a row of the time line, where there is but one flow. */
const rowY = (row: number) => AXIS + row * ROW + 9;

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
const focus = (page: Page, id: string) => page.evaluate(`document.getElementById("${id}").focus()`);
/** Clicks a line of the tree. */
const line = (page: Page, index: number) => page.click(`#line-${index} .name`);

/** All in one flow. */
const FLOW: readonly HandRow[] = TRAINING.filter(({ name }) => name !== "evaluate");

chromiumTest(
  "The page answers at a glance how long, how much CPU, what took most and what failed, and shows the tree",
  async () => {
    await look(TRAINING, async page => {
      assertEquals(await text(page, "title"), "epoch");
      assertEquals(
        (await text(page, "glance")).replace(/\s+/g, " "),
        "40.0ms cpu ~4.0ms (10.0%) most evaluate, 15.0ms of its own (33.3%) failed 1 of 7 open 1",
      );
      assertEquals(await text(page, "facts"), "7 spans \u00b7 2026-01-02 03:04:05 UTC");
      assertEquals(await lines(page), [
        "\u25beepoch[0] 40.0ms",
        "\u25bebatch[0] 10.0ms 25.0%",
        "forward 4.0ms 40.0%",
        "\u25bebatch[1] 10.0ms ~25.0%",
        "forward 8.0ms 80.0%",
        "evaluate failed 15.0ms ~37.5%",
        "deploy open 1.0ms 2.5%",
      ]);
    }, [{ id: 7, parent: 1, name: "deploy", startNs: ms(39), endNs: ms(40) }]);
  },
);

chromiumTest("The page of nothing says so", async () => {
  await look([], async page => {
    assertEquals(await text(page, "title"), "(no spans)");
    assertEquals(await page.evaluate('document.getElementById("view").hidden'), true);
  });
});

chromiumTest("Details show times, counters that were measured, marks and attributes", async () => {
  await look(TRAINING, async page => {
    await line(page, 2);
    assertEquals(
      await details(page),
      "forward time 4.0ms starts at 1.0ms cpu 4.0ms Marks loss 0.5000 In epoch[0] 40.0ms batch[0] 10.0ms",
    );
    await line(page, 5);
    assertEquals(
      await details(page),
      "evaluate state failed time 15.0ms starts at 15.0ms Attributes error TypeError: no In epoch[0] 40.0ms",
    );
  });
});

chromiumTest("The wheel zooms around the mouse, a drag pans, and the keys do both", async () => {
  await look(FLOW, async page => {
    const box = await page.evaluate<{ x: number; y: number; width: number }>(
      '(() => { const { x, y, width } = document.getElementById("chart").getBoundingClientRect(); return { x, y, width: width - 8 }; })()',
    );
    await page.send("Input.dispatchMouseEvent", {
      type: "mouseWheel",
      x: box.x + box.width * 0.25,
      y: box.y + 60,
      deltaX: 0,
      deltaY: -200,
    });
    const [from, until] = await shown(page);
    assertLess(until - from, 30);
    assertAlmostEquals(from + (until - from) * 0.25, 10, 0.2);
    await drag(page, 0.2, 0.6, rowY(1));
    const moved = await shown(page);
    assertAlmostEquals(moved[1] - moved[0], until - from, 0.01);
    assertAlmostEquals(from - moved[0], Math.min(from, (until - from) * 0.4), 0.2);
    await focus(page, "chart");
    await page.press("0");
    assertEquals(await shown(page), [0, 40]);
    await page.evaluate('document.getElementById("chart").dispatchEvent(new PointerEvent("pointerleave"))');
    await page.press("w", "w", "d");
    const [low, high] = await shown(page);
    assertAlmostEquals(high - low, 40 / 1.96, 0.01);
    assert(low > (40 - 40 / 1.96) / 2);
  });
});

chromiumTest(
  "A click selects the span under the mouse, in the tree, the table and the details too",
  async () => {
    await look(FLOW, async page => {
      await drag(page, 12 / 40, 12 / 40, rowY(2));
      assertEquals((await details(page)).slice(0, 18), "forward time 8.0ms");
      assertEquals((await address(page)).span, "4");
      assertEquals(
        await page.evaluate(
          'document.querySelector("#tree [aria-selected=true]").innerText.replace(/\\s+/g, " ").trim()',
        ),
        "forward 8.0ms 80.0%",
      );
      await page.click("#tab-what");
      assertEquals(
        await page.evaluate('document.querySelector("#names [aria-selected=true] .name").textContent'),
        "forward",
      );
      assertEquals((await text(page, "near")).replace(/\s+/g, " "), "Called in batch 12.0ms x2 Calls none");
    });
  },
);

chromiumTest("The address keeps what is looked at: a link shows the same, and back goes back", async () => {
  await look(FLOW, async page => {
    await page.click("#tab-what");
    await page.click('document.querySelectorAll("#names .row")[0]');
    const { name, tab } = await address(page);
    assertEquals(tab, "what");
    assert(name !== undefined);
    await page.click("#tab-where");
    await line(page, 1);
    const hash = await page.evaluate<string>("location.hash");
    await page.evaluate("history.back()");
    await page.until('!location.hash.includes("span")');
    assertEquals((await details(page)).startsWith("epoch"), true);
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.until('document.getElementById("details").innerText.startsWith("batch[0]")');
    for (
      const junk of ["t=9-1&span=-4", "t=%", "span=999999&region=1-1e9", "name=__proto__&folded=t0 f0.0 x"]
    ) {
      await page.evaluate(`location.hash = ${JSON.stringify(junk)}`);
      await page.evaluate("new Promise(resolve => setTimeout(resolve, 20))");
    }
    assertEquals((await lines(page)).length, 5);
  });
});

chromiumTest(
  "A drag on the axis picks a stretch: tree, table and curves are of it until Escape",
  async () => {
    await look(FLOW, async page => {
      await drag(page, 0.25, 0.5, 12);
      const [from, until] = (await address(page)).region.split("-").map(ns => Number(ns) / 1e6);
      assertAlmostEquals(from, 10, 0.2);
      assertAlmostEquals(until, 20, 0.2);
      assertEquals((await lines(page)).map(one => one.split(" ")[0]).slice(-2), [
        "\u25bebatch[1]",
        "forward",
      ]);
      assert((await text(page, "picked")).startsWith("Tree, table and curves: "));
      await page.click("#tab-curves");
      assertEquals(
        await page.evaluate(
          'document.querySelector("#curves tr:nth-child(2)").innerText.replace(/\\s+/g, " ").trim()',
        ),
        "to the one above loss in forward 1 0.2500 0.2500 0.2500 0.2500 0.2500",
      );
      await focus(page, "chart");
      await page.press("Escape");
      assertEquals((await address(page)).region, undefined);
    });
  },
);

chromiumTest("Shift and a drag measure between two moments, and the key m a span", async () => {
  await look(FLOW, async page => {
    await drag(page, 0.25, 0.75, rowY(0), 8);
    await page.evaluate("new Promise(resolve => setTimeout(resolve, 300))");
    const [from, until] = (await address(page)).ruler.split("-").map(ns => Number(ns) / 1e6);
    assertAlmostEquals(until - from, 20, 0.2);
    await line(page, 1);
    await page.press("m");
    await page.evaluate("new Promise(resolve => setTimeout(resolve, 300))");
    assertEquals((await address(page)).ruler, "0-10000000");
  });
});

chromiumTest("The time line goes by keyboard: next, before, above, below, and closer", async () => {
  await look(FLOW, async page => {
    await focus(page, "chart");
    await page.press("ArrowDown", "ArrowDown", "ArrowRight");
    assertEquals((await details(page)).slice(0, 8), "batch[1]");
    await page.press("Enter");
    const [from, until] = await shown(page);
    assertAlmostEquals(from, 9.8, 0.01);
    assertAlmostEquals(until, 20.2, 0.01);
    await page.press("ArrowLeft");
    assertEquals((await details(page)).slice(0, 8), "batch[0]");
    await page.press("ArrowUp");
    assertEquals((await details(page)).slice(0, 8), "epoch[0]");
  });
});

chromiumTest("The tree goes by keyboard, and a screen reader has it", async () => {
  await look(TRAINING, async page => {
    await focus(page, "tree");
    await page.press("ArrowDown", "ArrowDown");
    const active = () =>
      page.evaluate<string>(
        'document.getElementById(document.getElementById("tree").getAttribute("aria-activedescendant")).innerText',
      );
    assert((await active()).includes("batch[0]"));
    await page.press("ArrowLeft");
    assertEquals((await lines(page)).length, 5);
    await page.press("ArrowRight", "ArrowRight");
    assert((await active()).includes("forward"));
    await page.press("End");
    assert((await details(page)).startsWith("evaluate"));
    const roles = await page.accessible();
    assert(roles.some(role => role.startsWith('treeitem "')), roles.join("\n"));
    assert(roles.includes('tree "Spans"'), roles.join("\n"));
    await page.press("2");
    const table = await page.accessible();
    assert(table.includes('table "Time by name"'), table.join("\n"));
    assert(table.some(role => role.startsWith("columnheader")), table.join("\n"));
  });
});

chromiumTest(
  "Many siblings of one name are a line that says how many failed, with the slowest below",
  async () => {
    const rows: HandRow[] = Array.from({ length: 200 }, (_, i) => ({
      id: i + 2,
      parent: 1,
      name: "request",
      index: i,
      startNs: ms(i),
      endNs: ms(i + (i === 77 ? 0.9 : 0.5)),
      ...(i % 50 === 3 ? { attrs: { error: "no" } } : {}),
    }));
    await look([...rows, { id: 1, name: "server", endNs: ms(200) }], async page => {
      assertEquals(await lines(page), [
        "\u25beserver 200.0ms",
        "\u25b8request x200 4 of 200 failed 100.4ms 50.2%",
      ]);
      await page.click("#line-1 .twist");
      assertEquals((await lines(page)).length, 2 + 5 + 3); // the first that failed is one of the slowest
      assertEquals((await lines(page))[2], "slowest request[77] 0.90ms".replace("0.90ms", "900us"));
      await focus(page, "chart");
      await page.press("e");
      assert((await details(page)).startsWith("request[3] state failed"), await details(page));
      await page.press("]");
      assert((await details(page)).startsWith("request[4] time"), await details(page));
    });
  },
);

chromiumTest("Search says how many it finds, and Enter goes from one to the next", async () => {
  await look(TRAINING, async page => {
    await page.press("/");
    await page.type("FORW");
    assertEquals(await text(page, "found"), "2 found");
    await page.press("Enter");
    assert((await details(page)).startsWith("forward time 4.0ms"), await details(page));
    await page.press("Enter");
    assert((await details(page)).startsWith("forward time 8.0ms"), await details(page));
    await page.press("Escape");
    assertEquals(await text(page, "found"), "");
  });
});

chromiumTest("The table sorts by its headers", async () => {
  await look(TRAINING, async page => {
    await page.press("2");
    const names = () =>
      page.evaluate<string[]>(
        '[...document.querySelectorAll("#names .row .name")].map(cell => cell.textContent)',
      );
    assertEquals(
      await names(),
      ["evaluate", "forward", "batch", "epoch"].toSorted((a, b) => SELF[b] - SELF[a]),
    );
    await page.click(
      'Array.from(document.querySelectorAll("#names button")).find(one => one.textContent.startsWith("name"))',
    );
    assertEquals(await names(), ["batch", "epoch", "evaluate", "forward"]);
    await page.click(
      'Array.from(document.querySelectorAll("#names button")).find(one => one.textContent.startsWith("count"))',
    );
    assertEquals((await names()).slice(0, 2).toSorted(), ["batch", "forward"]);
  });
});

/** Milliseconds of its own that each name of TRAINING has. */
const SELF: Record<string, number> = { evaluate: 15, forward: 12, epoch: 10, batch: 8 };

chromiumTest("The shape has paths by width, selects by click and looks closer by a second one", async () => {
  await look(FLOW, async page => {
    await page.press("3");
    const click = async (x: number, y: number) => {
      const box = await page.evaluate<{ x: number; y: number; width: number }>(
        '(() => { const { x, y, width } = document.getElementById("flames").getBoundingClientRect(); return { x, y, width }; })()',
      );
      for (const type of ["mousePressed", "mouseReleased"]) {
        await page.send("Input.dispatchMouseEvent", {
          type,
          x: box.x + box.width * x,
          y: box.y + y,
          button: "left",
          clickCount: 1,
        });
      }
    };
    await click(0.2, 30); // batch: 20 of the epoch's 40 ms
    assert((await details(page)).startsWith("batch spans 2 time together 20.0ms"), await details(page));
    assertEquals((await address(page)).path, "1");
    await click(0.2, 30);
    assert((await text(page, "shape-note")).startsWith("Below batch."));
  });
});

chromiumTest("Curves choose what is drawn, with log scale and several on one pair of axes", async () => {
  const marks = (
    i: number,
  ) => [{ name: "loss", value: 1 / (i + 1), tsNs: ms(i) }, { name: "lr", value: 0.1, tsNs: ms(i) }];
  const rows = Array.from(
    { length: 20 },
    (_, i): HandRow => ({ id: i + 1, name: "step", startNs: ms(i), endNs: ms(i + 1), marks: marks(i) }),
  );
  await look(rows, async page => {
    await page.press("4");
    await page.click('[aria-label="log scale for loss in step"]');
    assertEquals((await address(page)).curves, "0l,1");
    await page.click('document.querySelectorAll("#curves button")[1]');
    assertEquals((await address(page)).curves, "0+1l");
    await page.click('[aria-label="show lr in step"]');
    assertEquals((await address(page)).curves, "0l");
  });
});

chromiumTest("The key ? tells all keys, and Escape lets go of them", async () => {
  await look(TRAINING, async page => {
    await page.press("?");
    assert((await text(page, "help")).includes("closer, farther"));
    await page.press("Escape");
    assertEquals(await page.evaluate('document.getElementById("help").hidden'), true);
  });
});

chromiumTest("What failed and what is open is seen at every zoom", async () => {
  const rows: HandRow[] = Array.from({ length: 20_000 }, (_, i) => ({
    id: i + 1,
    name: "request",
    startNs: i * 1000,
    endNs: i * 1000 + 500,
    ...(i === 12_345 ? { attrs: { error: "no" } } : {}),
  }));
  await look(rows, async page => {
    // As many pixels of the sign's colour as it has at least, near where the one of 20 000 lies.
    const red = await page.evaluate<number>(`(() => {
      const chart = document.getElementById("chart");
      const x = Math.round((chart.clientWidth - 8) * 12345 / 20000);
      const { data } = chart.getContext("2d").getImageData(x - 4, ${AXIS}, 8, ${ROW});
      let found = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] > 180 && data[i + 1] < 60 && data[i + 2] < 60) found++;
      return found;
    })()`);
    assert(red >= 4, `${red} pixels`);
  });
});

chromiumTest("A lane folds by a click on its name, and unfolds for what is gone to", async () => {
  await look(TRAINING, async page => {
    await drag(page, 0.01, 0.01, AXIS + 10);
    assertEquals((await address(page)).folded, "t0");
    await line(page, 2);
    assertEquals((await address(page)).folded, undefined);
  });
});

// In a notebook's cell the browser may give the frame its size after the page has run, and tells no window of it: 5 of 24
// frames were blank or too narrow in Chromium while they listened for the window's resizing.
chromiumTest("The page draws again when its parts get another size, also if the window has not", async () => {
  await look(TRAINING, async page => {
    const isRight = 'document.getElementById("chart").width === document.getElementById("chart").clientWidth';
    await page.until(isRight, 5000);
    await page.evaluate('document.body.style.width = "800px"');
    await page.until(`${isRight} && document.getElementById("chart").clientWidth < 700`, 5000);
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
    assertEquals((await text(page, "facts")).split(" \u00b7 ").slice(2), ["pid 7", "runtime deno"]);
  });
});

chromiumTest("The window is as high as the page, and no box that scrolls lies in another", async () => {
  await look(TRAINING, async page => {
    for (const key of ["1", "2", "3", "4"]) {
      await page.press(key);
      const nested = await page.evaluate<string[]>(`(() => {
        const scrolls = one => /auto|scroll/.test(getComputedStyle(one).overflowY) && one.scrollHeight > one.clientHeight + 1;
        return [...document.querySelectorAll("*")].filter(scrolls).filter(one => {
          for (let up = one.parentElement; up; up = up.parentElement) if (scrolls(up)) return true;
        }).map(one => one.id || one.tagName);
      })()`);
      assertEquals(nested, []);
    }
    assertEquals(await page.evaluate("document.documentElement.scrollHeight <= innerHeight"), true);
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
    for (let i = 0; i < rows.length; i++) await line(page, i);
    for (const key of ["2", "3", "4", "1"]) await page.press(key);
    assertEquals(await page.evaluate("globalThis.pwned ?? null"), null);
    assertEquals(await page.evaluate('document.querySelectorAll("img, a, iframe, object, embed").length'), 0);
    assertEquals(await page.evaluate('document.querySelectorAll("script").length'), 5);
    const said = (await lines(page)).join("\n");
    assert(said.includes("<img src=x onerror="), said);
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
    `The page takes 100 000 spans ${shape}, leaves none out, and has few of its lines in the document`,
    async () => {
      await look(rows, async page => {
        assertEquals(await page.evaluate('document.getElementById("notes").hidden'), true);
        await page.evaluate('document.getElementById("tree").focus()');
        await page.press("End", "End");
        for (const key of ["2", "3", "4"]) await page.press(key);
        assertLess(await page.evaluate<number>('document.querySelectorAll("#tree .row").length'), 100);
      });
    },
  );
}
