/**
 * What the page costs: `deno run -A bench/page.ts`, `bun bench/page.ts`. Of a server's trace of 100 000 spans and of 1 000 000: bytes,
 * CPU time to make, and in headless Chromium when the time line is there and how long frames take while the wheel zooms and the
 * mouse drags: how far apart, and the CPU time of the page's main thread for each, of which its script.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { toPage } from "../src/formats/page/page.ts";
import { buildTree } from "../src/tree/tree.ts";
import { Chromium, type Page } from "../tests/support/chromium.ts";
import { TempDirectory } from "../tests/support/temp_directory.ts";
import { serverTrace } from "./page_traces.ts";

const TRIES = 5;
const SIZES = [100_000, 1_000_000];
const WINDOW = { width: 1600, height: 900 };

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Makes the page some times, and gives it with the CPU milliseconds that it took. */
function made(count: number): { page: string; cpuMs: number[] } {
  const tree = buildTree(serverTrace(count));
  const cpuMs: number[] = [];
  let page = "";
  for (let i = 0; i < (count > 200_000 ? 2 : TRIES); i++) {
    const before = process.cpuUsage();
    page = toPage(tree);
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1000);
  }
  return { page, cpuMs };
}

/** CPU milliseconds of the page's main thread so far: of all of it, and of its script. */
async function threadMs(page: Page): Promise<{ all: number; script: number }> {
  const { metrics } = await page.send("Performance.getMetrics") as {
    metrics: { name: string; value: number }[];
  };
  const of = (name: string) => 1000 * metrics.find(metric => metric.name === name)!.value;
  return { all: of("TaskDuration"), script: of("ScriptDuration") };
}

/** How far apart frames are while a gesture goes on. */
const frames = (page: Page, act: string): Promise<number[]> =>
  page.evaluate(`new Promise(resolve => {
    const chart = document.getElementById("chart");
    const { left, top, width, height } = chart.getBoundingClientRect();
    const send = (type, more) => chart.dispatchEvent(new (type === "wheel" ? WheelEvent : PointerEvent)(type, {
      bubbles: true, cancelable: true, pointerId: 1, button: 0, clientX: left + width * 0.6, clientY: top + height * 0.3, ...more,
    }));
    // There is no such pointer but here.
    chart.setPointerCapture = () => {};
    const apart = [];
    let last = 0, k = 0;
    const frame = now => {
      if (last > 0) apart.push(now - last);
      last = now;
      const step = k++;
      if (step >= 120) { resolve(apart.slice(2)); return; }
      (${act})(send, step, left, width);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);

const GESTURES: Record<string, string> = {
  "zoom in and out": "(send, k) => send('wheel', { deltaY: k % 60 < 30 ? -60 : 60 })",
  "drag": `(send, k, left, width) => {
    if (k === 0) { for (let i = 0; i < 10; i++) send('wheel', { deltaY: -60 }); send('pointerdown', { clientX: left + width * 0.6 }); }
    send('pointermove', { clientX: left + width * (0.6 + 0.3 * Math.sin(k / 12)) });
    if (k === 119) send('pointerup', {});
  }`,
};

await using browser = await Chromium.start();
using folder = new TempDirectory();
for (const count of SIZES) {
  const { page: html, cpuMs } = made(count);
  console.log(`\n${count.toLocaleString("en")} spans of a server`);
  console.log(`  page    ${(Buffer.byteLength(html) / 1e6).toFixed(2)} MB`);
  console.log(
    `  made in ${Math.min(...cpuMs).toFixed(0)} ms of CPU, ${median(cpuMs).toFixed(0)} in the middle`,
  );
  const path = join(folder.write("trace.html", html));
  const drawn: number[] = [];
  const painted: number[] = [];
  for (let i = 0; i < TRIES; i++) {
    await using page = await browser.open(pathToFileURL(path).href, WINDOW);
    await page.until('document.documentElement.dataset.ready === "true"', 60_000);
    drawn.push(await page.evaluate<number>("Number(document.documentElement.dataset.drawn)"));
    painted.push(
      await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime"),
    );
    if (i < TRIES - 1) continue;
    await page.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
    await page.send("Performance.enable");
    for (const [gesture, act] of Object.entries(GESTURES)) {
      const before = await threadMs(page);
      const apart = await frames(page, act);
      const after = await threadMs(page);
      const [all, script] = [after.all - before.all, after.script - before.script].map(ms =>
        ms / apart.length
      );
      const sorted = apart.toSorted((a, b) => a - b);
      console.log(
        `  ${gesture}: frames ${median(apart).toFixed(1)} ms apart (p95 ${
          sorted[Math.floor(sorted.length * 0.95)].toFixed(1)
        }), `
          + `${(1000 * apart.length / apart.reduce((sum, one) => sum + one, 0)).toFixed(0)} a second; `
          + `${all.toFixed(1)} ms of CPU each, script ${script.toFixed(1)}`,
      );
    }
  }
  console.log(
    `  first paint after ${Math.min(...painted).toFixed(0)} ms (${
      median(painted).toFixed(0)
    } in the middle), `
      + `time line after ${Math.min(...drawn).toFixed(0)} ms (${median(drawn).toFixed(0)})`,
  );
}
