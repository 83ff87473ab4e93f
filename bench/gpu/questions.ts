/**
 * Asks a real NVML what its documentation leaves open: clocks, periods, idle behaviour, costs. Calls are made directly and
 * from this thread, as nobody is watched here.
 *
 * @module
 */
import process from "node:process";
import {
  decodeGpmBusy,
  decodeSamples,
  decodeText,
  GPM_METRICS_BYTES,
  MEMORY_V2_VERSION,
  NVML_SYMBOLS,
  nvmlCodeName,
  type NvmlFunction,
  nvmlPaths,
} from "../../ffi/nvml.ts";
import { opener } from "../../src/runtime/opener.ts";

type Native = (...args: (number | bigint | ArrayBufferView)[]) => number;

/** NVML opened for direct calls; a function that is missing answers as one that the driver says it lacks. */
export function openDirectly(paths: readonly string[] = nvmlPaths(process.platform, process.arch)): (
  name: NvmlFunction,
  ...args: (number | bigint | ArrayBufferView)[]
) => number {
  const path = paths.find(one => opener.open(one, { nvmlInit_v2: NVML_SYMBOLS.nvmlInit_v2 }).ok);
  if (path === undefined) throw new Error("There is no NVIDIA driver here: libnvidia-ml.so.1 was not found");
  const functions = new Map<NvmlFunction, Native | null>();
  return (name, ...args) => {
    if (!functions.has(name)) {
      const probe = opener.open(path, { [name]: NVML_SYMBOLS[name] });
      functions.set(name, probe.ok ? probe.value[name] as unknown as Native : null);
    }
    const native = functions.get(name)!;
    return native === null ? 13 : native(...args);
  };
}

function buffer(bytes: number): DataView {
  return new DataView(new ArrayBuffer(bytes));
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer);
const sleep = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));

/** Rows of question and answer. */
export async function answers(paths?: readonly string[]): Promise<[question: string, answer: string][]> {
  const call = openDirectly(paths);
  const rows: [string, string][] = [];
  const initMs = performance.now();
  const code = call("nvmlInit_v2");
  if (code !== 0) throw new Error(`nvmlInit_v2: ${nvmlCodeName(code)}`);
  rows.push(["nvmlInit_v2", `${(performance.now() - initMs).toFixed(1)} ms`]);
  const text = buffer(96);
  call("nvmlSystemGetDriverVersion", bytesOf(text), 80);
  rows.push(["driver", decodeText(bytesOf(text))]);
  const cell = buffer(8);
  call("nvmlDeviceGetHandleByIndex_v2", 0, bytesOf(cell));
  const device = cell.getBigUint64(0, true);
  call("nvmlDeviceGetName", device, bytesOf(text), 96);
  rows.push(["device 0", decodeText(bytesOf(text))]);

  const type = buffer(4);
  const count = buffer(4);
  const list = buffer(256 * 16);
  const read = (after: bigint) => {
    count.setUint32(0, 256, true);
    const result = call(
      "nvmlDeviceGetSamples",
      device,
      1,
      after,
      bytesOf(type),
      bytesOf(count),
      bytesOf(list),
    );
    const afterUs = Number(after);
    const samples = result === 0
      ? decodeSamples(list, count.getUint32(0, true), type.getUint32(0, true), afterUs)
      : [];
    return { result, samples };
  };
  const ring = read(0n);
  rows.push([
    "samples in the ring",
    `${ring.samples.length} (${nvmlCodeName(ring.result)}, type ${type.getUint32(0, true)})`,
  ]);
  if (ring.samples.length > 1) {
    const times = ring.samples.map(sample => sample.timestampUs);
    const gaps = times.slice(1).map((us, i) => (us - times[i]) / 1000).sort((a, b) => a - b);
    const at = (p: number) => gaps[Math.floor(p * (gaps.length - 1))].toFixed(1);
    rows.push(["sample period", `${at(0.5)} ms (p5 ${at(0.05)}, p95 ${at(0.95)})`]);
    const newest = times.at(-1)!;
    const agoMs = Date.now() - newest / 1000;
    const epoch = Math.abs(agoMs) < 1e6
      ? `1970, newest ${agoMs.toFixed(0)} ms ago`
      : `not 1970: newest ${newest} us`;
    rows.push(["the timestamps count from", epoch]);
    let least = Infinity;
    let cursor = newest;
    for (let i = 0; i < 150; i++) {
      await sleep(20);
      const { samples } = read(BigInt(cursor));
      if (samples.length === 0) continue;
      cursor = samples.at(-1)!.timestampUs;
      least = Math.min(least, Date.now() - cursor / 1000);
    }
    rows.push(["youngest sample seen, polled for 3 s", `${least.toFixed(1)} ms old`]);
    rows.push([
      "values",
      [...new Set(ring.samples.map(sample => Math.round(sample.busy * 100)))].slice(0, 12).join(" "),
    ]);
  }

  const memory = buffer(40);
  memory.setUint32(0, MEMORY_V2_VERSION, true);
  const memoryCode = call("nvmlDeviceGetMemoryInfo_v2", device, bytesOf(memory));
  const [total, reserved, free, used] = [8, 16, 24, 32].map(at => Number(memory.getBigUint64(at, true)));
  const sums = used + free + reserved === total
    ? "without"
    : used + free === total
    ? "with"
    : "neither with nor without";
  rows.push([
    "memory in use is counted",
    memoryCode === 0 ? `${sums} the reserve` : nvmlCodeName(memoryCode),
  ]);

  const gpm = buffer(8);
  gpm.setUint32(0, 1, true);
  const gpmCode = call("nvmlGpmQueryDeviceSupport", device, bytesOf(gpm));
  const who = process.getuid?.() === 0 ? "root" : "no root";
  const supported = gpmCode === 0
    ? gpm.getUint32(4, true) === 1 ? "supported" : "not supported"
    : nvmlCodeName(gpmCode);
  rows.push([`GPM (${who})`, supported]);
  if (gpmCode === 0 && gpm.getUint32(4, true) === 1) {
    const handles = [0n, 0n].map(() => {
      call("nvmlGpmSampleAlloc", bytesOf(cell));
      return cell.getBigUint64(0, true);
    });
    const codes = [call("nvmlGpmSampleGet", device, handles[0])];
    await sleep(500);
    codes.push(call("nvmlGpmSampleGet", device, handles[1]));
    for (const id of [1, 2, 248, 249]) {
      const metrics = buffer(GPM_METRICS_BYTES);
      metrics.setUint32(0, 1, true);
      metrics.setUint32(4, 1, true);
      metrics.setBigUint64(8, handles[0], true);
      metrics.setBigUint64(16, handles[1], true);
      metrics.setUint32(24, id, true);
      const metricsCode = call("nvmlGpmMetricsGet", bytesOf(metrics));
      const value = metrics.getFloat64(32, true);
      const own = metrics.getInt32(28, true);
      const busy = id === 1 ? ` (${decodeGpmBusy(metrics)})` : "";
      rows.push([
        `GPM metric ${id}`,
        `${value}${busy}, ${nvmlCodeName(own)}, call ${nvmlCodeName(metricsCode)}, samples ${codes}`,
      ]);
    }
  }

  const room = buffer(4096 * 32);
  const costs: [NvmlFunction, () => number][] = [
    ["nvmlDeviceGetSamples", () => read(0n).result],
    ["nvmlDeviceGetUtilizationRates", () => call("nvmlDeviceGetUtilizationRates", device, bytesOf(cell))],
    ["nvmlDeviceGetMemoryInfo_v2", () => call("nvmlDeviceGetMemoryInfo_v2", device, bytesOf(memory))],
    [
      "nvmlDeviceGetTotalEnergyConsumption",
      () => call("nvmlDeviceGetTotalEnergyConsumption", device, bytesOf(cell)),
    ],
    ["nvmlDeviceGetComputeRunningProcesses_v3", () => {
      count.setUint32(0, 512, true);
      return call("nvmlDeviceGetComputeRunningProcesses_v3", device, bytesOf(count), bytesOf(room));
    }],
    ["nvmlDeviceGetProcessUtilization", () => {
      count.setUint32(0, 4096, true);
      return call("nvmlDeviceGetProcessUtilization", device, bytesOf(room), bytesOf(count), 0n);
    }],
    ["nvmlDeviceGetAccountingMode", () => call("nvmlDeviceGetAccountingMode", device, bytesOf(cell))],
  ];
  for (const [name, ask] of costs) {
    const result = ask();
    const us: number[] = [];
    for (let i = 0; i < 100; i++) {
      const at = performance.now();
      ask();
      us.push((performance.now() - at) * 1000);
    }
    us.sort((x, y) => x - y);
    rows.push([
      `cost of ${name}`,
      `median ${us[50].toFixed(1)} us, worst ${us[99].toFixed(0)} us (${nvmlCodeName(result)})`,
    ]);
  }
  return rows;
}
