/**
 * `deno run -A tools/pictures.ts [name...]`: photographs the page in headless Chromium into docs/, from traces that are the same each time.
 *
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serverTrace, trainingTrace } from "../bench/page_traces.ts";
import { toCell, toPage } from "../src/formats/page/page.ts";
import { buildTree } from "../src/tree/tree.ts";
import { Chromium, type Page } from "../tests/support/chromium.ts";
import { TempDirectory } from "../tests/support/temp_directory.ts";

interface Picture {
  readonly html: () => string;
  readonly scheme?: "dark";
  readonly size?: { readonly width: number; readonly height: number };
  readonly act?: (page: Page) => Promise<unknown>;
}

const training = (): string => toPage(buildTree(trainingTrace()));
const server = (): string => toPage(buildTree(serverTrace(100_000)));
const go = (hash: string) => (page: Page) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

const PICTURES: Readonly<Record<string, Picture>> = {
  "page-light": { html: training, act: go("#t=1850000000-1905000000&span=1630&curves=0l,1,4") },
  "page-dark": {
    html: server,
    scheme: "dark",
    size: { width: 1280, height: 780 },
    act: go("#tab=what&name=4"),
  },
  "page-server": { html: server, act: go("#tab=shape&region=1500000000-1900000000&t=1400000000-2000000000") },
  "page-curves": { html: training, act: go("#tab=curves&curves=0l,3,4") },
  "page-million": { html: () => toPage(buildTree(serverTrace(1_000_000))) },
  "page-notebook": {
    html: () => {
      const cell = toCell(toPage(buildTree(trainingTrace(2, 12))));
      return `<!doctype html><meta charset="utf-8"><body style="font:14px monospace;margin:16px">`
        + `<p style="background:#f5f5f5;padding:8px;border:1px solid #ddd">[3]: trace()</p>${cell}<p>[4]:</p></body>`;
    },
    size: { width: 1100, height: 600 },
  },
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(PICTURES);
await using browser = await Chromium.start();
using folder = new TempDirectory();
for (const name of wanted) {
  const { html, scheme = "light", size = { width: 1400, height: 860 }, act } = PICTURES[name];
  const path = folder.write(`${name}.html`, html());
  await using page = await browser.open("about:blank", size);
  await page.prefer(scheme);
  await page.load(pathToFileURL(path).href);
  // A cell's page is a document of its own, which cannot be asked.
  if (name !== "page-notebook") await page.until('document.documentElement.dataset.ready === "true"', 60_000);
  await act?.(page);
  // Counters are drawn once the time line stands still.
  await page.evaluate("new Promise(resolve => setTimeout(resolve, 1500))");
  const file = join("docs", `${name}.png`);
  await page.screenshot(file);
  console.log(`${file}: ${(Deno.statSync(file).size / 1024).toFixed(0)} KiB`, page.errors);
}
