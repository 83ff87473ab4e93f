import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import process from "node:process";
import { toTraceEvents } from "../../src/formats/perfetto.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { idOf, snapshotOf } from "../support/cases.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { NO_CHROMIUM, type Page, sharedChromium } from "../support/chromium.ts";
import { testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { sequential, sequentialRows } from "../support/programs.ts";

// What the formats for other viewers are worth in those viewers themselves.

const FILE = import.meta.url;

/** A training loop, and three requests at once. */
async function recorded(): Promise<TestEngine> {
  const ci = new TestEngine();
  ci.profile();
  const scope = <T>(name: string, fn: (scope: { mark(name: string, value: string): void }) => T) =>
    ci.engine.recording.scope(name, fn as never, undefined, null) as T;
  for (const _epoch of ci.epochs(2)) {
    for (const batch of ci.batches(3)) {
      ci.clock.us(10);
      scope("forward", () => {
        ci.clock.us(30 + batch);
        ci.mark("loss", 1 / (batch + 1));
      });
      ci.clock.us(5);
    }
  }
  let arrived = 0;
  let letGo = () => {};
  const all = new Promise<void>(resolve => letGo = resolve);
  await Promise.all([0, 1, 2].map(() =>
    scope("request", async request => {
      ci.clock.us(7);
      if (++arrived === 3) letGo();
      await all; // so that all three are open at once
      request.mark("status", "ok");
      ci.clock.us(11);
    })
  ));
  ci.engine.shutdown();
  return ci;
}

// Chrome DevTools' own parser.

interface Entry {
  name: string;
  ts: number;
  dur?: number;
  args: Record<string, unknown>;
}

interface Node {
  entry: Entry;
  parent: Node | null;
}

interface Thread {
  name: string | null;
  entries: Entry[];
  entryToNode?: Map<Entry, Node>;
}

interface ParsedTrace {
  Renderer: {
    processes: Map<number, { threads: Map<number, Thread> }>;
    entryToNode: Map<Entry, Node>;
  };
}

interface TraceEngine {
  TraceModel: {
    Model: {
      createWithAllHandlers(): {
        parse(events: unknown[]): Promise<void>;
        parsedTrace(): { data: ParsedTrace } | null;
      };
    };
  };
}

const engineTest = testUnless(
  existsSync(join(CHECKOUT, "node_modules", "@paulirish", "trace_engine"))
    ? null
    : "Chrome DevTools' parser (@paulirish/trace_engine) is not installed",
  FILE,
);

async function parsed(traceEvents: unknown[]): Promise<ParsedTrace> {
  // The parser reckons with a browser's globals when it loads.
  const globals = globalThis as { DOMRect?: unknown };
  globals.DOMRect ??= class {};
  // Not a literal: its types would pull all of DevTools into the check.
  const specifier = "@paulirish/trace_engine/models/trace/trace.js";
  const engine: TraceEngine = await import(specifier);
  const model = engine.TraceModel.Model.createWithAllHandlers();
  await model.parse(traceEvents);
  return model.parsedTrace()!.data;
}

engineTest(
  'trace({ format: "perfetto" }) is read by Chrome DevTools\' own parser: tracks, nesting, times, arguments',
  async () => {
    const ci = await recorded();
    const { traceEvents } = JSON.parse(ci.host.trace({ format: "perfetto" }) as string);
    const data = await parsed(traceEvents);
    const [{ threads: byNumber }] = data.Renderer.processes.values();
    const threads = [...byNumber.values()];
    assertEquals(threads.map(thread => thread.name), ["main", "flow 2", "flow 3"]);
    const depthOf = (entry: Entry) => {
      let depth = 0;
      for (
        let node = data.Renderer.entryToNode.get(entry)?.parent ?? null;
        node !== null;
        node = node.parent
      ) depth++;
      return depth;
    };
    const [main, second, third] = threads.map(thread =>
      thread.entries.filter(entry => entry.args.id !== undefined).map(entry =>
        `${depthOf(entry)} ${entry.name} ${entry.dur}`
      )
    );
    const epoch = (times: number[]) => times.flatMap(us => [`2 batch ${us + 15}`, `3 forward ${us}`]);
    assertEquals(main, [
      "0 cirron.session 330",
      "1 epoch 138",
      ...epoch([30, 31, 32]),
      "1 epoch 138",
      ...epoch([30, 31, 32]),
      "1 request 54",
    ]);
    assertEquals([second, third], [["0 request 47"], ["0 request 40"]]);
    const forward = threads[0].entries.find(entry => entry.name === "forward")!;
    assertEquals([forward.ts, forward.args.marks], [10, [{ name: "loss", value: 1 }]]);
  },
);

engineTest(
  'trace({ format: "perfetto" }) loses no span and no parent in Chrome DevTools\' own parser, whatever the nanoseconds',
  async () => {
    await fc.assert(
      fc.asyncProperty(sequential, async steps => {
        const rows = sequentialRows(steps);
        const { traceEvents } = JSON.parse(toTraceEvents(buildTree(snapshotOf(rows)), { pid: 1 }));
        const { Renderer } = await parsed(traceEvents);
        const parentOf = new Map([...Renderer.entryToNode].map((
          [entry, node],
        ) => [entry.args.id, node.parent?.entry.args.id ?? null]));
        // To the parser a span without a length comes after whatever ends when it begins.
        const atEnds = new Set(rows.flatMap(({ startNs, endNs }) => startNs === endNs ? [startNs] : []));
        for (const { id, parent, startNs } of rows) {
          assert(parentOf.has(idOf(id)), `span ${id} of ${JSON.stringify(rows)} is lost`);
          if (!atEnds.has(startNs)) {
            assertEquals(parentOf.get(idOf(id)), parent === undefined ? null : idOf(parent));
          }
        }
      }),
      { numRuns: 100 },
    );
  },
);

// speedscope, in a browser.

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** speedscope's own page, and a profile beside it. */
async function serveSpeedscope(
  profile: string,
): Promise<{ url: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = join(CHECKOUT, "node_modules", "speedscope", "dist", "release");
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://x.test").pathname);
    if (path === "/profile.json") {
      response.writeHead(200, { "content-type": "application/json" }).end(profile);
      return;
    }
    const file = join(folder, path);
    if (!existsSync(file)) response.writeHead(404).end();
    else {
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      createReadStream(file).pipe(response);
    }
  });
  await new Promise<void>(resolve => void server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const speedscopeTest = testUnless(
  NO_CHROMIUM
    ?? (existsSync(join(CHECKOUT, "node_modules", "speedscope")) ? null : "speedscope is not installed"),
  FILE,
);
const chromium = NO_CHROMIUM === null ? sharedChromium() : null;

speedscopeTest(
  'trace({ format: "speedscope" }) opens in speedscope, which shows our frames with their times',
  async () => {
    const ci = await recorded();
    await using server = await serveSpeedscope(ci.host.trace({ format: "speedscope" }) as string);
    await using page = await (await chromium!()).open(
      `${server.url}index.html#profileURL=${encodeURIComponent(`${server.url}profile.json`)}`,
    );
    // The flame graph is painted; the sandwich view is a table, of the first of three profiles.
    await page.until('document.body.innerText.includes("main (1/3)")');
    await page.press("3");
    await page.until('document.querySelectorAll("tr").length > 4');
    const rows = await page.evaluate<string[]>(
      '[...document.querySelectorAll("tr")].map(row => row.innerText)',
    );
    const shown = rows.map(row => row.replace(/\s+/g, " ").trim()).filter(row => /\d/.test(row));
    for (
      const [name, total] of [["cirron.session", "330.00µs"], ["epoch", "276.00µs"], ["batch", "90.00µs"], [
        "forward",
        "186",
      ], ["request", "54.00µs"]]
    ) {
      assert(
        shown.some(row => row.includes(name) && row.includes(total)),
        `${name} ${total} in ${JSON.stringify(shown)}`,
      );
    }
    assertEquals(page.errors, []);
    const outside = page.requests.filter(url => !url.startsWith(server.url) && !url.startsWith("data:"));
    assertEquals(outside, []);
  },
);

// DevTools itself, the one that Chromium brings.

const DEVTOOLS = "devtools://devtools/bundled";

/** What the Performance panel draws: its groups, and each box as `level title milliseconds`. */
interface Drawn {
  readonly groups: readonly string[];
  readonly boxes: readonly string[];
}

/** Opens a trace in the Performance panel; null where the panel has other insides than known here. */
async function drawnByDevTools(page: Page, trace: string): Promise<Drawn | null> {
  return await page.evaluate<Drawn | null>(`(async () => {
    const { TimelinePanel } = await import("${DEVTOOLS}/panels/timeline/timeline.js");
    const { ViewManager } = await import("${DEVTOOLS}/ui/legacy/legacy.js");
    const isKnown = TimelinePanel?.TimelinePanel.prototype.loadFromFile && ViewManager?.ViewManager.prototype.showView;
    if (!isKnown) return null;
    let panel;
    for (let tries = 0; panel === undefined; tries++) { // until DevTools have started
      try {
        await ViewManager.ViewManager.instance().showView("timeline");
        panel = TimelinePanel.TimelinePanel.instance();
      } catch (error) {
        if (tries === 600) throw error;
        await new Promise(requestAnimationFrame);
      }
    }
    await panel.loadFromFile(new File([${JSON.stringify(trace)}], "trace.json"));
    const provider = panel.getFlameChart().getMainDataProvider();
    for (let tries = 0; tries < 600; tries++) { // until it has been parsed
      const data = provider.timelineData();
      if (data?.entryLevels.length > 0) {
        return {
          groups: data.groups.map(group => group.name),
          boxes: [...data.entryLevels].map((level, i) =>
            level + " " + provider.entryTitle(i) + " " + data.entryTotalTimes[i].toFixed(3)),
        };
      }
      await new Promise(requestAnimationFrame);
    }
    throw new Error("DevTools drew nothing");
  })()`);
}

testUnless(NO_CHROMIUM, FILE)(
  'trace({ format: "perfetto" }) opens in the Performance panel of Chrome DevTools, which draws our spans',
  async () => {
    const ci = await recorded();
    await using page = await (await chromium!()).open(`${DEVTOOLS}/devtools_app.html`);
    const drawn = await drawnByDevTools(page, ci.host.trace({ format: "perfetto" }) as string);
    if (drawn === null) {
      console.log(
        `${FILE}: this Chromium's DevTools are not the ones known here: the panel was not looked at`,
      );
      return;
    }
    assertEquals(drawn.groups.map(name => name.replace(/ \(\d+\)$/, "")), [
      `process ${process.pid}`,
      "main",
      "flow 2",
      "flow 3",
    ]);
    const epoch = ["1 epoch 0.138"];
    for (const us of [30, 31, 32]) epoch.push(`2 batch 0.0${us + 15}`, `3 forward 0.0${us}`);
    assertEquals(drawn.boxes.filter(box => !box.includes("status")), [
      "0 cirron.session 0.330",
      ...epoch,
      ...epoch,
      "1 request 0.054",
      "4 request 0.047",
      "5 request 0.040",
    ]);
  },
);
