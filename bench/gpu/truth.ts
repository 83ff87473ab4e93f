/**
 * GPU time against a fake NVML that knows the truth: errors over 1 000 spans for each pattern of load. Needs a C compiler.
 * `deno run -A bench/gpu/truth.ts`, or `bun bench/gpu/truth.ts`. Prints Markdown.
 *
 * @module
 */
import { FakeGpu, FakeNvml } from "../../tests/support/fake_nvml.ts";

const PATTERNS: [title: string, settings: Parameters<FakeNvml["set"]>[0]][] = [
  ["bursts of 50 ms, 80 ms apart; 6 samples a second", {}],
  ["the same, 5 samples a second", { periodNs: 200_000_000 }],
  ["bursts of 3 ms, 5 ms apart", { busyNs: 3_000_000, idleNs: 5_000_000 }],
  ["bursts of 2 s, 3 s apart", { busyNs: 2_000_000_000, idleNs: 3_000_000_000 }],
  ["never idle", { busyNs: 1_000_000_000, idleNs: 0 }],
  ["bursts of 50 ms, a clock that drifts by 20 ppm", { offsetNs: -900_000_000_000, driftPpm: 20 }],
];

let state = 1;
const random = (): number => (state = state * 48271 % 2147483647) / 2147483647;

console.log("| load | true share | mean error | RMS | worst |\n| --- | --- | --- | --- | --- |");
for (const [title, settings] of PATTERNS) {
  const fake = new FakeNvml().set(settings);
  using gpu = await FakeGpu.open(fake);
  const pass = async (seconds: number) => {
    for (const endNs = fake.nowNs + seconds * 1e9; fake.nowNs < endNs;) {
      await gpu.tick(1e9 * (0.9 + 0.2 * random()));
    }
  };
  await pass(30);
  const beginNs = fake.nowNs;
  await pass(300);
  const endNs = fake.nowNs - 2e9;
  let error = 0;
  let squares = 0;
  let worst = 0;
  let truth = 0;
  let length = 0;
  for (let i = 0; i < 1000; i++) {
    const ns = 10 ** (7.5 + 3 * random());
    const start = beginNs + random() * (endNs - ns - beginNs);
    const busy = fake.busyNs(start, start + ns);
    const off = gpu.monitor.between(start, start + ns) - busy;
    error += off;
    squares += off * off;
    worst = Math.max(worst, Math.abs(off));
    truth += busy;
    length += ns;
  }
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const ms = (ns: number) => `${(ns / 1e6).toFixed(1)} ms`;
  const cells = [
    title,
    percent(truth / length),
    percent(error / length),
    ms(Math.sqrt(squares / 1000)),
    ms(worst),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
