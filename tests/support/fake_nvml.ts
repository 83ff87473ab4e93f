/**
 * A libnvidia-ml whose truth the test knows: see fake_nvml.c, which is compiled here.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { NVML_FUNCTIONS, type NvmlFunction } from "../../ffi/nvml.ts";
import { CELL, HEADER_BYTES } from "../../ffi/nvml_worker.ts";
import type { Library, SymbolTable } from "../../ffi/types.ts";
import type { Clock } from "../../src/meters/clock.ts";
import type { GpuMonitor } from "../../src/meters/gpu/monitor.ts";
import { type GpuOptions, openGpu } from "../../src/meters/gpu/open.ts";
import { opener } from "../../src/runtime/opener.ts";
import { sourcePath } from "./checkout.ts";
import { IS_QUICK } from "./conditions.ts";
import { TempDirectory } from "./temp_directory.ts";

const CONTROL = {
  fake_reset: { parameters: [], result: "void" },
  fake_set: { parameters: ["u32", "u64"], result: "void" },
  fake_fail: { parameters: ["u32", "i32", "i32"], result: "void" },
  fake_delay: { parameters: ["u32", "u32"], result: "void" },
  fake_calls: { parameters: ["u32"], result: "u32" },
  fake_process: { parameters: ["u32", "u32"], result: "void" },
  fake_no_processes: { parameters: [], result: "void" },
  fake_busy_ns: { parameters: ["u64", "u64"], result: "u64" },
} as const satisfies SymbolTable;

/** What can be set, in the order of the C file. */
const SETTINGS = [
  "nowNs",
  "devices",
  "offsetNs",
  "driftPpm",
  "periodNs",
  "busyNs",
  "idleNs",
  "nasty",
  "gap",
  "migMode",
  "stride",
  "driverMajor",
  "usedBytes",
  "accounted",
  "gpmSupported",
  "rounded",
  "patternUntilNs",
  "valueType",
] as const;

type Setting = typeof SETTINGS[number];

/** Builds that lack functions, as older drivers do. */
export type Lacking = "WITHOUT_V3" | "WITHOUT_V2" | "WITHOUT_GPM";

const compiler =
  ["cc", "gcc", "clang"].flatMap(name =>
    (process.env.PATH ?? "").split(delimiter).map(folder => join(folder, name))
  ).find(path => existsSync(path)) ?? null;

/** Why there can be no fake library here, or null. */
export const NO_FAKE: string | null = process.platform !== "linux"
  ? "the fake NVML is for Linux"
  : compiler === null
  ? "no C compiler was found to build the fake NVML with"
  : IS_QUICK
  ? "the C compiler that builds the fake NVML is left to `deno task test`"
  : null;

const folder = new TempDirectory();
process.on("exit", () => folder[Symbol.dispose]());
const builds = new Map<string, string>();
let copies = 0;

function build(lacking: readonly Lacking[]): string {
  const key = lacking.join(" ");
  const known = builds.get(key);
  if (known !== undefined) return known;
  const path = join(folder.path, `build-${builds.size}.so`);
  const source = sourcePath("tests/support/fake_nvml.c");
  const defines = lacking.map(name => `-D${name}`);
  const args = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-O1",
    "-shared",
    "-fPIC",
    ...defines,
    "-o",
    path,
    source,
    "-lpthread",
  ];
  const { status, stderr } = spawnSync(compiler!, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The fake NVML does not compile:\n${stderr}`);
  builds.set(key, path);
  return path;
}

/** One fake library, with a state of its own. Its time stands still unless it is moved. */
export class FakeNvml {
  readonly path: string;
  readonly #control: Library<typeof CONTROL>;
  #nowNs = 1_000_000_000_000;

  /** @param lacking What the driver is too old for. */
  constructor(...lacking: Lacking[]) {
    // A copy each: the system loads one file once, and tests would share its state.
    this.path = join(folder.path, `libnvidia-ml-${copies++}.so.1`);
    copyFileSync(build(lacking), this.path);
    const library = opener.open(this.path, CONTROL);
    if (!library.ok) throw new Error(library.reason);
    this.#control = library.value;
    this.#control.fake_reset();
  }

  /** The moment. */
  get nowNs(): number {
    return this.#nowNs;
  }

  set(values: Partial<Record<Exclude<Setting, "nowNs">, number | bigint>>): this {
    for (const [name, value] of Object.entries(values)) {
      this.#control.fake_set(SETTINGS.indexOf(name as Setting), BigInt.asUintN(64, BigInt(value)));
    }
    return this;
  }

  /** Moves time on. */
  advance(ns: number): void {
    this.#nowNs += Math.round(ns);
    this.#control.fake_set(0, BigInt(this.#nowNs));
  }

  /** The truth: how long the GPU was busy. */
  busyNs(fromNs: number, toNs: number): number {
    return Number(this.#control.fake_busy_ns(BigInt(Math.round(fromNs)), BigInt(Math.round(toNs))));
  }

  /** Makes a function answer with a code, so many times, or from now on. */
  fail(name: NvmlFunction, code: number, times = -1): this {
    this.#control.fake_fail(NVML_FUNCTIONS.indexOf(name), code, times);
    return this;
  }

  /** Makes a function take its time, until it is set to 0. */
  delay(name: NvmlFunction, ms: number): void {
    this.#control.fake_delay(NVML_FUNCTIONS.indexOf(name), ms);
  }

  /** How often a function was called; all of them without a name. */
  calls(name?: NvmlFunction): number {
    if (name !== undefined) return this.#control.fake_calls(NVML_FUNCTIONS.indexOf(name));
    return NVML_FUNCTIONS.reduce((sum, each) => sum + this.calls(each), 0);
  }

  /** Lists a process on every device, with its share of the SMs. */
  process(pid: number, percent = 0): this {
    this.#control.fake_process(pid, percent);
    return this;
  }

  /** Lists nobody any more. */
  noProcesses(): void {
    this.#control.fake_no_processes();
  }

  /** The clock that the library tells. */
  get clock(): Clock {
    return {
      source: "fake",
      nowNs: () => this.#nowNs,
      unixNs: () => 1_700_000_000_000_000_000n + BigInt(this.#nowNs),
      cpu: { process: { ok: false, reason: "fake" }, thread: { ok: false, reason: "fake" } },
    };
  }

  /** What makes the engine ask this library, and only when it is poked. */
  get options(): GpuOptions {
    return {
      paths: [this.path],
      monotonic: { path: this.path, id: 1, originSeconds: 0 },
      intervalMs: 1e9,
      pollMs: 1,
    };
  }
}

/** When to give up on another thread; not a measure of anything. */
const DEADLINE_MS = 20_000;

/** A monitor over a fake library, ticked by hand. */
export class FakeGpu {
  readonly fake: FakeNvml;
  readonly monitor: GpuMonitor;
  readonly #header: Int32Array;

  private constructor(fake: FakeNvml, monitor: GpuMonitor, header: Int32Array) {
    this.fake = fake;
    this.monitor = monitor;
    this.#header = header;
  }

  /** Starts the thread and waits for its first tick, or its end. */
  static async open(fake: FakeNvml): Promise<FakeGpu> {
    const header = new SharedArrayBuffer(HEADER_BYTES);
    const probe = openGpu(fake.clock, { ...fake.options, header });
    if (!probe.ok) throw new Error(probe.reason);
    const gpu = new FakeGpu(fake, probe.value, new Int32Array(header));
    await until(() => gpu.tickCount > 0, "the first tick"); // a thread begins with the help of this one's event loop
    gpu.monitor.settledNs(fake.nowNs);
    return gpu;
  }

  /** Ticks that the thread has finished. */
  get tickCount(): number {
    return Atomics.load(this.#header, CELL.ticks);
  }

  /** Waits until the thread has finished more ticks than so many. */
  ticked(before: number): void {
    const end = Atomics.wait(this.#header, CELL.ticks, before, DEADLINE_MS);
    if (end === "timed-out") throw new Error("Waited in vain for a tick");
  }

  /** Moves time on and lets the thread make a tick; gives what is settled then. */
  tick(ns = 1e9): number {
    this.fake.advance(ns);
    const before = this.tickCount;
    this.monitor.poke();
    this.ticked(before);
    return this.monitor.settledNs(this.fake.nowNs);
  }

  [Symbol.dispose](): void {
    this.monitor.stop();
  }
}

/** Lets the event loop turn until something holds that another thread brings about. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}
