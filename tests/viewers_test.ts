import { assert, assertEquals } from "@std/assert";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { NO_CHROMIUM, sharedChromium } from "./support/chromium.ts";
import { TestEngine } from "./support/engine.ts";
import { CHECKOUT, testUnless } from "./support/runtimes.ts";

// What the formats for other viewers are worth in those viewers themselves.

const FILE = "viewers_test.ts";

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

interface TraceEngine {
  Handlers: {
    Threads: {
      threadsInTrace(
        data: unknown,
      ): { name: string | null; pid: number; tid: number; entries: Entry[]; tree: { roots: Set<unknown> } }[];
    };
  };
  TraceModel: {
    Model: {
      createWithAllHandlers(): {
        parse(events: unknown[]): Promise<void>;
        parsedTrace(): {
          data: {
            Renderer: {
              processes: Map<number, { threads: Map<number, Thread> }>;
              entryToNode: Map<Entry, Node>;
            };
          };
        } | null;
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

engineTest(
  'trace({ format: "perfetto" }) is read by Chrome DevTools\' own parser: tracks, nesting, times, arguments',
  async () => {
    const ci = await recorded();
    const { traceEvents } = JSON.parse(ci.engine.trace({ format: "perfetto" }) as string);
    // The parser reckons with a browser's globals when it loads.
    const globals = globalThis as { DOMRect?: unknown };
    globals.DOMRect ??= class {};
    // Not a literal: its types would pull all of DevTools into the check.
    const specifier = "@paulirish/trace_engine/models/trace/trace.js";
    const engine: TraceEngine = await import(specifier);
    const model = engine.TraceModel.Model.createWithAllHandlers();
    await model.parse(traceEvents);
    const data = model.parsedTrace()!.data;
    const [process] = data.Renderer.processes.values();
    const threads = [...process.threads.values()];
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
    await using server = await serveSpeedscope(ci.engine.trace({ format: "speedscope" }) as string);
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
