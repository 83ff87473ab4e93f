/**
 * Finds NVIDIA's driver and starts the thread that asks it.
 *
 * @module
 */
import { cString, openLinkLibc } from "../../../ffi/libc.ts";
import {
  GPM_GRAPHICS_UTIL,
  GPM_METRICS_BYTES,
  MEMORY_V2_VERSION,
  NVML_SYMBOLS,
  nvmlPaths,
  PROCESS_SENTINEL,
} from "../../../ffi/nvml.ts";
import {
  ANSWER_HEADER_BYTES,
  CELL,
  FILLER,
  HEADER_BYTES,
  LOG_BYTES,
  MAX_DEVICES,
  nvmlWorker,
  type NvmlWorkerData,
} from "../../../ffi/nvml_worker.ts";
import type { Opener, Probe } from "../../../ffi/types.ts";
import { node } from "../../runtime/builtins.ts";
import { guarded, listen } from "../../runtime/host_calls.ts";
import { opener } from "../../runtime/opener.ts";
import type { Clock } from "../clock.ts";
import { CALIBRATION_POLLS } from "./device.ts";
import { GpuMonitor } from "./monitor.ts";

/** What a GPU probe is opened with; tests put others in place. */
export interface GpuOptions {
  readonly from?: Opener;
  /** Where to look for NVML, instead of where drivers put it. */
  readonly paths?: readonly string[];
  /** The clock that the thread reads, instead of the program's own. */
  readonly monotonic?: Clock["monotonic"];
  /** Milliseconds between two ticks, on average. */
  readonly intervalMs?: number;
  /** Milliseconds between the polls of the first tick. */
  readonly pollMs?: number;
  /** Where the thread and its reader meet: whoever brings it sees ticks end. */
  readonly header?: SharedArrayBuffer;
}

/** Milliseconds between the polls of the first tick: ten of them span a period of most drivers' samples. */
const POLL_MS = 20;

/** Milliseconds between two ticks: the driver's ring holds 10 s or more. */
const INTERVAL_MS = 1000;

/**
 * Opens NVML if a driver is there. Returns at once: the library is initialised in a thread of its own, which the program
 * never waits for, and which does not keep it alive.
 */
export function openGpu(clock: Clock, options: GpuOptions = {}): Probe<GpuMonitor> {
  const { from = opener, paths = nvmlPaths(node.process.platform, node.process.arch) } = options;
  const monotonic = options.monotonic ?? clock.monotonic;
  if (monotonic === undefined) return { ok: false, reason: `needs libc's clock, and has ${clock.source}` };
  const library = findLibrary(from, paths);
  if (!library.ok) return library;
  const { header = new SharedArrayBuffer(HEADER_BYTES) } = options;
  const log = new SharedArrayBuffer(LOG_BYTES);
  const monitor = new GpuMonitor({
    header,
    log,
    library: library.value,
    nowNs: clock.nowNs,
    pid: node.process.pid,
    isInitialNamespace: isInitialNamespace(from),
  });
  const data: NvmlWorkerData = {
    header,
    log,
    cell: CELL,
    answerHeaderBytes: ANSWER_HEADER_BYTES,
    filler: FILLER,
    maxDevices: MAX_DEVICES,
    symbols: NVML_SYMBOLS,
    libraryPath: library.value,
    libcPath: monotonic.path,
    monotonic: monotonic.id,
    originSeconds: monotonic.originSeconds,
    pid: node.process.pid,
    intervalMs: options.intervalMs ?? INTERVAL_MS,
    firstPolls: CALIBRATION_POLLS,
    pollMs: options.pollMs ?? POLL_MS,
    processSentinel: PROCESS_SENTINEL,
    memoryV2Version: MEMORY_V2_VERSION,
    gpmMetricsBytes: GPM_METRICS_BYTES,
    gpmMetric: GPM_GRAPHICS_UTIL,
  };
  const started = startThread(data, reason => monitor.fail(reason));
  return started === null
    ? { ok: true, value: monitor, source: library.value }
    : { ok: false, reason: started };
}

// The library stays open: NVML does not survive being unloaded, and a thread that ends gives its own copies back.
function findLibrary(from: Opener, paths: readonly string[]): Probe<string> {
  let denied: string | null = null;
  for (const path of paths) {
    const probe = from.open(path, { nvmlInit_v2: NVML_SYMBOLS.nvmlInit_v2 });
    if (probe.ok) return { ok: true, value: path, source: path };
    if (probe.reason.includes("--allow-ffi")) denied = probe.reason;
  }
  return { ok: false, reason: denied ?? "no NVIDIA driver: libnvidia-ml.so.1 was not found" };
}

interface ThreadsModule {
  readonly Worker: new(source: string, options: object) => {
    on(event: "error", listener: (error: unknown) => void): void;
    unref(): void;
  };
}

// Node's form of worker: Deno's own has no unref and would keep the process alive for good. Tells why there is none.
function startThread(data: NvmlWorkerData, onError: (reason: string) => void): string | null {
  try {
    const threads = node.workerThreads as unknown as ThreadsModule;
    // `__name` is what a bundler that keeps function names may call.
    const source =
      `const __name = f => f; (${nvmlWorker})(require("node:worker_threads").workerData, require);`;
    const thread = new threads.Worker(source, { eval: true, workerData: data });
    const failed = (error: unknown) =>
      onError(`the NVML thread failed: ${error instanceof Error ? error.message : error}`);
    listen(thread, "error", guarded(failed));
    thread.unref();
    return null;
  } catch (error) {
    return `no thread for NVML: ${error instanceof Error ? error.message : error}`;
  }
}

/** The number that Linux gives to the first namespace of processes. */
const INITIAL_NAMESPACE = "pid:[4026531836]";

function isInitialNamespace(from: Opener): boolean {
  const libc = openLinkLibc(from, node.process.platform, node.process.arch);
  if (!libc.ok) return false;
  const out = new Uint8Array(new ArrayBuffer(64));
  const length = libc.value.readlink(cString("/proc/self/ns/pid"), out, 64n);
  return length > 0 && new TextDecoder().decode(out.subarray(0, length)) === INITIAL_NAMESPACE;
}
